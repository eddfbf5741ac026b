//! Passwords: from the terminal without echo, or from standard input.

use std::io::{self, IsTerminal as _};

use crate::failure::{Failure, Result};

/// Asks for a password.
pub(crate) fn ask(prompt: &str, stdin: bool) -> Result<String> {
    if stdin {
        return from_stdin();
    }
    terminal()?;
    Ok(rpassword::prompt_password(prompt)?)
}

/// Asks for a new password, at a terminal twice.
pub(crate) fn ask_new(prompt: &str, stdin: bool) -> Result<String> {
    let password = ask(prompt, stdin)?;
    if !stdin && rpassword::prompt_password("Once more: ")? != password {
        return Err(Failure::Usage("the two passwords differ".to_owned()));
    }
    Ok(password)
}

/// Asks for something that is no secret.
pub(crate) fn ask_openly(prompt: &str, flag: &str) -> Result<String> {
    if !io::stdin().is_terminal() {
        return Err(Failure::Usage(format!(
            "{flag} is missing, and there is no terminal to ask at"
        )));
    }
    drop(io::Write::write_all(&mut io::stderr(), prompt.as_bytes()));
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

fn terminal() -> Result<()> {
    if io::stdin().is_terminal() {
        return Ok(());
    }
    let message = "there is no terminal to ask for the password at; use --password-stdin";
    Err(Failure::Usage(message.to_owned()))
}

/// The first line of standard input.
fn from_stdin() -> Result<String> {
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err(Failure::Usage("there is no password on standard input".to_owned()));
    }
    Ok(password.to_owned())
}
