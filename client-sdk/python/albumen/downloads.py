"""Downloads, which can be interrupted and resumed."""

from pathlib import Path

from albumen.client import Albumen
from albumen.v1.asset_service_pb2 import DownloadAssetRequest, DownloadHeader, Rendition


def download(
    albumen: Albumen,
    asset_id: str,
    path: str | Path,
    rendition: Rendition.ValueType = Rendition.RENDITION_ORIGINAL,
) -> DownloadHeader:
    """Downloads an asset's file to `path`; bytes that are already there are not sent again."""
    header = DownloadHeader()
    with Path(path).open("ab") as file:
        request = DownloadAssetRequest(
            asset_id=asset_id, rendition=rendition, offset=file.tell()
        )
        for part in albumen.assets.DownloadAsset(request):
            if part.HasField("header"):
                header = part.header
            else:
                file.write(part.chunk)
        if file.tell() != header.size_bytes:
            raise EOFError(f"the download ended after {file.tell()} bytes")
    return header
