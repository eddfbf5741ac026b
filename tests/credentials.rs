//! What people and programs sign in with: sessions, keys, cookies, passwords, and the limits on
//! guessing them.

use std::time::Duration;

use albumen::v1::*;
use albumen_server::entity::{shared_link, user};
use http::Request;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use tonic::{Code, Status};

use crate::support::person::{PASSWORD, address};
use crate::support::{Person, TestServer, expect_fields, expect_reason, metadata, test};

async fn login(server: &TestServer, email: &str, password: &str) -> Result<LoginResponse, Status> {
    let request = LoginRequest {
        email: email.to_owned(),
        password: password.to_owned(),
        ..LoginRequest::default()
    };
    server.anonymous().auth().login(request).await.map(tonic::Response::into_inner)
}

async fn is_good(who: &Person) -> bool {
    who.users().get_me(GetMeRequest {}).await.is_ok()
}

async fn sessions(who: &Person) -> Vec<Session> {
    let request = ListSessionsRequest::default();
    who.auth().list_sessions(request).await.unwrap().into_inner().sessions
}

async fn key(who: &Person, scopes: &[&str]) -> ApiKey {
    let key = ApiKey {
        display_name: "script".to_owned(),
        scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
        ..ApiKey::default()
    };
    let request = CreateApiKeyRequest { api_key: Some(key) };
    who.auth().create_api_key(request).await.unwrap().into_inner()
}

async fn audit(admin: &Person) -> Vec<AuditEvent> {
    let request = ListAuditEventsRequest::default();
    admin.audit().list_audit_events(request).await.unwrap().into_inner().audit_events
}

mod sessions {
    use super::*;

    #[tokio::test]
    async fn are_listed_named_and_ended_one_by_one() {
        test(|server| async move {
            let phone = server.user("ann").await;
            server.sleep(Duration::from_secs(60));
            let laptop = server.login("ann@example.org").await;
            let listed = sessions(&phone).await;
            assert_eq!(listed.len(), 2);
            assert!(!listed[0].current && listed[1].current);

            let request = UpdateSessionRequest {
                session_id: listed[0].id.clone(),
                session: Some(Session { device_name: "laptop".to_owned(), ..Session::default() }),
                update_mask: None,
            };
            let named = phone.auth().update_session(request).await.unwrap().into_inner();
            assert_eq!(named.device_name, "laptop");
            assert_eq!(sessions(&phone).await[0].device_name, "laptop");

            let request = RevokeSessionRequest { session_id: listed[0].id.clone() };
            phone.auth().revoke_session(request.clone()).await.unwrap();
            assert!(!is_good(&laptop).await);
            assert!(is_good(&phone).await);
            let again = phone.auth().revoke_session(request).await;
            expect_reason(again, Code::NotFound, "RESOURCE_NOT_FOUND");
        })
        .await;
    }

    #[tokio::test]
    async fn of_others_cannot_be_touched() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let bob = server.user("bob").await;
            let session_id = sessions(&ann).await.remove(0).id;
            let request = RevokeSessionRequest { session_id: session_id.clone() };
            let answer = bob.auth().revoke_session(request).await;
            expect_reason(answer, Code::NotFound, "RESOURCE_NOT_FOUND");
            let request = UpdateSessionRequest {
                session_id,
                session: Some(Session { device_name: "x".to_owned(), ..Session::default() }),
                update_mask: None,
            };
            let answer = bob.auth().update_session(request).await;
            expect_reason(answer, Code::NotFound, "RESOURCE_NOT_FOUND");
            assert!(is_good(&ann).await);
        })
        .await;
    }

    #[tokio::test]
    async fn all_others_end_at_once() {
        test(|server| async move {
            let phone = server.user("ann").await;
            let others =
                [server.login("ann@example.org").await, server.login("ann@example.org").await];
            let request = RevokeOtherSessionsRequest {};
            let answer = phone.auth().revoke_other_sessions(request).await.unwrap().into_inner();
            assert_eq!(answer.revoked_count, 2);
            for other in &others {
                assert!(!is_good(other).await);
            }
            assert!(is_good(&phone).await);
        })
        .await;
    }

    #[tokio::test]
    async fn come_in_pages() {
        test(|server| async move {
            let ann = server.user("ann").await;
            for _ in 0..4 {
                server.login("ann@example.org").await;
            }
            let mut request = ListSessionsRequest { page_size: 2, ..Default::default() };
            let mut found = Vec::new();
            loop {
                let page = ann.auth().list_sessions(request.clone()).await.unwrap().into_inner();
                found.extend(page.sessions.into_iter().map(|session| session.id));
                request.page_token = page.next_page_token;
                if request.page_token.is_empty() {
                    break;
                }
            }
            found.sort();
            found.dedup();
            assert_eq!(found.len(), 5);
        })
        .await;
    }
}

