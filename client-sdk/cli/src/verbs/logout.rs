//! `albumen logout`

use albumen_client::Code;
use serde_json::json;

use crate::context::Context;
use crate::failure::{Failure, Result};

/// Sign out on this device
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  albumen logout
  albumen logout --forget     when the server is gone

The session ends on the server, and its file is removed.")]
pub(crate) struct Args {
    /// Only remove the file, without telling the server
    #[arg(long)]
    forget: bool,
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<()> {
    let file = context.session_file()?;
    let saved = file.load()?;
    if let Some(saved) = &saved {
        context.check_server(saved)?;
    }
    if let Some(saved) = saved.filter(|_| !args.forget) {
        let client = context.with_session(file.clone(), saved).await.map_err(with_hint)?;
        match client.logout().await {
            // It has ended already.
            Err(error) if error.code() == Some(Code::Unauthenticated) => {}
            ended => ended?,
        }
    }
    file.remove().await?;
    context.output.did_value(&json!({}), || "signed out".to_owned())
}

fn with_hint(failure: Failure) -> Failure {
    Failure::Other(format!("{failure}; `albumen logout --forget` signs out on this side alone"))
}
