//! The keys that sign access tokens: published, replaced, and forgotten.

use std::time::Duration;

use albumen::v1::*;
use albumen_server::entity::signing_key;
use albumen_server::id::SigningKeyId;
use albumen_server::installation;
use albumen_server::time::Micros;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Request;
use ring::signature::{ED25519, UnparsedPublicKey};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _};
use serde_json::Value;
use tonic::Code;

use crate::support::{Person, TestServer, expect_reason, test};

const ADDRESS: &str = "/.well-known/jwks.json";
const ANN: &str = "ann@example.org";
/// From when on a new key signs.
const PUBLICATION: Duration = Duration::from_secs(120);
/// How often a server looks for new keys, at most.
const INTERVAL: Duration = Duration::from_secs(20);
const DAY: Duration = Duration::from_secs(86_400);

async fn rotate(server: &TestServer) -> SigningKeyId {
    installation::rotate_keys(&server.app).await.unwrap()
}

async fn public_keys(server: &TestServer) -> Vec<Value> {
    let (status, _, body) = server.anonymous().get(ADDRESS, &[]).await;
    assert_eq!(status.as_u16(), 200);
    let mut set: Value = serde_json::from_slice(&body).unwrap();
    set["keys"].as_array_mut().unwrap().drain(..).collect()
}

async fn public_ids(server: &TestServer) -> Vec<String> {
    let keys = public_keys(server).await;
    keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// The id of the key that signed an access token.
fn key_of(tokens: &SessionTokens) -> String {
    let head = tokens.access_token.split('.').next().unwrap();
    let head: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).unwrap()).unwrap();
    assert_eq!(head["alg"], "EdDSA");
    head["kid"].as_str().unwrap().to_owned()
}

/// Whether a server takes somebody's token, which may be another server's.
async fn takes(server: &TestServer, who: &Person) -> bool {
    let caller = server.bearer(Some(&who.tokens.access_token));
    match caller.users().get_me(GetMeRequest {}).await {
        Ok(_) => true,
        refused => {
            expect_reason(refused, Code::Unauthenticated, "CREDENTIAL_INVALID");
            false
        }
    }
}

/// A key that signs as soon as a server looks: the only one that was made long enough ago.
async fn old_key(server: &TestServer) -> SigningKeyId {
    let id = rotate(server).await;
    let time = Micros(server.now_us()).before(DAY);
    let change = signing_key::Entity::update_many()
        .col_expr(signing_key::Column::CreateTime, Expr::value(time.0))
        .filter(signing_key::Column::Id.eq(id));
    let change = server.app.transact(move |transaction| async move {
        change.exec(&*transaction).await?;
        Ok(())
    });
    change.await.unwrap();
    id
}

mod public_keys {
    use super::*;

    #[tokio::test]
    async fn verify_the_tokens_of_the_server() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let keys = public_keys(&server).await;
            assert_eq!(keys.len(), 1);
            for (field, value) in
                [("kty", "OKP"), ("crv", "Ed25519"), ("alg", "EdDSA"), ("use", "sig")]
            {
                assert_eq!(keys[0][field], value);
            }
            assert_eq!(keys[0].as_object().unwrap().len(), 6, "nothing secret: {keys:?}");
            assert_eq!(keys[0]["kid"], key_of(&ann.tokens));
            let key = URL_SAFE_NO_PAD.decode(keys[0]["x"].as_str().unwrap()).unwrap();
            let (signed, signature) = ann.tokens.access_token.rsplit_once('.').unwrap();
            let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
            let key = UnparsedPublicKey::new(&ED25519, key);
            key.verify(signed.as_bytes(), &signature).unwrap();
        })
        .await;
    }

    #[tokio::test]
    async fn are_for_everybody_and_kept_for_a_minute() {
        test(|server| async move {
            let (_, _, body) = server.anonymous().get(ADDRESS, &[]).await;
            for (request, length) in
                [(Request::get(ADDRESS), body.len()), (Request::head(ADDRESS), 0)]
            {
                // Whatever credential comes along does not matter.
                let (status, headers, body) = server.bearer(Some("x")).http(request).await;
                assert_eq!((status.as_u16(), body.unwrap().len()), (200, length));
                assert_eq!(headers["content-type"], "application/jwk-set+json");
                assert_eq!(headers["cache-control"], "public, max-age=60");
            }
            let (status, ..) = server.anonymous().http(Request::post(ADDRESS)).await;
            assert_eq!(status.as_u16(), 405);
        })
        .await;
    }
}

mod rotation {
    use super::*;