mod passwords {
    use super::*;

    fn change(current: &str, new: &str) -> ChangePasswordRequest {
        ChangePasswordRequest { current_password: current.to_owned(), new_password: new.to_owned() }
    }

    #[tokio::test]
    async fn a_new_one_ends_the_other_sessions() {
        test(|server| async move {
            let phone = server.user("ann").await;
            let laptop = server.login("ann@example.org").await;
            let request = change(PASSWORD, "another good one");
            let answer = phone.auth().change_password(request).await.unwrap().into_inner();
            assert_eq!(answer.revoked_count, 1);
            assert!(is_good(&phone).await);
            assert!(!is_good(&laptop).await);
            assert!(login(&server, "ann@example.org", PASSWORD).await.is_err());
            assert!(login(&server, "ann@example.org", "another good one").await.is_ok());
        })
        .await;
    }

    #[tokio::test]
    async fn the_old_one_is_needed_and_guesses_at_it_are_counted() {
        test(|server| async move {
            let ann = server.user("ann").await;
            for _ in 0..5 {
                let answer = ann.auth().change_password(change("guess", "another good one")).await;
                expect_reason(answer, Code::Unauthenticated, "LOGIN_FAILED");
            }
            let answer = ann.auth().change_password(change(PASSWORD, "another good one")).await;
            expect_reason(answer, Code::ResourceExhausted, "TOO_MANY_ATTEMPTS");
            server.sleep(Duration::from_secs(1));
            ann.auth().change_password(change(PASSWORD, "another good one")).await.unwrap();
        })
        .await;
    }

    #[tokio::test]
    async fn short_long_and_common_ones_are_refused() {
        test(|server| async move {
            let ann = server.user("ann").await;
            for bad in ["1234567", "Password1", &"x".repeat(257)] {
                let answer = ann.auth().change_password(change(PASSWORD, bad)).await;
                expect_fields(answer, &["new_password"]);
            }
            assert!(login(&server, "ann@example.org", PASSWORD).await.is_ok());
        })
        .await;
    }

    /// What stands in the tables.
    async fn stored(server: &TestServer) -> (String, String) {
        let reader = server.app.database.reader();
        let ann = user::Entity::find().filter(user::Column::Email.eq("ann@example.org"));
        let link = shared_link::Entity::find().one(reader).await.unwrap().unwrap();
        (ann.one(reader).await.unwrap().unwrap().password_hash, link.password_hash.unwrap())
    }

    #[tokio::test]
    async fn are_hashed_anew_at_sign_in_when_the_settings_ask_for_more() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Trip", &[]).await;
            let link = SharedLink { password: PASSWORD.to_owned(), ..SharedLink::default() };
            let link = ann.link(&album, link).await;
            let before = stored(&server).await;
            for hash in [&before.0, &before.1] {
                assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
            }
            let raised = server.beside_with(|config| config.password_memory_bytes = 20 << 20).await;
            assert!(login(&raised, "ann@example.org", "wrong").await.is_err());
            assert_eq!(stored(&server).await, before, "a wrong password changes nothing");
            raised.login("ann@example.org").await;
            let guest = raised.guest(&link, PASSWORD).await;
            let after = stored(&server).await;
            for hash in [&after.0, &after.1] {
                assert!(hash.starts_with("$argon2id$v=19$m=20480,t=2,p=1$"), "{hash}");
            }
            raised.login("ann@example.org").await;
            raised.guest(&link, PASSWORD).await;
            assert_eq!(stored(&server).await, after, "once is enough");
            // It is no new password: sessions and guests stay.
            assert!(is_good(&ann).await);
            let request = GetAlbumRequest { album_id: album.id };
            guest.albums().get_album(request).await.unwrap();
            raised.leave().await;
        })
        .await;
    }

    #[tokio::test]
    async fn that_are_hashed_anew_at_the_same_time_are_right_for_all() {
        test(|server| async move {
            server.user("ann").await;
            let raised = server.beside_with(|config| config.password_iterations = 3).await;
            let logins = (0..4).map(|_| login(&raised, "ann@example.org", PASSWORD));
            for answer in futures::future::join_all(logins).await {
                answer.unwrap();
            }
            raised.leave().await;
        })
        .await;
    }

    #[tokio::test]
    async fn of_two_changes_at_once_one_wins() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let (mut one, mut other) = (ann.auth(), ann.auth());
            let (first, second) = tokio::join!(
                one.change_password(change(PASSWORD, "the first new one")),
                other.change_password(change(PASSWORD, "the second new one")),
            );
            assert!(first.is_ok() != second.is_ok());
            let is_first = login(&server, "ann@example.org", "the first new one").await.is_ok();
            let is_second = login(&server, "ann@example.org", "the second new one").await.is_ok();
            assert_eq!((is_first, is_second), (first.is_ok(), second.is_ok()));
        })
        .await;
    }
}

