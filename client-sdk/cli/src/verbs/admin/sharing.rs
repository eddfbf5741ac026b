//! What administrators see and allow of shared links.

use albumen_client::v1::{
    GetSharingPolicyRequest, ListAllSharedLinksRequest, SharingPolicy, UpdateSharingPolicyRequest,
};
use albumen_client::{Client, retry};
use futures::TryStreamExt as _;
use prost_types::{Duration, FieldMask, Timestamp};

use crate::context::Context;
use crate::failure::Result;
use crate::table::Table;
use crate::words::{whole, word};
use crate::{names, times};

#[derive(Debug, clap::Args)]
pub(super) struct LinksArgs {
    /// Only those that this user made, by e-mail, name or id
    #[arg(long)]
    user: Option<String>,
    /// Only those that the policy would not allow now
    #[arg(long)]
    violating: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct PolicyArgs {
    /// Whether people may make links
    #[arg(long, value_name = "true|false", hide_possible_values = true)]
    links: Option<bool>,
    /// Whether links must have a password
    #[arg(long, value_name = "true|false", hide_possible_values = true)]
    require_password: Option<bool>,
    /// How long links may live, as in 12h or 90d, or none
    #[arg(long, value_name = "TIME", value_parser = lifetime)]
    max_lifetime: Option<Lifetime>,
}

/// How long links may live; as long as they like if there is no time.
#[derive(Debug, Clone, Copy)]
struct Lifetime(Option<Duration>);

fn lifetime(text: &str) -> Result<Lifetime, String> {
    if text == "none" {
        return Ok(Lifetime(None));
    }
    let seconds = times::span(text)
        .ok_or_else(|| format!("{text:?} is no time: it must be like 12h, 90d or none"))?;
    Ok(Lifetime(Some(Duration { seconds, nanos: 0 })))
}

pub(super) async fn links(context: &Context, client: &Client, args: LinksArgs) -> Result<()> {
    let only_violating = args.violating;
    let mut request = ListAllSharedLinksRequest { only_violating, ..Default::default() };
    if let Some(user) = args.user {
        request.creator_id = names::user(client, &user, true).await?.id;
    }
    let links: Vec<_> = client.list_all_shared_links(request).try_collect().await?;
    context.output.list("sharedLinks", &links, || {
        Table::of(["id", "by", "shows", "state", "until", "made"], &links, |link| {
            [
                link.id.clone(),
                link.creator_id.clone(),
                word(link.kind().as_str_name(), "SHARED_LINK_KIND_"),
                word(link.state().as_str_name(), "SHARED_LINK_STATE_"),
                time(link.expire_time),
                time(link.create_time),
            ]
        })
    })
}

fn time(time: Option<Timestamp>) -> String {
    times::format(time)
}

pub(super) async fn policy(context: &Context, client: &Client, args: PolicyArgs) -> Result<()> {
    let named = [
        ("allow_links", args.links.is_some()),
        ("require_link_password", args.require_password.is_some()),
        ("max_link_lifetime", args.max_lifetime.is_some()),
    ];
    let named = named.into_iter().filter(|(_, is_named)| *is_named);
    let paths: Vec<_> = named.map(|(path, _)| path.to_owned()).collect();
    let policy = if paths.is_empty() {
        let get = || async {
            client.shared_links().get_sharing_policy(GetSharingPolicyRequest {}).await
        };
        retry(get).await?
    } else {
        let request = UpdateSharingPolicyRequest {
            sharing_policy: Some(SharingPolicy {
                allow_links: args.links,
                require_link_password: args.require_password,
                max_link_lifetime: args.max_lifetime.and_then(|Lifetime(time)| time),
            }),
            update_mask: Some(FieldMask { paths }),
        };
        let update =
            || async { client.shared_links().update_sharing_policy(request.clone()).await };
        retry(update).await?
    };
    context.output.message(&policy, || {
        let yes = |is_so: bool| if is_so { "yes" } else { "no" }.to_owned();
        let lifetime = policy.max_link_lifetime.map(|time| whole(time.seconds / 3600, "hour"));
        Table::facts([
            ("links may be made", yes(policy.allow_links())),
            ("they need a password", yes(policy.require_link_password())),
            ("they live at most", lifetime.unwrap_or_else(|| "as long as they like".to_owned())),
        ])
        .to_string()
    })
}
