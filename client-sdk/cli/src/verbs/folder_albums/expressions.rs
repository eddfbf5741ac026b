//! `-R`, which takes any number of values each time.

use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches};

/// Each a pattern, perhaps its replacement, and what is ignored.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct NameExpressions(pub(super) Vec<Vec<String>>);

impl FromArgMatches for NameExpressions {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = matches.get_occurrences::<String>("album_name_post_regex");
        Ok(Self(given.into_iter().flatten().map(|values| values.cloned().collect()).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl clap::Args for NameExpressions {
    fn augment_args(command: Command) -> Command {
        let help = "Replace what matches in names, by nothing if there is no replacement (\\1, \
                    \\g<name>); may be repeated. What follows belongs to it up to the next option";
        command.arg(
            Arg::new("album_name_post_regex")
                .short('R')
                .long("album-name-post-regex")
                .value_names(["PATTERN", "REPL"])
                .num_args(1..)
                .action(ArgAction::Append)
                .help_heading("Which albums")
                .help(help),
        )
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}
