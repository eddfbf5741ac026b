//! `albumen login`

use albumen_client::v1::{GetServerInfoRequest, SetUpRequest, User};
use albumen_client::{Client, Credential, SavedSession};

use crate::context::{Context, address, is_this_machine};
use crate::failure::{Failure, Result};
use crate::secret;
use crate::table::printable;

/// Sign in, and stay signed in on this device
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  albumen login https://photos.example.org
  albumen login http://127.0.0.1:8420 --email ann@example.org --password-stdin < password.txt

The first user of a new server, with the setup token that it printed:
  albumen login http://127.0.0.1:8420 --setup-token 2cae-95fc-… --email ann@example.org --name Ann

The session is kept in ~/.config/albumen/session.json, which only you can read. The password is not
kept. Scripts can do without signing in: see `albumen help keys`.")]
pub(crate) struct Args {
    /// The server's address; without http:// or https:// it is https, on this machine http
    /// [default: --url, else where you are signed in]
    server: Option<String>,
    /// Your e-mail [default: it asks]
    #[arg(long)]
    email: Option<String>,
    /// Read the password from standard input rather than ask for it
    #[arg(long)]
    password_stdin: bool,
    /// The name of this device in the list of sessions [default: this machine's]
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
    /// Create the first user of a new server, with the token that it printed
    #[arg(long, value_name = "TOKEN", requires = "name")]
    setup_token: Option<String>,
    /// The name of the first user
    #[arg(long, requires = "setup_token")]
    name: Option<String>,
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<()> {
    let file = context.session_file()?;
    // A damaged file is no reason to stay out: it is replaced.
    let saved = file.load().ok().flatten();
    let given = args.server.as_deref().map(address).transpose()?;
    let url = given.or(context.url()?).or(saved.as_ref().map(|saved| saved.url.clone()));
    let url = url.ok_or_else(|| {
        Failure::Usage("name the server, as in: albumen login https://photos.example.org".to_owned())
    })?;
    if args.server.as_ref().is_some_and(|server| !server.contains("://")) {
        context.output.note(&format!("the server is {url}"));
    }
    let client = context.connect(&url).await?;
    let info = client.server().get_server_info(GetServerInfoRequest {}).await?.into_inner();
    if info.setup_required && args.setup_token.is_none() {
        let hint = "create the first user with --setup-token TOKEN --name NAME";
        return Err(Failure::Usage(format!("the server at {url} has no user yet: {hint}")));
    }
    if is_readable_by_others(&url) {
        context.output.warn("the connection is not encrypted: others can read the password");
    }
    let user = Box::pin(sign_in(&client, args)).await?;
    let Credential::Session(tokens) = client.credential() else {
        return Err(Failure::Other("the server gave no session".to_owned()));
    };
    file.save(&SavedSession { url: url.clone(), tokens }).await?;
    if let Some(saved) = saved.filter(|saved| saved.url == url) {
        // The session that is replaced would stay in the list for a month; if that fails, it does.
        let old = client.with_credential(Credential::Session(saved.tokens));
        drop(old.logout().await);
    }
    context.output.did(&user, || {
        let (name, email) = (printable(&user.display_name), printable(&user.email));
        format!("signed in at {url} as {name} <{email}>")
    })
}

async fn sign_in(client: &Client, args: Args) -> Result<User> {
    let email = match args.email {
        Some(email) => email,
        None => secret::ask_openly("E-mail: ", "--email")?,
    };
    let device_name = args.device.unwrap_or_else(device);
    match (args.setup_token, args.name) {
        (Some(setup_token), Some(display_name)) => {
            let password = secret::ask_new("New password: ", args.password_stdin)?;
            let use_cookies = false;
            let request = SetUpRequest {
                setup_token,
                email,
                password,
                display_name,
                device_name,
                use_cookies,
            };
            Ok(client.set_up(request).await?)
        }
        _ => {
            let password = secret::ask("Password: ", args.password_stdin)?;
            Ok(client.login(&email, &password, &device_name).await?)
        }
    }
}

/// What this device is called in the list of sessions.
fn device() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let host = host.or_else(|| std::env::var("HOSTNAME").ok());
    let host = host.map(|host| host.trim().to_owned()).filter(|host| !host.is_empty());
    let name = host.map_or_else(|| "albumen".to_owned(), |host| format!("albumen on {host}"));
    name.chars().take(100).collect()
}

/// Whether what is sent leaves this machine without encryption.
fn is_readable_by_others(url: &str) -> bool {
    url.strip_prefix("http://").is_some_and(|host| !is_this_machine(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_connections_to_other_machines_are_noticed() {
        assert!(is_readable_by_others("http://photos.example.org"));
        assert!(!is_readable_by_others("http://127.0.0.1:8420"));
        assert!(!is_readable_by_others("https://photos.example.org"));
    }
}
