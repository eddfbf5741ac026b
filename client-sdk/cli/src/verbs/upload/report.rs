//! What became of the files.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::bytes_text;
use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::table::printable;
use crate::words::count;

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It went to the server: so many bytes.
    Sent(u64),
    /// The server had it.
    Known,
    /// It would go to the server: so many bytes.
    WouldSend(u64),
    /// It was found in a folder, and is no photo or video of a kind that the server takes.
    Skipped(String),
    /// It should be on the server and is not.
    Failed { reason: Option<String>, message: String },
}

impl Outcome {
    fn name(&self) -> &'static str {
        match self {
            Self::Sent(_) => "SENT",
            Self::Known => "KNOWN",
            Self::WouldSend(_) => "WOULD_SEND",
            Self::Skipped(_) => "SKIPPED",
            Self::Failed { .. } => "FAILED",
        }
    }
}

/// A file, and what became of it.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) path: PathBuf,
    pub(super) outcome: Outcome,
    /// The asset that it is, or belongs to.
    pub(super) asset_id: Option<String>,
}

impl Sent {
    /// As `--json` shows it.
    pub(super) fn to_json(&self) -> Value {
        let mut value = json!({
            "path": self.path.display().to_string(),
            "outcome": self.outcome.name(),
            "assetId": self.asset_id.clone().unwrap_or_default(),
        });
        match &self.outcome {
            Outcome::Sent(bytes) | Outcome::WouldSend(bytes) => {
                value["bytes"] = json!(bytes);
            }
            Outcome::Known => {}
            Outcome::Skipped(message) => value["message"] = json!(message),
            Outcome::Failed { reason, message } => {
                value["message"] = json!(message);
                if let Some(reason) = reason {
                    value["reason"] = json!(reason);
                }
            }
        }
        value
    }

    /// As people read it.
    pub(super) fn to_text(&self) -> String {
        let path = printable(&self.path.display().to_string());
        match &self.outcome {
            Outcome::Sent(bytes) => format!("sent: {path} ({})", bytes_text::format(*bytes)),
            Outcome::Known => format!("there already: {path}"),
            Outcome::WouldSend(bytes) => {
                format!("would send: {path} ({})", bytes_text::format(*bytes))
            }
            Outcome::Skipped(message) => format!("skipped: {path}: {}", printable(message)),
            Outcome::Failed { message, .. } => format!("failed: {path}: {}", printable(message)),
        }
    }
}

/// An album that took files in.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// Empty where a dry run did not make it.
    pub(super) id: String,
    pub(super) name: String,
    pub(super) created: bool,
}

/// What came of a run.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) files: Vec<Sent>,
    pub(super) albums: Vec<Target>,
}

impl Report {
    fn number(&self, is_meant: impl Fn(&Outcome) -> bool) -> usize {
        self.files.iter().filter(|file| is_meant(&file.outcome)).count()
    }

    fn failed(&self) -> usize {
        self.number(|outcome| matches!(outcome, Outcome::Failed { .. }))
    }

    /// How many files the server had.
    pub(super) fn known(&self) -> usize {
        self.number(|outcome| matches!(outcome, Outcome::Known))
    }

    fn bytes(&self) -> u64 {
        let bytes = self.files.iter().map(|file| match file.outcome {
            Outcome::Sent(bytes) | Outcome::WouldSend(bytes) => bytes,
            _ => 0,
        });
        bytes.sum()
    }

    fn counts(&self) -> [(&'static str, &'static str, usize); 5] {
        [
            ("sent", "sent", self.number(|it| matches!(it, Outcome::Sent(_)))),
            ("wouldSend", "to send", self.number(|it| matches!(it, Outcome::WouldSend(_)))),
            ("known", "there already", self.known()),
            ("skipped", "skipped", self.number(|it| matches!(it, Outcome::Skipped(_)))),
            ("failed", "failed", self.failed()),
        ]
    }

    /// Prints it: what needs attention, and the sums.
    pub(super) fn print(&self, output: Output) -> Result<()> {
        let counts = self.counts();
        if output.json {
            let mut value = json!({
                "files": self.files.iter().map(Sent::to_json).collect::<Vec<_>>(),
                "albums": self.albums.iter().map(|album| {
                    json!({"id": album.id, "displayName": album.name, "created": album.created})
                }).collect::<Vec<_>>(),
                "counts": {"bytes": self.bytes()},
            });
            for (name, _, number) in counts {
                value["counts"][name] = json!(number);
            }
            return output.json(&value);
        }
        for file in &self.files {
            match file.outcome {
                Outcome::Failed { .. } => output.problem(&file.to_text()),
                Outcome::Skipped(_) => output.note(&file.to_text()),
                Outcome::WouldSend(_) => output.text(&file.to_text())?,
                _ => {}
            }
        }
        for album in self.albums.iter().filter(|album| album.created) {
            let name = printable(&album.name);
            match album.id.is_empty() {
                true => output.text(&format!("would make the album {name}"))?,
                false => output.done(&format!("made the album {name}"))?,
            }
        }
        let parts = counts.iter().filter(|(_, _, number)| *number > 0);
        let parts: Vec<_> = parts.map(|(_, what, number)| format!("{number} {what}")).collect();
        let files = count(self.files.len(), "file");
        let parts = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
        let bytes = match self.bytes() {
            0 => String::new(),
            bytes => format!(" ({})", bytes_text::format(bytes)),
        };
        output.done(&format!("{files}{parts}{bytes}"))
    }

    /// Fails if a file did.
    pub(super) fn result(&self) -> Result<()> {
        match self.failed() {
            0 => Ok(()),
            number => Err(Failure::Partial(format!("{} failed", count(number, "file")))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_fails_only_if_a_file_did() {
        let sent = |outcome| Sent { path: "a.jpg".into(), outcome, asset_id: None };
        let report = |outcome| Report { files: vec![sent(outcome)], albums: Vec::new() };
        assert!(report(Outcome::Known).result().is_ok());
        assert!(report(Outcome::Skipped("text".to_owned())).result().is_ok());
        let failed = Outcome::Failed { reason: None, message: "no".to_owned() };
        assert!(matches!(report(failed).result(), Err(Failure::Partial(_))));
    }
}
