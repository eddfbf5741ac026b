//! `ActivityService`.

use albumen::v1::list_activities_request::Order;
use albumen::v1::{
    Activity, ActivityCounts, ActivityKind, Album, Asset, CreateCommentRequest,
    CreateSharedLinkRequest, DeleteAlbumRequest, DeleteCommentRequest, DeleteCommentResponse,
    DeleteUserRequest, GetActivityCountsRequest, ListActivitiesRequest, ListActivitiesResponse,
    RemoveAlbumAssetsRequest, RestoreUserRequest, SetLikeRequest, SharedLink,
};
use albumen_server::entity::album_member::{self, Role};
use albumen_server::entity::shared_link::{self, GuestActivity};
use albumen_server::entity::{activity, album};
use albumen_server::events::{self, Event};
use albumen_server::id::{ActivityId, AlbumId, SharedLinkId, UserId};
use futures::future::join_all;
use sea_orm::{ActiveModelTrait as _, EntityTrait as _, PaginatorTrait as _, Set};
use tonic::{Code, Response, Status};

use crate::support::person::ids;
use crate::support::{Person, TestServer, expect_code, expect_fields, expect_reason, test};

async fn comment(who: &Person, album: &Album, text: &str) -> Result<Response<Activity>, Status> {
    let request = CreateCommentRequest {
        album_id: album.id.clone(),
        text: text.to_owned(),
        ..CreateCommentRequest::default()
    };
    who.activities().create_comment(request).await
}

async fn comment_on(
    who: &Person,
    album: &Album,
    asset: &Asset,
    text: &str,
) -> Result<Response<Activity>, Status> {
    let request = CreateCommentRequest {
        album_id: album.id.clone(),
        asset_id: asset.id.clone(),
        text: text.to_owned(),
        ..CreateCommentRequest::default()
    };
    who.activities().create_comment(request).await
}

async fn like(
    who: &Person,
    album: &Album,
    asset: Option<&Asset>,
    liked: bool,
) -> Result<Response<Option<Activity>>, Status> {
    let request = SetLikeRequest {
        album_id: album.id.clone(),
        asset_id: asset.map(|asset| asset.id.clone()).unwrap_or_default(),
        liked,
        guest_name: String::new(),
    };
    Ok(who.activities().set_like(request).await?.map(|answer| answer.like))
}

async fn delete(who: &Person, id: &str) -> Result<Response<DeleteCommentResponse>, Status> {
    let request = DeleteCommentRequest { activity_id: id.to_owned() };
    who.activities().delete_comment(request).await
}

async fn list(
    who: &Person,
    request: ListActivitiesRequest,
) -> Result<Response<ListActivitiesResponse>, Status> {
    who.activities().list_activities(request).await
}

async fn feed(who: &Person, album: &Album) -> Vec<Activity> {
    let request = ListActivitiesRequest { album_id: album.id.clone(), ..Default::default() };
    list(who, request).await.unwrap().into_inner().activities
}

async fn texts(who: &Person, album: &Album) -> Vec<String> {
    feed(who, album).await.into_iter().map(|activity| activity.text).collect()
}

async fn counts(who: &Person, album: &Album, assets: &[Asset]) -> ActivityCounts {
    let request = GetActivityCountsRequest { album_id: album.id.clone(), asset_ids: ids(assets) };
    who.activities().get_activity_counts(request).await.unwrap().into_inner()
}

/// Changes the row of an album.
async fn set(server: &TestServer, album: &Album, change: album::ActiveModel) {
    let change = album::ActiveModel { id: Set(AlbumId::parse(&album.id).unwrap()), ..change };
    let update =
        server.app.transact(|transaction| async move { Ok(change.update(&*transaction).await?) });
    update.await.unwrap();
}

async fn set_enabled(server: &TestServer, album: &Album, is_enabled: bool) {
    let change = album::ActiveModel { is_activity_enabled: Set(is_enabled), ..Default::default() };
    set(server, album, change).await;
}

