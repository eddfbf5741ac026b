//! What guests upload, and take back.

use std::sync::Arc;
use std::time::Duration;

use albumen::v1::stream_upload_request::Part;
use albumen::v1::{
    Album, AppendUploadRequest, Asset, AssetVisibility, CancelUploadRequest, CheckAssetsRequest,
    CreateUploadRequest, DeleteAlbumRequest, FinishUploadRequest, FinishUploadResponse,
    GetAssetRequest, GetUploadRequest, ListAssetsRequest, SharedLink, StreamUploadRequest,
    UndoUploadRequest, Upload, UploadHeader, UploadState,
};
use albumen_server::entity::album_member::{self, Role};
use albumen_server::entity::{asset, shared_link, user};
use albumen_server::events;
use albumen_server::id::{AlbumId, SharedLinkId, UserId};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, PaginatorTrait as _,
    QueryFilter as _, Set,
};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Response, Status};

use crate::support::person::address;
use crate::support::{
    Person, TestServer, expect_code, expect_fields, expect_reason, fixtures, metadata, test,
    test_with,
};

const MINUTE: Duration = Duration::from_secs(60);

/// Changes the row of a link, and ends what was granted before.
async fn set(server: &TestServer, link: &SharedLink, change: shared_link::ActiveModel) {
    let id = SharedLinkId::parse(&link.id).unwrap();
    let change = shared_link::ActiveModel { id: Set(id), ..change };
    let app = server.app.clone();
    let update = server.app.transact(move |transaction| async move {
        events::revoke(&app, &transaction).await?;
        Ok(change.update(&*transaction).await?)
    });
    update.await.unwrap();
}

async fn row(server: &TestServer, link: &SharedLink) -> shared_link::Model {
    let find = shared_link::Entity::find_by_id(SharedLinkId::parse(&link.id).unwrap());
    find.one(server.app.database.reader()).await.unwrap().unwrap()
}

fn open() -> shared_link::ActiveModel {
    shared_link::ActiveModel {
        allow_upload: Set(true),
        allow_undo: Set(true),
        ..Default::default()
    }
}

/// An album of Ann's with a link through which guests upload and undo.
struct Party {
    ann: Person,
    album: Album,
    link: SharedLink,
    guest: Person,
}

impl Party {
    async fn begin(server: &TestServer) -> Self {
        Self::begin_with(server, open()).await
    }

    async fn begin_with(server: &TestServer, options: shared_link::ActiveModel) -> Self {
        let ann = server.user("ann").await;
        let album = ann.album("Party", &[]).await;
        let link = ann.link(&album, SharedLink::default()).await;
        set(server, &link, options).await;
        let guest = server.guest(&link, "").await;
        Self { ann, album, link, guest }
    }
}

fn upload(bytes: &[u8]) -> Upload {
    let size_bytes = bytes.len().try_into().unwrap();
    Upload { file_name: "a.jpg".to_owned(), size_bytes, ..Upload::default() }
}

async fn create(who: &Person, upload: Upload) -> Result<Response<Upload>, Status> {
    let request = CreateUploadRequest { upload: Some(upload), request_id: String::new() };
    who.uploads().create_upload(request).await
}

async fn finish(who: &Person, id: &str) -> Result<Response<FinishUploadResponse>, Status> {
    who.uploads().finish_upload(FinishUploadRequest { upload_id: id.to_owned() }).await
}

async fn get(who: &Person, id: &str) -> Result<Response<Upload>, Status> {
    who.uploads().get_upload(GetUploadRequest { upload_id: id.to_owned() }).await
}

async fn undo(who: &Person, id: &str) -> Result<Response<Upload>, Status> {
    let request = UndoUploadRequest { upload_id: id.to_owned() };
    let answer = who.uploads().undo_upload(request).await?;
    Ok(answer.map(|answer| answer.upload.unwrap()))
}

/// Sends a whole file and gives the upload with the answer to its finish.
async fn send_as(who: &Person, upload: Upload, bytes: &[u8]) -> (Upload, FinishUploadResponse) {
    let id = create(who, upload).await.unwrap().into_inner().id;
    who.stream(&id, 0, bytes).await.unwrap();
    let finished = finish(who, &id).await.unwrap().into_inner();
    (get(who, &id).await.unwrap().into_inner(), finished)
}

async fn send(who: &Person, bytes: &[u8]) -> (Upload, FinishUploadResponse) {
    send_as(who, upload(bytes), bytes).await
}