mod api_keys {
    use super::*;

    #[tokio::test]
    async fn do_what_their_scopes_say_and_nothing_else() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Trip", &[]).await;
            let script = server.bearer(Some(&key(&ann, &["album.read"]).await.secret));
            let request = GetAlbumRequest { album_id: album.id.clone() };
            script.albums().get_album(request).await.unwrap();
            let request = DeleteAlbumRequest { album_id: album.id, etag: String::new() };
            let refused = script.albums().delete_album(request).await;
            let refused = expect_reason(refused, Code::PermissionDenied, "SCOPE_MISSING");
            assert_eq!(metadata(&refused, "required_scope"), "album.write");
        })
        .await;
    }

    #[tokio::test]
    async fn never_manage_keys_sessions_or_passwords() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let info = ann.server().get_server_info(GetServerInfoRequest {}).await.unwrap();
            let all = info.into_inner().api_key_scopes;
            assert!(all.iter().any(|scope| scope == "album.read"));
            let all: Vec<_> = all.iter().map(String::as_str).collect();
            let script = server.bearer(Some(&key(&ann, &all).await.secret));
            assert!(is_good(&script).await);
            let mut auth = script.auth();
            let refused = [
                auth.list_sessions(ListSessionsRequest::default()).await.map(|_| ()),
                auth.revoke_other_sessions(RevokeOtherSessionsRequest {}).await.map(|_| ()),
                auth.logout(LogoutRequest {}).await.map(|_| ()),
                auth.list_api_keys(ListApiKeysRequest::default()).await.map(|_| ()),
                auth.change_password(ChangePasswordRequest {
                    current_password: PASSWORD.to_owned(),
                    new_password: "another good one".to_owned(),
                })
                .await
                .map(|_| ()),
            ];
            for refused in refused {
                let refused = refused.map(tonic::Response::new);
                expect_reason(refused, Code::PermissionDenied, "SCOPE_MISSING");
            }
        })
        .await;
    }

    #[tokio::test]
    async fn have_known_scopes_a_name_and_an_end_in_the_future() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let past = prost_types::Timestamp { seconds: server.now_us() / 1_000_000, nanos: 0 };
            let good = ApiKey {
                display_name: "x".to_owned(),
                scopes: vec!["album.read".to_owned()],
                ..ApiKey::default()
            };
            for (key, field) in [
                (ApiKey { display_name: String::new(), ..good.clone() }, "api_key.display_name"),
                (ApiKey { scopes: Vec::new(), ..good.clone() }, "api_key.scopes"),
                (
                    ApiKey { scopes: vec!["session.write".to_owned()], ..good.clone() },
                    "api_key.scopes",
                ),
                (ApiKey { scopes: vec!["*".to_owned()], ..good.clone() }, "api_key.scopes"),
                (ApiKey { expire_time: Some(past), ..good.clone() }, "api_key.expire_time"),
            ] {
                let request = CreateApiKeyRequest { api_key: Some(key) };
                expect_fields(ann.auth().create_api_key(request).await, &[field]);
            }
        })
        .await;
    }

    #[tokio::test]
    async fn end_when_they_expire_or_are_deleted() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let seconds = server.now_us() / 1_000_000 + 3600;
            let request = CreateApiKeyRequest {
                api_key: Some(ApiKey {
                    display_name: "short".to_owned(),
                    scopes: vec!["user.read".to_owned()],
                    expire_time: Some(prost_types::Timestamp { seconds, nanos: 0 }),
                    ..ApiKey::default()
                }),
            };
            let short = ann.auth().create_api_key(request).await.unwrap().into_inner();
            let long = key(&ann, &["user.read"]).await;
            let [short_script, script] =
                [&short, &long].map(|key| server.bearer(Some(&key.secret)));
            assert!(is_good(&short_script).await && is_good(&script).await);
            server.sleep(Duration::from_secs(3600));
            assert!(!is_good(&short_script).await && is_good(&script).await);

            let ann = server.login("ann@example.org").await;
            let request = ListApiKeysRequest::default();
            let listed = ann.auth().list_api_keys(request).await.unwrap().into_inner().api_keys;
            assert_eq!(listed.len(), 2);
            assert!(listed.iter().all(|key| key.secret.is_empty() && key.last_use_time.is_some()));
            let request = DeleteApiKeyRequest { api_key_id: long.id };
            ann.auth().delete_api_key(request).await.unwrap();
            assert!(!is_good(&script).await);
        })
        .await;
    }

    #[tokio::test]
    async fn of_others_cannot_be_deleted() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let bob = server.user("bob").await;
            let key = key(&ann, &["user.read"]).await;
            let request = DeleteApiKeyRequest { api_key_id: key.id };
            let answer = bob.auth().delete_api_key(request).await;
            expect_reason(answer, Code::NotFound, "RESOURCE_NOT_FOUND");
            assert!(is_good(&server.bearer(Some(&key.secret))).await);
        })
        .await;
    }

    #[tokio::test]
    async fn of_administrators_administer_within_their_scopes() {
        test(|server| async move {
            let admin = server.admin().await;
            let request = ListAuditEventsRequest::default();
            let auditor = server.bearer(Some(&key(&admin, &["audit.read"]).await.secret));
            auditor.audit().list_audit_events(request.clone()).await.unwrap();
            let other = server.bearer(Some(&key(&admin, &["user.read"]).await.secret));
            let refused = other.audit().list_audit_events(request.clone()).await;
            expect_reason(refused, Code::PermissionDenied, "SCOPE_MISSING");
            let ann = server.user("ann").await;
            let script = server.bearer(Some(&key(&ann, &["audit.read"]).await.secret));
            let refused = script.audit().list_audit_events(request).await;
            expect_reason(refused, Code::PermissionDenied, "CALLER_NOT_ALLOWED");
        })
        .await;
    }
}

