"""Uploads, which can be interrupted and resumed."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from albumen.client import Albumen
from albumen.v1.upload_service_pb2 import (
    CreateUploadRequest,
    FinishUploadRequest,
    FinishUploadResponse,
    GetUploadRequest,
    StreamUploadRequest,
    Upload,
    UploadHeader,
    UploadState,
)

CHUNK_BYTES = 256 * 1024


def upload(
    albumen: Albumen,
    path: str | Path,
    description: Upload | None = None,
    *,
    upload_id: str | None = None,
    on_start: Callable[[Upload], None] | None = None,
) -> FinishUploadResponse:
    """Uploads a file.

    `description` says more than the file does, such as its album or digest. `on_start` gets the
    upload before any byte is sent: to go on after an interruption, give its id as `upload_id`.
    """
    path = Path(path)
    if upload_id:
        started = albumen.uploads.GetUpload(GetUploadRequest(upload_id=upload_id))
    else:
        started = albumen.uploads.CreateUpload(CreateUploadRequest(upload=_new(path, description)))
    if on_start:
        on_start(started)
    is_active = started.state == UploadState.UPLOAD_STATE_ACTIVE
    if is_active and started.committed_size_bytes < started.size_bytes:
        with path.open("rb") as file:
            albumen.uploads.StreamUpload(_parts(started, file))
    return albumen.uploads.FinishUpload(FinishUploadRequest(upload_id=started.id))


def _new(path: Path, description: Upload | None) -> Upload:
    upload = Upload(file_name=path.name, size_bytes=path.stat().st_size)
    if description:
        upload.MergeFrom(description)
    return upload


def _parts(upload: Upload, file: BinaryIO) -> Iterator[StreamUploadRequest]:
    offset = upload.committed_size_bytes
    yield StreamUploadRequest(header=UploadHeader(upload_id=upload.id, offset=offset))
    file.seek(offset)
    while chunk := file.read(CHUNK_BYTES):
        yield StreamUploadRequest(chunk=chunk)