async fn assets_of(server: &TestServer, owner: &Person) -> u64 {
    let owner = UserId::parse(&owner.user.id).unwrap();
    let find = asset::Entity::find().filter(asset::Column::OwnerId.eq(owner));
    find.count(server.app.database.reader()).await.unwrap()
}

async fn set_quota(server: &TestServer, who: &Person, bytes: i64) {
    let id = UserId::parse(&who.user.id).unwrap();
    let change =
        user::ActiveModel { id: Set(id), quota_bytes: Set(Some(bytes)), ..Default::default() };
    let update =
        server.app.transact(|transaction| async move { Ok(change.update(&*transaction).await?) });
    update.await.unwrap();
}

async fn set_role(server: &TestServer, album: &Album, who: &Person, role: Role) {
    let (album, who) = (AlbumId::parse(&album.id).unwrap(), UserId::parse(&who.user.id).unwrap());
    let app = server.app.clone();
    let update = server.app.transact(move |transaction| async move {
        album_member::Entity::update_many()
            .col_expr(album_member::Column::Role, Expr::value(role))
            .filter(album_member::Column::AlbumId.eq(album))
            .filter(album_member::Column::UserId.eq(who))
            .exec(&*transaction)
            .await?;
        events::revoke(&app, &transaction).await
    });
    update.await.unwrap();
}

mod upload {
    use super::*;

    #[tokio::test]
    async fn goes_into_the_album_and_belongs_to_the_creator_of_the_link() {
        test(|server| async move {
            let Party { ann, album, link, guest } = Party::begin(&server).await;
            let bytes = fixtures::photo(1);
            let named = Upload { guest_name: "  Aunt\u{7} Ida ".to_owned(), ..upload(&bytes) };
            let (upload, finished) = send_as(&guest, named, &bytes).await;
            assert_eq!(upload.guest_name, "Aunt Ida");
            assert_eq!(
                (upload.album_id.as_str(), upload.state()),
                (&*album.id, UploadState::Finished)
            );
            let told = finished.asset.unwrap();
            assert_eq!((told.guest_name.as_str(), told.file_name.as_str()), ("Aunt Ida", "a.jpg"));
            let asset = ann.asset(&told).await.unwrap().into_inner();
            assert_eq!(
                (asset.owner_id, asset.guest_name),
                (ann.user.id.clone(), "Aunt Ida".to_owned())
            );
            assert_eq!(ann.get_album(&album).await.asset_count, 1);
            assert_eq!(guest.album_names(&album).await, ["a.jpg"]);
            let row = row(&server, &link).await;
            assert_eq!((row.uploaded_count, row.uploaded_bytes), (1, 4096));
        })
        .await;
    }

    #[tokio::test]
    async fn takes_single_calls_and_goes_on_where_it_was() {
        test(|server| async move {
            let Party { guest, .. } = Party::begin(&server).await;
            let bytes = fixtures::sized_photo(1, 10_000);
            let id = create(&guest, super::upload(&bytes)).await.unwrap().into_inner().id;
            for chunk in [0..6000, 6000..10_000] {
                let request = AppendUploadRequest {
                    upload_id: id.clone(),
                    offset: chunk.start.try_into().unwrap(),
                    chunk: bytes[chunk].to_vec().into(),
                };
                guest.uploads().append_upload(request).await.unwrap();
            }
            let first = finish(&guest, &id).await.unwrap().into_inner();
            assert_eq!(first.asset.as_ref().unwrap().sha256, Sha256::digest(&bytes).to_vec());
            assert_eq!(finish(&guest, &id).await.unwrap().into_inner(), first);
        })
        .await;
    }

    #[tokio::test]
    async fn is_there_for_the_guest_who_made_it_alone() {
        test(|server| async move {
            let Party { ann, link, guest, .. } = Party::begin(&server).await;
            let bytes = fixtures::photo(1);
            let id = create(&guest, super::upload(&bytes)).await.unwrap().into_inner().id;
            for other in [server.guest(&link, "").await, ann] {
                expect_code(get(&other, &id).await, Code::NotFound);
                expect_code(other.stream(&id, 0, &bytes).await.map(Response::new), Code::NotFound);
                expect_code(finish(&other, &id).await, Code::NotFound);
                expect_code(undo(&other, &id).await, Code::NotFound);
                let request = CancelUploadRequest { upload_id: id.clone() };
                expect_code(other.uploads().cancel_upload(request).await, Code::NotFound);
            }
            let request =
                CreateUploadRequest { upload: Some(super::upload(&bytes)), request_id: id.clone() };
            let again = guest.uploads().create_upload(request.clone()).await.unwrap();
            assert_eq!(again.into_inner().id, id);
            let other = server.guest(&link, "").await;
            expect_code(other.uploads().create_upload(request).await, Code::AlreadyExists);
        })
        .await;
    }