mod attempts {
    use super::*;

    #[tokio::test]
    async fn after_five_wrong_passwords_even_the_right_one_waits_longer_each_time() {
        test(|server| async move {
            server.user("ann").await;
            for _ in 0..5 {
                let status = login(&server, "ann@example.org", "wrong").await.unwrap_err();
                assert_eq!(status.code(), Code::Unauthenticated);
            }
            for seconds in [1_u64, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
                let answer = login(&server, "ANN@example.org", PASSWORD).await;
                let status = expect_reason(
                    answer.map(tonic::Response::new),
                    Code::ResourceExhausted,
                    "TOO_MANY_ATTEMPTS",
                );
                assert_eq!(metadata(&status, "retry_after_seconds"), seconds.to_string());
                server.sleep(Duration::from_secs(seconds));
                let status = login(&server, "ann@example.org", "wrong").await.unwrap_err();
                assert_eq!(status.code(), Code::Unauthenticated);
            }
            server.sleep(Duration::from_secs(900));
            login(&server, "ann@example.org", PASSWORD).await.unwrap();
            // Who knows the password starts anew.
            let status = login(&server, "ann@example.org", "wrong").await.unwrap_err();
            assert_eq!(status.code(), Code::Unauthenticated);
            login(&server, "ann@example.org", PASSWORD).await.unwrap();
        })
        .await;
    }

    #[tokio::test]
    async fn an_unknown_email_is_limited_in_the_same_way() {
        test(|server| async move {
            server.user("ann").await;
            let mut answers = Vec::new();
            for email in ["ann@example.org", "nobody@example.org"] {
                let mut codes = Vec::new();
                for _ in 0..7 {
                    let status = login(&server, email, "wrong").await.unwrap_err();
                    codes.push((status.code(), status.message().to_owned()));
                }
                answers.push(codes);
            }
            assert_eq!(answers[0], answers[1]);
            assert_eq!(answers[0][6].0, Code::ResourceExhausted);
        })
        .await;
    }

    #[tokio::test]
    async fn guesses_at_the_same_time_count_too() {
        test(|server| async move {
            server.user("ann").await;
            let tries = (0..40).map(|_| login(&server, "ann@example.org", "wrong"));
            let answers = futures::future::join_all(tries).await;
            let compared = answers
                .iter()
                .filter(|answer| answer.as_ref().unwrap_err().code() == Code::Unauthenticated);
            assert_eq!(compared.count(), 5);
        })
        .await;
    }

