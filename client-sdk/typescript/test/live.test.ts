// Calls a running server; scripts/sdk-test.sh starts one and sets the variables.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { before, test } from "node:test";

import { Code } from "@connectrpc/connect";

import {
  type Albumen,
  ErrorReason,
  albumenError,
  createAlbumen,
  download,
  listAll,
  upload,
} from "../src/index.js";

// Small enough that the photo takes several.
const SLICE_BYTES = 16 * 1024;

const photo = new URL("../../../../tests/support/fixtures/photos/IMG_2041.jpg", import.meta.url);

function variable(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} is not set`);
  return value;
}

let anonymous: Albumen;
let albumen: Albumen;
let file: Blob;

before(async () => {
  const baseUrl = variable("ALBUMEN_TEST_URL");
  anonymous = createAlbumen({ baseUrl });
  const { tokens } = await anonymous.auth.login({
    email: variable("ALBUMEN_TEST_EMAIL"),
    password: variable("ALBUMEN_TEST_PASSWORD"),
  });
  albumen = createAlbumen({ baseUrl, token: () => tokens?.accessToken });
  // Bytes after the end of a JPEG do no harm and make it a photo the server has not seen.
  file = new Blob([await readFile(photo), randomBytes(16)]);
});

test("anybody can ask about the server", async () => {
  const info = await anonymous.server.getServerInfo({});
  assert.equal(info.setupRequired, false);
  assert.ok(info.version);
});

test("an upload can be listed and downloaded", async () => {
  const bytes = Buffer.from(await file.arrayBuffer());
  const sizes: number[] = [];
  const { asset, duplicate } = await upload(albumen, file, {
    fileName: "live.jpg",
    sha256: createHash("sha256").update(bytes).digest(),
    sliceBytes: SLICE_BYTES,
    onProgress: (upload) => sizes.push(Number(upload.committedSizeBytes)),
  });
  assert.ok(asset);
  assert.equal(duplicate, false);
  assert.deepEqual(sizes.slice(0, 2), [0, SLICE_BYTES]);
  assert.equal(sizes.at(-1), file.size);

  const ids: string[] = [];
  const { listAssets } = albumen.assets;
  for await (const item of listAll(listAssets, { pageSize: 1 }, (page) => page.assets)) {
    ids.push(item.id);
  }
  assert.ok(ids.includes(asset.id));

  const { header, blob } = await download(albumen, asset.id);
  assert.equal(header.contentType, "image/jpeg");
  assert.ok(bytes.equals(Buffer.from(await blob.arrayBuffer())));
});

test("an interrupted upload goes on", async () => {
  const again = new Blob([file, randomBytes(16)]);
  const stop = new AbortController();
  let uploadId = "";
  const cut = upload(albumen, again, {
    fileName: "resumed.jpg",
    sliceBytes: SLICE_BYTES,
    signal: stop.signal,
    onProgress: (upload) => {
      uploadId = upload.id;
      if (upload.committedSizeBytes > 0n) {
        stop.abort();
      }
    },
  });
  await assert.rejects(cut);
  const { asset } = await upload(albumen, again, { fileName: "resumed.jpg", uploadId });
  assert.equal(asset?.sizeBytes, BigInt(again.size));
});

test("errors carry their reason and the fields at fault", async () => {
  const invalid = await albumen.assets.getAsset({ assetId: "nonsense" }).catch(albumenError);
  assert.ok("violations" in invalid);
  assert.equal(invalid.code, Code.InvalidArgument);
  assert.equal(invalid.reason, ErrorReason.INVALID_REQUEST);
  assert.deepEqual(invalid.violations.map((violation) => violation.field), ["asset_id"]);

  const refused = await anonymous.users.getMe({}).catch(albumenError);
  assert.ok("reason" in refused);
  assert.equal(refused.reason, ErrorReason.CREDENTIAL_MISSING);
});