    #[tokio::test]
    async fn needs_a_link_that_allows_it_and_goes_into_its_album_only() {
        test(|server| async move {
            let Party { ann, album, guest, .. } = Party::begin(&server).await;
            let bytes = fixtures::photo(1);
            let closed = ann.link(&album, SharedLink::default()).await;
            let closed = server.guest(&closed, "").await;
            let answer = create(&closed, super::upload(&bytes)).await;
            expect_reason(answer, Code::PermissionDenied, "UPLOAD_NOT_ALLOWED");
            let other = ann.album("Other", &[]).await;
            let there = Upload { album_id: other.id, ..super::upload(&bytes) };
            expect_code(create(&guest, there).await, Code::NotFound);
            let here = Upload { album_id: album.id, ..super::upload(&bytes) };
            create(&guest, here).await.unwrap();
            let long = Upload { guest_name: "x".repeat(101), ..super::upload(&bytes) };
            expect_fields(create(&guest, long).await, &["upload.guest_name"]);
            let ann_named = Upload { guest_name: "Ann".to_owned(), ..super::upload(&bytes) };
            expect_fields(create(&ann, ann_named).await, &["upload.guest_name"]);
        })
        .await;
    }

    #[tokio::test]
    async fn wants_photos_and_videos_with_the_digest_that_was_announced() {
        test(|server| async move {
            let Party { link, guest, .. } = Party::begin(&server).await;
            let bytes = fixtures::photo(1);
            let sha256 = Sha256::digest(b"other").to_vec().into();
            let announced = Upload { sha256, ..super::upload(&bytes) };
            let id = create(&guest, announced).await.unwrap().into_inner().id;
            guest.stream(&id, 0, &bytes).await.unwrap();
            expect_reason(finish(&guest, &id).await, Code::InvalidArgument, "DIGEST_MISMATCH");
            let id = create(&guest, super::upload(&[b'x'; 5000])).await.unwrap().into_inner().id;
            let text = guest.stream(&id, 0, &[b'x'; 5000]).await.map(Response::new);
            expect_reason(text, Code::InvalidArgument, "UNSUPPORTED_TYPE");
            assert_eq!(row(&server, &link).await.uploaded_count, 0);
        })
        .await;
    }

    #[tokio::test]
    async fn attaches_the_motion_part_of_a_still_of_the_same_guest() {
        test(|server| async move {
            let Party { ann, link, guest, .. } = Party::begin(&server).await;
            let still = fixtures::read("photos/IMG_2050.HEIC");
            let motion = fixtures::read("photos/IMG_2050.MOV");
            let asset = send(&guest, &still).await.1.asset.unwrap();
            let part = Upload { motion_of_asset_id: asset.id.clone(), ..super::upload(&motion) };
            let other = server.guest(&link, "").await;
            expect_code(create(&other, part.clone()).await, Code::NotFound);
            let (upload, finished) = send_as(&guest, part.clone(), &motion).await;
            assert_eq!(finished.asset.unwrap().id, asset.id);
            assert_eq!(
                (upload.asset_id, upload.motion_of_asset_id),
                (String::new(), String::new())
            );
            assert!(ann.asset(&asset).await.unwrap().into_inner().motion.is_some());
            expect_code(create(&guest, part).await, Code::AlreadyExists);
            undo(&guest, &upload.id).await.unwrap();
            assert!(ann.asset(&asset).await.unwrap().into_inner().motion.is_none());
        })
        .await;
    }

    #[tokio::test]
    async fn works_with_the_client_library() {
        test(|server| async move {
            let Party { ann, album, link, .. } = Party::begin(&server).await;
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("party.jpg");
            std::fs::write(&path, fixtures::sized_photo(1, 3 << 20)).unwrap();
            let body = async |address| {
                let client = albumen_client::Client::connect(&format!("http://{address}")).await;
                let key = super::address(&link);
                let (guest, opened) = client.unwrap().open_link(key, "").await.unwrap();
                let options = albumen_client::UploadOptions {
                    album_id: Some(opened.album_id),
                    guest_name: Some("Ida".to_owned()),
                    ..Default::default()
                };
                let uploaded = guest.upload(&path, options.clone()).await.unwrap();
                assert_eq!((uploaded.duplicate, uploaded.sent_bytes), (false, 3 << 20));
                let again = guest.upload(&path, options).await.unwrap();
                assert_eq!((again.duplicate, again.sent_bytes), (false, 3 << 20));
            };
            crate::web::serve(Arc::clone(&server), body).await;
            assert_eq!(ann.album_names(&album).await, ["party.jpg"]);
        })
        .await;
    }