    #[tokio::test]
    async fn other_networks_are_not_held_up_until_a_hundred_an_hour() {
        test(|server| async move {
            server.user("ann").await;
            for network in 0..20_u8 {
                let guesser = server.from([192, 0, 2, network]);
                for _ in 0..5 {
                    let request = LoginRequest {
                        email: "ann@example.org".to_owned(),
                        password: "wrong".to_owned(),
                        ..LoginRequest::default()
                    };
                    let answer = guesser.auth().login(request).await;
                    expect_reason(answer, Code::Unauthenticated, "LOGIN_FAILED");
                }
            }
            let answer = login(&server, "ann@example.org", PASSWORD).await;
            let answer = answer.map(tonic::Response::new);
            expect_reason(answer, Code::ResourceExhausted, "TOO_MANY_ATTEMPTS");
            server.sleep(Duration::from_secs(3600));
            login(&server, "ann@example.org", PASSWORD).await.unwrap();
        })
        .await;
    }

    #[tokio::test]
    async fn a_clock_that_is_set_back_locks_nobody_out() {
        test(|server| async move {
            server.user("ann").await;
            server.sleep(Duration::from_secs(86_400 * 365));
            for _ in 0..6 {
                login(&server, "ann@example.org", "wrong").await.unwrap_err();
            }
            server.set_back(Duration::from_secs(86_400 * 300));
            login(&server, "ann@example.org", PASSWORD).await.unwrap();
        })
        .await;
    }

    #[tokio::test]
    async fn passwords_of_links_are_limited_for_each_link() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Trip", &[]).await;
            let secret = || SharedLink { password: PASSWORD.to_owned(), ..SharedLink::default() };
            let (one, other) = (ann.link(&album, secret()).await, ann.link(&album, secret()).await);
            let open = async |link: &SharedLink, password: &str| {
                let request = OpenSharedLinkRequest {
                    key_or_slug: address(link).to_owned(),
                    password: password.to_owned(),
                    ..OpenSharedLinkRequest::default()
                };
                server.anonymous().links().open_shared_link(request).await
            };
            for _ in 0..5 {
                let wrong = open(&one, "wrong").await;
                expect_reason(wrong, Code::Unauthenticated, "LINK_PASSWORD_WRONG");
            }
            let held = open(&one, PASSWORD).await;
            expect_reason(held, Code::ResourceExhausted, "TOO_MANY_ATTEMPTS");
            open(&other, PASSWORD).await.unwrap();
            server.sleep(Duration::from_secs(1));
            open(&one, PASSWORD).await.unwrap();
        })
        .await;
    }

    #[tokio::test]
    async fn guesses_at_addresses_of_links_are_limited_for_each_network() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Trip", &[]).await;
            let link = SharedLink { slug: "trip".to_owned(), ..SharedLink::default() };
            ann.link(&album, link).await;
            let open = async |who: &Person, key_or_slug: &str| {
                let key_or_slug = key_or_slug.to_owned();
                let request = OpenSharedLinkRequest { key_or_slug, ..Default::default() };
                who.links().open_shared_link(request).await
            };
            let guesser = server.from([192, 0, 2, 1]);
            for number in 0..100 {
                let missed = open(&guesser, &format!("trip-{number}")).await;
                expect_reason(missed, Code::NotFound, "RESOURCE_NOT_FOUND");
            }
            for address in ["trip-100", "trip"] {
                let held = open(&guesser, address).await;
                expect_reason(held, Code::ResourceExhausted, "TOO_MANY_ATTEMPTS");
            }
            open(&server.from([192, 0, 2, 2]), "trip").await.unwrap();
        })
        .await;
    }
}

mod cookies {
    use super::*;

    /// The `name=value` of the cookies that an answer sets.
    fn set<T>(answer: &tonic::Response<T>) -> Vec<String> {
        let headers = answer.metadata().get_all("set-cookie").iter();
        headers.map(|value| value.to_str().unwrap().to_owned()).collect()
    }

    fn sent(set: &[String]) -> String {
        let pairs: Vec<_> = set.iter().map(|header| header.split(';').next().unwrap()).collect();
        pairs.join("; ")
    }

    async fn browser(server: &TestServer) -> (LoginResponse, Vec<String>) {
        let request = LoginRequest {
            email: "ann@example.org".to_owned(),
            password: PASSWORD.to_owned(),
            use_cookies: true,
            ..LoginRequest::default()
        };
        let answer = server.anonymous().auth().login(request).await.unwrap();
        let cookies = set(&answer);
        (answer.into_inner(), cookies)
    }

