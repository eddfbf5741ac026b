//! Asking before something that cannot be taken back easily.

use std::io::{self, IsTerminal as _, Write as _};

use crate::failure::{Failure, Result};

/// Whether there is a terminal to ask at.
pub(crate) fn is_possible() -> bool {
    io::stdin().is_terminal()
}

/// Asks a question that is answered by yes or no; anything else is no.
pub(crate) fn ask(question: &str) -> Result<bool> {
    drop(io::stderr().write_all(format!("{question} [y/N] ").as_bytes()));
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    Ok(matches!(line.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// Asks unless `yes` says that nobody wants to be asked. Fails if the answer is no, or if there is
/// no terminal to ask at.
pub(crate) fn require(question: &str, yes: bool) -> Result<()> {
    if yes {
        return Ok(());
    }
    if !is_possible() {
        let message = "there is no terminal to ask at; --yes does it without asking";
        return Err(Failure::Usage(message.to_owned()));
    }
    match ask(question)? {
        true => Ok(()),
        false => Err(Failure::Other("nothing was done".to_owned())),
    }
}