    #[tokio::test]
    async fn that_nobody_finishes_frees_what_it_reserved() {
        test_with(
            |config| config.link_session_ttl = Duration::from_secs(100 * 86_400),
            |server| async move {
                let options = shared_link::ActiveModel { max_upload_count: Set(Some(1)), ..open() };
                let Party { guest, .. } = Party::begin_with(&server, options).await;
                let bytes = fixtures::photo(1);
                let id = create(&guest, super::upload(&bytes)).await.unwrap().into_inner().id;
                guest.stream(&id, 0, &bytes).await.unwrap();
                let full = create(&guest, super::upload(&bytes)).await;
                expect_reason(full, Code::ResourceExhausted, "LINK_FULL");
                server.sleep(server.app.config.upload_ttl + MINUTE);
                server.run_jobs().await;
                let upload = get(&guest, &id).await.unwrap().into_inner();
                assert_eq!(upload.state(), UploadState::Cancelled);
                assert!(!server.app.spool_dir().join(&id).exists());
                send(&guest, &bytes).await;
            },
        )
        .await;
    }
}

mod silence {
    use super::*;

    /// What a guest is told, without what differs between any two uploads.
    fn told(upload: Upload, finished: FinishUploadResponse) -> (Upload, FinishUploadResponse) {
        let asset = finished.asset.unwrap();
        assert_eq!(upload.asset_id, asset.id);
        let asset = Asset { id: String::new(), sha256: Default::default(), ..asset };
        let upload = Upload {
            id: String::new(),
            asset_id: String::new(),
            sha256: Default::default(),
            ..upload
        };
        (upload, FinishUploadResponse { asset: Some(asset), ..finished })
    }

    #[tokio::test]
    async fn new_known_trashed_and_locked_bytes_get_the_same_answers() {
        test(|server| async move {
            let Party { ann, album, link, guest } = Party::begin(&server).await;
            let photos = ann.photos(1..5).await;
            let described =
                Asset { description: "mine".to_owned(), rating: Some(5), ..Asset::default() };
            ann.update(&photos[..1], described, &[]).await.unwrap();
            ann.add(&album, &photos[1..2]).await.unwrap();
            ann.trash(&photos[2..3]).await.unwrap();
            ann.show(&photos[3..4], AssetVisibility::Locked).await.unwrap();
            server.sleep(60 * MINUTE);
            let ann = server.login("ann@example.org").await;

            let mut answers = Vec::new();
            for number in 0..5 {
                let bytes = fixtures::photo(number);
                let sha256 = Sha256::digest(&bytes).to_vec().into();
                let announced = Upload { sha256, ..super::upload(&bytes) };
                let begun = create(&guest, announced.clone()).await.unwrap().into_inner();
                assert_eq!((begun.state(), begun.committed_size_bytes), (UploadState::Active, 0));
                let (upload, finished) = send_as(&guest, announced, &bytes).await;
                assert!(!finished.duplicate && !upload.duplicate);
                let again = finish(&guest, &upload.id).await.unwrap().into_inner();
                assert_eq!(again, finished);
                answers.push(told(upload, finished));
            }
            for answer in &answers {
                assert_eq!(answer, &answers[0]);
            }
            assert_eq!(guest.album_names(&album).await.len(), 3, "new, linked and there before");
            assert_eq!(assets_of(&server, &ann).await, 5);
            let is_trashed = |asset: &Asset| asset.delete_time.is_some();
            assert!(is_trashed(ann.asset(&photos[2]).await.unwrap().get_ref()));
            let locked = ann.asset(&photos[3]).await.unwrap().into_inner();
            assert_eq!(locked.visibility(), AssetVisibility::Locked);
            let row = row(&server, &link).await;
            assert_eq!((row.uploaded_count, row.uploaded_bytes), (5, 5 * 4096), "all bytes count");
        })
        .await;
    }