    #[tokio::test]
    async fn a_new_key_is_published_before_it_signs_and_signs_nobody_out() {
        test(|server| async move {
            let before = server.user("ann").await;
            let (old, new) = (key_of(&before.tokens), rotate(&server).await.to_string());
            server.sleep(INTERVAL);
            assert_eq!(public_ids(&server).await, [old.clone(), new.clone()]);
            let meanwhile = server.login(ANN).await;
            assert_eq!(key_of(&meanwhile.tokens), old);
            server.sleep(PUBLICATION - INTERVAL);
            let after = server.login(ANN).await;
            assert_eq!(key_of(&after.tokens), new);
            for who in [&before, &meanwhile, &after] {
                assert!(takes(&server, who).await);
            }
            let request = RefreshSessionRequest {
                refresh_token: before.tokens.refresh_token.clone(),
                ..RefreshSessionRequest::default()
            };
            let renewed = server.anonymous().auth().refresh_session(request).await.unwrap();
            let tokens = renewed.into_inner().tokens.unwrap();
            assert_eq!(key_of(&tokens), new);
        })
        .await;
    }

    #[tokio::test]
    async fn other_servers_take_up_a_new_key_while_they_run() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let (signs, reads) = (server.beside().await, server.beside().await);
            let new = rotate(&server).await.to_string();
            server.sleep(PUBLICATION);
            let after = signs.login(ANN).await;
            assert_eq!(key_of(&after.tokens), new);
            assert_ne!(key_of(&ann.tokens), new);
            // By its token, without having looked before.
            assert!(takes(&reads, &after).await);
            for other in [&signs, &reads] {
                assert!(takes(other, &ann).await);
                other.leave().await;
            }
        })
        .await;
    }

    #[tokio::test]
    async fn tokens_with_made_up_keys_make_a_server_look_once_in_a_while_only() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let reads = server.beside().await;
            server.sleep(INTERVAL);
            // {"alg":"EdDSA","kid":"00000000-0000-0000-0000-000000000000"}
            let head =
                "eyJhbGciOiJFZERTQSIsImtpZCI6IjAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDAwMCJ9";
            let (_, rest) = ann.tokens.access_token.split_once('.').unwrap();
            let made_up = reads.bearer(Some(&format!("{head}.{rest}")));
            let refused = made_up.users().get_me(GetMeRequest {}).await;
            expect_reason(refused, Code::Unauthenticated, "CREDENTIAL_INVALID");
            let id = old_key(&server).await;
            let after = server.login(ANN).await;
            assert_eq!(key_of(&after.tokens), id.to_string());
            assert!(!takes(&reads, &after).await, "it has just looked");
            server.sleep(INTERVAL);
            assert!(takes(&reads, &after).await);
            reads.leave().await;
        })
        .await;
    }

    #[tokio::test]
    async fn an_old_key_reads_until_its_last_token_is_dead_and_is_then_forgotten() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Trip", &[]).await;
            let link = ann.link(&album, SharedLink::default()).await;
            let (old, new) = (key_of(&ann.tokens), rotate(&server).await.to_string());
            server.sleep(PUBLICATION - Duration::from_secs(1));
            let last = server.guest(&link, "").await;
            let album = GetAlbumRequest { album_id: album.id };
            server.sleep(server.app.config.link_session_ttl - Duration::from_secs(1));
            last.albums().get_album(album.clone()).await.unwrap();
            assert_eq!(public_ids(&server).await, [old.clone(), new.clone()]);
            server.sleep(Duration::from_secs(302));
            let refused = last.albums().get_album(album).await;
            expect_reason(refused, Code::Unauthenticated, "CREDENTIAL_INVALID");
            assert_eq!(public_ids(&server).await, std::slice::from_ref(&new));
            let count = async || {
                let keys = signing_key::Entity::find();
                keys.count(server.app.database.reader()).await.unwrap()
            };
            server.sleep(DAY);
            server.run_jobs().await;
            assert_eq!(count().await, 1);
            // The only key stays, however old it is.
            server.sleep(DAY);
            server.run_jobs().await;
            assert_eq!(count().await, 1);
            assert_eq!(key_of(&server.login(ANN).await.tokens), new);
        })
        .await;
    }

    #[tokio::test]
    async fn is_in_the_audit_log() {
        test(|server| async move {
            let admin = server.admin().await;
            let id = rotate(&server).await;
            let request = ListAuditEventsRequest {
                kind: AuditEventKind::SigningKeyCreated.into(),
                ..ListAuditEventsRequest::default()
            };
            let events = admin.audit().list_audit_events(request).await.unwrap().into_inner();
            assert_eq!(events.audit_events.len(), 1);
            assert_eq!(events.audit_events[0].subject_id, id.to_string());
            assert_eq!(events.audit_events[0].actor_id, "");
        })
        .await;
    }
}
