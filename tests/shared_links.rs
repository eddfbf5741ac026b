//! `SharedLinkService`.

use std::time::Duration;

use albumen::v1::{
    Album, CreateSharedLinkRequest, DeleteAlbumRequest, DeleteSharedLinkRequest, GetAlbumRequest,
    GetSharedLinkRequest, GuestActivity, ListSharedLinksRequest, OpenSharedLinkRequest,
    OpenSharedLinkResponse, RestoreAlbumRequest, SharedLink, SharedLinkKind, SharedLinkMetadata,
    SharedLinkQuality, SharedLinkState, UpdateSharedLinkRequest,
};
use albumen_server::entity::album_member::{self, Role};
use albumen_server::id::{AlbumId, UserId};
use prost_types::{FieldMask, Timestamp};
use sea_orm::{ActiveEnum as _, ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use tonic::{Code, Response, Status};

use crate::support::person::address;
use crate::support::{Person, TestServer, expect_code, expect_fields, expect_reason, test};

async fn open(
    server: &TestServer,
    key_or_slug: &str,
    password: &str,
) -> Result<Response<OpenSharedLinkResponse>, Status> {
    let request = OpenSharedLinkRequest {
        key_or_slug: key_or_slug.to_owned(),
        password: password.to_owned(),
        use_cookies: false,
    };
    server.anonymous().links().open_shared_link(request).await
}

async fn update(
    who: &Person,
    link: &SharedLink,
    values: SharedLink,
    paths: &[&str],
) -> Result<SharedLink, Status> {
    let paths: Vec<_> = paths.iter().map(|path| (*path).to_owned()).collect();
    let request = UpdateSharedLinkRequest {
        shared_link_id: link.id.clone(),
        shared_link: Some(values),
        update_mask: (!paths.is_empty()).then_some(FieldMask { paths }),
    };
    who.links().update_shared_link(request).await.map(Response::into_inner)
}

async fn delete(who: &Person, link: &SharedLink) -> SharedLink {
    let request = DeleteSharedLinkRequest { shared_link_id: link.id.clone() };
    who.links().delete_shared_link(request).await.unwrap().into_inner()
}

async fn still_sees(guest: &Person, link: &SharedLink) -> bool {
    let request = GetAlbumRequest { album_id: link.album_id.clone() };
    guest.albums().get_album(request).await.is_ok()
}

/// A link with nothing as it is by default, except for when it ends.
fn every_option() -> SharedLink {
    SharedLink {
        description: "from us".to_owned(),
        slug: "summer".to_owned(),
        password: "sesame".to_owned(),
        allow_download: Some(false),
        allow_upload: Some(true),
        allow_undo: Some(true),
        max_upload_bytes: Some(1 << 30),
        max_upload_count: Some(7),
        metadata: SharedLinkMetadata::Hidden.into(),
        quality: SharedLinkQuality::Previews.into(),
        guest_activity: GuestActivity::Write.into(),
        ..SharedLink::default()
    }
}

/// What can be set of a link, without what the server adds.
fn only_options(link: &SharedLink) -> SharedLink {
    SharedLink {
        description: link.description.clone(),
        slug: link.slug.clone(),
        expire_time: link.expire_time,
        allow_download: link.allow_download,
        allow_upload: link.allow_upload,
        allow_undo: link.allow_undo,
        max_upload_bytes: link.max_upload_bytes,
        max_upload_count: link.max_upload_count,
        metadata: link.metadata,
        quality: link.quality,
        guest_activity: link.guest_activity,
        ..SharedLink::default()
    }
}

fn in_seconds(server: &TestServer, seconds: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds: server.now_us() / 1_000_000 + seconds, nanos: 0 })
}

mod create_shared_link {
    use super::*;

