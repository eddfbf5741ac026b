import { type DownloadHeader, Rendition } from "./gen/albumen/v1/asset_service_pb.js";
import type { Albumen } from "./transport.js";

/** Which bytes to download. */
export interface DownloadOptions {
  /** Which file of the asset. Default: the original. */
  rendition?: Rendition;
  /** The byte to start with. Default: the first. */
  offset?: number;
  /** Ends the download early. */
  signal?: AbortSignal;
}

/** A file that has arrived. */
export interface Download {
  /** Its name, size, type and SHA-256. */
  header: DownloadHeader;
  blob: Blob;
}

/** Streams an asset's file from an offset on: one header, then the bytes. */
export async function* downloadFrom(
  albumen: Albumen,
  assetId: string,
  { rendition = Rendition.ORIGINAL, offset = 0, signal }: DownloadOptions = {},
): AsyncGenerator<DownloadHeader | Uint8Array, void, undefined> {
  const request = { assetId, rendition, offset: BigInt(offset) };
  for await (const { part } of albumen.assets.downloadAsset(request, { signal })) {
    if (part.value !== undefined) {
      yield part.value;
    }
  }
}

/**
 * Downloads an asset's file as a whole.
 *
 * A stream that breaks after it brought bytes is taken up where it broke.
 */
export async function download(
  albumen: Albumen,
  assetId: string,
  options: Omit<DownloadOptions, "offset"> = {},
): Promise<Download> {
  const chunks: BlobPart[] = [];
  let header: DownloadHeader | undefined;
  let received = 0;
  for (;;) {
    const offset = received;
    try {
      for await (const part of downloadFrom(albumen, assetId, { ...options, offset })) {
        if (part instanceof Uint8Array) {
          chunks.push(part as Uint8Array<ArrayBuffer>);
          received += part.length;
        } else {
          header ??= part;
        }
      }
    } catch (error) {
      if (received === offset || options.signal?.aborted) {
        throw error;
      }
      continue;
    }
    if (header === undefined || BigInt(received) !== header.sizeBytes) {
      throw new Error(`the download ended after ${received} bytes`);
    }
    return { header, blob: new Blob(chunks, { type: header.contentType }) };
  }
}