    #[tokio::test]
    async fn a_link_that_hides_metadata_does_not_say_whose_the_assets_are() {
        test(|server| async move {
            let hiding = shared_link::ActiveModel {
                metadata: Set(shared_link::Metadata::Hidden),
                ..super::open()
            };
            let Party { guest, .. } = Party::begin_with(&server, hiding).await;
            let (_, finished) = send(&guest, &fixtures::photo(1)).await;
            let asset = finished.asset.unwrap();
            assert_eq!(asset.owner_id, "");
            assert_eq!((asset.file_name.as_str(), asset.size_bytes), ("a.jpg", 4096));
        })
        .await;
    }

    #[tokio::test]
    async fn a_motion_part_of_what_the_creator_has_changes_nothing() {
        test(|server| async move {
            let Party { ann, guest, .. } = Party::begin(&server).await;
            let (still, motion) =
                (fixtures::read("photos/IMG_2050.HEIC"), fixtures::read("photos/IMG_2050.MOV"));
            let own = ann.upload("IMG_2050.HEIC", &still).await;
            for is_trashed in [false, true] {
                if is_trashed {
                    ann.trash(std::slice::from_ref(&own)).await.unwrap();
                }
                let (upload, finished) = send(&guest, &still).await;
                let known = finished.asset.unwrap();
                let part =
                    Upload { motion_of_asset_id: known.id.clone(), ..super::upload(&motion) };
                if is_trashed {
                    // The same still was sent before, and has its motion part.
                    expect_code(create(&guest, part).await, Code::AlreadyExists);
                } else {
                    let finished = send_as(&guest, part.clone(), &motion).await.1;
                    assert_eq!(finished.asset.unwrap().id, known.id);
                    expect_code(create(&guest, part).await, Code::AlreadyExists);
                }
                assert!(ann.asset(&own).await.unwrap().into_inner().motion.is_none());
                undo(&guest, &upload.id).await.unwrap();
            }
        })
        .await;
    }

    #[tokio::test]
    async fn a_motion_part_of_what_is_in_the_trash_gets_the_still_as_answer() {
        test(|server| async move {
            let Party { ann, guest, .. } = Party::begin(&server).await;
            let (still, motion) =
                (fixtures::read("photos/IMG_2050.HEIC"), fixtures::read("photos/IMG_2050.MOV"));
            let own = ann.upload("IMG_2050.HEIC", &still).await;
            ann.trash(std::slice::from_ref(&own)).await.unwrap();
            let known = send(&guest, &still).await.1.asset.unwrap();
            assert_ne!(known.id, own.id);
            let part = Upload { motion_of_asset_id: known.id.clone(), ..super::upload(&motion) };
            let (upload, finished) = send_as(&guest, part, &motion).await;
            assert_eq!(finished.asset.unwrap(), known);
            undo(&guest, &upload.id).await.unwrap();
        })
        .await;
    }

    #[tokio::test]
    async fn the_room_that_is_left_does_not_tell_what_was_there() {
        test(|server| async move {
            let Party { ann, guest, .. } = Party::begin(&server).await;
            ann.photos(1..2).await;
            set_quota(&server, &ann, 3 * 4096).await;
            send(&guest, &fixtures::photo(1)).await;
            send(&guest, &fixtures::photo(2)).await;
            let full = create(&guest, super::upload(&fixtures::photo(3))).await;
            let status = expect_reason(full, Code::ResourceExhausted, "LINK_FULL");
            assert!(!status.message().contains("4096"), "{status:?}");
            create(&ann, super::upload(&fixtures::photo(3))).await.unwrap();
        })
        .await;
    }
}

mod limits {
    use super::*;

    #[tokio::test]
    async fn of_the_link_hold_for_all_its_guests_with_their_open_uploads() {
        test(|server| async move {
            let options =
                shared_link::ActiveModel { max_upload_bytes: Set(Some(10_000)), ..open() };
            let Party { ann, link, guest, .. } = Party::begin_with(&server, options).await;
            let other = server.guest(&link, "").await;
            send(&guest, &fixtures::photo(1)).await;
            let id = create(&other, super::upload(&[0; 5904])).await.unwrap().into_inner().id;
            let full = create(&guest, super::upload(&[0; 1])).await;
            expect_reason(full, Code::ResourceExhausted, "LINK_FULL");
            create(&ann, super::upload(&[0; 5904])).await.unwrap();
            let request = CancelUploadRequest { upload_id: id };
            other.uploads().cancel_upload(request).await.unwrap();
            create(&guest, super::upload(&[0; 5904])).await.unwrap();
        })
        .await;
    }

