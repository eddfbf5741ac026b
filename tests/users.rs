//! `UserService`.

use std::time::Duration;

use albumen::v1::*;
use albumen_server::config::Directory;
use albumen_server::id::UserId;
use albumen_server::users;
use prost_types::FieldMask;
use tonic::Code;

use crate::support::person::PASSWORD;
use crate::support::{Person, expect_fields, expect_reason, fixtures, test, test_with};

fn update(user: User, paths: &[&str]) -> UpdateMeRequest {
    let paths: Vec<_> = paths.iter().map(|path| (*path).to_owned()).collect();
    let update_mask = (!paths.is_empty()).then_some(FieldMask { paths });
    UpdateMeRequest { user: Some(user), update_mask }
}

async fn me(who: &Person) -> User {
    who.users().get_me(GetMeRequest {}).await.unwrap().into_inner()
}

mod get_me {
    use super::*;

    #[tokio::test]
    async fn used_bytes_are_those_of_the_own_files() {
        test(|server| async move {
            let ann = server.user("ann").await;
            assert_eq!(me(&ann).await.used_bytes, 0);
            ann.upload("a.jpg", &fixtures::sized_photo(1, 5000)).await;
            ann.upload("b.jpg", &fixtures::sized_photo(2, 6000)).await;
            ann.upload("again.jpg", &fixtures::sized_photo(2, 6000)).await;
            assert_eq!(me(&ann).await.used_bytes, 11_000);
        })
        .await;
    }
}

mod update_me {
    use super::*;

    #[tokio::test]
    async fn only_what_the_mask_names_changes() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let user = User {
                display_name: "Ann B.".to_owned(),
                export_part_size_bytes: Some(2 << 20),
                ..User::default()
            };
            let request = update(user.clone(), &["export_part_size_bytes"]);
            let updated = ann.users().update_me(request).await.unwrap().into_inner();
            assert_eq!(updated.display_name, "ann");
            assert_eq!(updated.export_part_size_bytes, Some(2 << 20));
            let updated = ann.users().update_me(update(user, &[])).await.unwrap().into_inner();
            assert_eq!(updated.display_name, "Ann B.");
            assert_eq!(me(&ann).await, updated);
        })
        .await;
    }

    #[tokio::test]
    async fn a_named_field_that_is_unset_is_cleared() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let user = User { export_part_size_bytes: Some(2 << 20), ..User::default() };
            ann.users().update_me(update(user, &[])).await.unwrap();
            let request = update(User::default(), &["export_part_size_bytes"]);
            let updated = ann.users().update_me(request).await.unwrap().into_inner();
            assert_eq!(updated.export_part_size_bytes, None);
        })
        .await;
    }

    #[tokio::test]
    async fn bad_fields_and_masks_are_named() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let mut users = ann.users();
            let small = User { export_part_size_bytes: Some(1), ..User::default() };
            let answer = users.update_me(update(small, &[])).await;
            expect_fields(answer, &["user.export_part_size_bytes"]);
            for mask in [&["email"][..], &["*"], &["display_name", "is_admin"]] {
                let answer = users.update_me(update(User::default(), mask)).await;
                expect_fields(answer, &["update_mask"]);
            }
            let answer = users.update_me(update(User::default(), &[])).await;
            expect_fields(answer, &["update_mask"]);
            let answer = users.update_me(update(User::default(), &["display_name"])).await;
            expect_fields(answer, &["user.display_name"]);
            let answer = users.update_me(UpdateMeRequest::default()).await;
            expect_fields(answer, &["user"]);
        })
        .await;
    }
}

/// A request to create a user.
fn new_user(name: &str) -> CreateUserRequest {
    CreateUserRequest {
        user: Some(User {
            display_name: name.to_owned(),
            email: format!("{name}@example.org"),
            ..User::default()
        }),
        password: PASSWORD.to_owned(),
        request_id: String::new(),
    }
}

async fn list(who: &Person, request: ListUsersRequest) -> Vec<User> {
    who.users().list_users(request).await.unwrap().into_inner().users
}

fn names(users: &[User]) -> Vec<&str> {
    users.iter().map(|user| user.display_name.as_str()).collect()
}

mod get_usage {
    use super::*;

