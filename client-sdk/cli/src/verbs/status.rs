//! `albumen status`

use albumen_client::retry;
use albumen_client::v1::{GetMeRequest, GetServerInfoRequest, GetUsageRequest};
use serde_json::json;

use crate::context::Context;
use crate::failure::Result;
use crate::table::Table;
use crate::{bytes_text, json};

/// Show where and as whom you are signed in, and how much you store
#[derive(Debug, clap::Args)]
#[command(visible_alias = "whoami", after_help = "\
Examples:
  albumen status
  albumen status --json | jq -r .user.email")]
pub(crate) struct Args {}

pub(crate) async fn run(context: &Context, _args: Args) -> Result<()> {
    let (client, url) = context.client().await?;
    let user = retry(|| async { client.users().get_me(GetMeRequest {}).await }).await?;
    let usage = retry(|| async { client.users().get_usage(GetUsageRequest {}).await }).await?;
    let info = || async { client.server().get_server_info(GetServerInfoRequest {}).await };
    let info = retry(info).await?;
    let value = json!({
        "url": url,
        "serverVersion": info.version,
        "user": json::value(&user)?,
        "usage": json::value(&usage)?,
    });
    context.output.value(&value, || {
        let quota = usage.quota_bytes.map(|quota| format!(" of {}", bytes_text::format_signed(quota)));
        let credential = if context.api_key().is_some() { "API key" } else { "session" };
        let facts = [
            ("server", format!("{url}, version {}", info.version)),
            ("user", format!("{} <{}>", user.display_name, user.email)),
            ("id", user.id.clone()),
            ("administrator", if user.is_admin() { "yes" } else { "" }.to_owned()),
            ("by", credential.to_owned()),
            ("photos", usage.asset_count.to_string()),
            ("stored", bytes_text::format_signed(usage.used_bytes) + &quota.unwrap_or_default()),
        ];
        Table::facts(facts).to_string()
    })
}
