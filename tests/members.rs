//! `AlbumService`: who is in an album.

use albumen::v1::list_albums_request::Category;
use albumen::v1::new_album_member::User as NewUser;
use albumen::v1::*;
use albumen_server::config::Directory;
use albumen_server::events::{self, Event};
use albumen_server::id::{AlbumId, UserId};
use prost_types::FieldMask;
use tonic::{Code, Response, Status, Streaming};

use crate::support::membership::{new_member, new_member_by_id};
use crate::support::person::{address, ids};
use crate::support::{
    Person, TestServer, expect_code, expect_fields, expect_reason, fixtures, metadata, test,
    test_with,
};

const UNKNOWN: &str = "0192d3a0-0000-7000-8000-00000000dead";

fn by_email(email: &str, role: AlbumRole) -> NewAlbumMember {
    NewAlbumMember { user: Some(NewUser::Email(email.to_owned())), role: role.into() }
}

fn named(name: &str) -> Option<Album> {
    Some(Album { display_name: name.to_owned(), ..Album::default() })
}

async fn get(who: &Person, album: &Album) -> Result<Response<Album>, Status> {
    who.albums().get_album(GetAlbumRequest { album_id: album.id.clone() }).await
}

/// Names and roles of those who are in an album.
async fn roles(who: &Person, album: &Album) -> Vec<(String, AlbumRole)> {
    let members = who.members(album).await.unwrap();
    members.into_iter().map(|member| (member.display_name.clone(), member.role())).collect()
}

fn answer<T>(result: Result<T, Status>) -> Result<Response<T>, Status> {
    result.map(Response::new)
}

fn pair(name: &str, role: AlbumRole) -> (String, AlbumRole) {
    (name.to_owned(), role)
}

mod add_album_members {
    use super::*;

    #[tokio::test]
    async fn members_see_the_album_and_each_other() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let cam = server.user("cam").await;
            let album = ann.album("Trip", &ann.photos(0..2).await).await;
            assert_eq!((album.member_count, album.is_shared, album.unseen), (1, false, false));
            expect_code(get(&bob, &album).await, Code::NotFound);
            server.sleep(std::time::Duration::from_secs(1));
            let unspecified = new_member(&bob, AlbumRole::Unspecified);
            let by_email = by_email("CAM@Example.org", AlbumRole::Contributor);
            let added = ann.add_members(&album, vec![by_email, unspecified]).await.unwrap();
            assert!(added.existing_user_ids.is_empty());
            let found: Vec<_> = added.members.iter().map(|one| one.user_id.clone()).collect();
            assert_eq!(found, [cam.user.id.clone(), bob.user.id.clone()], "as they were named");

