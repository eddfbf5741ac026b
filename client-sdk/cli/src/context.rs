//! What every verb works with: the global options and the way to the server.

use std::sync::{Arc, OnceLock};

use albumen_client::{Client, ConnectOptions, SavedSession, SessionFile};
use clap::Args;

use crate::call::Call;
use crate::failure::{Failure, Result};
use crate::folders;
use crate::output::Output;

/// The options that every verb takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Globals {
    /// The server's address [default: from the environment, else where you are signed in]
    #[arg(long, global = true, value_name = "URL", env = "ALBUMEN_URL", hide_env = true)]
    pub(crate) url: Option<String>,
    /// An API key, in place of signing in; from the environment, it is not in the list of processes
    #[arg(long, global = true, value_name = "KEY", env = "ALBUMEN_API_KEY", hide_env = true)]
    api_key: Option<String>,
    /// Print results and errors as JSON, for programs
    #[arg(long, global = true)]
    json: bool,
    /// Print results and complaints alone: no progress, no notes, nothing about what went well
    #[arg(long, short, global = true)]
    quiet: bool,
    /// Take any TLS certificate: whoever sits between can read everything
    #[arg(long, short = 'k', global = true)]
    insecure: bool,
}

/// What every verb works with.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) output: Output,
    globals: Globals,
    /// The server that was called, and whether there was a key for it; shared, as verbs may take
    /// them from elsewhere than the global options.
    called: Arc<OnceLock<(String, bool)>>,
}

impl Context {
    pub(crate) fn new(globals: Globals) -> Self {
        let output = Output { json: globals.json, quiet: globals.quiet };
        Self { output, globals, called: Arc::default() }
    }

    /// The same with a server, a key and a wish to take any certificate from elsewhere, where they
    /// are named there.
    pub(crate) fn with_server(
        &self,
        url: Option<String>,
        api_key: Option<String>,
        insecure: bool,
    ) -> Result<Self> {
        let url = url.map(|url| address(&url)).transpose()?;
        let globals = self.globals.clone();
        let globals = Globals {
            url: url.or(globals.url),
            api_key: api_key.or(globals.api_key),
            insecure: insecure || globals.insecure,
            ..globals
        };
        Ok(Self { output: self.output, globals, called: Arc::clone(&self.called) })
    }

    /// The address that the command line or the environment names.
    pub(crate) fn url(&self) -> Result<Option<String>> {
        set(self.globals.url.as_ref()).map(address).transpose()
    }

    /// The API key, if that is the credential.
    pub(crate) fn api_key(&self) -> Option<&str> {
        set(self.globals.api_key.as_ref())
    }

    /// Where the session is kept.
    pub(crate) fn session_file(&self) -> Result<SessionFile> {
        Ok(SessionFile::new(folders::config()?.join("session.json")))
    }

    /// Tells a call the server and the kind of credential, where they are known.
    pub(crate) fn describe(&self, call: &mut Call) {
        if let Some((url, has_key)) = self.called.get() {
            (call.url, call.has_key) = (Some(url.clone()), *has_key);
            return;
        }
        let saved = || self.session_file().ok()?.load().ok()?.map(|saved| saved.url);
        call.url = self.url().ok().flatten().or_else(saved);
        call.has_key = self.api_key().is_some();
    }

    /// A connection with the caller's credential, and the server's address.
    pub(crate) async fn client(&self) -> Result<(Client, String)> {
        let file = self.session_file()?;
        let (saved, url) = (file.load()?, self.url()?);
        if let Some(key) = self.api_key() {
            let url = url.or(saved.map(|saved| saved.url)).ok_or_else(|| {
                Failure::Usage("an API key needs --url or ALBUMEN_URL as well".to_owned())
            })?;
            return Ok((self.connect(&url).await?.with_token(key), url));
        }
        let saved = saved.ok_or_else(|| Failure::SignedOut("you are not signed in".to_owned()))?;
        self.check_server(&saved)?;
        let url = saved.url.clone();
        Ok((self.with_session(file, saved).await?, url))
    }

    /// Refuses a session of another server than the one that is named, if one is.
    pub(crate) fn check_server(&self, saved: &SavedSession) -> Result<()> {
        match self.url()?.filter(|url| *url != saved.url) {
            Some(url) => {
                let message = format!("you are signed in at {}, not at {url}", saved.url);
                Err(Failure::SignedOut(message))
            }
            None => Ok(()),
        }
    }

    /// A connection with a session that is kept.
    pub(crate) async fn with_session(
        &self,
        file: SessionFile,
        saved: SavedSession,
    ) -> Result<Client> {
        Ok(self.connect(&saved.url).await?.with_saved_session(file, saved))
    }

    /// A connection as nobody.
    pub(crate) async fn connect(&self, url: &str) -> Result<Client> {
        // The first one says it: a command calls one server.
        self.called.get_or_init(|| (url.to_owned(), self.api_key().is_some()));
        if self.globals.insecure {
            self.output.warn("certificates are not checked: whoever sits between can read along");
        }
        let options = ConnectOptions { accept_any_certificate: self.globals.insecure };
        let connected = Client::connect_with(url, &options).await;
        connected.map_err(|error| Failure::Unreachable { url: url.to_owned(), error })
    }
}

/// A variable that is set to nothing counts as not set.
fn set(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty())
}

/// An address as people type it, made whole: without a scheme it is `https`, on this machine `http`.
/// No slash at the end.
pub(crate) fn address(text: &str) -> Result<String> {
    let text = text.trim();
    let (scheme, host) = text.split_once("://").unwrap_or((usual_scheme(text), text));
    let host = host.trim_end_matches('/');
    let is_whole = matches!(scheme, "http" | "https") && !host.is_empty();
    if is_whole && !host.contains(['/', '?', '#', '@', ' ']) {
        return Ok(format!("{scheme}://{host}"));
    }
    let example = "https://photos.example.org";
    Err(Failure::Usage(format!("{text:?} is no address of a server: it must be like {example}")))
}

fn usual_scheme(host: &str) -> &'static str {
    if is_this_machine(host) { "http" } else { "https" }
}

/// Whether a host, with a port or without, is this machine.
pub(crate) fn is_this_machine(host: &str) -> bool {
    let end = host.rfind(':').filter(|end| !host[*end..].contains(']')).unwrap_or(host.len());
    let name = host[..end].trim_matches(['[', ']', '/']);
    let is_loopback = |ip: std::net::IpAddr| ip.is_loopback();
    name == "localhost" || name.parse().is_ok_and(is_loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_made_whole() {
        let whole = |text| address(text).ok();
        assert_eq!(whole("photos.example.org/").as_deref(), Some("https://photos.example.org"));
        assert_eq!(whole("http://127.0.0.1:8420").as_deref(), Some("http://127.0.0.1:8420"));
        assert_eq!(whole("nas:8420").as_deref(), Some("https://nas:8420"));
        for here in ["localhost", "localhost:8420", "127.0.0.1:8420", "[::1]:8420", "[::1]"] {
            assert_eq!(whole(here), Some(format!("http://{here}")));
        }
        assert_eq!(
            whole("localhost.example.org"),
            Some("https://localhost.example.org".to_owned())
        );
        for wrong in ["", "ftp://a", "https://a/b", "https://", "a b", "https://ann:x@a"] {
            assert_eq!(whole(wrong), None, "{wrong}");
        }
    }
}
