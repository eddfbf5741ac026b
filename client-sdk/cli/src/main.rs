//! The `albumen` command.

mod bytes_text;
mod call;
mod causes;
mod confirm;
mod context;
mod failure;
mod folders;
mod following;
mod hints;
mod interrupt;
mod json;
mod names;
mod output;
mod progress;
mod secret;
mod table;
mod times;
mod verbs;
mod words;

use std::process::ExitCode;

use call::Call;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _, Parser};
use context::{Context, Globals};
use failure::Failure;
use output::Output;
use verbs::Verb;

const ABOUT: &str = "Albumen on the command line: upload photos, share albums, export them";

const AFTER_HELP: &str = "\
First steps:
  albumen login https://photos.example.org      sign in; it asks for e-mail and password
  albumen upload ~/Pictures/Summer --album Summer
                                                upload a folder into an album
  albumen albums share Summer bob@example.org   share it with somebody who has an account
  albumen links create Summer --qr              share it with anybody, by a link
  albumen export Summer --to ~/Downloads        get it as zip archives

`albumen help VERB` shows more of each, with examples.

Environment:
  ALBUMEN_URL       the server, as --url
  ALBUMEN_API_KEY   an API key, as --api-key, in place of signing in
  XDG_CONFIG_HOME   where the session is kept, in albumen/session.json (default: ~/.config)
  XDG_STATE_HOME    where unfinished uploads are noted, in albumen/ (default: ~/.local/state)

Exit codes:
  0    done, or nothing had to be done
  1    failed
  2    the command line makes no sense, a name fits several, or the server refuses a value
  3    not signed in, or not allowed
  4    not found
  5    done in part: some of what was to be done failed
  6    nothing was changed: folder-albums has something to do, and nobody to ask
  130  interrupted; the same command again goes on where it was";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = "albumen", version, about = ABOUT, after_help = AFTER_HELP, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    verb: Verb,
}

fn main() -> ExitCode {
    let read = read().and_then(|arguments| Ok((Cli::from_arg_matches(&arguments)?, arguments)));
    let (cli, arguments) = match read {
        Ok(read) => read,
        Err(error) => return misread(&error),
    };
    let context = Context::new(cli.globals);
    let done = match tokio::runtime::Runtime::new() {
        Ok(runtime) => {
            let done = runtime.block_on(cli.verb.run(&context));
            // A file that is being read holds nobody up.
            runtime.shutdown_background();
            done
        }
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let mut call = Call::of(&command(), &arguments);
            context.describe(&mut call);
            context.output.complain_about(&call, &failure);
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Reads the command line. `help --help` is `help`, which clap knows no options of.
fn read() -> Result<ArgMatches, clap::Error> {
    let arguments: Vec<_> = std::env::args_os().collect();
    let error = match command().try_get_matches_from(&arguments) {
        Err(error) if error.kind() == ErrorKind::InvalidSubcommand => error,
        read => return read,
    };
    let is_help = |word: &str| matches!(word, "--help" | "-h");
    match error.get(ContextKind::InvalidSubcommand) {
        Some(ContextValue::String(word)) if is_help(word) => {
            let others = arguments.iter().filter(|word| !word.to_str().is_some_and(is_help));
            command().try_get_matches_from(others)
        }
        _ => Err(error),
    }
}

/// Shows help, or says what is wrong with the command line.
fn misread(error: &clap::Error) -> ExitCode {
    if error.use_stderr() && std::env::args_os().any(|argument| argument == "--json") {
        Output { json: true, quiet: false }.complain(&in_one_sentence(&error.to_string()));
    } else {
        // Nobody is left to be told that nobody reads this.
        drop(error.print());
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// What is wrong with the command line, out of all that clap says to people.
fn in_one_sentence(text: &str) -> Failure {
    let mut paragraphs = text.split("\n\n").map(str::trim);
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let message = paragraphs.next().unwrap_or_default();
    let message = words(message.strip_prefix("error: ").unwrap_or(message));
    let hint = paragraphs.find_map(|text| text.strip_prefix("tip: ")).map(words);
    Failure::Misread { message, hint }
}

/// The command line as clap knows it, for completion.
fn command() -> clap::Command {
    Cli::command()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn every_verb_has_examples() {
        for verb in command().get_subcommands() {
            let name = verb.get_name();
            let help = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains(&format!("albumen {name}")), "{name}: {help}");
            assert!(verb.get_about().is_some(), "{name}");
        }
    }
}
