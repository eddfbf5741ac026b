"""The connection to a server: one channel, its credential, its services."""

from collections.abc import Callable
from urllib.parse import urlsplit

import grpc

from albumen.errors import ErrorInterceptor
from albumen.v1.activity_service_pb2_grpc import ActivityServiceStub
from albumen.v1.album_service_pb2_grpc import AlbumServiceStub
from albumen.v1.asset_service_pb2_grpc import AssetServiceStub
from albumen.v1.audit_service_pb2_grpc import AuditServiceStub
from albumen.v1.auth_service_pb2_grpc import AuthServiceStub
from albumen.v1.export_service_pb2_grpc import ExportServiceStub
from albumen.v1.folder_album_service_pb2_grpc import FolderAlbumServiceStub
from albumen.v1.job_service_pb2_grpc import JobServiceStub
from albumen.v1.library_service_pb2_grpc import LibraryServiceStub
from albumen.v1.server_service_pb2_grpc import ServerServiceStub
from albumen.v1.shared_link_service_pb2_grpc import SharedLinkServiceStub
from albumen.v1.upload_service_pb2_grpc import UploadServiceStub
from albumen.v1.user_service_pb2_grpc import UserServiceStub

Token = str | Callable[[], str | None] | None


class Albumen:
    """The services of one server. Nothing is sent before the first call.

    `url` is the server's address, as in `https://photos.example.org`; `http` goes unencrypted.
    `token` is an access token, or a function that is asked for the current one before every call.
    """

    def __init__(self, url: str, token: Token = None) -> None:
        self._channel = _open(url)
        channel = grpc.intercept_channel(self._channel, ErrorInterceptor(), _Authorize(token))
        self.activities = ActivityServiceStub(channel)
        self.albums = AlbumServiceStub(channel)
        self.assets = AssetServiceStub(channel)
        self.audit = AuditServiceStub(channel)
        self.auth = AuthServiceStub(channel)
        self.exports = ExportServiceStub(channel)
        self.folder_albums = FolderAlbumServiceStub(channel)
        self.jobs = JobServiceStub(channel)
        self.libraries = LibraryServiceStub(channel)
        self.server = ServerServiceStub(channel)
        self.shared_links = SharedLinkServiceStub(channel)
        self.uploads = UploadServiceStub(channel)
        self.users = UserServiceStub(channel)

    def close(self) -> None:
        """Closes the connection."""
        self._channel.close()

    def __enter__(self) -> "Albumen":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _open(url: str) -> grpc.Channel:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{url} is no http or https address")
    if parts.scheme == "http":
        return grpc.insecure_channel(f"{parts.hostname}:{parts.port or 80}")
    credentials = grpc.ssl_channel_credentials()
    return grpc.secure_channel(f"{parts.hostname}:{parts.port or 443}", credentials)


class _Authorize(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
):
    """Attaches the credential to every call."""

    def __init__(self, token: Token) -> None:
        self._token = token

    def _call(self, continuation, details, request):
        token = self._token() if callable(self._token) else self._token
        if token:
            metadata = [*(details.metadata or ()), ("authorization", f"Bearer {token}")]
            details = details._replace(metadata=metadata)
        return continuation(details, request)

    intercept_unary_unary = _call
    intercept_unary_stream = _call
    intercept_stream_unary = _call
