"""Calls a running server; scripts/sdk-test.sh starts one and sets the variables."""

import hashlib
import os
import tempfile
import unittest
from pathlib import Path

import grpc

from albumen import Albumen, AlbumenError, download, list_all, upload
from albumen.v1.activity_service_pb2 import CreateCommentRequest
from albumen.v1.album_pb2 import Album
from albumen.v1.album_service_pb2 import CreateAlbumRequest
from albumen.v1.asset_service_pb2 import GetAssetRequest, ListAssetsRequest
from albumen.v1.audit_service_pb2 import ListAuditEventsRequest
from albumen.v1.auth_service_pb2 import LoginRequest
from albumen.v1.error_reason_pb2 import ErrorReason
from albumen.v1.folder_album_service_pb2 import ListFolderRulesRequest
from albumen.v1.job_service_pb2 import ListJobsRequest
from albumen.v1.library_service_pb2 import ListLibrariesRequest
from albumen.v1.server_service_pb2 import GetServerInfoRequest
from albumen.v1.shared_link_pb2 import GuestActivity, SharedLink
from albumen.v1.shared_link_service_pb2 import (
    CreateSharedLinkRequest,
    DeleteSharedLinkRequest,
    GetOpenedLinkRequest,
    OpenSharedLinkRequest,
)
from albumen.v1.upload_service_pb2 import (
    AppendUploadRequest,
    CreateUploadRequest,
    Upload,
)
from albumen.v1.user_service_pb2 import GetMeRequest

ROOT = Path(__file__).resolve().parents[3]
PHOTO = ROOT / "tests/support/fixtures/photos/IMG_2041.jpg"


class Live(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        url = os.environ["ALBUMEN_TEST_URL"]
        cls.anonymous = cls.enterClassContext(Albumen(url))
        login = cls.anonymous.auth.Login(
            LoginRequest(
                email=os.environ["ALBUMEN_TEST_EMAIL"],
                password=os.environ["ALBUMEN_TEST_PASSWORD"],
            )
        )
        cls.albumen = cls.enterClassContext(Albumen(url, token=lambda: login.tokens.access_token))
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))

    def new_photo(self, name: str) -> Path:
        # Bytes after the end of a JPEG do no harm and make it a photo the server has not seen.
        path = self.folder / name
        path.write_bytes(PHOTO.read_bytes() + os.urandom(16))
        return path

    def test_anybody_can_ask_about_the_server(self) -> None:
        info = self.anonymous.server.GetServerInfo(GetServerInfoRequest())
        self.assertFalse(info.setup_required)
        self.assertTrue(info.version)

    def test_an_upload_can_be_listed_and_downloaded(self) -> None:
        photo = self.new_photo("live.jpg")
        digest = hashlib.sha256(photo.read_bytes()).digest()
        finished = upload(self.albumen, photo, Upload(sha256=digest))
        self.assertFalse(finished.duplicate)

        request = ListAssetsRequest(page_size=1)
        assets = list_all(self.albumen.assets.ListAssets, request, "assets")
        self.assertIn(finished.asset.id, [asset.id for asset in assets])

        copy = self.folder / "copy.jpg"
        copy.write_bytes(photo.read_bytes()[:1000])
        header = download(self.albumen, finished.asset.id, copy)
        self.assertEqual(header.content_type, "image/jpeg")
        self.assertEqual(header.offset, 1000)
        self.assertEqual(copy.read_bytes(), photo.read_bytes())

    def test_an_interrupted_upload_goes_on(self) -> None:
        photo = self.new_photo("resumed.jpg")
        size = photo.stat().st_size
        description = Upload(file_name="resumed.jpg", size_bytes=size)
        started = self.albumen.uploads.CreateUpload(CreateUploadRequest(upload=description))
        chunk = photo.read_bytes()[:1000]
        self.albumen.uploads.AppendUpload(AppendUploadRequest(upload_id=started.id, chunk=chunk))
        finished = upload(self.albumen, photo, upload_id=started.id)
        self.assertEqual(finished.asset.size_bytes, size)

    def test_a_link_lives_its_whole_life(self) -> None:
        mine = upload(self.albumen, self.new_photo("mine.jpg")).asset
        album = self.albumen.albums.CreateAlbum(
            CreateAlbumRequest(album=Album(display_name="Summer"), asset_ids=[mine.id])
        )
        options = SharedLink(
            album_id=album.id,
            password="sandcastle",
            allow_upload=True,
            guest_activity=GuestActivity.GUEST_ACTIVITY_WRITE,
        )
        link = self.albumen.shared_links.CreateSharedLink(CreateSharedLinkRequest(shared_link=options))
        request = OpenSharedLinkRequest(key_or_slug=link.url.rsplit("/", 1)[1])
        with self.assertRaises(AlbumenError) as closed:
            self.anonymous.shared_links.OpenSharedLink(request)
        self.assertEqual(
            closed.exception.reason, ErrorReason.ERROR_REASON_LINK_PASSWORD_REQUIRED
        )

        request.password = "sandcastle"
        opened = self.anonymous.shared_links.OpenSharedLink(request)
        url = os.environ["ALBUMEN_TEST_URL"]
        guest = self.enterContext(Albumen(url, token=lambda: opened.access_token))
        photo = self.new_photo("theirs.jpg")
        theirs = upload(guest, photo, Upload(guest_name="Cleo")).asset
        self.assertEqual(theirs.guest_name, "Cleo")
        comment = guest.activities.CreateComment(
            CreateCommentRequest(album_id=album.id, text="Lovely")
        )
        self.assertEqual(comment.text, "Lovely")
        shown = guest.assets.ListAssets(ListAssetsRequest(shared_link_id=link.id))
        self.assertEqual({asset.id for asset in shown.assets}, {mine.id, theirs.id})

        self.albumen.shared_links.DeleteSharedLink(DeleteSharedLinkRequest(shared_link_id=link.id))
        with self.assertRaises(AlbumenError) as gone:
            guest.shared_links.GetOpenedLink(GetOpenedLinkRequest())
        self.assertEqual(gone.exception.reason, ErrorReason.ERROR_REASON_CREDENTIAL_INVALID)

    def test_every_service_of_the_server_has_its_stub(self) -> None:
        libraries = self.albumen.libraries.ListLibraries(ListLibrariesRequest()).libraries
        self.assertEqual(list(libraries), [])
        rules = self.albumen.folder_albums.ListFolderRules(ListFolderRulesRequest()).folder_rules
        self.assertEqual(list(rules), [])
        self.assertTrue(self.albumen.jobs.ListJobs(ListJobsRequest()).jobs)
        self.assertTrue(self.albumen.audit.ListAuditEvents(ListAuditEventsRequest()).audit_events)

    def test_errors_carry_their_reason_and_the_fields_at_fault(self) -> None:
        with self.assertRaises(AlbumenError) as invalid:
            self.albumen.assets.GetAsset(GetAssetRequest(asset_id="nonsense"))
        self.assertEqual(invalid.exception.code, grpc.StatusCode.INVALID_ARGUMENT)
        self.assertEqual(invalid.exception.reason, ErrorReason.ERROR_REASON_INVALID_REQUEST)
        self.assertEqual([violation.field for violation in invalid.exception.violations], ["asset_id"])

        with self.assertRaises(AlbumenError) as refused:
            self.anonymous.users.GetMe(GetMeRequest())
        self.assertEqual(refused.exception.reason, ErrorReason.ERROR_REASON_CREDENTIAL_MISSING)


if __name__ == "__main__":
    unittest.main()
