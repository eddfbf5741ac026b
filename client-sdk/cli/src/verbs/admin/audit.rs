//! Reading the audit log.

use albumen_client::Client;
use albumen_client::v1::{AuditEventKind, ListAuditEventsRequest};
use futures::{StreamExt as _, TryStreamExt as _};

use crate::context::Context;
use crate::failure::Result;
use crate::table::Table;
use crate::words::word;
use crate::{names, times};

const PREFIX: &str = "AUDIT_EVENT_KIND_";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only what this user did, by e-mail, name or id
    #[arg(long)]
    user: Option<String>,
    /// Only entries of this kind, as in signed-in or link-created
    #[arg(long, value_parser = kind)]
    kind: Option<AuditEventKind>,
    /// How many at most
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

fn kind(text: &str) -> Result<AuditEventKind, String> {
    let name = format!("{PREFIX}{}", text.to_uppercase().replace(['-', ' '], "_"));
    let kind = AuditEventKind::from_str_name(&name);
    kind.ok_or_else(|| "there is no such kind; they are what the list shows".to_owned())
}

pub(super) async fn run(context: &Context, client: &Client, args: Args) -> Result<()> {
    let kind = args.kind.unwrap_or(AuditEventKind::Unspecified);
    let mut request = ListAuditEventsRequest { kind: kind.into(), ..Default::default() };
    if let Some(user) = args.user {
        request.actor_id = names::user(client, &user, true).await?.id;
    }
    let events = client.list_audit_events(request).take(args.limit);
    let events: Vec<_> = events.try_collect().await?;
    context.output.list("auditEvents", &events, || {
        Table::of(["when", "what", "by", "to", "from"], &events, |event| {
            [
                times::format(event.create_time),
                word(event.kind().as_str_name(), PREFIX).replace(' ', "-"),
                event.actor_id.clone(),
                event.subject_id.clone(),
                event.network.clone(),
            ]
        })
    })
}