    #[tokio::test]
    async fn keep_credentials_out_of_the_reach_of_scripts() {
        test(|server| async move {
            server.user("ann").await;
            let (answer, cookies) = browser(&server).await;
            let tokens = answer.tokens.unwrap();
            assert!(tokens.refresh_token.is_empty());
            assert!(!tokens.access_token.is_empty());
            assert_eq!(cookies.len(), 2);
            for cookie in &cookies {
                assert!(cookie.starts_with("__Host-albumen-"), "{cookie}");
                for part in ["; Path=/", "; HttpOnly", "; SameSite=Lax", "; Secure", "; Max-Age="] {
                    assert!(cookie.contains(part), "{part} in {cookie}");
                }
                assert!(!cookie.contains("Domain"), "{cookie}");
            }
        })
        .await;
    }

    #[tokio::test]
    async fn count_for_reading_over_http_and_for_nothing_else() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let asset = ann.photos(1..2).await.remove(0);
            let (_, cookies) = browser(&server).await;
            let cookie = sent(&cookies);
            let path = format!("/api/assets/{}/original", asset.id);
            let anonymous = server.anonymous();
            let (status, _, body) = anonymous.get(&path, &[("cookie", &cookie)]).await;
            assert_eq!((status.as_u16(), body.len() as i64), (200, asset.size_bytes));
            assert_eq!(anonymous.get(&path, &[]).await.0.as_u16(), 401);
            // Under another name, on another path, by another method they are nothing.
            let bare = cookie.replace("__Host-", "");
            assert_eq!(anonymous.get(&path, &[("cookie", &bare)]).await.0.as_u16(), 401);
            let post = Request::post(&path).header("cookie", &cookie);
            assert_eq!(anonymous.http(post).await.0.as_u16(), 405);
            let call = server.with_cookie(&cookie).users().get_me(GetMeRequest {}).await;
            expect_reason(call, Code::Unauthenticated, "CREDENTIAL_MISSING");
        })
        .await;
    }

    #[tokio::test]
    async fn a_bearer_token_wins_over_them() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let asset = ann.photos(1..2).await.remove(0);
            let (_, cookies) = browser(&server).await;
            let bob = server.user("bob").await;
            let path = format!("/api/assets/{}/original", asset.id);
            let cookie = sent(&cookies);
            assert_eq!(bob.get(&path, &[("cookie", &cookie)]).await.0.as_u16(), 404);
        })
        .await;
    }

    #[tokio::test]
    async fn the_refresh_token_is_exchanged_in_its_cookie_and_logout_clears_both() {
        test(|server| async move {
            server.user("ann").await;
            let (_, cookies) = browser(&server).await;
            let tab = server.with_cookie(&sent(&cookies));
            let request = RefreshSessionRequest { use_cookies: true, ..Default::default() };
            let answer = tab.auth().refresh_session(request.clone()).await.unwrap();
            let next = set(&answer);
            assert_eq!(next.len(), 2);
            assert_ne!(sent(&next[..1]), sent(&cookies[..1]), "the refresh token is rotated");
            assert_eq!(sent(&next[1..]), sent(&cookies[1..]), "the session cookie is not");
            let tokens = answer.into_inner().tokens.unwrap();
            assert!(tokens.refresh_token.is_empty());

            let mut tab = server.with_cookie(&sent(&next));
            tab.set_token(&tokens.access_token);
            let answer = tab.auth().logout(LogoutRequest {}).await.unwrap();
            let cleared = set(&answer);
            assert_eq!(cleared.len(), 2);
            assert!(cleared.iter().all(|cookie| cookie.contains("=; Path=/; Max-Age=0")));
            let answer = server.with_cookie(&sent(&next)).auth().refresh_session(request).await;
            expect_reason(answer, Code::Unauthenticated, "CREDENTIAL_INVALID");
        })
        .await;
    }

    #[tokio::test]
    async fn without_its_cookie_nothing_is_refreshed() {
        test(|server| async move {
            let request = RefreshSessionRequest { use_cookies: true, ..Default::default() };
            let answer = server.anonymous().auth().refresh_session(request).await;
            expect_reason(answer, Code::Unauthenticated, "CREDENTIAL_INVALID");
        })
        .await;
    }

    #[tokio::test]
    async fn pages_of_other_sites_cannot_make_calls() {
        test(|server| async move {
            server.user("ann").await;
            let (_, cookies) = browser(&server).await;
            let cookie = sent(&cookies);
            let request = RefreshSessionRequest { use_cookies: true, ..Default::default() };
            for headers in [
                [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")],
                [("sec-fetch-site", "same-site"), ("origin", "https://other.example.org")],
                [("origin", "https://evil.example"), ("x", "y")],
                [("origin", "null"), ("x", "y")],
            ] {
                let page = server.with_headers(&[&headers[..], &[("cookie", &cookie)]].concat());
                let answer = page.auth().refresh_session(request.clone()).await;
                expect_reason(answer, Code::PermissionDenied, "CROSS_SITE");
            }
            let headers = [("sec-fetch-site", "same-origin"), ("cookie", cookie.as_str())];
            server.with_headers(&headers).auth().refresh_session(request).await.unwrap();
        })
        .await;
    }

    #[tokio::test]
    async fn a_guest_gets_pictures_of_every_link_they_opened_and_needs_no_password_twice() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let mut kept = Vec::new();
            let mut pictures = Vec::new();
            let mut last = SharedLink::default();
            for number in 0..3 {
                let assets = ann.photos(number..number + 1).await;
                let album = ann.album("Trip", &assets).await;
                let link = SharedLink { password: PASSWORD.to_owned(), ..SharedLink::default() };
                let link = ann.link(&album, link).await;
                let request = OpenSharedLinkRequest {
                    key_or_slug: address(&link).to_owned(),
                    password: PASSWORD.to_owned(),
                    use_cookies: true,
                };
                let answer = server.anonymous().links().open_shared_link(request).await.unwrap();
                let cookies = set(&answer);
                assert_eq!(cookies.len(), 1);
                assert!(cookies[0].starts_with("__Host-albumen-link-"));
                kept.extend(cookies);
                pictures.push(format!("/api/assets/{}/original", assets[0].id));
                last = link;
            }
            let cookie = sent(&kept);
            let anonymous = server.anonymous();
            for path in &pictures {
                let (status, ..) = anonymous.get(path, &[("cookie", &cookie)]).await;
                assert_eq!(status.as_u16(), 200);
            }
            let again = OpenSharedLinkRequest {
                key_or_slug: address(&last).to_owned(),
                use_cookies: true,
                ..OpenSharedLinkRequest::default()
            };
            let page = server.with_cookie(&cookie);
            page.links().open_shared_link(again.clone()).await.unwrap();
            // A new password ends that, for this link alone.
            let change = UpdateSharedLinkRequest {
                shared_link_id: last.id,
                shared_link: Some(SharedLink {
                    password: "another good one".to_owned(),
                    ..SharedLink::default()
                }),
                update_mask: None,
            };
            ann.links().update_shared_link(change).await.unwrap();
            let answer = page.links().open_shared_link(again).await;
            expect_reason(answer, Code::Unauthenticated, "LINK_PASSWORD_REQUIRED");
            let status = |path: String| {
                let (anonymous, cookie) = (anonymous.clone(), cookie.clone());
                async move { anonymous.get(&path, &[("cookie", &cookie)]).await.0.as_u16() }
            };
            assert_eq!(status(pictures[2].clone()).await, 404);
            assert_eq!(status(pictures[1].clone()).await, 200);
        })
        .await;
    }

    #[tokio::test]
    async fn a_browser_keeps_no_more_than_twenty_links() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Trip", &[]).await;
            let link = ann.link(&album, SharedLink::default()).await;
            let kept: Vec<_> =
                (0..20).map(|number| format!("__Host-albumen-link-{number:08}=x")).collect();
            let request = OpenSharedLinkRequest {
                key_or_slug: address(&link).to_owned(),
                use_cookies: true,
                ..OpenSharedLinkRequest::default()
            };
            let page = server.with_cookie(&kept.join("; "));
            let cookies = set(&page.links().open_shared_link(request).await.unwrap());
            assert_eq!(cookies.len(), 2);
            assert!(cookies[1].starts_with("__Host-albumen-link-00000000=; "));
        })
        .await;
    }
}

