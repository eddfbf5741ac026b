//! What is known of files before they are sent: their digests, and which the server has.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use albumen_client::v1::GetAssetRequest;
use albumen_client::{Client, retry, sha256};
use bytes::Bytes;
use futures::stream::{self, StreamExt as _};
use indicatif::ProgressBar;

use super::files::{Item, size};
use super::report::{Outcome, Sent};
use crate::failure::Result;

/// How many files are read at a time to get their digests.
const READERS: usize = 2;

/// What is known of files before they are sent.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) digests: HashMap<PathBuf, Bytes>,
    /// The assets that the server has and that are not in the trash.
    assets: HashMap<Bytes, String>,
    /// Of the motion parts, those that the server has, with their assets.
    motions: HashMap<PathBuf, String>,
}

impl Known {
    /// Reads files for their digests. Those that cannot be read come back.
    pub(super) async fn read(items: &[Item], bar: &ProgressBar) -> (Self, Vec<Sent>) {
        let paths = items.iter().flat_map(Item::files);
        let read = stream::iter(paths).map(|path| async move {
            let digest = match size(path) {
                0 => Err("it is empty, or cannot be read".to_owned()),
                _ => sha256(path).await.map_err(|error| error.to_string()),
            };
            bar.inc(size(path));
            (path, digest)
        });
        let mut read = read.buffered(READERS);
        let (mut known, mut broken) = (Self::default(), Vec::new());
        while let Some((path, digest)) = read.next().await {
            match digest {
                Ok(digest) => drop(known.digests.insert(path.to_owned(), digest)),
                Err(message) => broken.push(Sent {
                    path: path.to_owned(),
                    outcome: Outcome::Failed { reason: Some("FILE".to_owned()), message },
                    asset_id: None,
                }),
            }
        }
        (known, broken)
    }

    /// Asks which of the files are assets that the server has.
    pub(super) async fn check(&mut self, client: &Client) -> Result<()> {
        let digests: HashSet<_> = self.digests.values().cloned().collect();
        let digests: Vec<_> = digests.into_iter().collect();
        if digests.is_empty() {
            return Ok(());
        }
        let assets = client.check_assets(&digests).await?;
        // The same bytes, uploaded, bring an asset back from the trash, without being sent.
        let assets = assets.into_iter().filter(|asset| !asset.trashed);
        self.assets = assets.map(|asset| (asset.sha256, asset.asset_id)).collect();
        Ok(())
    }

    /// Asks which of the motion parts the server has. They are no assets: only their stills tell.
    /// Whoever sends them hears it when the upload begins.
    pub(super) async fn check_motions(&mut self, client: &Client, items: &[Item]) -> Result<()> {
        for item in items {
            let (Some(motion), Some(asset_id)) = (&item.motion, self.asset(&item.path)) else {
                continue;
            };
            let request = GetAssetRequest { asset_id: asset_id.clone() };
            let get = || async { client.assets().get_asset(request.clone()).await };
            let asset = retry(get).await?;
            let known = asset.motion.map(|motion| motion.sha256);
            if known.as_ref() == self.digests.get(motion) {
                self.motions.insert(motion.clone(), asset.id);
            }
        }
        Ok(())
    }

    /// The asset that a file is.
    pub(super) fn asset(&self, path: &Path) -> Option<&String> {
        self.assets.get(self.digests.get(path)?)
    }

    /// The asset that a file of an item is, or whose motion part it is.
    pub(super) fn asset_of(&self, item: &Item, path: &Path) -> Option<&String> {
        match item.motion.as_deref() == Some(path) {
            true => self.motions.get(path),
            false => self.asset(path),
        }
    }

    /// The bytes that may have to be sent.
    pub(super) fn missing_bytes(&self, items: &[Item]) -> u64 {
        let bytes = items.iter().map(|item| {
            let missing = item.files().filter(|path| self.asset_of(item, path).is_none());
            missing.map(size).sum::<u64>()
        });
        bytes.sum()
    }
}