    #[tokio::test]
    async fn open_uploads_are_reserved() {
        test_with(
            |config| config.default_quota_bytes = Some(1 << 20),
            |server| async move {
                let ann = server.user("ann").await;
                ann.upload("a.jpg", &fixtures::sized_photo(1, 5000)).await;
                ann.create_upload("b.jpg", 6000).await;
                let usage = ann.users().get_usage(GetUsageRequest {}).await.unwrap().into_inner();
                assert_eq!((usage.used_bytes, usage.reserved_bytes), (5000, 6000));
                assert_eq!((usage.quota_bytes, usage.asset_count), (Some(1 << 20), 1));
            },
        )
        .await;
    }
}

mod directory {
    use super::*;

    #[tokio::test]
    async fn shows_names_to_users_and_all_to_administrators() {
        test(|server| async move {
            let admin = server.admin().await;
            let ann = server.user("ann").await;
            server.user("bob").await;
            let seen = list(&ann, ListUsersRequest::default()).await;
            assert_eq!(names(&seen), ["admin", "ann", "bob"]);
            assert!(seen[1].email == "ann@example.org" && seen[1].is_admin == Some(false));
            for user in [&seen[0], &seen[2]] {
                let bare = User {
                    id: user.id.clone(),
                    display_name: user.display_name.clone(),
                    ..User::default()
                };
                assert_eq!(*user, bare);
            }
            let seen = list(&admin, ListUsersRequest::default()).await;
            assert!(seen.iter().all(|user| user.email.contains('@') && user.create_time.is_some()));
        })
        .await;
    }

    #[tokio::test]
    async fn finds_by_part_of_the_name_and_by_the_whole_email() {
        test(|server| async move {
            let admin = server.admin().await;
            for name in ["Anna", "Johanna", "Bob_", "B%b"] {
                admin.users().create_user(new_user(name)).await.unwrap();
            }
            let ann = server.user("zoe").await;
            let by_name = |name: &str| ListUsersRequest {
                display_name: name.to_owned(),
                ..ListUsersRequest::default()
            };
            assert_eq!(names(&list(&ann, by_name("ANN")).await), ["Anna", "Johanna"]);
            assert_eq!(names(&list(&ann, by_name("b_")).await), ["Bob_"]);
            assert_eq!(names(&list(&ann, by_name("%")).await), ["B%b"]);
            assert!(list(&ann, by_name("\\")).await.is_empty());
            let by_email = |email: &str| ListUsersRequest {
                email: email.to_owned(),
                ..ListUsersRequest::default()
            };
            assert_eq!(names(&list(&ann, by_email("ANNA@example.org")).await), ["Anna"]);
            assert!(list(&ann, by_email("anna@example")).await.is_empty());
        })
        .await;
    }

    #[tokio::test]
    async fn that_is_exact_finds_strangers_by_their_whole_email_only() {
        test_with(
            |config| config.directory = Directory::Exact,
            |server| async move {
                let admin = server.admin().await;
                let ann = server.user("ann").await;
                let bob = server.user("bob").await;
                assert_eq!(names(&list(&ann, ListUsersRequest::default()).await), ["ann"]);
                let request = ListUsersRequest {
                    email: "bob@example.org".to_owned(),
                    ..ListUsersRequest::default()
                };
                assert_eq!(names(&list(&ann, request).await), ["bob"]);
                let request = GetUserRequest { user_id: bob.user.id.clone() };
                let answer = ann.users().get_user(request.clone()).await;
                expect_reason(answer, Code::NotFound, "RESOURCE_NOT_FOUND");
                admin.users().get_user(request).await.unwrap();
                assert_eq!(list(&admin, ListUsersRequest::default()).await.len(), 3);
            },
        )
        .await;
    }

