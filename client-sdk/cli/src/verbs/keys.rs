//! `albumen keys`

use albumen_client::v1::{
    ApiKey, CreateApiKeyRequest, DeleteApiKeyRequest, GetServerInfoRequest, ListApiKeysRequest,
};
use albumen_client::retry;
use clap::Subcommand;
use futures::TryStreamExt as _;
use prost_types::Timestamp;
use serde_json::json;

use crate::context::Context;
use crate::failure::Result;
use crate::table::Table;
use crate::times;

/// Make and delete API keys, for scripts
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  albumen keys create backup --scope asset.read --scope export.read --scope export.write
  albumen keys create uploads --scope asset.read --scope asset.write --expires 52w
  albumen keys list

A script then needs two variables and does not sign in:
  ALBUMEN_URL=https://photos.example.org ALBUMEN_API_KEY=… albumen upload ~/Camera")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List your keys, without their secrets
    List,
    /// Make a key and print its secret, which is shown this once
    Create {
        /// What you call it
        name: String,
        /// What it is good for; can be repeated. `albumen keys scopes` lists them
        #[arg(long, required = true)]
        scope: Vec<String>,
        /// When it ends: 12h, 30d, 52w from now, a date, "2026-12-31 18:00" [default: never]
        #[arg(long, value_name = "WHEN", value_parser = times::parse)]
        expires: Option<Timestamp>,
    },
    /// Delete a key: nobody gets in with it any more
    Delete {
        /// The key's id, as `albumen keys list` shows it
        id: String,
    },
    /// List what keys can be good for
    Scopes,
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<()> {
    let (client, _) = context.client().await?;
    match args.verb {
        Verb::List => {
            let keys = client.list_api_keys(ListApiKeysRequest::default());
            let keys: Vec<_> = keys.try_collect().await?;
            context.output.list("apiKeys", &keys, || {
                Table::of(["id", "name", "scopes", "last used", "ends"], &keys, |key| {
                    let (used, ends) = (times::format(key.last_use_time), times::format(key.expire_time));
                    [key.id.clone(), key.display_name.clone(), key.scopes.join(" "), used, ends]
                })
            })
        }
        Verb::Create { name, scope, expires } => {
            let key = ApiKey {
                display_name: name,
                scopes: scope,
                expire_time: expires,
                ..ApiKey::default()
            };
            let request = CreateApiKeyRequest { api_key: Some(key) };
            let key = client.auth().create_api_key(request).await?.into_inner();
            context.output.note("this is shown once; keep it where only the script can read it:");
            context.output.message(&key, || key.secret.clone())
        }
        Verb::Delete { id } => {
            let request = DeleteApiKeyRequest { api_key_id: id };
            client.auth().delete_api_key(request).await?;
            context.output.did_value(&json!({}), || "deleted".to_owned())
        }
        Verb::Scopes => {
            let info = || async { client.server().get_server_info(GetServerInfoRequest {}).await };
            let scopes = retry(info).await?.api_key_scopes;
            context.output.value(&json!({ "scopes": scopes }), || scopes.join("\n"))
        }
    }
}
