// Calls a running server; scripts/sdk-test.sh starts one and sets the variables.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { before, test } from "node:test";

import { Code } from "@connectrpc/connect";

import {
  type Albumen,
  ErrorReason,
  GuestActivity,
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

test("every service of the server has its client", async () => {
  assert.deepEqual((await albumen.libraries.listLibraries({})).libraries, []);
  assert.deepEqual((await albumen.folderAlbums.listFolderRules({})).folderRules, []);
  assert.ok((await albumen.jobs.listJobs({})).jobs.length > 0);
  assert.ok((await albumen.audit.listAuditEvents({})).auditEvents.length > 0);
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

test("a link lives its whole life", async () => {
  const { asset } = await upload(albumen, new Blob([file, randomBytes(16)]), { fileName: "a.jpg" });
  assert.ok(asset);
  const album = await albumen.albums.createAlbum({
    album: { displayName: "Summer" },
    assetIds: [asset.id],
  });
  const link = await albumen.sharedLinks.createSharedLink({
    sharedLink: {
      albumId: album.id,
      password: "sandcastle",
      allowUpload: true,
      allowUndo: true,
      guestActivity: GuestActivity.WRITE,
    },
  });
  const address = { keyOrSlug: link.url.split("/share/")[1] };
  const closed = await anonymous.sharedLinks.openSharedLink(address).catch(albumenError);
  assert.ok("reason" in closed);
  assert.equal(closed.reason, ErrorReason.LINK_PASSWORD_REQUIRED);

  const { accessToken } = await anonymous.sharedLinks.openSharedLink({
    ...address,
    password: "sandcastle",
  });
  const baseUrl = variable("ALBUMEN_TEST_URL");
  const guest = createAlbumen({ baseUrl, token: () => accessToken });
  const shown = await guest.assets.listAssets({ sharedLinkId: link.id });
  assert.deepEqual(shown.assets.map((item) => item.id), [asset.id]);
  const bytes = new Blob([file, randomBytes(16)]);
  const added = await upload(guest, bytes, { fileName: "b.jpg", guestName: "Cleo" });
  assert.equal(added.asset?.guestName, "Cleo");
  const comment = await guest.activities.createComment({ albumId: album.id, text: "Lovely" });
  assert.equal(comment.text, "Lovely");
  const made = await guest.exports.createExport({
    source: { case: "sharedLinkId", value: link.id },
  });
  assert.equal(made.parts[0]?.entryCount, 2);

  await albumen.sharedLinks.updateSharedLink({
    sharedLinkId: link.id,
    sharedLink: { allowDownload: false },
  });
  const refused = await guest.exports.getExport({ exportId: made.id }).catch(albumenError);
  assert.ok("reason" in refused);
  assert.equal(refused.reason, ErrorReason.DOWNLOAD_NOT_ALLOWED);
  await albumen.sharedLinks.deleteSharedLink({ sharedLinkId: link.id });
  const gone = await guest.sharedLinks.getOpenedLink({}).catch(albumenError);
  assert.ok("reason" in gone);
  assert.equal(gone.reason, ErrorReason.CREDENTIAL_INVALID);
});