            cam.add(&album, &cam.photos(10..11).await).await.unwrap();
            let seen = get(&bob, &album).await.unwrap().into_inner();
            assert_eq!((seen.role(), seen.member_count), (AlbumRole::Viewer, 3));
            assert!(seen.is_shared && !seen.has_link);
            assert_eq!(seen.owner_id, ann.user.id);
            let members = bob.members(&album).await.unwrap();
            assert_eq!(members[0].user_id, ann.user.id, "the longest first");
            assert_eq!(members[0].email, "ann@example.org");
            let since = |index: usize| members[index].create_time.unwrap().seconds;
            assert!(since(0) < since(1));
            let counts = |member: &AlbumMember| (member.display_name.clone(), member.asset_count);
            let mut counts: Vec<_> = members.iter().map(counts).collect();
            counts.sort();
            let expected = [("ann", 2), ("bob", 0), ("cam", 1)];
            assert_eq!(counts, expected.map(|(name, count)| (name.to_owned(), count)));
        })
        .await;
    }

    #[tokio::test]
    async fn those_who_are_in_it_stay_as_they_are_and_are_reported() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let cam = server.user("cam").await;
            let album = ann.album("Trip", &[]).await;
            let first = ann.add_member(&album, &bob, AlbumRole::Editor).await;
            server.sleep(std::time::Duration::from_secs(1));
            let all = [&ann, &bob, &cam].map(|who| new_member(who, AlbumRole::Viewer));
            let added = ann.add_members(&album, all.to_vec()).await.unwrap();
            assert_eq!(added.existing_user_ids, [ann.user.id.clone(), bob.user.id.clone()]);
            assert_eq!(added.members[0].role(), AlbumRole::Owner);
            assert_eq!(added.members[1], first);
            assert_eq!(added.members[2].role(), AlbumRole::Viewer);
        })
        .await;
    }

    #[tokio::test]
    async fn one_who_cannot_be_found_adds_nobody() {
        test(|server| async move {
            let admin = server.admin().await;
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let (off, gone) = (server.user("off").await.user, server.user("gone").await.user);
            let disable = UpdateUserRequest {
                user_id: off.id.clone(),
                user: Some(User { disabled: Some(true), ..User::default() }),
                update_mask: None,
            };
            admin.users().update_user(disable).await.unwrap();
            let delete = DeleteUserRequest { user_id: gone.id.clone() };
            admin.users().delete_user(delete).await.unwrap();
            let album = ann.album("Trip", &[]).await;
            for (other, id) in [
                (new_member_by_id(UNKNOWN, AlbumRole::Viewer), UNKNOWN),
                (new_member_by_id(&off.id, AlbumRole::Viewer), &off.id),
                (new_member_by_id(&gone.id, AlbumRole::Viewer), &gone.id),
                (by_email("off@example.org", AlbumRole::Viewer), "off@example.org"),
                (by_email("who@example.org", AlbumRole::Viewer), "who@example.org"),
            ] {
                let both = vec![new_member(&bob, AlbumRole::Viewer), other];
                let refused = answer(ann.add_members(&album, both.clone()).await);
                let status = expect_reason(refused, Code::NotFound, "RESOURCE_NOT_FOUND");
                assert_eq!(metadata(&status, "resource_type"), "user");
                assert_eq!(metadata(&status, "resource_id"), id);
                let request =
                    CreateAlbumRequest { album: named("New"), members: both, ..Default::default() };
                let refused = ann.albums().create_album(request).await;
                let status = expect_reason(refused, Code::NotFound, "RESOURCE_NOT_FOUND");
                assert_eq!(metadata(&status, "resource_id"), id);
            }
            assert_eq!(roles(&ann, &album).await, [pair("ann", AlbumRole::Owner)]);
            let albums = ann.albums().list_albums(ListAlbumsRequest::default()).await.unwrap();
            assert_eq!(albums.into_inner().albums.len(), 1);
        })
        .await;
    }

    #[tokio::test]
    async fn an_exact_directory_wants_the_whole_email_of_strangers() {
        let exact = |config: &mut albumen_server::config::Config| {
            config.directory = Directory::Exact;
        };
        test_with(exact, |server| async move {
            let admin = server.admin().await;
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let album = ann.album("Trip", &[]).await;
            let by_id = vec![new_member(&bob, AlbumRole::Viewer)];
            let refused = answer(ann.add_members(&album, by_id.clone()).await);
            expect_code(refused, Code::NotFound);
            let email = vec![by_email("bob@example.org", AlbumRole::Viewer)];
            let added = ann.add_members(&album, email).await.unwrap();
            assert_eq!(added.members[0].user_id, bob.user.id);
            let other = ann.album("Next", &[]).await;
            ann.add_members(&other, by_id.clone()).await.unwrap();
            let other = admin.album("All", &[]).await;
            admin.add_members(&other, by_id).await.unwrap();
        })
        .await;
    }

    #[tokio::test]
    async fn bad_fields_are_named() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let album = ann.album("Trip", &[]).await;
            let viewer = AlbumRole::Viewer;
            let nobody = NewAlbumMember { user: None, role: 0 };
            let odd = NewAlbumMember { role: 9, ..new_member(&bob, viewer) };
            let many = vec![new_member(&bob, viewer); 101];
            for (members, field) in [
                (vec![], "members"),
                (many, "members"),
                (vec![new_member(&bob, viewer), nobody], "members[1].user"),
                (vec![new_member_by_id("x", viewer)], "members[0].user_id"),
                (vec![by_email("x", viewer)], "members[0].email"),
                (vec![odd], "members[0].role"),
                (vec![new_member(&bob, AlbumRole::Owner)], "members[0].role"),
                (vec![new_member(&bob, viewer), by_email("bob@example.org", viewer)], "members"),
            ] {
                expect_fields(answer(ann.add_members(&album, members).await), &[field]);
            }
            assert_eq!(roles(&ann, &album).await.len(), 1);
        })
        .await;
    }

    #[tokio::test]
    async fn an_album_in_the_trash_takes_nobody() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let album = ann.album("Trip", &[]).await;
            ann.add_member(&album, &bob, AlbumRole::Editor).await;
            let request = DeleteAlbumRequest { album_id: album.id.clone(), ..Default::default() };
            ann.albums().delete_album(request).await.unwrap();
            let again = ann.add_members(&album, vec![new_member(&bob, AlbumRole::Viewer)]).await;
            expect_reason(answer(again), Code::FailedPrecondition, "TRASHED");
            let (changed, left) =
                (ann.set_role(&album, &bob, AlbumRole::Viewer).await, bob.leave(&album).await);
            expect_reason(answer(changed), Code::FailedPrecondition, "TRASHED");
            expect_code(answer(left), Code::NotFound);
            expect_code(answer(bob.members(&album).await), Code::NotFound);
            assert_eq!(roles(&ann, &album).await.len(), 2, "kept for when it is restored");
        })
        .await;
    }
}

mod create_album {
    use super::*;

