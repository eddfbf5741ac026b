//! Asking for a password.

use std::io::{self, IsTerminal as _};

use anyhow::{Context as _, bail};

/// The bounds that the API has, too.
const MIN_CHARACTERS: usize = 8;
const MAX_BYTES: usize = 256;

/// Asks twice on a terminal, without showing what is typed; otherwise reads the first line of
/// standard input.
pub(super) fn read() -> anyhow::Result<String> {
    let password = if io::stdin().is_terminal() {
        let password = rpassword::prompt_password("Password: ")?;
        if rpassword::prompt_password("Again: ")? != password {
            bail!("the two passwords are not the same");
        }
        password
    } else {
        let mut line = String::new();
        io::stdin().read_line(&mut line).context("cannot read the password")?;
        line.trim_end_matches(['\r', '\n']).to_owned()
    };
    if password.chars().count() < MIN_CHARACTERS || password.len() > MAX_BYTES {
        bail!("a password has {MIN_CHARACTERS} characters to {MAX_BYTES} bytes");
    }
    Ok(password)
}