    #[tokio::test]
    async fn leaves_out_who_is_disabled_or_deleted_and_comes_in_pages() {
        test(|server| async move {
            let admin = server.admin().await;
            let ann = server.user("ann").await;
            let mut ids = Vec::new();
            for name in ["c", "d", "e", "f"] {
                let user = admin.users().create_user(new_user(name)).await.unwrap();
                ids.push(user.into_inner().id);
            }
            let disable = UpdateUserRequest {
                user_id: ids[0].clone(),
                user: Some(User { disabled: Some(true), ..User::default() }),
                update_mask: None,
            };
            admin.users().update_user(disable).await.unwrap();
            let delete = DeleteUserRequest { user_id: ids[1].clone() };
            admin.users().delete_user(delete).await.unwrap();
            let mut request = ListUsersRequest { page_size: 2, ..ListUsersRequest::default() };
            let first = ann.users().list_users(request.clone()).await.unwrap().into_inner();
            assert_eq!(names(&first.users), ["admin", "ann"]);
            request.page_token = first.next_page_token;
            let second = ann.users().list_users(request).await.unwrap().into_inner();
            assert_eq!(names(&second.users), ["e", "f"]);
            assert!(second.next_page_token.is_empty());
            assert_eq!(list(&admin, ListUsersRequest::default()).await.len(), 5);
            let all = ListUsersRequest { show_deleted: true, ..ListUsersRequest::default() };
            assert_eq!(list(&admin, all.clone()).await.len(), 6);
            assert_eq!(list(&ann, all).await.len(), 4);
        })
        .await;
    }
}

mod create_user {
    use super::*;

    /// Makes a good request a bad one.
    type Spoil = fn(&mut CreateUserRequest);

    #[tokio::test]
    async fn the_user_signs_in_with_the_given_password() {
        test(|server| async move {
            let admin = server.admin().await;
            let mut request = new_user("ann");
            request.user.as_mut().unwrap().quota_bytes = Some(5000);
            let ann = admin.users().create_user(request).await.unwrap().into_inner();
            assert_eq!((ann.is_admin, ann.quota_bytes), (Some(false), Some(5000)));
            assert_eq!(me(&server.login("ANN@example.org").await).await.id, ann.id);
        })
        .await;
    }

    #[tokio::test]
    async fn may_be_repeated_under_its_id() {
        test(|server| async move {
            let admin = server.admin().await;
            let mut request = new_user("ann");
            request.request_id = "01890a5d-ac96-774b-bcce-b302099a8057".to_owned();
            let first = admin.users().create_user(request.clone()).await.unwrap().into_inner();
            let again = admin.users().create_user(request.clone()).await.unwrap().into_inner();
            assert_eq!(first, again);
            assert_eq!(first.id, request.request_id);
            let album = admin.album("Trip", &[]).await;
            let mut other = new_user("bob");
            other.request_id = album.id;
            let answer = admin.users().create_user(other).await;
            expect_reason(answer, Code::AlreadyExists, "RESOURCE_ALREADY_EXISTS");
        })
        .await;
    }

    #[tokio::test]
    async fn bad_fields_and_taken_emails_are_refused() {
        test(|server| async move {
            let admin = server.admin().await;
            let with = |change: Spoil| {
                let mut request = new_user("ann");
                change(&mut request);
                request
            };
            let user = |request: &mut CreateUserRequest| request.user.take().unwrap();
            let bad: [(Spoil, &str); 6] = [
                (|request| request.user = None, "user"),
                (
                    |request| request.user.as_mut().unwrap().display_name.clear(),
                    "user.display_name",
                ),
                (|request| request.user.as_mut().unwrap().email.clear(), "user.email"),
                (|request| request.user.as_mut().unwrap().email = "ann".to_owned(), "user.email"),
                (
                    |request| request.user.as_mut().unwrap().quota_bytes = Some(-1),
                    "user.quota_bytes",
                ),
                (|request| request.password = "Password1".to_owned(), "password"),
            ];
            for (change, field) in bad {
                expect_fields(admin.users().create_user(with(change)).await, &[field]);
            }
            let mut taken = new_user("ann");
            let new = User { email: "ADMIN@Example.org".to_owned(), ..user(&mut taken) };
            taken.user = Some(new);
            let answer = admin.users().create_user(taken).await;
            expect_reason(answer, Code::AlreadyExists, "RESOURCE_ALREADY_EXISTS");
            assert_eq!(list(&admin, ListUsersRequest::default()).await.len(), 1);
        })
        .await;
    }
}

mod update_user {
    use super::*;