    #[tokio::test]
    async fn members_are_there_from_the_start() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let request = CreateAlbumRequest {
                album: named("Trip"),
                asset_ids: ids(&ann.photos(0..1).await),
                members: vec![
                    new_member(&ann, AlbumRole::Viewer),
                    new_member(&bob, AlbumRole::Editor),
                ],
                request_id: UNKNOWN.to_owned(),
            };
            let album = ann.albums().create_album(request.clone()).await.unwrap().into_inner();
            assert_eq!((album.member_count, album.asset_count), (2, 1));
            assert_eq!(album.role(), AlbumRole::Owner);
            let again = ann.albums().create_album(request).await.unwrap().into_inner();
            assert_eq!(again, album);
            assert_eq!(get(&bob, &album).await.unwrap().into_inner().role(), AlbumRole::Editor);
        })
        .await;
    }

    #[tokio::test]
    async fn a_key_for_albums_alone_brings_no_members() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let key = ApiKey {
                display_name: "script".to_owned(),
                scopes: vec!["album.write".to_owned()],
                ..ApiKey::default()
            };
            let request = CreateApiKeyRequest { api_key: Some(key) };
            let key = ann.auth().create_api_key(request).await.unwrap().into_inner();
            let script = server.bearer(Some(&key.secret));
            let mut request = CreateAlbumRequest { album: named("Trip"), ..Default::default() };
            let album = script.albums().create_album(request.clone()).await.unwrap().into_inner();
            request.members = vec![new_member(&bob, AlbumRole::Viewer)];
            let refused = script.albums().create_album(request).await;
            let status = expect_reason(refused, Code::PermissionDenied, "SCOPE_MISSING");
            assert_eq!(metadata(&status, "required_scope"), "member.write");
            let added = script.add_members(&album, vec![new_member(&bob, AlbumRole::Viewer)]).await;
            expect_reason(answer(added), Code::PermissionDenied, "SCOPE_MISSING");
        })
        .await;
    }
}

mod list_album_members {
    use super::*;

    #[tokio::test]
    async fn pages_show_everybody_once_and_no_deleted_account() {
        test(|server| async move {
            let admin = server.admin().await;
            let ann = server.user("ann").await;
            let album = ann.album("Trip", &[]).await;
            let mut people = Vec::new();
            for name in ["b", "c", "d", "e"] {
                let who = server.user(name).await;
                ann.add_member(&album, &who, AlbumRole::Viewer).await;
                people.push(who);
            }
            let user_id = people[1].user.id.clone();
            admin
                .users()
                .delete_user(DeleteUserRequest { user_id: user_id.clone() })
                .await
                .unwrap();
            let mut request = ListAlbumMembersRequest {
                album_id: album.id.clone(),
                page_size: 2,
                ..Default::default()
            };
            let mut found = Vec::new();
            loop {
                let page = ann.albums().list_album_members(request.clone()).await.unwrap();
                let page = page.into_inner();
                found.extend(page.members.into_iter().map(|member| member.display_name));
                if page.next_page_token.is_empty() {
                    break;
                }
                request.page_token = page.next_page_token;
            }
            found.sort();
            assert_eq!(found, ["ann", "b", "d", "e"]);
            assert_eq!(ann.get_album(&album).await.member_count, 4);
            admin.users().restore_user(RestoreUserRequest { user_id }).await.unwrap();
            assert_eq!(ann.get_album(&album).await.member_count, 5);
        })
        .await;
    }
}

mod roles {
    use super::*;

    const ROLES: [&str; 8] =
        ["owner", "editor", "contributor", "viewer", "stranger", "admin", "guest", "anonymous"];
    const OK: Code = Code::Ok;
    const PD: Code = Code::PermissionDenied;
    const NF: Code = Code::NotFound;
    const FP: Code = Code::FailedPrecondition;
    const UA: Code = Code::Unauthenticated;

    #[rustfmt::skip]
    const TABLE: [(&str, [Code; 8]); 13] = [
        //                     own edi con vie str adm gst ano
        ("list",               [OK, OK, OK, OK, NF, NF, PD, UA]),
        ("add viewer",         [OK, OK, PD, PD, NF, NF, PD, UA]),
        ("add contributor",    [OK, OK, PD, PD, NF, NF, PD, UA]),
        ("add editor",         [OK, PD, PD, PD, NF, NF, PD, UA]),
        ("promote",            [OK, PD, PD, PD, NF, NF, PD, UA]),
        ("remove viewer",      [OK, OK, PD, PD, NF, NF, PD, UA]),
        ("remove contributor", [OK, OK, PD, PD, NF, NF, PD, UA]),
        ("remove editor",      [OK, PD, PD, PD, NF, NF, PD, UA]),
        ("remove owner",       [FP, PD, PD, PD, NF, NF, PD, UA]),
        ("leave",              [FP, OK, OK, OK, NF, NF, PD, UA]),
        ("transfer",           [OK, PD, PD, PD, NF, NF, PD, UA]),
        ("make private",       [OK, PD, PD, PD, NF, NF, PD, UA]),
        ("stop activity",      [OK, OK, PD, PD, NF, NF, PD, UA]),
    ];

    /// Those who call, and others of each role to whom it is done.
    struct Cast {
        callers: Vec<Person>,
        editor: Person,
        contributor: Person,
        viewer: Person,
        new: Person,
    }

    impl Cast {
        async fn gather(server: &TestServer) -> Self {
            let admin = server.admin().await;
            let mut callers = Vec::new();
            for name in &ROLES[..5] {
                callers.push(server.user(name).await);
            }
            callers.extend([admin, server.anonymous(), server.anonymous()]);
            Self {
                callers,
                editor: server.user("editor 2").await,
                contributor: server.user("contributor 2").await,
                viewer: server.user("viewer 2").await,
                new: server.user("new").await,
            }
        }

