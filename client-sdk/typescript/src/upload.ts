import { timestampFromDate } from "@bufbuild/protobuf/wkt";

import {
  type FinishUploadResponse,
  type Upload,
  UploadState,
} from "./gen/albumen/v1/upload_service_pb.js";
import type { Albumen } from "./transport.js";

const MAX_SLICE_BYTES = 3 * 1024 * 1024;

/** What to upload as what. */
export interface UploadOptions {
  /** The file's name. */
  fileName: string;
  /** The file's SHA-256; the server then refuses other bytes and asks for none it has. */
  sha256?: Uint8Array;
  /** The album to put the asset into. */
  albumId?: string;
  /** When it was taken, for files that do not say. */
  captureTimeHint?: Date;
  /** The still whose motion part this is. */
  motionOfAssetId?: string;
  /** The name of the guest who uploads; for guests only. */
  guestName?: string;
  /** The id of an upload that was interrupted, to go on with it. */
  uploadId?: string;
  /** Called with the upload at its start and after each slice. Keep its `id` to resume. */
  onProgress?: (upload: Upload) => void;
  /** Ends the upload early; it can be resumed. */
  signal?: AbortSignal;
  /** How much to send in one call. Default and maximum: 3 MiB. */
  sliceBytes?: number;
}

/** Uploads a file in slices, for clients that cannot stream to the server. */
export async function upload(
  albumen: Albumen,
  file: Blob,
  options: UploadOptions,
): Promise<FinishUploadResponse> {
  const { uploads } = albumen;
  const { onProgress, signal } = options;
  const sliceBytes = Math.min(options.sliceBytes ?? MAX_SLICE_BYTES, MAX_SLICE_BYTES);

  const upload = options.uploadId
    ? await uploads.getUpload({ uploadId: options.uploadId }, { signal })
    : await create(albumen, file, options);
  onProgress?.(upload);

  while (upload.state === UploadState.ACTIVE && upload.committedSizeBytes < upload.sizeBytes) {
    const offset = Number(upload.committedSizeBytes);
    const slice = file.slice(offset, offset + sliceBytes);
    const chunk = new Uint8Array(await slice.arrayBuffer());
    const request = { uploadId: upload.id, offset: upload.committedSizeBytes, chunk };
    const { committedSizeBytes } = await uploads.appendUpload(request, { signal });
    upload.committedSizeBytes = committedSizeBytes;
    onProgress?.(upload);
  }
  return uploads.finishUpload({ uploadId: upload.id }, { signal });
}

function create(albumen: Albumen, file: Blob, options: UploadOptions): Promise<Upload> {
  const { captureTimeHint, signal } = options;
  const upload = {
    fileName: options.fileName,
    sizeBytes: BigInt(file.size),
    sha256: options.sha256,
    albumId: options.albumId,
    captureTimeHint: captureTimeHint && timestampFromDate(captureTimeHint),
    motionOfAssetId: options.motionOfAssetId,
    guestName: options.guestName,
  };
  return albumen.uploads.createUpload({ upload }, { signal });
}
