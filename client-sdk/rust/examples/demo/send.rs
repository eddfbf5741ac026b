//! Uploading a folder.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use albumen_client::{Client, Error, UploadOptions, Uploaded};
use anyhow::Result;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use crate::folder::{Folder, Item, unreadable};
use crate::screen::{Meter, Screen, size};

/// How many files are sent at a time.
const AT_ONCE: usize = 4;

/// What became of a file.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It went to the server: so many bytes.
    Sent(u64),
    /// The server had it already.
    Duplicate,
    /// The server does not take it.
    Refused(String),
    /// It was not offered to the server.
    Skipped(String),
    /// Something that should work did not.
    Failed(String),
}

impl Outcome {
    /// What the reader should know that a file is not on the server, and why.
    pub(crate) fn complaint(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::Sent(_) | Self::Duplicate => None,
            Self::Refused(why) => Some(("refused", why)),
            Self::Skipped(why) => Some(("skipped", why)),
            Self::Failed(why) => Some(("failed", why)),
        }
    }
}

/// A file of the folder.
#[derive(Debug)]
pub(crate) struct Sent {
    /// Where it is in the folder.
    pub(crate) name: String,
    /// What became of it.
    pub(crate) outcome: Outcome,
    /// The asset that it is, or belongs to.
    pub(crate) asset_id: Option<String>,
}

impl fmt::Display for Sent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match (&self.outcome, self.outcome.complaint()) {
            (_, Some((what, why))) => write!(formatter, "{what}: {name}: {why}"),
            (Outcome::Sent(bytes), _) => write!(formatter, "sent: {name} ({})", size(*bytes)),
            _ => write!(formatter, "had already: {name}"),
        }
    }
}

struct Sender {
    client: Client,
    root: PathBuf,
    screen: Screen,
    meter: Arc<Meter>,
}

/// Uploads all files, several at a time. Gives what became of each, in their order; an error only
/// if the server cannot be reached.
pub(crate) async fn all(client: &Client, folder: Folder, screen: &Screen) -> Result<Vec<Sent>> {
    let meter = Meter::start(screen, "uploaded", folder.size_bytes);
    let sender =
        Sender { client: client.clone(), root: folder.root, screen: screen.clone(), meter };
    let skipped = folder
        .skipped
        .into_iter()
        .map(|(path, why)| sender.told(&path, Outcome::Skipped(why), None));
    let skipped: Vec<_> = skipped.collect();
    let sent = stream::iter(&folder.items).map(|item| sender.send(item)).buffered(AT_ONCE);
    let sent: Vec<_> = sent.try_collect().await?;
    Ok(sent.into_iter().flatten().chain(skipped).collect())
}

impl Sender {
    /// Uploads a file and then its motion part. The motion part of a refused still goes on its own.
    async fn send(&self, item: &Item) -> Result<Vec<Sent>> {
        let still = self.upload(&item.path, None).await?;
        let motion = match &item.motion {
            Some(motion) => Some(self.upload(motion, still.asset_id.clone()).await?),
            None => None,
        };
        Ok([Some(still), motion].into_iter().flatten().collect())
    }

    async fn upload(&self, path: &Path, motion_of_asset_id: Option<String>) -> Result<Sent> {
        let progress = self.meter.progress();
        let options = UploadOptions { motion_of_asset_id, progress, ..UploadOptions::default() };
        match self.client.upload(path, options).await {
            Ok(Uploaded { asset, duplicate, sent_bytes }) => {
                let outcome =
                    if duplicate { Outcome::Duplicate } else { Outcome::Sent(sent_bytes) };
                Ok(self.told(path, outcome, Some(asset.id)))
            }
            Err(Error::File { error, .. }) => {
                Ok(self.told(path, Outcome::Skipped(unreadable(&error)), None))
            }
            Err(error) => Ok(self.told(path, outcome(error)?, None)),
        }
    }

    fn told(&self, path: &Path, outcome: Outcome, asset_id: Option<String>) -> Sent {
        let name = path.strip_prefix(&self.root).unwrap_or(path).display().to_string();
        let sent = Sent { name, outcome, asset_id };
        self.screen.detail(&sent.to_string());
        sent
    }
}

/// What an answer means for a file. An error that no server made ends the demo.
fn outcome(error: Error) -> Result<Outcome> {
    let bytes = |key| error.metadata(key).and_then(|bytes| bytes.parse().ok()).map(size);
    let limit = bytes("limit_bytes").unwrap_or_default();
    Ok(match error.reason() {
        Some("UNSUPPORTED_TYPE") => {
            let detected = error.metadata("detected_type").unwrap_or("nothing known");
            Outcome::Refused(format!("no photo or video of a kind that is stored: {detected}"))
        }
        Some("FILE_TOO_LARGE") => Outcome::Refused(format!("larger than {limit}")),
        Some("QUOTA_EXCEEDED") => {
            Outcome::Refused(format!("does not fit into the quota of {limit}"))
        }
        Some("RESOURCE_ALREADY_EXISTS") => {
            Outcome::Refused("its photo has another motion part already".to_owned())
        }
        Some("DIGEST_MISMATCH") => Outcome::Skipped("changed while it was sent".to_owned()),
        Some(reason) => Outcome::Failed(format!("{error} ({reason})")),
        None => return Err(error.into()),
    })
}
