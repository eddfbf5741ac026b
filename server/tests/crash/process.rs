//! The server as a process.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use crate::installation::Installation;

/// A running server.
pub(crate) struct Server {
    child: Mutex<Child>,
    address: watch::Receiver<Option<String>>,
    log: Arc<Mutex<String>>,
}

impl Server {
    /// Starts a server, which need not listen yet.
    pub(crate) fn start(installation: &Installation) -> Self {
        Self::start_in(installation, &[])
    }

    /// The same with an environment of its own.
    pub(crate) fn start_in(installation: &Installation, environment: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_albumen-server"))
            .args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json"])
            .args(installation.flags())
            .env_clear()
            .envs(environment.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (sender, address) = watch::channel(None);
        let log = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&log);
        // The sender goes with the thread, when the server ends.
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some(address) = listens(&line) {
                    sender.send_replace(Some(address));
                }
                *kept.lock().unwrap() += &format!("{line}\n");
            }
        });
        Self { child: Mutex::new(child), address, log }
    }

    /// Where the server listens, once it does.
    pub(crate) async fn address(&self) -> String {
        let mut address = self.address.clone();
        match address.wait_for(Option::is_some).await {
            Ok(address) => address.clone().unwrap(),
            Err(_) => panic!("the server did not start:\n{}", self.log.lock().unwrap()),
        }
    }

    /// Kills the server, which does not notice. It must not have complained.
    pub(crate) fn kill(&self) {
        self.end();
        let log = self.log.lock().unwrap();
        let complaint = log
            .lines()
            .find(|line| line.contains("\"level\":\"ERROR\"") || line.contains("a job failed"));
        assert_eq!(complaint, None);
    }

    pub(crate) fn end(&self) {
        let mut child = self.child.lock().unwrap();
        // It may have ended by itself.
        child.kill().ok();
        child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// The address in the line of the log that tells it.
fn listens(line: &str) -> Option<String> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    let fields = line.get("fields")?;
    let is_it = fields.get("message")? == "serving";
    is_it.then(|| Some(format!("http://{}", fields.get("address")?.as_str()?)))?
}