    fn change(user: &User, change: User) -> UpdateUserRequest {
        UpdateUserRequest { user_id: user.id.clone(), user: Some(change), update_mask: None }
    }

    #[tokio::test]
    async fn who_is_disabled_is_out_at_once_and_back_when_enabled() {
        test(|server| async move {
            let admin = server.admin().await;
            let ann = server.user("ann").await;
            let disable = User { disabled: Some(true), ..User::default() };
            admin.users().update_user(change(&ann.user, disable)).await.unwrap();
            let answer = ann.users().get_me(GetMeRequest {}).await;
            expect_reason(answer, Code::Unauthenticated, "CREDENTIAL_INVALID");
            let login = LoginRequest {
                email: "ann@example.org".to_owned(),
                password: PASSWORD.to_owned(),
                ..LoginRequest::default()
            };
            let answer = server.anonymous().auth().login(login.clone()).await;
            expect_reason(answer, Code::Unauthenticated, "LOGIN_FAILED");
            let enable = User { disabled: Some(false), ..User::default() };
            admin.users().update_user(change(&ann.user, enable)).await.unwrap();
            server.anonymous().auth().login(login).await.unwrap();
            let answer = ann.users().get_me(GetMeRequest {}).await;
            expect_reason(answer, Code::Unauthenticated, "CREDENTIAL_INVALID");
        })
        .await;
    }

    #[tokio::test]
    async fn rights_quota_name_and_email_change_alone() {
        test(|server| async move {
            let admin = server.admin().await;
            let ann = server.user("ann").await;
            let new = User {
                email: "Ann.Lee@example.org".to_owned(),
                is_admin: Some(true),
                quota_bytes: Some(0),
                ..User::default()
            };
            let updated = admin.users().update_user(change(&ann.user, new)).await.unwrap();
            let updated = updated.into_inner();
            assert_eq!(updated.display_name, "ann");
            assert_eq!((updated.is_admin, updated.quota_bytes), (Some(true), Some(0)));
            ann.audit().list_audit_events(ListAuditEventsRequest::default()).await.unwrap();
            server.login("ann.lee@example.org").await;
            let mut request = change(&ann.user, User::default());
            request.update_mask = Some(FieldMask { paths: vec!["quota_bytes".to_owned()] });
            let updated = admin.users().update_user(request).await.unwrap().into_inner();
            assert_eq!(updated.quota_bytes, None);
            let mut request = change(&ann.user, User::default());
            request.update_mask = Some(FieldMask { paths: vec!["email".to_owned()] });
            expect_fields(admin.users().update_user(request).await, &["user.email"]);
        })
        .await;
    }

    #[tokio::test]
    async fn the_last_administrator_stays() {
        test(|server| async move {
            let admin = server.admin().await;
            for new in [
                User { is_admin: Some(false), ..User::default() },
                User { disabled: Some(true), ..User::default() },
            ] {
                let answer = admin.users().update_user(change(&admin.user, new)).await;
                expect_reason(answer, Code::FailedPrecondition, "LAST_ADMIN");
            }
            let delete = DeleteUserRequest { user_id: admin.user.id.clone() };
            let answer = admin.users().delete_user(delete).await;
            expect_reason(answer, Code::FailedPrecondition, "LAST_ADMIN");
            assert_eq!(me(&admin).await.is_admin, Some(true));
        })
        .await;
    }

    #[tokio::test]
    async fn of_two_administrators_who_remove_each_other_one_stays() {
        test(|server| async move {
            let one = server.admin().await;
            let ann = server.user("ann").await;
            let promote = User { is_admin: Some(true), ..User::default() };
            one.users().update_user(change(&ann.user, promote)).await.unwrap();
            let demote = || User { is_admin: Some(false), ..User::default() };
            let (mut by_one, mut by_ann) = (one.users(), ann.users());
            let (first, second) = tokio::join!(
                by_one.update_user(change(&ann.user, demote())),
                by_ann.update_user(change(&one.user, demote())),
            );
            assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
        })
        .await;
    }
}

mod delete_user {
    use super::*;