/// A guest of a new link of somebody's.
async fn guest(
    server: &TestServer,
    who: &Person,
    album: &Album,
    allowed: GuestActivity,
) -> (SharedLink, Person) {
    let link = who.link(album, SharedLink::default()).await;
    let change = shared_link::ActiveModel {
        id: Set(SharedLinkId::parse(&link.id).unwrap()),
        guest_activity: Set(allowed),
        ..Default::default()
    };
    let update =
        server.app.transact(|transaction| async move { Ok(change.update(&*transaction).await?) });
    update.await.unwrap();
    let guest = server.guest(&link, "").await;
    (link, guest)
}

/// What happened in an album.
async fn happened(server: &TestServer, album: &Album) -> Vec<Event> {
    let id = AlbumId::parse(&album.id).unwrap();
    let events = events::after(&server.app, id, 0, 1000).await.unwrap();
    events.into_iter().map(|(_, event)| event).collect()
}

mod create_comment {
    use super::*;

    #[tokio::test]
    async fn says_who_wrote_what_where() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let assets = ann.photos(0..1).await;
            let album = ann.album("Summer", &assets).await;
            server.member(&album, &bob, Role::Viewer).await;
            let text = " \u{202e}Hi\r\n\tthere\u{7} ";
            let written = comment_on(&bob, &album, &assets[0], text).await.unwrap().into_inner();
            assert_eq!(written.text, "\u{202e}Hi\n\tthere");
            assert_eq!(written.kind(), ActivityKind::Comment);
            assert_eq!((&written.album_id, &written.asset_id), (&album.id, &assets[0].id));
            assert_eq!((&written.user_id, &*written.author_display_name), (&bob.user.id, "bob"));
            assert!(written.deletable && !written.guest);
            assert_eq!(written.create_time.as_ref().unwrap().seconds, server.now_us() / 1_000_000);
            assert_eq!(feed(&bob, &album).await, std::slice::from_ref(&written));
            let id = ActivityId::parse(&written.id).unwrap();
            assert_eq!(happened(&server, &album).await.last(), Some(&Event::ActivityAdded(id)));
        })
        .await;
    }

    #[tokio::test]
    async fn bad_fields_are_named() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Summer", &[]).await;
            for text in ["", " \n\t ", "\u{7}", &"ä".repeat(4001)] {
                expect_fields(comment(&ann, &album, text).await, &["text"]);
            }
            let most = format!("\n{}\n", "ä".repeat(4000));
            assert_eq!(comment(&ann, &album, &most).await.unwrap().into_inner().text.len(), 8000);
            let named = CreateCommentRequest {
                album_id: album.id.clone(),
                text: "x".to_owned(),
                guest_name: "Ann".to_owned(),
                ..Default::default()
            };
            expect_fields(ann.activities().create_comment(named).await, &["guest_name"]);
            let loose = ann.photos(0..1).await.remove(0);
            expect_code(comment_on(&ann, &album, &loose, "x").await, Code::NotFound);
        })
        .await;
    }

    #[tokio::test]
    async fn a_repeated_call_writes_nothing_more() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let album = ann.album("Summer", &[]).await;
            server.member(&album, &bob, Role::Viewer).await;
            let request = CreateCommentRequest {
                album_id: album.id.clone(),
                text: "once".to_owned(),
                request_id: "0192d3a0-0000-7000-8000-000000000001".to_owned(),
                ..Default::default()
            };
            let tries = (0..6).map(|_| {
                let (mut activities, request) = (ann.activities(), request.clone());
                async move { activities.create_comment(request).await }
            });
            for answer in join_all(tries).await {
                assert_eq!(answer.unwrap().into_inner().id, request.request_id);
            }
            assert_eq!(texts(&bob, &album).await, ["once"]);
            let taken = bob.activities().create_comment(request.clone()).await;
            expect_code(taken, Code::AlreadyExists);
            let other = ann.album("Winter", &[]).await;
            let there = CreateCommentRequest { album_id: other.id, ..request };
            expect_code(ann.activities().create_comment(there).await, Code::AlreadyExists);
        })
        .await;
    }

    #[tokio::test]
    async fn is_refused_while_activity_is_off_and_reading_is_not() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Summer", &[]).await;
            let written = comment(&ann, &album, "before").await.unwrap().into_inner();
            like(&ann, &album, None, true).await.unwrap();
            set_enabled(&server, &album, false).await;
            let refused = comment(&ann, &album, "x").await;
            expect_reason(refused, Code::PermissionDenied, "ACTIVITY_NOT_ALLOWED");
            let refused = like(&ann, &album, None, true).await;
            expect_reason(refused, Code::PermissionDenied, "ACTIVITY_NOT_ALLOWED");
            assert_eq!(feed(&ann, &album).await.len(), 2);
            assert_eq!(counts(&ann, &album, &[]).await.comment_count, 1);
            like(&ann, &album, None, false).await.unwrap();
            delete(&ann, &written.id).await.unwrap();
            assert_eq!(feed(&ann, &album).await, []);
        })
        .await;
    }

    #[tokio::test]
    async fn is_for_those_who_see_the_album() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let album = ann.album("Summer", &[]).await;
            let written = comment(&ann, &album, "x").await.unwrap().into_inner();
            let request =
                ListActivitiesRequest { album_id: album.id.clone(), ..Default::default() };
            expect_code(comment(&bob, &album, "x").await, Code::NotFound);
            expect_code(like(&bob, &album, None, true).await, Code::NotFound);
            expect_code(list(&bob, request.clone()).await, Code::NotFound);
            let status = expect_code(delete(&bob, &written.id).await, Code::NotFound);
            assert!(!status.message().contains("album"), "{status:?}");
            expect_code(list(&server.anonymous(), request).await, Code::Unauthenticated);

            let request = DeleteAlbumRequest { album_id: album.id.clone(), etag: String::new() };
            ann.albums().delete_album(request).await.unwrap();
            let refused = comment(&ann, &album, "x").await;
            expect_reason(refused, Code::FailedPrecondition, "TRASHED");
            expect_reason(delete(&ann, &written.id).await, Code::FailedPrecondition, "TRASHED");
            assert_eq!(texts(&ann, &album).await, ["x"]);
        })
        .await;
    }

    #[tokio::test]
    async fn lists_of_assets_have_none() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let request = CreateSharedLinkRequest {
                shared_link: Some(SharedLink::default()),
                asset_ids: ids(&ann.photos(0..1).await),
                ..Default::default()
            };
            let link = ann.links().create_shared_link(request).await.unwrap().into_inner();
            let guest = server.guest(&link, "").await;
            let row = shared_link::Entity::find_by_id(SharedLinkId::parse(&link.id).unwrap());
            let row = row.one(server.app.database.reader()).await.unwrap().unwrap();
            // Whoever finds out by which album the server stores a list.
            let album = Album { id: row.album_id.to_string(), ..Album::default() };
            for who in [ann, guest] {
                expect_code(comment(&who, &album, "x").await, Code::NotFound);
                expect_code(like(&who, &album, None, true).await, Code::NotFound);
                let request =
                    ListActivitiesRequest { album_id: album.id.clone(), ..Default::default() };
                expect_code(list(&who, request).await, Code::NotFound);
            }
        })
        .await;
    }
}