    #[tokio::test]
    async fn are_not_passed_by_guests_at_the_same_time() {
        test(|server| async move {
            let options = shared_link::ActiveModel { max_upload_count: Set(Some(3)), ..open() };
            let Party { link, .. } = Party::begin_with(&server, options).await;
            let mut guests = Vec::new();
            for _ in 0..8 {
                guests.push(server.guest(&link, "").await);
            }
            let tries = guests.iter().map(|guest| create(guest, super::upload(&[0; 10])));
            let answers = futures::future::join_all(tries).await;
            assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 3);
            for refused in answers.into_iter().filter(Result::is_err) {
                expect_reason(refused, Code::ResourceExhausted, "LINK_FULL");
            }
        })
        .await;
    }

    #[tokio::test]
    async fn of_the_creator_count_open_uploads_of_guests() {
        test(|server| async move {
            let Party { ann, guest, .. } = Party::begin(&server).await;
            set_quota(&server, &ann, 10_000).await;
            create(&guest, super::upload(&[0; 6000])).await.unwrap();
            let full = create(&guest, super::upload(&[0; 4001])).await;
            expect_reason(full, Code::ResourceExhausted, "LINK_FULL");
            let full = create(&ann, super::upload(&[0; 4001])).await;
            let status = expect_reason(full, Code::ResourceExhausted, "QUOTA_EXCEEDED");
            assert_eq!(metadata(&status, "used_bytes"), "6000");
        })
        .await;
    }
}

mod right {
    use super::*;

    /// The codes of the calls that go on with an upload.
    async fn go_on(guest: &Person, id: &str, bytes: &[u8]) -> [Status; 3] {
        [
            create(guest, super::upload(bytes)).await.unwrap_err(),
            guest.stream(id, 0, bytes).await.unwrap_err(),
            finish(guest, id).await.unwrap_err(),
        ]
    }

    #[tokio::test]
    async fn ends_with_the_option_and_with_the_role_of_the_creator() {
        test(|server| async move {
            let Party { album, ann, .. } = Party::begin(&server).await;
            let bob = server.user("bob").await;
            server.member(&album, &bob, Role::Editor).await;
            let link = bob.link(&album, SharedLink::default()).await;
            set(&server, &link, open()).await;
            let guest = server.guest(&link, "").await;
            let bytes = fixtures::photo(1);
            let id = create(&guest, super::upload(&bytes)).await.unwrap().into_inner().id;

            set_role(&server, &album, &bob, Role::Viewer).await;
            for status in go_on(&guest, &id, &bytes).await {
                assert_eq!(crate::support::reason(&status), "UPLOAD_NOT_ALLOWED");
            }
            set_role(&server, &album, &bob, Role::Contributor).await;
            let closed =
                shared_link::ActiveModel { allow_upload: Set(false), ..Default::default() };
            set(&server, &link, closed).await;
            for status in go_on(&guest, &id, &bytes).await {
                assert_eq!(crate::support::reason(&status), "UPLOAD_NOT_ALLOWED");
            }
            set(&server, &link, open()).await;
            guest.stream(&id, 0, &bytes).await.unwrap();
            finish(&guest, &id).await.unwrap();
            assert_eq!(assets_of(&server, &bob).await, 1);

            let id = create(&guest, super::upload(&bytes)).await.unwrap().into_inner().id;
            let request = DeleteAlbumRequest { album_id: album.id.clone(), etag: String::new() };
            ann.albums().delete_album(request).await.unwrap();
            for status in go_on(&guest, &id, &bytes).await {
                assert_eq!(crate::support::reason(&status), "CREDENTIAL_INVALID");
            }
        })
        .await;
    }

    #[tokio::test]
    async fn ends_an_open_stream_at_its_next_chunk_and_keeps_what_came_before() {
        test(|server| async move {
            let Party { ann, link, guest, .. } = Party::begin(&server).await;
            let bytes = fixtures::sized_photo(1, 40_000);
            let id = create(&guest, super::upload(&bytes)).await.unwrap().into_inner().id;
            guest.stream(&id, 0, &bytes[..10_000]).await.unwrap();
            let (send, receive) = mpsc::channel(1);
            let message = |part| StreamUploadRequest { part: Some(part) };
            let chunk =
                |range: std::ops::Range<usize>| message(Part::Chunk(bytes[range].to_vec().into()));
            let mut uploads = guest.uploads();
            let stream = uploads.stream_upload(ReceiverStream::new(receive));
            let feed = async {
                let header = UploadHeader { upload_id: id.clone(), offset: 10_000 };
                send.send(message(Part::Header(header))).await.unwrap();
                send.send(chunk(10_000..20_000)).await.unwrap();
                // Taken over once there is room for another.
                let room = send.reserve().await.unwrap();
                let closed =
                    shared_link::ActiveModel { allow_upload: Set(false), ..Default::default() };
                set(&server, &link, closed).await;
                room.send(chunk(20_000..30_000));
                send.closed().await;
            };
            let (answer, ()) = tokio::join!(stream, feed);
            expect_reason(answer, Code::PermissionDenied, "UPLOAD_NOT_ALLOWED");
            let committed = get(&guest, &id).await.unwrap().into_inner().committed_size_bytes;
            assert!((10_000..=20_000).contains(&committed), "{committed}");
            assert_eq!(assets_of(&server, &ann).await, 0);
        })
        .await;
    }
}