        /// A new album of the owner's with everybody in it.
        async fn album(&self) -> Album {
            let roles = [AlbumRole::Editor, AlbumRole::Contributor, AlbumRole::Viewer];
            let others = [&self.editor, &self.contributor, &self.viewer];
            let people = self.callers[1..4].iter().chain(others);
            let members =
                people.zip(roles.iter().cycle()).map(|(who, role)| new_member(who, *role));
            let request = CreateAlbumRequest {
                album: named("Trip"),
                members: members.collect(),
                ..Default::default()
            };
            self.callers[0].albums().create_album(request).await.unwrap().into_inner()
        }

        async fn call(&self, action: &str, who: &Person, album: &Album) -> Result<(), Status> {
            let add = async |role| who.add_members(album, vec![new_member(&self.new, role)]).await;
            // A guest has no id; any will do for a call that is refused.
            let me = if who.user.id.is_empty() { &self.new } else { who };
            match action {
                "list" => who.members(album).await.map(drop),
                "add viewer" => add(AlbumRole::Viewer).await.map(drop),
                "add contributor" => add(AlbumRole::Contributor).await.map(drop),
                "add editor" => add(AlbumRole::Editor).await.map(drop),
                "promote" => {
                    who.set_role(album, &self.viewer, AlbumRole::Contributor).await.map(drop)
                }
                "remove viewer" => who.remove_member(album, &self.viewer).await,
                "remove contributor" => who.remove_member(album, &self.contributor).await,
                "remove editor" => who.remove_member(album, &self.editor).await,
                "remove owner" => who.remove_member(album, &self.callers[0]).await,
                "leave" => who.remove_member(album, me).await,
                "transfer" => who.transfer(album, &self.editor).await.map(drop),
                "make private" => who.make_private(album).await.map(drop),
                "stop activity" => {
                    let values = Album { activity_enabled: Some(false), ..Album::default() };
                    let request = UpdateAlbumRequest {
                        album_id: album.id.clone(),
                        album: Some(values),
                        update_mask: None,
                    };
                    who.albums().update_album(request).await.map(drop)
                }
                _ => panic!("{action}"),
            }
        }
    }

    #[tokio::test]
    async fn each_may_do_what_the_table_says() {
        test(|server| async move {
            let cast = Cast::gather(&server).await;
            let mut wrong = Vec::new();
            for (action, codes) in TABLE {
                for (index, role) in ROLES.iter().enumerate() {
                    let album = cast.album().await;
                    let mut who = cast.callers[index].clone();
                    if *role == "guest" {
                        let link = cast.callers[0].link(&album, SharedLink::default()).await;
                        who = server.guest(&link, "").await;
                    }
                    let before = roles(&cast.callers[0], &album).await;
                    let answer = cast.call(action, &who, &album).await;
                    let code = answer.map_or_else(|status| status.code(), |()| OK);
                    if code != codes[index] {
                        wrong.push(format!("{action} as {role}: {code:?}"));
                    }
                    if code != OK {
                        assert_eq!(roles(&cast.callers[0], &album).await, before);
                    }
                }
            }
            assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        })
        .await;
    }

    #[tokio::test]
    async fn members_see_and_download_each_others_photos_and_change_none() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let assets = ann.photos(0..1).await;
            let album = ann.album("Trip", &assets).await;
            let theirs = bob.album("Theirs", &[]).await;
            ann.add_member(&album, &bob, AlbumRole::Editor).await;
            bob.asset(&assets[0]).await.unwrap();
            let path = format!("/api/assets/{}/original", assets[0].id);
            assert_eq!(bob.get(&path, &[]).await.2, fixtures::photo(0));
            bob.export(&album).await.unwrap();
            let rated = Asset { rating: Some(5), ..Asset::default() };
            for refused in [
                bob.update(&assets, rated, &[]).await.map(drop),
                bob.trash(&assets).await.map(drop),
                bob.delete(&assets).await.map(drop),
                bob.add(&theirs, &assets).await.map(drop),
            ] {
                let status = expect_reason(answer(refused), Code::NotFound, "RESOURCE_NOT_FOUND");
                assert_eq!(metadata(&status, "resource_id"), assets[0].id);
            }
        })
        .await;
    }
}

mod update_album_member {
    use super::*;

    #[tokio::test]
    async fn the_role_changes_at_once() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let album = ann.album("Trip", &[]).await;
            ann.add_member(&album, &bob, AlbumRole::Viewer).await;
            let assets = bob.photos(0..1).await;
            expect_code(answer(bob.add(&album, &assets).await), Code::PermissionDenied);
            let changed = ann.set_role(&album, &bob, AlbumRole::Contributor).await.unwrap();
            assert_eq!(changed.role(), AlbumRole::Contributor);
            assert_eq!(bob.add(&album, &assets).await.unwrap(), 1);
            let cleared = UpdateAlbumMemberRequest {
                album_id: album.id.clone(),
                user_id: bob.user.id.clone(),
                member: Some(AlbumMember::default()),
                update_mask: Some(FieldMask { paths: vec!["role".to_owned()] }),
            };
            let changed = ann.albums().update_album_member(cleared).await.unwrap().into_inner();
            assert_eq!((changed.role(), changed.asset_count), (AlbumRole::Viewer, 1));
        })
        .await;
    }

    #[tokio::test]
    async fn the_owner_stays_the_owner() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let album = ann.album("Trip", &[]).await;
            ann.add_member(&album, &bob, AlbumRole::Editor).await;
            let changed = answer(ann.set_role(&album, &ann, AlbumRole::Editor).await);
            let status = expect_reason(changed, Code::FailedPrecondition, "OWNER_REQUIRED");
            assert_eq!(metadata(&status, "resource_id"), album.id);
            let changed = answer(ann.set_role(&album, &bob, AlbumRole::Owner).await);
            expect_fields(changed, &["member.role"]);
            let changed = answer(ann.set_role(&album, &bob, AlbumRole::Unspecified).await);
            expect_fields(changed, &["update_mask"]);
            let stranger = server.user("cam").await;
            let changed = answer(ann.set_role(&album, &stranger, AlbumRole::Viewer).await);
            let status = expect_code(changed, Code::NotFound);
            assert_eq!(metadata(&status, "resource_id"), stranger.user.id);
        })
        .await;
    }
}

