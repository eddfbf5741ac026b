//! What is said during a run, by `--log-level`.

use serde_json::Value;

use crate::call::Call;
use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::times;

/// How much is said; each level has those before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
}

/// What is said, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Log {
    pub(crate) output: Output,
    level: Level,
    /// Whether each line has its time, as befits what runs for months.
    has_times: bool,
}

impl Log {
    pub(crate) fn new(output: Output, level: Level) -> Self {
        Self { output, level, has_times: false }
    }

    pub(crate) fn with_times(self) -> Self {
        Self { has_times: true, ..self }
    }

    /// Whether results are printed for people.
    pub(crate) fn is_verbose(self) -> bool {
        self.level >= Level::Info
    }

    pub(crate) fn debug(self, text: &str) {
        if self.level >= Level::Debug {
            self.output.note(&self.line(text));
        }
    }

    pub(crate) fn info(self, text: &str) {
        if self.level >= Level::Info {
            self.output.note(&self.line(text));
        }
    }

    pub(crate) fn warn(self, text: &str) {
        if self.level >= Level::Warn {
            self.output.warn(&self.line(text));
        }
    }

    /// Prints one document; on one line if more will follow.
    pub(crate) fn document(self, value: &Value) -> Result<()> {
        if self.has_times { self.output.json_line(value) } else { self.output.json(value) }
    }

    pub(crate) fn error(self, call: &Call, failure: &Failure) {
        if self.has_times && !self.output.json {
            self.output.note(&self.line("the run failed:"));
        }
        self.output.complain_about(call, failure);
    }

    fn line(self, text: &str) -> String {
        if !self.has_times || self.output.json {
            return text.to_owned();
        }
        format!("{}  {text}", times::format(Some(std::time::SystemTime::now().into())))
    }
}