    #[tokio::test]
    async fn the_address_has_the_key_or_the_slug() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Summer", &ann.photos(0..1).await).await;
            let plain = ann.link(&album, SharedLink::default()).await;
            assert!(plain.url.starts_with("https://photos.example.org/share/"));
            assert_eq!(address(&plain).len(), 43, "256 bits in base64url");
            assert_eq!(plain.allow_download, Some(true));
            assert_eq!((plain.album_display_name.as_str(), plain.asset_count), ("Summer", 1));
            let slugged = SharedLink { slug: "summer-24".to_owned(), ..SharedLink::default() };
            let slugged = ann.link(&album, slugged).await;
            assert_eq!(slugged.url, "https://photos.example.org/share/summer-24");
            let request = GetSharedLinkRequest { shared_link_id: plain.id.clone() };
            assert_eq!(ann.links().get_shared_link(request).await.unwrap().into_inner(), plain);
        })
        .await;
    }

    #[tokio::test]
    async fn a_slug_is_taken_once_even_at_the_same_time() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Summer", &[]).await;
            let tries = (0..8).map(|_| {
                let slug = "beach".to_owned();
                let link = SharedLink { album_id: album.id.clone(), slug, ..SharedLink::default() };
                let request =
                    CreateSharedLinkRequest { shared_link: Some(link), ..Default::default() };
                let mut links = ann.links();
                async move { links.create_shared_link(request).await }
            });
            let answers = futures::future::join_all(tries).await;
            assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
            for refused in answers.into_iter().filter(Result::is_err) {
                expect_reason(refused, Code::AlreadyExists, "RESOURCE_ALREADY_EXISTS");
            }
        })
        .await;
    }

    #[tokio::test]
    async fn equal_calls_at_the_same_time_give_the_same_link() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Summer", &[]).await;
            let slug = "beach".to_owned();
            let link = SharedLink { album_id: album.id, slug, ..SharedLink::default() };
            let request = CreateSharedLinkRequest {
                shared_link: Some(link),
                request_id: "0192d3a0-0000-7000-8000-000000000001".to_owned(),
                ..CreateSharedLinkRequest::default()
            };
            let tries = (0..8).map(|_| {
                let (mut links, request) = (ann.links(), request.clone());
                async move { links.create_shared_link(request).await }
            });
            for answer in futures::future::join_all(tries).await {
                assert_eq!(answer.unwrap().into_inner().id, request.request_id);
            }
        })
        .await;
    }

    #[tokio::test]
    async fn a_repeated_call_gives_the_same_link() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Summer", &[]).await;
            let request = CreateSharedLinkRequest {
                shared_link: Some(SharedLink { album_id: album.id, ..SharedLink::default() }),
                request_id: "0192d3a0-0000-7000-8000-000000000001".to_owned(),
                ..CreateSharedLinkRequest::default()
            };
            let first = ann.links().create_shared_link(request.clone()).await.unwrap();
            let again = ann.links().create_shared_link(request).await.unwrap();
            assert_eq!(first.into_inner(), again.into_inner());
        })
        .await;
    }

    #[tokio::test]
    async fn a_slug_is_taken_once_over_all_albums_and_lists() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let mut tries = Vec::new();
            for number in 0..3 {
                let album = ann.album("Summer", &[]).await;
                let assets = bob.photos(number..number + 1).await;
                for (who, album_id, asset_ids) in
                    [(&ann, album.id, vec![]), (&bob, String::new(), vec![assets[0].id.clone()])]
                {
                    let slug = "beach".to_owned();
                    let link = SharedLink { album_id, slug, ..SharedLink::default() };
                    let shared_link = Some(link);
                    let request = CreateSharedLinkRequest {
                        shared_link,
                        asset_ids,
                        ..CreateSharedLinkRequest::default()
                    };
                    let mut links = who.links();
                    tries.push(async move { links.create_shared_link(request).await });
                }
            }
            let answers = futures::future::join_all(tries).await;
            assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
            for refused in answers.into_iter().filter(Result::is_err) {
                expect_reason(refused, Code::AlreadyExists, "RESOURCE_ALREADY_EXISTS");
            }
        })
        .await;
    }

    #[tokio::test]
    async fn every_option_is_kept_and_has_a_default() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..1).await;
            let album = ann.album("Summer", &assets).await;
            let plain = ann.link(&album, SharedLink::default()).await;
            assert_eq!(plain.metadata(), SharedLinkMetadata::Full);
            assert_eq!(plain.quality(), SharedLinkQuality::Originals);
            assert_eq!(plain.guest_activity(), GuestActivity::Off);
            assert_eq!((plain.allow_upload, plain.allow_undo), (Some(false), Some(false)));
            assert_eq!((plain.max_upload_bytes, plain.max_upload_count), (None, None));
            assert_eq!(plain.kind(), SharedLinkKind::Album);
            assert_eq!(plain.cover_asset_id, assets[0].id);
            assert_eq!(plain.title, "Summer");
            assert!(plain.violations.is_empty());
            let full = every_option();
            let link = ann.link(&album, full.clone()).await;
            let kept = SharedLink {
                album_id: String::new(),
                password: full.password.clone(),
                ..only_options(&link)
            };
            assert_eq!(kept, full);
        })
        .await;
    }

    #[tokio::test]
    async fn bad_fields_are_named() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Summer", &[]).await;
            let cases = [
                ("slug", SharedLink { slug: "No".to_owned(), ..SharedLink::default() }),
                ("slug", SharedLink { slug: "ab".to_owned(), ..SharedLink::default() }),
                ("slug", SharedLink { slug: "a b c".to_owned(), ..SharedLink::default() }),
                ("slug", SharedLink { slug: "admin".to_owned(), ..SharedLink::default() }),
                ("password", SharedLink { password: "x".repeat(257), ..SharedLink::default() }),
                (
                    "description",
                    SharedLink { description: "x".repeat(4001), ..SharedLink::default() },
                ),
                (
                    "expire_time",
                    SharedLink { expire_time: in_seconds(&server, 0), ..SharedLink::default() },
                ),
                (
                    "max_upload_bytes",
                    SharedLink { max_upload_bytes: Some(0), ..SharedLink::default() },
                ),
                (
                    "max_upload_count",
                    SharedLink { max_upload_count: Some(-1), ..SharedLink::default() },
                ),
                ("metadata", SharedLink { metadata: 9, ..SharedLink::default() }),
                ("quality", SharedLink { quality: 9, ..SharedLink::default() }),
                ("guest_activity", SharedLink { guest_activity: 9, ..SharedLink::default() }),
                ("album_id", SharedLink { album_id: "x".to_owned(), ..SharedLink::default() }),
            ];
            for (field, link) in cases {
                let id = if field == "album_id" { link.album_id.clone() } else { album.id.clone() };
                let link = SharedLink { album_id: id, ..link };
                let request =
                    CreateSharedLinkRequest { shared_link: Some(link), ..Default::default() };
                let answer = ann.links().create_shared_link(request).await;
                expect_fields(answer, &[&format!("shared_link.{field}")]);
            }
            let request = CreateSharedLinkRequest {
                shared_link: Some(SharedLink::default()),
                ..Default::default()
            };
            let answer = ann.links().create_shared_link(request).await;
            expect_fields(answer, &["shared_link.album_id"]);
        })
        .await;
    }
}