mod undo_upload {
    use super::*;

    #[tokio::test]
    async fn leaves_what_the_owner_uses_to_the_owner() {
        test(|server| async move {
            let Party { ann, album, guest, .. } = Party::begin(&server).await;
            let (put, finished) = send(&guest, &fixtures::photo(1)).await;
            let other = ann.album("Other", &[]).await;
            ann.add(&other, &[finished.asset.unwrap()]).await.unwrap();
            let (rated, finished) = send(&guest, &fixtures::photo(2)).await;
            let values = Asset { rating: Some(5), ..Asset::default() };
            server.sleep(MINUTE);
            ann.update(&[finished.asset.unwrap()], values, &[]).await.unwrap();
            for upload in [put, rated] {
                undo(&guest, &upload.id).await.unwrap();
            }
            assert_eq!(assets_of(&server, &ann).await, 2);
            assert_eq!(ann.get_album(&album).await.asset_count, 0);
            assert_eq!(ann.get_album(&other).await.asset_count, 1);
        })
        .await;
    }

    #[tokio::test]
    async fn may_take_away_what_nobody_calls_safe_before() {
        test(|server| async move {
            let Party { ann, guest, .. } = Party::begin(&server).await;
            let bytes = fixtures::photo(1);
            let (_, finished) = send(&guest, &bytes).await;
            let known = async |ann: &Person| {
                let sha256 = vec![finished.asset.clone().unwrap().sha256];
                let answer = ann.assets().check_assets(CheckAssetsRequest { sha256 }).await;
                answer.unwrap().into_inner().known_assets.len()
            };
            assert_eq!(known(&ann).await, 0);
            server.sleep(16 * MINUTE);
            assert_eq!(known(&server.login("ann@example.org").await).await, 1);
        })
        .await;
    }

    #[tokio::test]
    async fn takes_the_asset_and_its_bytes_away() {
        test(|server| async move {
            let Party { ann, album, link, guest } = Party::begin(&server).await;
            let (upload, _) = send(&guest, &fixtures::photo(1)).await;
            server.sleep(14 * MINUTE);
            for _ in 0..2 {
                let upload = undo(&guest, &upload.id).await.unwrap().into_inner();
                assert_eq!(
                    (upload.state(), upload.asset_id.as_str()),
                    (UploadState::Cancelled, "")
                );
            }
            assert_eq!(assets_of(&server, &ann).await, 0);
            let album = ann.get_album(&album).await;
            assert_eq!((album.asset_count, album.cover_asset_id.as_str()), (0, ""));
            let row = row(&server, &link).await;
            assert_eq!((row.uploaded_count, row.uploaded_bytes), (0, 0));
            let answer = finish(&guest, &upload.id).await;
            expect_reason(answer, Code::FailedPrecondition, "UPLOAD_NOT_ACTIVE");
            server.run_jobs().await;
            assert!(server.app.blobs.list().await.unwrap().is_empty());
            send(&guest, &fixtures::photo(1)).await;
        })
        .await;
    }

    #[tokio::test]
    async fn leaves_what_the_creator_had() {
        test(|server| async move {
            let Party { ann, album, guest, .. } = Party::begin(&server).await;
            let own = ann.photos(1..4).await;
            ann.add(&album, &own[1..2]).await.unwrap();
            ann.trash(&own[2..]).await.unwrap();
            for number in 1..4 {
                let (upload, _) = send(&guest, &fixtures::photo(number)).await;
                undo(&guest, &upload.id).await.unwrap();
            }
            assert_eq!(assets_of(&server, &ann).await, 3);
            assert_eq!(ann.album_names(&album).await, ["2.jpg"], "as before");
        })
        .await;
    }