mod audit_log {
    use super::*;

    #[tokio::test]
    async fn tells_administrators_who_did_what_and_from_where() {
        test(|server| async move {
            let admin = server.admin().await;
            let ann = server.user("ann").await;
            let key = key(&ann, &["album.read"]).await;
            let request = DeleteApiKeyRequest { api_key_id: key.id.clone() };
            ann.auth().delete_api_key(request).await.unwrap();
            let album = ann.album("Trip", &[]).await;
            let link = ann.link(&album, SharedLink::default()).await;
            let request = DeleteSharedLinkRequest { shared_link_id: link.id.clone() };
            ann.links().delete_shared_link(request).await.unwrap();
            login(&server, "ann@example.org", "wrong").await.unwrap_err();
            login(&server, "nobody@example.org", "wrong").await.unwrap_err();

            use AuditEventKind as K;
            let events = audit(&admin).await;
            let found: Vec<_> = events
                .iter()
                .map(|event| (event.kind(), event.actor_id.as_str(), event.subject_id.as_str()))
                .take(6)
                .collect();
            let ann_id = ann.user.id.as_str();
            let expected = [
                (K::SignInFailed, "", ""),
                (K::SignInFailed, "", ann_id),
                (K::LinkRevoked, ann_id, link.id.as_str()),
                (K::LinkCreated, ann_id, link.id.as_str()),
                (K::ApiKeyDeleted, ann_id, key.id.as_str()),
                (K::ApiKeyCreated, ann_id, key.id.as_str()),
            ];
            assert_eq!(found, expected);
            assert!(events.iter().all(|event| event.network == "127.0.0.1"));

            let request = ListAuditEventsRequest {
                actor_id: ann.user.id.clone(),
                kind: K::LinkCreated.into(),
                ..ListAuditEventsRequest::default()
            };
            let answer = admin.audit().list_audit_events(request).await.unwrap().into_inner();
            assert_eq!(answer.audit_events.len(), 1);
        })
        .await;
    }