mod set_like {
    use super::*;

    #[tokio::test]
    async fn repeated_calls_give_the_same_like_even_at_the_same_time() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let assets = ann.photos(0..1).await;
            let album = ann.album("Summer", &assets).await;
            server.member(&album, &bob, Role::Viewer).await;
            let likes = join_all((0..8).map(|_| like(&bob, &album, Some(&assets[0]), true))).await;
            let likes: Vec<_> = likes.into_iter().map(|like| like.unwrap().into_inner()).collect();
            assert!(likes.iter().all(|like| like.is_some() && *like == likes[0]));
            like(&ann, &album, Some(&assets[0]), true).await.unwrap();
            like(&bob, &album, None, true).await.unwrap();
            let found = counts(&bob, &album, &assets).await;
            assert_eq!((found.like_count, found.comment_count, found.liked), (3, 0, true));
            assert_eq!((found.assets[0].like_count, found.assets[0].liked), (2, true));
            let added = |event: &&Event| matches!(event, Event::ActivityAdded(_));
            assert_eq!(happened(&server, &album).await.iter().filter(added).count(), 3);
        })
        .await;
    }

    #[tokio::test]
    async fn takes_the_callers_own_like_back() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let album = ann.album("Summer", &[]).await;
            server.member(&album, &bob, Role::Viewer).await;
            let first = like(&ann, &album, None, true).await.unwrap().into_inner().unwrap();
            like(&bob, &album, None, true).await.unwrap();
            for _ in 0..2 {
                assert_eq!(like(&ann, &album, None, false).await.unwrap().into_inner(), None);
            }
            let left = feed(&ann, &album).await;
            assert_eq!((left.len(), &*left[0].author_display_name), (1, "bob"));
            let id = ActivityId::parse(&first.id).unwrap();
            assert_eq!(happened(&server, &album).await.last(), Some(&Event::ActivityRemoved(id)));
            assert!(!counts(&ann, &album, &[]).await.liked);
            like(&ann, &album, None, true).await.unwrap();
        })
        .await;
    }
}