mod list_shared_links {
    use super::*;

    #[tokio::test]
    async fn revoked_links_are_listed_on_request() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Summer", &[]).await;
            let other = ann.album("Other", &[]).await;
            let mut live = Vec::new();
            for _ in 0..3 {
                live.insert(0, ann.link(&album, SharedLink::default()).await.id);
            }
            let expired =
                SharedLink { expire_time: in_seconds(&server, 1), ..SharedLink::default() };
            let expired = ann.link(&album, expired).await;
            let revoked = ann.link(&album, SharedLink::default()).await;
            delete(&ann, &revoked).await;
            ann.link(&other, SharedLink::default()).await;
            server.sleep(Duration::from_secs(2));
            let list = async |state: SharedLinkState, page_size| {
                let mut found = Vec::new();
                let mut request = ListSharedLinksRequest {
                    album_id: album.id.clone(),
                    state: state.into(),
                    page_size,
                    ..Default::default()
                };
                loop {
                    let page = ann.links().list_shared_links(request.clone()).await.unwrap();
                    let page = page.into_inner();
                    found.extend(page.shared_links.into_iter().map(|link| link.id));
                    if page.next_page_token.is_empty() {
                        return found;
                    }
                    request.page_token = page.next_page_token;
                }
            };
            for page_size in [1, 2, 0] {
                assert_eq!(list(SharedLinkState::Live, page_size).await, live);
            }
            assert_eq!(list(SharedLinkState::Expired, 0).await, [expired.id.as_str()]);
            assert_eq!(list(SharedLinkState::Revoked, 0).await, [revoked.id]);
            assert_eq!(list(SharedLinkState::Unspecified, 0).await.len(), 4);
        })
        .await;
    }
}

mod roles {
    use super::*;

