//! What is printed: results on standard output, everything else on standard error.

use std::io::{self, ErrorKind, IsTerminal as _, Write as _};

use prost::Name;
use serde_json::{Value, json};

use crate::call::Call;
use crate::failure::{Failure, Result};
use crate::json;
use crate::table::Table;

/// How to print.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// Whether results and errors are JSON.
    pub(crate) json: bool,
    /// Whether there are results and complaints alone: no progress, no notes, nothing about what
    /// went well.
    pub(crate) quiet: bool,
}

impl Output {
    /// Whether somebody watches the progress.
    pub(crate) fn is_watched(self) -> bool {
        !self.json && !self.quiet && io::stderr().is_terminal()
    }

    /// Prints a message of the API, or for people what `text` says of it.
    pub(crate) fn message<M: Name>(self, message: &M, text: impl FnOnce() -> String) -> Result<()> {
        if self.json { self.json(&json::value(message)?) } else { self.text(&text()) }
    }

    /// Prints a list as `{"NAME": [...]}`, or for people as a table.
    pub(crate) fn list<M: Name>(
        self,
        name: &str,
        items: &[M],
        table: impl FnOnce() -> Table,
    ) -> Result<()> {
        if self.json {
            return self.json(&json!({ name: json::values(items)? }));
        }
        if items.is_empty() {
            self.note("nothing there");
            return Ok(());
        }
        self.text(&table().to_string())
    }

    /// Prints what is no message of the API.
    pub(crate) fn value(self, value: &Value, text: impl FnOnce() -> String) -> Result<()> {
        if self.json { self.json(value) } else { self.text(&text()) }
    }

    /// Prints a message of the API, or for people what was done, unless they want to hear nothing.
    pub(crate) fn did<M: Name>(self, message: &M, text: impl FnOnce() -> String) -> Result<()> {
        if self.json { self.json(&json::value(message)?) } else { self.done(&text()) }
    }

    /// The same of what is no message of the API.
    pub(crate) fn did_value(self, value: &Value, text: impl FnOnce() -> String) -> Result<()> {
        if self.json { self.json(value) } else { self.done(&text()) }
    }

    /// Prints for people what was done, unless they want to hear nothing.
    pub(crate) fn done(self, text: &str) -> Result<()> {
        if self.quiet { Ok(()) } else { self.text(text) }
    }

    /// Prints one document.
    pub(crate) fn json(self, value: &Value) -> Result<()> {
        self.text(&format!("{value:#}"))
    }

    /// Prints one document on one line, of many that follow each other.
    pub(crate) fn json_line(self, value: &Value) -> Result<()> {
        self.text(&value.to_string())
    }

    /// Prints lines on standard output; nothing if there are none.
    pub(crate) fn text(self, text: &str) -> Result<()> {
        let text = text.trim_end_matches('\n');
        if text.is_empty() {
            return Ok(());
        }
        match writeln!(io::stdout().lock(), "{text}") {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Failure::Closed),
            written => Ok(written?),
        }
    }

    /// Says something that is no result.
    pub(crate) fn note(self, text: &str) {
        if !self.quiet && !self.json {
            say(text);
        }
    }

    /// Says what went wrong with one of many; JSON has it among the results.
    pub(crate) fn problem(self, text: &str) {
        if !self.json {
            say(text);
        }
    }

    /// Says something that must not be missed.
    pub(crate) fn warn(self, text: &str) {
        if self.json {
            say(&json!({ "warning": text }).to_string());
        } else {
            say(&format!("warning: {text}"));
        }
    }

    /// Says what went wrong.
    pub(crate) fn complain(self, failure: &Failure) {
        self.complain_about(&Call::default(), failure);
    }

    /// Says what went wrong with a call, in its words.
    pub(crate) fn complain_about(self, call: &Call, failure: &Failure) {
        if matches!(failure, Failure::Closed | Failure::Told(_)) {
            return;
        }
        say(&if self.json { failure.to_json(call).to_string() } else { failure.to_text(call) });
    }
}

fn say(text: &str) {
    // Nobody is left to be told that nobody reads this.
    drop(writeln!(io::stderr(), "{text}"));
}