mod delete_comment {
    use super::*;

    #[tokio::test]
    async fn is_for_its_author_and_the_owner_of_the_album() {
        test(|server| async move {
            let (ann, bob, eve) =
                (server.user("ann").await, server.user("bob").await, server.user("eve").await);
            let album = ann.album("Summer", &[]).await;
            server.member(&album, &bob, Role::Editor).await;
            server.member(&album, &eve, Role::Viewer).await;
            let by_eve = comment(&eve, &album, "eve").await.unwrap().into_inner();
            let by_ann = comment(&ann, &album, "ann").await.unwrap().into_inner();
            let liked = like(&eve, &album, None, true).await.unwrap().into_inner().unwrap();
            let deletable = async |who: &Person| -> Vec<bool> {
                feed(who, &album).await.iter().map(|activity| activity.deletable).collect()
            };
            assert_eq!(deletable(&ann).await, [true, true, true]);
            assert_eq!(deletable(&bob).await, [false, false, false]);
            assert_eq!(deletable(&eve).await, [true, false, true]);
            let refused = delete(&bob, &by_eve.id).await;
            expect_reason(refused, Code::PermissionDenied, "ROLE_TOO_LOW");
            expect_code(delete(&eve, &by_ann.id).await, Code::PermissionDenied);
            delete(&eve, &by_eve.id).await.unwrap();
            delete(&ann, &liked.id).await.unwrap();
            delete(&ann, &by_ann.id).await.unwrap();
            assert_eq!(feed(&ann, &album).await, []);
            expect_code(delete(&ann, &by_ann.id).await, Code::NotFound);
        })
        .await;
    }
}

mod list_activities {
    use super::*;

    #[tokio::test]
    async fn walks_pages_in_both_orders_and_filters() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let assets = ann.photos(0..2).await;
            let album = ann.album("Summer", &assets).await;
            server.member(&album, &bob, Role::Viewer).await;
            for number in 0..5 {
                comment(&ann, &album, &format!("{number}")).await.unwrap();
                if number % 2 == 0 {
                    server.sleep(std::time::Duration::from_secs(1));
                }
            }
            comment_on(&bob, &album, &assets[0], "photo").await.unwrap();
            like(&bob, &album, Some(&assets[1]), true).await.unwrap();
            let all = ListActivitiesRequest {
                album_id: album.id.clone(),
                page_size: 2,
                ..Default::default()
            };
            let walk = async |mut request: ListActivitiesRequest| {
                let mut found = Vec::new();
                loop {
                    let page = list(&bob, request.clone()).await.unwrap().into_inner();
                    assert!(page.activities.len() <= 2);
                    found.extend(page.activities.into_iter().map(|activity| activity.text));
                    if page.next_page_token.is_empty() {
                        return found;
                    }
                    request.page_token = page.next_page_token;
                }
            };
            let newest = walk(all.clone()).await;
            let oldest = ListActivitiesRequest { order: Order::OldestFirst.into(), ..all.clone() };
            let oldest = walk(oldest).await;
            assert_eq!(oldest, ["0", "1", "2", "3", "4", "photo", ""]);
            assert!(newest.iter().eq(oldest.iter().rev()));
            let on = ListActivitiesRequest { asset_id: assets[0].id.clone(), ..all.clone() };
            assert_eq!(walk(on).await, ["photo"]);
            let kind = ActivityKind::Like.into();
            assert_eq!(walk(ListActivitiesRequest { kind, ..all.clone() }).await, [""]);
            let by = ListActivitiesRequest { user_id: bob.user.id.clone(), ..all.clone() };
            assert_eq!(walk(by).await.len(), 2);