    async fn set_role(server: &TestServer, album: &Album, person: &Person, role: Role) {
        let (album_id, user_id) =
            (AlbumId::parse(&album.id).unwrap(), UserId::parse(&person.user.id).unwrap());
        let set = server.app.transact(move |transaction| async move {
            let update = album_member::Entity::update_many()
                .col_expr(album_member::Column::Role, role.into_value().into())
                .filter(album_member::Column::AlbumId.eq(album_id))
                .filter(album_member::Column::UserId.eq(user_id));
            Ok(update.exec(&*transaction).await?.rows_affected)
        });
        assert_eq!(set.await.unwrap(), 1);
    }

    #[tokio::test]
    async fn the_maker_and_editors_see_a_link_and_only_editors_change_it() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let eve = server.user("eve").await;
            let album = ann.album("Summer", &[]).await;
            server.member(&album, &bob, Role::Editor).await;
            server.member(&album, &eve, Role::Contributor).await;
            let link = bob.link(&album, SharedLink::default()).await;
            let request = GetSharedLinkRequest { shared_link_id: link.id.clone() };
            let see = async |who: &Person| who.links().get_shared_link(request.clone()).await;
            for who in [&ann, &bob] {
                assert_eq!(see(who).await.unwrap().into_inner(), link);
            }
            expect_code(see(&eve).await, Code::NotFound);
            set_role(&server, &album, &bob, Role::Viewer).await;
            assert_eq!(see(&bob).await.unwrap().into_inner(), link);
            let values = SharedLink { description: "x".to_owned(), ..SharedLink::default() };
            let refused = update(&bob, &link, values.clone(), &[]).await.map(Response::new);
            expect_reason(refused, Code::PermissionDenied, "ROLE_TOO_LOW");
            update(&ann, &link, values, &[]).await.unwrap();
            assert_eq!(delete(&bob, &link).await.state(), SharedLinkState::Revoked);
        })
        .await;
    }

    #[tokio::test]
    async fn links_of_a_trashed_album_are_there_for_its_owner_alone() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let album = ann.album("Summer", &[]).await;
            server.member(&album, &bob, Role::Editor).await;
            let link = bob.link(&album, SharedLink::default()).await;
            let request = DeleteAlbumRequest { album_id: album.id, etag: String::new() };
            ann.albums().delete_album(request).await.unwrap();
            let request = GetSharedLinkRequest { shared_link_id: link.id };
            ann.links().get_shared_link(request.clone()).await.unwrap();
            expect_code(bob.links().get_shared_link(request).await, Code::NotFound);
        })
        .await;
    }
}

mod open_shared_link {
    use super::*;