    #[tokio::test]
    async fn hides_what_they_own_at_once_and_restoring_brings_it_back() {
        test(|server| async move {
            let admin = server.admin().await;
            let ann = server.user("ann").await;
            let assets = ann.photos(0..2).await;
            let album = ann.album("Trip", &assets).await;
            let link = ann.link(&album, SharedLink::default()).await;
            let guest = server.guest(&link, "").await;
            let delete = DeleteUserRequest { user_id: ann.user.id.clone() };
            let deleted = admin.users().delete_user(delete.clone()).await.unwrap().into_inner();
            let purge = deleted.purge_time.unwrap().seconds - deleted.delete_time.unwrap().seconds;
            assert_eq!(purge, 7 * 86_400);
            let again = admin.users().delete_user(delete).await.unwrap().into_inner();
            assert_eq!(again.purge_time, deleted.purge_time);

            let answer = ann.users().get_me(GetMeRequest {}).await;
            expect_reason(answer, Code::Unauthenticated, "CREDENTIAL_INVALID");
            let get = GetAlbumRequest { album_id: album.id.clone() };
            let answer = guest.albums().get_album(get.clone()).await;
            expect_reason(answer, Code::Unauthenticated, "CREDENTIAL_INVALID");
            let key_or_slug = crate::support::person::address(&link).to_owned();
            let open = OpenSharedLinkRequest { key_or_slug, ..OpenSharedLinkRequest::default() };
            let answer = server.anonymous().links().open_shared_link(open.clone()).await;
            expect_reason(answer, Code::NotFound, "RESOURCE_NOT_FOUND");

            let restore = RestoreUserRequest { user_id: ann.user.id.clone() };
            let restored = admin.users().restore_user(restore).await.unwrap().into_inner();
            assert_eq!(restored.user.unwrap().delete_time, None);
            let ann = server.login("ann@example.org").await;
            let found = ann.albums().get_album(get.clone()).await.unwrap().into_inner();
            assert_eq!(found.asset_count, 2);
            guest.albums().get_album(get).await.unwrap();
            server.anonymous().links().open_shared_link(open).await.unwrap();
        })
        .await;
    }

    #[tokio::test]
    async fn open_downloads_end() {
        test(|server| async move {
            let admin = server.admin().await;
            let ann = server.user("ann").await;
            let asset = ann.upload("a.jpg", &fixtures::sized_photo(1, 8 << 20)).await;
            let request = DownloadAssetRequest { asset_id: asset.id, ..Default::default() };
            let mut stream = ann.assets().download_asset(request).await.unwrap().into_inner();
            stream.message().await.unwrap().unwrap();
            let delete = DeleteUserRequest { user_id: ann.user.id.clone() };
            admin.users().delete_user(delete).await.unwrap();
            let end = loop {
                match stream.message().await {
                    Ok(Some(_)) => {}
                    Ok(None) => panic!("the stream went on to its end"),
                    Err(status) => break status,
                }
            };
            assert_eq!(end.code(), Code::Unauthenticated);
        })
        .await;
    }

    #[tokio::test]
    async fn a_deleted_user_cannot_be_changed_and_keeps_the_email() {
        test(|server| async move {
            let admin = server.admin().await;
            let ann = server.user("ann").await;
            let user_id = ann.user.id.clone();
            admin
                .users()
                .delete_user(DeleteUserRequest { user_id: user_id.clone() })
                .await
                .unwrap();
            let request = UpdateUserRequest {
                user_id,
                user: Some(User { is_admin: Some(true), ..User::default() }),
                update_mask: None,
            };
            let answer = admin.users().update_user(request).await;
            expect_reason(answer, Code::FailedPrecondition, "TRASHED");
            let answer = admin.users().create_user(new_user("ann")).await;
            expect_reason(answer, Code::AlreadyExists, "RESOURCE_ALREADY_EXISTS");
        })
        .await;
    }
}

mod reset_password {
    use super::*;

