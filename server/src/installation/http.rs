//! The public keys of access tokens, for whoever wants to verify one.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde::Serialize;

use crate::access;
use crate::app::App;
use crate::error::{Error, Result, log};

/// Shorter than a new key is published before it signs.
const CACHED: &str = "public, max-age=60";

/// The routes. They are for everybody.
pub fn routes() -> Router<App> {
    Router::new().route("/.well-known/jwks.json", get(public_keys))
}

/// A set of keys in the form of RFC 7517.
#[derive(Serialize)]
struct KeySet {
    keys: Vec<Key>,
}

/// A key in the form of RFC 8037.
#[derive(Serialize)]
struct Key {
    kty: &'static str,
    crv: &'static str,
    x: String,
    kid: String,
    alg: &'static str,
    #[serde(rename = "use")]
    purpose: &'static str,
}

async fn public_keys(State(app): State<App>) -> Response {
    match key_set(&app).await {
        Ok(json) => {
            let headers = [(CONTENT_TYPE, "application/jwk-set+json"), (CACHE_CONTROL, CACHED)];
            (headers, json).into_response()
        }
        Err(error) => {
            log(&error);
            error.to_http().into_response()
        }
    }
}

async fn key_set(app: &App) -> Result<String> {
    let tokens = access::tokens(app).await?;
    let keys = tokens.public_keys(app.now()).map(|(id, public)| Key {
        kty: "OKP",
        crv: "Ed25519",
        x: URL_SAFE_NO_PAD.encode(public),
        kid: id.to_string(),
        alg: "EdDSA",
        purpose: "sig",
    });
    serde_json::to_string(&KeySet { keys: keys.collect() }).map_err(Error::internal)
}