    #[tokio::test]
    async fn key_and_slug_open_and_say_what_is_there() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Summer", &ann.photos(0..2).await).await;
            let link = ann.link(&album, SharedLink::default()).await;
            let key = address(&link).to_owned();
            let values = SharedLink {
                slug: "summer".to_owned(),
                description: "from us".to_owned(),
                ..SharedLink::default()
            };
            update(&ann, &link, values, &[]).await.unwrap();
            for address in [key.as_str(), "summer"] {
                let opened = open(&server, address, "").await.unwrap().into_inner().link.unwrap();
                assert_eq!(opened.album_id, album.id);
                assert_eq!(opened.display_name, "Summer");
                assert_eq!(opened.description, "from us");
                assert_eq!(opened.asset_count, 2);
            }
        })
        .await;
    }

    #[tokio::test]
    async fn unknown_expired_revoked_and_trashed_look_the_same() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Summer", &[]).await;
            let trashed = ann.album("Trashed", &[]).await;
            let expired =
                SharedLink { expire_time: in_seconds(&server, 1), ..SharedLink::default() };
            let expired = ann.link(&album, expired).await;
            let revoked = ann.link(&album, SharedLink::default()).await;
            delete(&ann, &revoked).await;
            let of_trashed = ann.link(&trashed, SharedLink::default()).await;
            let request = DeleteAlbumRequest { album_id: trashed.id, etag: String::new() };
            ann.albums().delete_album(request).await.unwrap();
            server.sleep(Duration::from_secs(2));
            let mut answers = Vec::new();
            for address in ["unknown", address(&expired), address(&revoked), address(&of_trashed)] {
                let answer = open(&server, address, "").await;
                let status = expect_reason(answer, Code::NotFound, "RESOURCE_NOT_FOUND");
                answers.push((status.message().to_owned(), format!("{:?}", details(&status))));
            }
            assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
        })
        .await;
    }

    #[tokio::test]
    async fn a_password_is_asked_for_and_checked() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Summer", &[]).await;
            let link = SharedLink { password: "sesame".to_owned(), ..SharedLink::default() };
            let link = ann.link(&album, link).await;
            assert!(link.has_password && link.password.is_empty());
            let none = open(&server, address(&link), "").await;
            expect_reason(none, Code::Unauthenticated, "LINK_PASSWORD_REQUIRED");
            let wrong = open(&server, address(&link), "simsim").await;
            expect_reason(wrong, Code::Unauthenticated, "LINK_PASSWORD_WRONG");
            assert!(open(&server, address(&link), "sesame").await.is_ok());
        })
        .await;
    }

    #[tokio::test]
    async fn a_guest_token_ends_with_its_link() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Summer", &[]).await;
            let link = ann.link(&album, SharedLink::default()).await;
            let opened = open(&server, address(&link), "").await.unwrap().into_inner();
            let twelve_hours = in_seconds(&server, 12 * 3600).unwrap().seconds;
            assert_eq!(opened.access_expire_time.unwrap().seconds, twelve_hours);
            let soon = SharedLink { expire_time: in_seconds(&server, 60), ..SharedLink::default() };
            update(&ann, &link, soon, &[]).await.unwrap();
            let opened = open(&server, address(&link), "").await.unwrap().into_inner();
            assert_eq!(opened.access_expire_time, in_seconds(&server, 60));
        })
        .await;
    }
}

/// What an error tells, in an order that does not change.
fn details(status: &Status) -> (String, Vec<(String, String)>) {
    let details = tonic_types::StatusExt::get_error_details(status);
    let info = details.error_info().unwrap();
    let mut metadata: Vec<_> = info.metadata.clone().into_iter().collect();
    metadata.sort();
    (info.reason.clone(), metadata)
}

mod update_shared_link {
    use super::*;