    #[tokio::test]
    async fn ends_every_session_and_the_old_password() {
        test(|server| async move {
            let admin = server.admin().await;
            let ann = server.user("ann").await;
            server.login("ann@example.org").await;
            let request = ResetPasswordRequest {
                user_id: ann.user.id.clone(),
                new_password: "another good one".to_owned(),
            };
            let answer = admin.users().reset_password(request).await.unwrap().into_inner();
            assert_eq!(answer.revoked_count, 2);
            let answer = ann.users().get_me(GetMeRequest {}).await;
            expect_reason(answer, Code::Unauthenticated, "CREDENTIAL_INVALID");
            let mut login = LoginRequest {
                email: "ann@example.org".to_owned(),
                password: PASSWORD.to_owned(),
                ..LoginRequest::default()
            };
            let answer = server.anonymous().auth().login(login.clone()).await;
            expect_reason(answer, Code::Unauthenticated, "LOGIN_FAILED");
            login.password = "another good one".to_owned();
            server.anonymous().auth().login(login).await.unwrap();
        })
        .await;
    }
}

mod purge {
    use super::*;

    const WEEK: Duration = Duration::from_secs(7 * 86_400);

    async fn delete(admin: &Person, user: &Person) {
        let request = DeleteUserRequest { user_id: user.user.id.clone() };
        admin.users().delete_user(request).await.unwrap();
    }

    #[tokio::test]
    async fn a_week_after_the_deletion_all_they_owned_is_gone_and_nothing_of_others() {
        test(|server| async move {
            let admin = server.admin().await;
            let ann = server.user("ann").await;
            let bob = server.user("bob").await;
            let assets = ann.photos(0..3).await;
            let album = ann.album("Trip", &assets[..2]).await;
            ann.link(&album, SharedLink::default()).await;
            ann.export(&album).await.unwrap();
            ann.create_upload("half.jpg", 5000).await;
            let kept = bob.album("Other", &bob.photos(9..10).await).await;
            delete(&admin, &ann).await;

            server.sleep(WEEK - Duration::from_secs(3600));
            server.run_jobs().await;
            assert_eq!(server.app.blobs.list().await.unwrap().len(), 4);
            server.sleep(Duration::from_secs(2 * 3600));
            let bob = server.login("bob@example.org").await;
            let admin = server.login("admin@example.org").await;
            let restore = RestoreUserRequest { user_id: ann.user.id.clone() };
            let answer = admin.users().restore_user(restore).await;
            expect_reason(answer, Code::NotFound, "RESOURCE_NOT_FOUND");
            server.run_jobs().await;
            let all = ListUsersRequest { show_deleted: true, ..ListUsersRequest::default() };
            assert_eq!(names(&list(&admin, all).await), ["admin", "bob"]);
            assert_eq!(server.app.blobs.list().await.unwrap().len(), 1);
            let get = GetAlbumRequest { album_id: kept.id };
            assert_eq!(bob.albums().get_album(get).await.unwrap().into_inner().asset_count, 1);
            // The e-mail is free again.
            admin.users().create_user(new_user("ann")).await.unwrap();
        })
        .await;
    }

    #[tokio::test]
    async fn who_is_restored_in_time_keeps_everything() {
        test(|server| async move {
            let admin = server.admin().await;
            let ann = server.user("ann").await;
            let album = ann.album("Trip", &ann.photos(0..2).await).await;
            delete(&admin, &ann).await;
            server.sleep(Duration::from_secs(6 * 86_400));
            let admin = server.login("admin@example.org").await;
            let restore = RestoreUserRequest { user_id: ann.user.id.clone() };
            admin.users().restore_user(restore).await.unwrap();
            server.sleep(WEEK);
            server.run_jobs().await;
            let ann = server.login("ann@example.org").await;
            let get = GetAlbumRequest { album_id: album.id };
            assert_eq!(ann.albums().get_album(get).await.unwrap().into_inner().asset_count, 2);
        })
        .await;
    }

    #[tokio::test]
    async fn a_user_who_is_not_deleted_is_not_purged() {
        test(|server| async move {
            server.admin().await;
            let ann = server.user("ann").await;
            let id = UserId::parse(&ann.user.id).unwrap();
            let refused = users::purge(&server.app, id).await.unwrap_err();
            assert_eq!(refused.reason(), ErrorReason::NotInTrash);
            let admin = server.login("admin@example.org").await;
            delete(&admin, &ann).await;
            users::purge(&server.app, id).await.unwrap();
            let all = ListUsersRequest { show_deleted: true, ..ListUsersRequest::default() };
            assert_eq!(names(&list(&admin, all).await), ["admin"]);
        })
        .await;
    }
}