            let page = list(&bob, all.clone()).await.unwrap().into_inner();
            let other = ListActivitiesRequest {
                page_token: page.next_page_token,
                user_id: bob.user.id.clone(),
                ..all
            };
            expect_reason(list(&bob, other).await, Code::InvalidArgument, "PAGE_TOKEN_MISMATCH");
        })
        .await;
    }

    #[tokio::test]
    async fn a_thread_goes_and_comes_with_its_asset_and_each_album_has_its_own() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..1).await;
            let album = ann.album("Summer", &assets).await;
            let other = ann.album("Best", &assets).await;
            comment_on(&ann, &album, &assets[0], "here").await.unwrap();
            like(&ann, &album, Some(&assets[0]), true).await.unwrap();
            comment(&ann, &album, "album").await.unwrap();
            assert_eq!(feed(&ann, &other).await, []);
            let seen = async || {
                let found = counts(&ann, &album, &assets).await;
                let on = found.assets.first().map(|asset| (asset.comment_count, asset.liked));
                (feed(&ann, &album).await.len(), found.comment_count, found.like_count, on)
            };
            let (with, without) = ((3, 2, 1, Some((1, true))), (1, 1, 0, None));
            assert_eq!(seen().await, with);
            let request =
                RemoveAlbumAssetsRequest { album_id: album.id.clone(), asset_ids: ids(&assets) };
            ann.albums().remove_album_assets(request).await.unwrap();
            assert_eq!(seen().await, without);
            ann.add(&album, &assets).await.unwrap();
            assert_eq!(seen().await, with);
            ann.trash(&assets).await.unwrap();
            assert_eq!(seen().await, without);
            expect_code(comment_on(&ann, &album, &assets[0], "x").await, Code::NotFound);
            ann.restore(&assets).await.unwrap();
            assert_eq!(seen().await, with);
            ann.trash(&assets).await.unwrap();
            ann.delete(&assets).await.unwrap();
            let count = activity::Entity::find().count(server.app.database.reader());
            assert_eq!(count.await.unwrap(), 1, "the thread of what is deleted for good is gone");
        })
        .await;
    }

    #[tokio::test]
    async fn former_members_stay_and_deleted_accounts_go_and_come_back() {
        test(|server| async move {
            let admin = server.admin().await;
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let album = ann.album("Summer", &[]).await;
            server.member(&album, &bob, Role::Viewer).await;
            comment(&bob, &album, "hello").await.unwrap();
            like(&bob, &album, None, true).await.unwrap();
            let (row, user) =
                (AlbumId::parse(&album.id).unwrap(), UserId::parse(&bob.user.id).unwrap());
            let remove = server.app.transact(move |transaction| async move {
                album_member::Entity::delete_by_id((row, user)).exec(&*transaction).await?;
                Ok(())
            });
            remove.await.unwrap();
            let left = feed(&ann, &album).await;
            assert_eq!((left.len(), &*left[0].author_display_name), (2, "bob"));

            let request = DeleteUserRequest { user_id: bob.user.id.clone() };
            admin.users().delete_user(request).await.unwrap();
            assert_eq!(feed(&ann, &album).await, []);
            assert_eq!(counts(&ann, &album, &[]).await.like_count, 0);
            let request = RestoreUserRequest { user_id: bob.user.id.clone() };
            admin.users().restore_user(request).await.unwrap();
            assert_eq!(feed(&ann, &album).await.len(), 2);
            let request = DeleteUserRequest { user_id: bob.user.id.clone() };
            admin.users().delete_user(request).await.unwrap();
            albumen_server::users::purge(&server.app, user).await.unwrap();
            let count = activity::Entity::find().count(server.app.database.reader());
            assert_eq!(count.await.unwrap(), 0);
        })
        .await;
    }
}

mod guests {
    use super::*;