    #[tokio::test]
    async fn what_is_not_in_the_mask_stays() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Summer", &[]).await;
            let link = SharedLink {
                slug: "summer".to_owned(),
                password: "sesame".to_owned(),
                description: "one".to_owned(),
                expire_time: in_seconds(&server, 3600),
                allow_download: Some(false),
                ..SharedLink::default()
            };
            let link = ann.link(&album, link).await;
            let values = SharedLink { description: "two".to_owned(), ..SharedLink::default() };
            let updated = update(&ann, &link, values, &["description"]).await.unwrap();
            let expected = SharedLink {
                description: "two".to_owned(),
                update_time: updated.update_time,
                ..link.clone()
            };
            assert_eq!(updated, expected);
            let paths = ["slug", "password", "expire_time", "description", "allow_download"];
            let cleared = update(&ann, &link, SharedLink::default(), &paths).await.unwrap();
            assert_eq!(cleared.slug, "");
            assert!(!cleared.has_password);
            assert_eq!(cleared.expire_time, None);
            assert_eq!(cleared.description, "");
            assert_eq!(cleared.allow_download, Some(true), "its default");
        })
        .await;
    }

    #[tokio::test]
    async fn each_field_changes_alone_and_is_cleared_to_its_default() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Summer", &[]).await;
            let values = SharedLink { expire_time: in_seconds(&server, 60), ..every_option() };
            let plain = ann.link(&album, SharedLink::default()).await;
            let defaults = only_options(&plain);
            let mut link = plain.clone();
            let paths = [
                "description",
                "slug",
                "expire_time",
                "allow_download",
                "allow_upload",
                "allow_undo",
                "max_upload_bytes",
                "max_upload_count",
                "metadata",
                "quality",
                "guest_activity",
            ];
            for path in paths {
                let before = only_options(&link);
                link = update(&ann, &link, values.clone(), &[path]).await.unwrap();
                assert_ne!(only_options(&link), before, "{path}");
                assert!(!link.has_password, "{path}");
                let back = update(&ann, &link, SharedLink::default(), &[path]).await.unwrap();
                assert_eq!(only_options(&back), before, "{path}");
                link = update(&ann, &link, values.clone(), &[path]).await.unwrap();
            }
            let set = SharedLink { password: String::new(), ..values.clone() };
            assert_eq!(only_options(&link), set);
            link = update(&ann, &link, values, &["password"]).await.unwrap();
            assert!(link.has_password);
            assert_eq!(only_options(&link), set);
            let cleared = update(&ann, &link, SharedLink::default(), &paths).await.unwrap();
            assert!(cleared.has_password);
            assert_eq!(only_options(&cleared), defaults);
        })
        .await;
    }

    #[tokio::test]
    async fn a_false_without_a_mask_is_not_lost() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Summer", &[]).await;
            let link = ann.link(&album, SharedLink::default()).await;
            let values = SharedLink { allow_download: Some(false), ..SharedLink::default() };
            let updated = update(&ann, &link, values, &[]).await.unwrap();
            assert_eq!(updated.allow_download, Some(false));
        })
        .await;
    }

    #[tokio::test]
    async fn a_new_password_ends_what_the_old_one_opened() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Summer", &[]).await;
            let link = ann.link(&album, SharedLink::default()).await;
            let guest = server.guest(&link, "").await;
            assert!(still_sees(&guest, &link).await);
            let values = SharedLink { password: "new".to_owned(), ..SharedLink::default() };
            update(&ann, &link, values, &[]).await.unwrap();
            assert!(!still_sees(&guest, &link).await);
            assert!(still_sees(&server.guest(&link, "new").await, &link).await);
        })
        .await;
    }

    #[tokio::test]
    async fn an_expired_link_lives_again_with_a_later_time() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Summer", &[]).await;
            let link = SharedLink { expire_time: in_seconds(&server, 1), ..SharedLink::default() };
            let link = ann.link(&album, link).await;
            server.sleep(Duration::from_secs(2));
            let later =
                SharedLink { expire_time: in_seconds(&server, 60), ..SharedLink::default() };
            let updated = update(&ann, &link, later, &[]).await.unwrap();
            assert_eq!(updated.state(), SharedLinkState::Live);
            assert!(open(&server, address(&link), "").await.is_ok());
        })
        .await;
    }

    #[tokio::test]
    async fn kind_and_target_cannot_change() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Summer", &[]).await;
            let link = ann.link(&album, SharedLink::default()).await;
            for path in ["album_id", "url", "state", "*"] {
                let answer = update(&ann, &link, SharedLink::default(), &[path]).await;
                expect_fields(answer.map(Response::new), &["update_mask"]);
            }
        })
        .await;
    }
}

mod delete_shared_link {
    use super::*;

    #[tokio::test]
    async fn a_revoked_link_stops_at_once_and_never_comes_back() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Summer", &[]).await;
            let slugged = SharedLink { slug: "summer".to_owned(), ..SharedLink::default() };
            let link = ann.link(&album, slugged.clone()).await;
            let guest = server.guest(&link, "").await;
            let deleted = delete(&ann, &link).await;
            assert_eq!(deleted.state(), SharedLinkState::Revoked);
            assert_eq!(delete(&ann, &link).await, deleted, "again");
            assert!(!still_sees(&guest, &link).await);
            let values =
                SharedLink { expire_time: in_seconds(&server, 60), ..SharedLink::default() };
            let answer = update(&ann, &link, values, &[]).await.map(Response::new);
            expect_code(answer, Code::NotFound);
            ann.link(&album, slugged).await;
        })
        .await;
    }

    #[tokio::test]
    async fn trashing_the_album_stops_its_links_until_it_is_restored() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Summer", &[]).await;
            let link = ann.link(&album, SharedLink::default()).await;
            let guest = server.guest(&link, "").await;
            let request = DeleteAlbumRequest { album_id: album.id.clone(), etag: String::new() };
            ann.albums().delete_album(request).await.unwrap();
            assert!(!still_sees(&guest, &link).await);
            let values = SharedLink { description: "x".to_owned(), ..SharedLink::default() };
            let answer = update(&ann, &link, values, &[]).await.map(Response::new);
            expect_reason(answer, Code::FailedPrecondition, "TRASHED");
            let request = RestoreAlbumRequest { album_id: album.id };
            ann.albums().restore_album(request).await.unwrap();
            assert!(still_sees(&guest, &link).await);
        })
        .await;
    }
}