/// How a stream ends that few chunks may follow of.
async fn end<T>(stream: &mut Streaming<T>) -> Result<Response<()>, Status> {
    for _ in 0..4 {
        if stream.message().await?.is_none() {
            return Ok(Response::new(()));
        }
    }
    panic!("the stream goes on");
}

mod remove_album_member {
    use super::*;

    #[tokio::test]
    async fn photos_stay_and_links_go() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let album = ann.album("Trip", &[]).await;
            ann.add_member(&album, &bob, AlbumRole::Editor).await;
            let assets = bob.photos(0..1).await;
            bob.add(&album, &assets).await.unwrap();
            let slugged = SharedLink { slug: "trip".to_owned(), ..SharedLink::default() };
            let theirs = bob.link(&album, slugged.clone()).await;
            let (own, other) =
                (bob.album("Own", &[]).await, ann.link(&album, SharedLink::default()).await);
            let own = bob.link(&own, SharedLink::default()).await;
            let guest = server.guest(&theirs, "").await;
            ann.remove_member(&album, &bob).await.unwrap();

            assert_eq!(ann.album_names(&album).await, ["0.jpg"]);
            ann.asset(&assets[0]).await.unwrap();
            assert_eq!(bob.timeline().await, ["0.jpg"]);
            expect_code(get(&guest, &album).await, Code::Unauthenticated);
            let request = OpenSharedLinkRequest {
                key_or_slug: address(&theirs).to_owned(),
                ..Default::default()
            };
            let opened = server.anonymous().links().open_shared_link(request).await;
            expect_code(opened, Code::NotFound);
            let request = GetSharedLinkRequest { shared_link_id: theirs.id.clone() };
            let revoked = ann.links().get_shared_link(request).await.unwrap().into_inner();
            assert_eq!(revoked.state(), SharedLinkState::Revoked);
            server.guest(&other, "").await;
            server.guest(&own, "").await;
            // Its address is free again.
            ann.link(&album, slugged).await;
            // Whoever comes back finds neither links nor role as they were.
            ann.add_member(&album, &bob, AlbumRole::Viewer).await;
            expect_code(get(&guest, &album).await, Code::Unauthenticated);
        })
        .await;
    }

    #[tokio::test]
    async fn a_former_member_finds_nothing_of_it() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let assets = ann.photos(0..1).await;
            let album = ann.album("Trip", &assets).await;
            ann.add_member(&album, &bob, AlbumRole::Editor).await;
            let own = bob.photos(10..11).await;
            bob.add(&album, &own).await.unwrap();
            ann.remove_member(&album, &bob).await.unwrap();

            let (album_id, mut albums) = (album.id.clone(), bob.albums());
            let listed = ListAssetsRequest { album_id, ..Default::default() };
            let album_id = album.id.clone();
            let renamed = UpdateAlbumRequest { album_id, album: named("Mine"), update_mask: None };
            let asset_id = assets[0].id.clone();
            let download = DownloadAssetRequest { asset_id, ..Default::default() };
            let (album_id, asset_ids) = (album.id.clone(), ids(&own));
            let taken_out = RemoveAlbumAssetsRequest { album_id, asset_ids };
            for refused in [
                get(&bob, &album).await.map(drop),
                bob.members(&album).await.map(drop),
                bob.leave(&album).await,
                bob.remove_member(&album, &ann).await,
                bob.add_members(&album, vec![new_member(&bob, AlbumRole::Viewer)]).await.map(drop),
                bob.add(&album, &own).await.map(drop),
                albums.remove_album_assets(taken_out).await.map(drop),
                albums.update_album(renamed).await.map(drop),
                bob.assets().list_assets(listed).await.map(drop),
                bob.asset(&assets[0]).await.map(drop),
                bob.assets().download_asset(download).await.map(drop),
                bob.export(&album).await.map(drop),
            ] {
                expect_code(answer(refused), Code::NotFound);
            }
            let path = format!("/api/assets/{}/original", assets[0].id);
            assert_eq!(bob.get(&path, &[]).await.0, http::StatusCode::NOT_FOUND);
            let albums = albums.list_albums(ListAlbumsRequest::default()).await.unwrap();
            assert!(albums.into_inner().albums.is_empty());
            let request = GetUserRequest { user_id: ann.user.id.clone() };
            let user = bob.users().get_user(request).await.unwrap().into_inner();
            assert_eq!(user.email, "", "they are strangers again");
        })
        .await;
    }

    #[tokio::test]
    async fn what_a_former_member_began_leads_nowhere() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let album = ann.album("Trip", &ann.photos(0..1).await).await;
            ann.add_member(&album, &bob, AlbumRole::Editor).await;
            let link = bob.link(&album, SharedLink::default()).await;
            let export = bob.export(&album).await.unwrap();
            let upload = Upload {
                file_name: "x.jpg".to_owned(),
                size_bytes: 4096,
                album_id: album.id.clone(),
                ..Upload::default()
            };
            let request = CreateUploadRequest { upload: Some(upload), ..Default::default() };
            let upload = bob.uploads().create_upload(request.clone()).await.unwrap().into_inner();
            bob.stream(&upload.id, 0, &fixtures::photo(11)).await.unwrap();
            ann.remove_member(&album, &bob).await.unwrap();

            let (shared_link_id, export_id) = (link.id.clone(), export.id.clone());
            let (mut exports, mut links) = (bob.exports(), bob.links());
            let part = StreamExportRequest { export_id: export.id, part: 1, ..Default::default() };
            let link = SharedLink { album_id: album.id.clone(), ..SharedLink::default() };
            let linked = CreateSharedLinkRequest { shared_link: Some(link), ..Default::default() };
            for refused in [
                exports.get_export(GetExportRequest { export_id }).await.map(drop),
                exports.stream_export(part).await.map(drop),
                links.get_shared_link(GetSharedLinkRequest { shared_link_id }).await.map(drop),
                links.create_shared_link(linked).await.map(drop),
                bob.uploads().create_upload(request).await.map(drop),
                bob.finish(&upload.id).await.map(drop),
            ] {
                expect_code(answer(refused), Code::NotFound);
            }
            let path = &export.parts[0].http_path;
            assert_eq!(bob.get(path, &[]).await.0, http::StatusCode::NOT_FOUND);
            let request = CancelUploadRequest { upload_id: upload.id };
            bob.uploads().cancel_upload(request).await.unwrap();
        })
        .await;
    }

    #[tokio::test]
    async fn open_streams_end() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let asset = ann.upload("a.jpg", &fixtures::sized_photo(1, 12 << 20)).await;
            let album = ann.album("Trip", std::slice::from_ref(&asset)).await;
            for way in ["remove", "leave", "make private"] {
                ann.add_member(&album, &bob, AlbumRole::Viewer).await;
                let request =
                    DownloadAssetRequest { asset_id: asset.id.clone(), ..Default::default() };
                let mut photo = bob.assets().download_asset(request).await.unwrap().into_inner();
                let export = bob.export(&album).await.unwrap();
                let request =
                    StreamExportRequest { export_id: export.id, part: 1, ..Default::default() };
                let mut archive = bob.exports().stream_export(request).await.unwrap().into_inner();
                for _ in 0..2 {
                    photo.message().await.unwrap().unwrap();
                    archive.message().await.unwrap().unwrap();
                }
                match way {
                    "remove" => ann.remove_member(&album, &bob).await.unwrap(),
                    "leave" => bob.leave(&album).await.unwrap(),
                    _ => ann.make_private(&album).await.map(drop).unwrap(),
                }
                expect_code(end(&mut photo).await, Code::NotFound);
                expect_code(end(&mut archive).await, Code::NotFound);
            }
        })
        .await;
    }
}

