//! `AuthService`.

use std::time::Duration;

use albumen::v1::{
    GetMeRequest, LoginRequest, LogoutRequest, RefreshSessionRequest, SessionTokens, SetUpRequest,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tonic::{Code, Status};

use crate::support::person::PASSWORD;
use crate::support::{TestServer, expect_fields, expect_reason, test};

fn set_up(setup_token: &str) -> SetUpRequest {
    SetUpRequest {
        setup_token: setup_token.to_owned(),
        email: "Ann@Example.org".to_owned(),
        password: PASSWORD.to_owned(),
        display_name: "Ann".to_owned(),
        device_name: "laptop".to_owned(),
        use_cookies: false,
    }
}

async fn refresh(server: &TestServer, token: &str) -> Result<SessionTokens, Status> {
    let request = RefreshSessionRequest { refresh_token: token.to_owned(), use_cookies: false };
    let answer = server.anonymous().auth().refresh_session(request).await?;
    Ok(answer.into_inner().tokens.unwrap())
}

async fn is_good(server: &TestServer, access_token: &str) -> bool {
    server.bearer(Some(access_token)).users().get_me(GetMeRequest {}).await.is_ok()
}

mod set_up {
    use super::*;

    #[tokio::test]
    async fn the_first_user_is_an_administrator_and_signed_in() {
        test(|server| async move {
            let request = set_up(&server.setup_token().await);
            let answer = server.anonymous().auth().set_up(request).await.unwrap().into_inner();
            let user = answer.user.unwrap();
            assert_eq!(user.is_admin, Some(true));
            assert_eq!(user.email, "Ann@Example.org");
            assert!(is_good(&server, &answer.tokens.unwrap().access_token).await);
        })
        .await;
    }

    #[tokio::test]
    async fn another_token_makes_no_user() {
        test(|server| async move {
            server.setup_token().await;
            let answer = server.anonymous().auth().set_up(set_up("guess")).await;
            expect_reason(answer, Code::Unauthenticated, "SETUP_TOKEN_WRONG");
        })
        .await;
    }

    #[tokio::test]
    async fn of_many_who_try_at_once_one_becomes_the_first_user() {
        test(|server| async move {
            let token = server.setup_token().await;
            let tries = (0..8).map(|number| {
                let mut request = set_up(&token);
                request.email = format!("{number}@example.org");
                let mut auth = server.anonymous().auth();
                async move { auth.set_up(request).await }
            });
            let answers = futures::future::join_all(tries).await;
            assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
            for refused in answers.into_iter().filter(Result::is_err) {
                expect_reason(refused, Code::FailedPrecondition, "ALREADY_SET_UP");
            }
        })
        .await;
    }

    #[tokio::test]
    async fn every_bad_field_is_named() {
        test(|server| async move {
            let request = SetUpRequest {
                setup_token: String::new(),
                email: "ann".to_owned(),
                password: "1234567".to_owned(),
                display_name: String::new(),
                device_name: "x".repeat(101),
                use_cookies: false,
            };
            let fields = ["setup_token", "email", "password", "display_name", "device_name"];
            expect_fields(server.anonymous().auth().set_up(request).await, &fields);
            let mut long = set_up("x");
            long.password = "ä".repeat(129);
            expect_fields(server.anonymous().auth().set_up(long).await, &["password"]);
        })
        .await;
    }
}

mod login {
    use super::*;

    #[tokio::test]
    async fn the_case_of_the_email_does_not_matter() {
        test(|server| async move {
            server.admin().await;
            let person = server.login("ADMIN@example.ORG").await;
            assert!(is_good(&server, &person.tokens.access_token).await);
        })
        .await;
    }

    #[tokio::test]
    async fn text_that_a_database_cannot_hold_is_refused() {
        test(|server| async move {
            server.admin().await;
            let request = LoginRequest {
                email: "a\0b".to_owned(),
                password: "a\0b".to_owned(),
                device_name: "a\0b".to_owned(),
                use_cookies: false,
            };
            let answer = server.anonymous().auth().login(request).await;
            expect_fields(answer, &["email", "password", "device_name"]);
        })
        .await;
    }

    #[tokio::test]
    async fn an_unknown_email_fails_like_a_wrong_password() {
        test(|server| async move {
            server.admin().await;
            let login = async |email: &str, password: &str| {
                let request = LoginRequest {
                    email: email.to_owned(),
                    password: password.to_owned(),
                    device_name: String::new(),
                    use_cookies: false,
                };
                let answer = server.anonymous().auth().login(request).await;
                expect_reason(answer, Code::Unauthenticated, "LOGIN_FAILED")
            };
            let wrong = login("admin@example.org", "wrong password").await;
            let unknown = login("nobody@example.org", PASSWORD).await;
            assert_eq!(wrong.message(), unknown.message());
            assert_eq!(wrong.details(), unknown.details());
        })
        .await;
    }
}

mod refresh_session {
    use super::*;

    #[tokio::test]
    async fn each_token_is_good_for_the_next_one() {
        test(|server| async move {
            let mut tokens = server.admin().await.tokens;
            for _ in 0..3 {
                let next = refresh(&server, &tokens.refresh_token).await.unwrap();
                assert_ne!(next.refresh_token, tokens.refresh_token);
                assert!(is_good(&server, &next.access_token).await);
                tokens = next;
            }
        })
        .await;
    }

    #[tokio::test]
    async fn a_lost_answer_is_given_again_for_15_seconds() {
        test(|server| async move {
            let first = server.admin().await.tokens.refresh_token;
            let next = refresh(&server, &first).await.unwrap().refresh_token;
            server.sleep(Duration::from_secs(15));
            assert_eq!(refresh(&server, &first).await.unwrap().refresh_token, next);
            assert!(refresh(&server, &next).await.is_ok());
        })
        .await;
    }

    #[tokio::test]
    async fn a_repetition_that_comes_too_late_ends_the_session() {
        test(|server| async move {
            let first = server.admin().await.tokens.refresh_token;
            let next = refresh(&server, &first).await.unwrap();
            server.sleep(Duration::from_secs(16));
            let late = refresh(&server, &first).await.unwrap_err();
            assert_eq!(late.code(), Code::Unauthenticated);
            assert!(refresh(&server, &next.refresh_token).await.is_err());
            assert!(!is_good(&server, &next.access_token).await);
        })
        .await;
    }

    #[tokio::test]
    async fn a_token_from_further_back_ends_the_session() {
        test(|server| async move {
            let first = server.admin().await.tokens.refresh_token;
            let second = refresh(&server, &first).await.unwrap().refresh_token;
            let third = refresh(&server, &second).await.unwrap();
            assert!(refresh(&server, &first).await.is_err());
            assert!(refresh(&server, &third.refresh_token).await.is_err());
            assert!(!is_good(&server, &third.access_token).await);
        })
        .await;
    }

    /// The id of a session stands in its access tokens; it must not be enough to end it.
    #[tokio::test]
    async fn a_made_up_token_ends_nothing() {
        test(|server| async move {
            let tokens = server.admin().await.tokens;
            let mut bytes = URL_SAFE_NO_PAD.decode(&tokens.refresh_token).unwrap();
            for byte in &mut bytes[16..] {
                *byte ^= 0x55;
            }
            let made_up = URL_SAFE_NO_PAD.encode(&bytes);
            assert_eq!(refresh(&server, &made_up).await.unwrap_err().code(), Code::Unauthenticated);
            assert!(is_good(&server, &tokens.access_token).await);
            assert!(refresh(&server, &tokens.refresh_token).await.is_ok());
        })
        .await;
    }

    #[tokio::test]
    async fn an_unused_session_ends() {
        test(|server| async move {
            let first = server.admin().await.tokens.refresh_token;
            server.sleep(Duration::from_secs(31 * 86_400));
            assert!(refresh(&server, &first).await.is_err());
        })
        .await;
    }

    #[tokio::test]
    async fn refreshing_at_once_gives_everybody_the_same_token() {
        test(|server| async move {
            let first = server.admin().await.tokens.refresh_token;
            let tries = (0..8).map(|_| refresh(&server, &first));
            let answers = futures::future::join_all(tries).await;
            let tokens: std::collections::HashSet<_> =
                answers.into_iter().map(|answer| answer.unwrap().refresh_token).collect();
            assert_eq!(tokens.len(), 1);
        })
        .await;
    }
}

mod logout {
    use super::*;

    #[tokio::test]
    async fn the_session_ends_at_once_and_others_go_on() {
        test(|server| async move {
            let ann = server.admin().await;
            let other = server.login("admin@example.org").await;
            ann.auth().logout(LogoutRequest {}).await.unwrap();
            assert!(!is_good(&server, &ann.tokens.access_token).await);
            assert!(refresh(&server, &ann.tokens.refresh_token).await.is_err());
            assert!(is_good(&server, &other.tokens.access_token).await);
        })
        .await;
    }
}

mod access_tokens {
    use super::*;

    #[tokio::test]
    async fn they_end_after_15_minutes() {
        test(|server| async move {
            let token = server.admin().await.tokens.access_token;
            server.sleep(Duration::from_secs(14 * 60));
            assert!(is_good(&server, &token).await);
            server.sleep(Duration::from_secs(61));
            assert!(!is_good(&server, &token).await);
        })
        .await;
    }

    #[tokio::test]
    async fn anything_else_in_the_header_is_refused() {
        test(|server| async move {
            for token in ["", "x", "a.b.c", "ey.ey.ey"] {
                let answer = server.bearer(Some(token)).users().get_me(GetMeRequest {}).await;
                expect_reason(answer, Code::Unauthenticated, "CREDENTIAL_INVALID");
            }
            let answer = server.anonymous().users().get_me(GetMeRequest {}).await;
            expect_reason(answer, Code::Unauthenticated, "CREDENTIAL_MISSING");
        })
        .await;
    }
}