    #[tokio::test]
    async fn has_no_entry_of_what_failed() {
        test(|server| async move {
            let admin = server.admin().await;
            let before = audit(&admin).await.len();
            let request = DeleteUserRequest { user_id: admin.user.id.clone() };
            let refused = admin.users().delete_user(request).await;
            expect_reason(refused, Code::FailedPrecondition, "LAST_ADMIN");
            assert_eq!(audit(&admin).await.len(), before);
        })
        .await;
    }
}

mod enumeration {
    use super::*;

    /// How many sign-ins of each kind are timed.
    const SAMPLES: u8 = 40;

    /// How long wrong passwords take, for an account and for none.
    #[expect(clippy::disallowed_methods, reason = "what is measured is the real time")]
    async fn time(server: &TestServer, samples: u8) -> [Vec<Duration>; 2] {
        let mut times = [Vec::new(), Vec::new()];
        for number in 0..samples {
            for (kind, email) in ["ann@example.org", "nobody@example.org"].iter().enumerate() {
                // From a network of its own each, so that none is held up.
                let guesser = server.from([198, 51, number, u8::try_from(kind).unwrap()]);
                let request = LoginRequest {
                    email: (*email).to_owned(),
                    password: "wrong".to_owned(),
                    ..LoginRequest::default()
                };
                let started = std::time::Instant::now();
                let answer = guesser.auth().login(request).await;
                times[kind].push(started.elapsed());
                expect_reason(answer, Code::Unauthenticated, "LOGIN_FAILED");
            }
        }
        times
    }

    /// If one kind took longer, nearly all of its sign-ins would take longer than those of the
    /// other. Where both take the same, half of all pairs are in each order; by chance alone this
    /// many pairs lie outside a fifth and four fifths once in a hundred thousand runs.
    #[tokio::test]
    async fn the_time_of_an_answer_does_not_tell_who_has_an_account() {
        test(|server| async move {
            server.user("ann").await;
            let [known, unknown] = &time(&server, SAMPLES).await;
            let pairs = known.iter().flat_map(|one| unknown.iter().map(move |other| one > other));
            let longer = pairs.filter(|is_longer| *is_longer).count();
            let all = known.len() * unknown.len();
            assert!((all / 5..all * 4 / 5).contains(&longer), "{longer} of {all} pairs");
        })
        .await;
    }

    /// The hash of the account takes a fifth of the time that the settings ask for; what is done
    /// besides makes up for it, but not to the microsecond.
    #[tokio::test]
    async fn nor_does_it_tell_whose_hash_is_from_before_the_settings_asked_for_more() {
        test(|server| async move {
            server.user("ann").await;
            let raised = server.beside_with(|config| config.password_iterations = 10).await;
            let mut times = time(&raised, 15).await;
            times.iter_mut().for_each(|times| times.sort());
            let [known, unknown] = times.map(|times| times[times.len() / 2]);
            assert!(known < 2 * unknown && unknown < 2 * known, "{known:?}, {unknown:?}");
            raised.leave().await;
        })
        .await;
    }
}