mod transfer_album {
    use super::*;

    #[tokio::test]
    async fn the_owner_becomes_an_editor() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let album = ann.album("Trip", &ann.photos(0..1).await).await;
            let link = ann.link(&album, SharedLink::default()).await;
            let refused = answer(ann.transfer(&album, &bob).await);
            let status = expect_code(refused, Code::NotFound);
            assert_eq!(metadata(&status, "resource_id"), bob.user.id);
            ann.add_member(&album, &bob, AlbumRole::Viewer).await;
            let status = expect_code(answer(ann.leave(&album).await), Code::FailedPrecondition);
            assert_eq!(crate::support::reason(&status), "OWNER_REQUIRED");

            assert_eq!(ann.transfer(&album, &ann).await.unwrap().role(), AlbumRole::Owner);
            let handed_over = ann.transfer(&album, &bob).await.unwrap();
            assert_eq!(handed_over.role(), AlbumRole::Editor);
            assert_eq!(handed_over.owner_id, bob.user.id);
            assert_ne!(handed_over.etag, album.etag);
            assert!(!handed_over.unseen);
            assert_eq!(
                roles(&bob, &album).await,
                [pair("ann", AlbumRole::Editor), pair("bob", AlbumRole::Owner)]
            );
            let again = answer(ann.transfer(&album, &bob).await);
            expect_reason(again, Code::PermissionDenied, "ROLE_TOO_LOW");
            server.guest(&link, "").await;
            bob.remove_member(&album, &ann).await.unwrap();
            assert_eq!(bob.album_names(&album).await, ["0.jpg"], "their photo stays");
        })
        .await;
    }

    #[tokio::test]
    async fn nobody_owns_an_album_who_cannot_sign_in() {
        test(|server| async move {
            let admin = server.admin().await;
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let album = ann.album("Trip", &[]).await;
            ann.add_member(&album, &bob, AlbumRole::Editor).await;
            let disable = |is_disabled| UpdateUserRequest {
                user_id: bob.user.id.clone(),
                user: Some(User { disabled: Some(is_disabled), ..User::default() }),
                update_mask: None,
            };
            admin.users().update_user(disable(true)).await.unwrap();
            expect_code(answer(ann.transfer(&album, &bob).await), Code::NotFound);
            admin.users().update_user(disable(false)).await.unwrap();
            ann.transfer(&album, &bob).await.unwrap();
            // What an account owns is hidden with it, for those who made it too.
            let request = DeleteUserRequest { user_id: bob.user.id.clone() };
            admin.users().delete_user(request).await.unwrap();
            expect_code(get(&ann, &album).await, Code::NotFound);
        })
        .await;
    }
}

