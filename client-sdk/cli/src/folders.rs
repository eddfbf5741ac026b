//! Where things are kept between runs.

use std::env;
use std::path::PathBuf;

use crate::failure::{Failure, Result};

/// The folder for what the user configured, and for the session.
pub(crate) fn config() -> Result<PathBuf> {
    folder("XDG_CONFIG_HOME", ".config")
}

/// The folder for what can be lost.
pub(crate) fn state() -> Result<PathBuf> {
    folder("XDG_STATE_HOME", ".local/state")
}

fn folder(variable: &str, default: &str) -> Result<PathBuf> {
    // A relative path there is to be ignored, says the XDG Base Directory Specification.
    let set = env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = set.or_else(|| Some(env::home_dir()?.join(default)));
    let missing = || Failure::Other(format!("neither {variable} nor HOME is set"));
    Ok(base.ok_or_else(missing)?.join("albumen"))
}