    #[tokio::test]
    async fn leaves_bytes_that_somebody_else_has_sent_since() {
        test(|server| async move {
            let Party { ann, album, link, guest } = Party::begin(&server).await;
            let bytes = fixtures::photo(1);
            let (first, _) = send(&guest, &bytes).await;
            let other = server.guest(&link, "").await;
            let (second, _) = send(&other, &bytes).await;
            undo(&guest, &first.id).await.unwrap();
            assert_eq!(ann.get_album(&album).await.asset_count, 1, "the other guest's");
            undo(&other, &second.id).await.unwrap();
            assert_eq!(ann.get_album(&album).await.asset_count, 0);
            assert_eq!(assets_of(&server, &ann).await, 0);

            let (third, _) = send(&guest, &bytes).await;
            let own = ann.upload("own.jpg", &bytes).await;
            undo(&guest, &third.id).await.unwrap();
            ann.asset(&own).await.unwrap();
            assert_eq!(ann.get_album(&album).await.asset_count, 0, "she put it nowhere");
        })
        .await;
    }

    #[tokio::test]
    async fn needs_a_link_that_allows_it_and_15_minutes() {
        test(|server| async move {
            let Party { link, guest, .. } = Party::begin(&server).await;
            let open_upload = create(&guest, super::upload(&[0; 10])).await.unwrap().into_inner();
            let answer = undo(&guest, &open_upload.id).await;
            let status = expect_reason(answer, Code::FailedPrecondition, "UPLOAD_NOT_UNDOABLE");
            assert_eq!(metadata(&status, "state"), "active");
            let request = CancelUploadRequest { upload_id: open_upload.id.clone() };
            guest.uploads().cancel_upload(request).await.unwrap();
            let status = expect_code(undo(&guest, &open_upload.id).await, Code::FailedPrecondition);
            assert_eq!(metadata(&status, "state"), "cancelled");

            let (upload, _) = send(&guest, &fixtures::photo(1)).await;
            let closed = shared_link::ActiveModel { allow_undo: Set(false), ..Default::default() };
            set(&server, &link, closed).await;
            let answer = undo(&guest, &upload.id).await;
            expect_reason(answer, Code::PermissionDenied, "UNDO_NOT_ALLOWED");
            set(&server, &link, open()).await;
            server.sleep(15 * MINUTE);
            let status = expect_code(undo(&guest, &upload.id).await, Code::FailedPrecondition);
            assert_eq!(metadata(&status, "state"), "past");

            let ann = server.login("ann@example.org").await;
            let own = create(&ann, super::upload(&[0; 10])).await.unwrap().into_inner();
            let answer = undo(&ann, &own.id).await;
            expect_reason(answer, Code::PermissionDenied, "UNDO_NOT_ALLOWED");
        })
        .await;
    }

    #[tokio::test]
    async fn at_the_same_time_as_finishing_and_uploading_leaves_everything_whole() {
        test(|server| async move {
            let Party { link, guest, .. } = Party::begin(&server).await;
            let other = server.guest(&link, "").await;
            for round in 0..6 {
                let bytes = fixtures::photo(round);
                let id = create(&guest, super::upload(&bytes)).await.unwrap().into_inner().id;
                guest.stream(&id, 0, &bytes).await.unwrap();
                let second = create(&other, super::upload(&bytes)).await.unwrap().into_inner().id;
                other.stream(&second, 0, &bytes).await.unwrap();
                let (finished, undone, undone_later, sent) = tokio::join!(
                    finish(&guest, &id),
                    undo(&guest, &id),
                    async {
                        tokio::task::yield_now().await;
                        undo(&guest, &id).await
                    },
                    finish(&other, &second),
                );
                for answer in [finished.map(drop), undone.map(drop), undone_later.map(drop)] {
                    let code = answer.map_or_else(|status| status.code(), |()| Code::Ok);
                    let foreseen =
                        [Code::Ok, Code::FailedPrecondition, Code::NotFound, Code::Aborted];
                    assert!(foreseen.contains(&code), "{code:?}");
                }
                let seen = sent.unwrap().into_inner().asset.unwrap();
                let request = GetAssetRequest { asset_id: seen.id };
                other.assets().get_asset(request).await.unwrap();
            }
            let row = row(&server, &link).await;
            let request =
                ListAssetsRequest { album_id: link.album_id.clone(), ..Default::default() };
            assert_eq!(guest.listed(request).await.len(), 6);
            assert!((6..=12).contains(&row.uploaded_count));
        })
        .await;
    }
}