mod make_album_private {
    use super::*;

    #[tokio::test]
    async fn members_and_links_go_and_photos_stay() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let cam = server.user("cam").await;
            let album = ann.album("Trip", &[]).await;
            ann.add_member(&album, &bob, AlbumRole::Editor).await;
            ann.add_member(&album, &cam, AlbumRole::Viewer).await;
            bob.add(&album, &bob.photos(0..1).await).await.unwrap();
            let mut guests = Vec::new();
            for who in [&ann, &bob] {
                let link = who.link(&album, SharedLink::default()).await;
                guests.push(server.guest(&link, "").await);
            }
            let private = ann.make_private(&album).await.unwrap();
            assert_eq!((private.removed_member_count, private.revoked_link_count), (2, 2));
            let seen = private.album.unwrap();
            assert!(!seen.is_shared && !seen.has_link);
            assert_eq!((seen.member_count, seen.asset_count), (1, 1));
            for who in &guests {
                expect_code(get(who, &album).await, Code::Unauthenticated);
            }
            for who in [&bob, &cam] {
                expect_code(get(who, &album).await, Code::NotFound);
            }
            let again = ann.make_private(&album).await.unwrap();
            assert_eq!((again.removed_member_count, again.revoked_link_count), (0, 0));
        })
        .await;
    }
}

mod list_albums {
    use super::*;

    async fn listed(who: &Person, category: Category) -> Vec<String> {
        let request = ListAlbumsRequest {
            category: category.into(),
            order: list_albums_request::Order::DisplayName.into(),
            ..Default::default()
        };
        let answer = who.albums().list_albums(request).await.unwrap().into_inner();
        answer.albums.into_iter().map(|album| album.display_name).collect()
    }

    #[tokio::test]
    async fn categories_say_with_whom_albums_are_shared() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let with_member = ann.album("a member", &[]).await;
            ann.add_member(&with_member, &bob, AlbumRole::Viewer).await;
            let with_link = ann.album("b link", &[]).await;
            let link = ann.link(&with_link, SharedLink::default()).await;
            ann.album("c none", &[]).await;
            let ended = ann.album("d ended", &[]).await;
            let seconds = server.now_us() / 1_000_000 + 1;
            let expire_time = Some(prost_types::Timestamp { seconds, nanos: 0 });
            let expiring = SharedLink { expire_time, ..SharedLink::default() };
            ann.link(&ended, expiring).await;
            server.sleep(std::time::Duration::from_secs(2));
            let of_bob = bob.album("e bob", &[]).await;
            bob.add_member(&of_bob, &ann, AlbumRole::Editor).await;

            let all = ["a member", "b link", "c none", "d ended", "e bob"];
            assert_eq!(listed(&ann, Category::Unspecified).await, all);
            assert_eq!(listed(&ann, Category::Owned).await, all[..4]);
            assert_eq!(listed(&ann, Category::SharedWithMe).await, ["e bob"]);
            assert_eq!(listed(&ann, Category::SharedByMe).await, ["a member", "b link"]);
            assert_eq!(listed(&ann, Category::NotShared).await, ["c none", "d ended"]);
            assert_eq!(listed(&bob, Category::SharedWithMe).await, ["a member"]);

            let seen = ann.get_album(&with_link).await;
            assert!(seen.is_shared && seen.has_link);
            let guest = server.guest(&link, "").await;
            let seen = guest.get_album(&with_link).await;
            assert_eq!((seen.member_count, seen.has_link, seen.unseen), (0, false, false));
            let request = DeleteSharedLinkRequest { shared_link_id: link.id };
            ann.links().delete_shared_link(request).await.unwrap();
            bob.leave(&with_member).await.unwrap();
            assert_eq!(listed(&ann, Category::SharedByMe).await, [""; 0]);
        })
        .await;
    }

    #[tokio::test]
    async fn the_trash_is_listed_alone_on_request() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let (gone, _) = (ann.album("Gone", &[]).await, ann.album("Kept", &[]).await);
            let request = DeleteAlbumRequest { album_id: gone.id, ..Default::default() };
            ann.albums().delete_album(request).await.unwrap();
            let request = ListAlbumsRequest { only_deleted: true, ..Default::default() };
            let found = ann.albums().list_albums(request).await.unwrap().into_inner();
            assert_eq!(found.albums.len(), 1);
            assert_eq!(found.albums[0].display_name, "Gone");
        })
        .await;
    }

    #[tokio::test]
    async fn an_album_is_unseen_until_a_member_opens_it() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let album = ann.album("Trip", &[]).await;
            ann.add_member(&album, &bob, AlbumRole::Viewer).await;
            let unseen = async |who: &Person| {
                let request = ListAlbumsRequest::default();
                let page = who.albums().list_albums(request).await.unwrap().into_inner();
                page.albums[0].unseen
            };
            assert!(!unseen(&ann).await);
            assert!(unseen(&bob).await);
            bob.album_names(&album).await;
            bob.members(&album).await.unwrap();
            assert!(unseen(&bob).await, "only GetAlbum opens it");
            assert!(!bob.get_album(&album).await.unseen);
            assert!(!unseen(&bob).await);
            ann.remove_member(&album, &bob).await.unwrap();
            ann.add_member(&album, &bob, AlbumRole::Viewer).await;
            assert!(unseen(&bob).await, "a new membership");
        })
        .await;
    }
}