    #[tokio::test]
    async fn read_and_write_as_the_link_says() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..1).await;
            let album = ann.album("Summer", &assets).await;
            comment(&ann, &album, "mine").await.unwrap();
            let (_, off) = guest(&server, &ann, &album, GuestActivity::Off).await;
            let (_, reads) = guest(&server, &ann, &album, GuestActivity::Read).await;
            let (_, writes) = guest(&server, &ann, &album, GuestActivity::Write).await;
            let request =
                ListActivitiesRequest { album_id: album.id.clone(), ..Default::default() };
            let denied = |status| {
                expect_reason::<()>(status, Code::PermissionDenied, "ACTIVITY_NOT_ALLOWED")
            };
            denied(list(&off, request.clone()).await.map(|answer| answer.map(drop)));
            denied(comment(&off, &album, "x").await.map(|answer| answer.map(drop)));
            denied(comment(&reads, &album, "x").await.map(|answer| answer.map(drop)));
            denied(like(&reads, &album, None, true).await.map(|answer| answer.map(drop)));
            let seen = feed(&reads, &album).await;
            assert_eq!((&*seen[0].author_display_name, &*seen[0].user_id), ("ann", ""));
            assert!(!seen[0].deletable && !seen[0].guest);
            let by = ListActivitiesRequest { user_id: ann.user.id.clone(), ..request };
            expect_fields(list(&reads, by).await, &["user_id"]);

            let named = CreateCommentRequest {
                album_id: album.id.clone(),
                asset_id: assets[0].id.clone(),
                text: "lovely".to_owned(),
                guest_name: " Ida ".to_owned(),
                ..Default::default()
            };
            let written = writes.activities().create_comment(named).await.unwrap().into_inner();
            assert_eq!((&*written.author_display_name, written.guest), ("Ida", true));
            assert!(written.deletable);
            like(&writes, &album, None, true).await.unwrap();
            assert!(counts(&writes, &album, &[]).await.liked);
            assert!(!counts(&ann, &album, &[]).await.liked);
            set_enabled(&server, &album, false).await;
            denied(comment(&writes, &album, "x").await.map(|answer| answer.map(drop)));
            assert_eq!(feed(&writes, &album).await.len(), 3);
        })
        .await;
    }

    #[tokio::test]
    async fn delete_their_own_in_the_same_session_and_like_once_in_each() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Summer", &[]).await;
            let other_album = ann.album("Winter", &[]).await;
            let (link, guest) = guest(&server, &ann, &album, GuestActivity::Write).await;
            let again = server.guest(&link, "").await;
            let written = comment(&guest, &album, "x").await.unwrap().into_inner();
            for who in [&guest, &guest, &again] {
                like(who, &album, None, true).await.unwrap();
            }
            assert_eq!(counts(&guest, &album, &[]).await.like_count, 2);
            expect_code(delete(&again, &written.id).await, Code::PermissionDenied);
            expect_code(comment(&guest, &other_album, "x").await, Code::NotFound);
            delete(&guest, &written.id).await.unwrap();
            let third = comment(&again, &album, "y").await.unwrap().into_inner();
            delete(&ann, &third.id).await.unwrap();
            assert_eq!(texts(&ann, &album).await, ["", ""]);
        })
        .await;
    }
}

#[tokio::test]
async fn comments_likes_and_albums_change_at_once_without_conflict() {
    test(|server| async move {
        let (ann, bob) = (server.user("ann").await, server.user("bob").await);
        let assets = ann.photos(0..2).await;
        let album = ann.album("Summer", &assets).await;
        server.member(&album, &bob, Role::Viewer).await;
        for round in 0..6 {
            let (trashed, restored, written, liked, unliked, counted) = tokio::join!(
                ann.trash(&assets[..1]),
                ann.restore(&assets[..1]),
                comment_on(&bob, &album, &assets[1], "x"),
                like(&ann, &album, Some(&assets[1]), round % 2 == 0),
                like(&bob, &album, None, round % 2 == 1),
                counts(&bob, &album, &assets),
            );
            trashed.unwrap();
            restored.unwrap();
            written.unwrap();
            liked.unwrap();
            unliked.unwrap();
            assert!(counted.comment_count >= round);
        }
        let sequence = album::Entity::find_by_id(AlbumId::parse(&album.id).unwrap());
        let album_row = sequence.one(server.app.database.reader()).await.unwrap().unwrap();
        let events = happened(&server, &album).await;
        assert_eq!(i64::try_from(events.len()).unwrap(), album_row.event_sequence);
    })
    .await;
}
