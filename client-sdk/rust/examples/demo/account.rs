//! The account that the demo makes on a new server, and signs in to on later runs.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use albumen_client::Client;
use albumen_client::v1::{GetServerInfoRequest, SetUpRequest};
use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::settings::Settings;

const DEVICE: &str = "demo";

#[derive(Serialize, Deserialize)]
struct Account {
    email: String,
    password: String,
}

/// Signs in, and makes the first user if the server has none. Gives the e-mail.
pub(crate) async fn sign_in(client: &Client, settings: &Settings) -> Result<String> {
    let info = client.server().get_server_info(GetServerInfoRequest {}).await?.into_inner();
    let state = &settings.state;
    let known = Account::load(state)?;
    if !info.setup_required {
        let account = known.with_context(|| {
            format!("the server has its first user already, and {} is not there", state.display())
        })?;
        let login = client.login(&account.email, &account.password, DEVICE).await;
        login.with_context(|| format!("with the account of {}", state.display()))?;
        return Ok(account.email);
    }
    let setup_token = settings.setup_token.clone().context(
        "the server has no user yet: give the setup token that it printed with --setup-token",
    )?;
    // On disk first: an account whose password is lost is of no use.
    let account = match known {
        Some(account) => account,
        None => Account::make(state)?,
    };
    let request = SetUpRequest {
        setup_token,
        email: account.email.clone(),
        password: account.password,
        display_name: "Demo".to_owned(),
        device_name: DEVICE.to_owned(),
        use_cookies: false,
    };
    client.set_up(request).await?;
    Ok(account.email)
}

impl Account {
    fn load(path: &Path) -> Result<Option<Self>> {
        match fs::read(path) {
            Ok(text) => serde_json::from_slice(&text)
                .map(Some)
                .with_context(|| format!("{} is damaged", path.display())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| path.display().to_string()),
        }
    }

    /// Makes up an account and keeps it in a file that only this user can read.
    fn make(path: &Path) -> Result<Self> {
        let password = Uuid::new_v4().simple().to_string();
        let account = Self { email: "demo@albumen.example".to_owned(), password };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        let mut file = private_file(path).with_context(|| path.display().to_string())?;
        file.write_all(&serde_json::to_vec_pretty(&account)?)?;
        Ok(account)
    }
}

#[cfg(unix)]
fn private_file(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    File::options().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn private_file(path: &Path) -> std::io::Result<File> {
    File::create_new(path)
}