mod update_album {
    use super::*;

    #[tokio::test]
    async fn activity_is_on_until_an_editor_turns_it_off() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Trip", &[]).await;
            assert_eq!(album.activity_enabled, Some(true));
            let update = async |values: Album, paths: &[&str]| {
                let paths: Vec<_> = paths.iter().map(|path| (*path).to_owned()).collect();
                let request = UpdateAlbumRequest {
                    album_id: album.id.clone(),
                    album: Some(values),
                    update_mask: (!paths.is_empty()).then_some(FieldMask { paths }),
                };
                let updated = ann.albums().update_album(request).await.unwrap().into_inner();
                updated.activity_enabled
            };
            let off = Album { activity_enabled: Some(false), ..Album::default() };
            assert_eq!(update(off.clone(), &[]).await, Some(false));
            let named = Album { display_name: "x".to_owned(), ..Album::default() };
            assert_eq!(update(named, &[]).await, Some(false), "not named");
            assert_eq!(update(Album::default(), &["activity_enabled"]).await, Some(true));
            let off = Album { display_name: "New".to_owned(), ..off };
            let request = CreateAlbumRequest { album: Some(off), ..Default::default() };
            let album = ann.albums().create_album(request).await.unwrap().into_inner();
            assert_eq!(album.activity_enabled, Some(false));
        })
        .await;
    }
}

mod traces {
    use super::*;

    #[tokio::test]
    async fn the_audit_log_and_those_who_watch_hear_of_every_change() {
        test(|server| async move {
            use AuditEventKind as Kind;
            let admin = server.admin().await;
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let album = ann.album("Trip", &[]).await;
            ann.add_member(&album, &bob, AlbumRole::Viewer).await;
            ann.add_member(&album, &bob, AlbumRole::Viewer).await;
            ann.set_role(&album, &bob, AlbumRole::Editor).await.unwrap();
            ann.set_role(&album, &bob, AlbumRole::Editor).await.unwrap();
            let link = bob.link(&album, SharedLink::default()).await;
            ann.transfer(&album, &bob).await.unwrap();
            bob.transfer(&album, &ann).await.unwrap();
            bob.leave(&album).await.unwrap();
            expect_code(answer(bob.leave(&album).await), Code::NotFound);

            let request = ListAuditEventsRequest::default();
            let log = admin.audit().list_audit_events(request).await.unwrap().into_inner();
            let (ann_id, bob_id) = (&ann.user.id, &bob.user.id);
            let about = |id: &str| format!("{}/{id}", album.id);
            let mut found: Vec<_> = log
                .audit_events
                .iter()
                .filter(|event| event.subject_id.contains(&album.id) || event.subject_id == link.id)
                .map(|event| (event.kind(), event.actor_id.as_str(), event.subject_id.clone()))
                .collect();
            found.reverse();
            assert_eq!(
                found,
                [
                    (Kind::AlbumMemberAdded, ann_id.as_str(), about(bob_id)),
                    (Kind::AlbumMemberUpdated, ann_id, about(bob_id)),
                    (Kind::LinkCreated, bob_id, link.id.clone()),
                    (Kind::AlbumTransferred, ann_id, about(bob_id)),
                    (Kind::AlbumTransferred, bob_id, about(ann_id)),
                    (Kind::LinkRevoked, bob_id, link.id.clone()),
                    (Kind::AlbumMemberRemoved, bob_id, about(bob_id)),
                ]
            );

            let id = AlbumId::parse(&album.id).unwrap();
            let [a, b] = [ann_id, bob_id].map(|id| UserId::parse(id).unwrap());
            let found = events::after(&server.app, id, 0, 100).await.unwrap();
            let found: Vec<_> = found.into_iter().map(|(_, event)| event).collect();
            assert_eq!(
                found,
                [
                    Event::MembersAdded(vec![b]),
                    Event::MembersUpdated(vec![b]),
                    Event::AlbumUpdated,
                    Event::MembersUpdated(vec![a, b]),
                    Event::AlbumUpdated,
                    Event::MembersUpdated(vec![b, a]),
                    Event::MembersRemoved(vec![b]),
                ]
            );
        })
        .await;
    }
}
