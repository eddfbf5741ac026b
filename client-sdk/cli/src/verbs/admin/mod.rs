//! `albumen admin`

mod audit;
mod jobs;
mod sharing;
mod users;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::Result;

/// Manage users, jobs and sharing, and read the audit log; for administrators
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Users can be named by name, e-mail or id.

Examples:
  albumen admin users list
  albumen admin users create bob@example.org --name Bob --quota 50G
  albumen admin users quota bob@example.org none
  albumen admin users reset-password bob@example.org
  albumen admin jobs list --state parked
  albumen admin audit --user bob@example.org --limit 20
  albumen admin policy --require-password true --max-lifetime 90d")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Manage users
    #[command(subcommand)]
    Users(users::Verb),
    /// Look after what the server does in the background
    #[command(subcommand)]
    Jobs(jobs::Verb),
    /// Read the audit log, latest first
    Audit(audit::Args),
    /// List the links of all users, without what opens them
    Links(sharing::LinksArgs),
    /// Show or change what is allowed of shared links
    Policy(sharing::PolicyArgs),
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<()> {
    let (client, _) = context.client().await?;
    match args.verb {
        Verb::Users(verb) => Box::pin(users::run(context, &client, verb)).await,
        Verb::Jobs(verb) => jobs::run(context, &client, verb).await,
        Verb::Audit(args) => audit::run(context, &client, args).await,
        Verb::Links(args) => sharing::links(context, &client, args).await,
        Verb::Policy(args) => sharing::policy(context, &client, args).await,
    }
}
