//! `albumen completion`

use clap_complete::Shell;

use crate::context::Context;
use crate::failure::{Failure, Result};

/// Print a script that completes this command in a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  albumen completion bash > ~/.local/share/bash-completion/completions/albumen
  albumen completion zsh > ~/.zfunc/_albumen
  albumen completion fish > ~/.config/fish/completions/albumen.fish

The script for zsh belongs into a folder of $fpath.")]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut crate::command(), "albumen", &mut script);
    let script = String::from_utf8(script).map_err(|error| Failure::Other(error.to_string()))?;
    context.output.text(&script)
}
