//! Sending files, several at a time.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use albumen_client::{Client, Code, Error, UploadOptions, Uploaded};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use indicatif::ProgressBar;

use super::files::{Found, Item, size};
use super::journal::{Journal, Key};
use super::known::Known;
use super::report::{Outcome, Sent};
use super::targets::{Choice, Targets};
use crate::bytes_text;
use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::progress::{Bars, share};
use crate::table::printable;

/// How many items are looked up on the server at once.
const BATCH: usize = 200;

/// Sends files to a server.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) output: Output,
    pub(super) targets: Targets,
    pub(super) dry_run: bool,
    pub(super) jobs: usize,
    client: Client,
    url: String,
    journal: Option<Journal>,
}

/// What a batch is sent with.
#[derive(Debug, Clone, Copy)]
struct Batch<'a> {
    sender: &'a Sender,
    known: &'a Known,
    bar: &'a ProgressBar,
}

impl Sender {
    pub(super) fn new(output: Output, client: Client, url: String, choice: Choice) -> Self {
        let targets = Targets::new(choice);
        Self { output, targets, dry_run: false, jobs: 4, client, url, journal: None }
    }

    /// Uploads what was found. Gives what became of each file, in their order; an error only if
    /// nothing more can be sent.
    pub(super) async fn send(&mut self, found: Found) -> Result<Vec<Sent>> {
        if !self.dry_run && self.journal.is_none() {
            self.journal = Some(Journal::open(&self.client, &self.url).await?);
        }
        let bars = Bars::new(self.output);
        let sizes = found.items.iter().flat_map(Item::files).map(size);
        let (read, sent_bar) = (bars.add("read", sizes.sum()), bars.add("sent", 0));
        let mut sent = Vec::new();
        for item in &found.items {
            self.targets.find(&self.client, &item.path).await?;
        }
        for items in found.items.chunks(BATCH) {
            for item in items.iter().filter(|_| !self.dry_run) {
                self.targets.make(&self.client, &item.path).await?;
            }
            let (mut known, broken) = Known::read(items, &read).await;
            let is_whole = |path: &PathBuf| known.digests.contains_key(path);
            let items = items.iter().filter(|item| is_whole(&item.path)).cloned();
            let items: Vec<_> =
                items.map(|item| Item { motion: item.motion.filter(is_whole), ..item }).collect();
            sent.extend(broken);
            known.check(&self.client).await?;
            if self.dry_run {
                known.check_motions(&self.client, &items).await?;
            }
            sent_bar.inc_length(known.missing_bytes(&items));
            let batch = Batch { sender: self, known: &known, bar: &sent_bar };
            sent.extend(batch.send(&items).await?);
        }
        let unreadable = found.unreadable.into_iter().map(|(path, message)| Sent {
            path,
            outcome: Outcome::Failed { reason: Some("FILE".to_owned()), message },
            asset_id: None,
        });
        sent.extend(unreadable);
        Ok(sent)
    }
}

impl Batch<'_> {
    /// Sends items; of those with the same bytes the first one before the others, which are then
    /// there already. Gives what became of each, in their order.
    async fn send(self, items: &[Item]) -> Result<Vec<Sent>> {
        let (mut seen, mut firsts, mut repeats) = (HashSet::new(), Vec::new(), Vec::new());
        for (index, item) in items.iter().enumerate() {
            let is_first = seen.insert(self.known.digests.get(&item.path));
            if is_first { firsts.push((index, item)) } else { repeats.push((index, item)) }
        }
        let mut sent = Vec::new();
        if self.sender.dry_run {
            let known = |path: &PathBuf| Sent {
                path: path.clone(),
                outcome: Outcome::Known,
                asset_id: self.known.asset(path).cloned(),
            };
            let repeats = repeats.drain(..);
            sent.extend(repeats.map(|(index, item)| (index, item.files().map(known).collect())));
        }
        for group in [firsts, repeats] {
            let group = stream::iter(group)
                .map(|(index, item)| async move { Ok::<_, Failure>((index, self.item(item).await?)) });
            let group = group.buffer_unordered(self.sender.jobs);
            sent.extend(group.try_collect::<Vec<(usize, Vec<Sent>)>>().await?);
        }
        self.add_known(items).await?;
        sent.sort_by_key(|(index, _)| *index);
        Ok(sent.into_iter().flat_map(|(_, sent)| sent).collect())
    }

    /// Puts what was there already into its album; what is sent gets there on its way.
    async fn add_known(self, items: &[Item]) -> Result<()> {
        let mut albums: HashMap<&str, Vec<String>> = HashMap::new();
        for item in items {
            let album_id = self.sender.targets.album_id(&item.path);
            if let (Some(album_id), Some(asset_id)) = (album_id, self.known.asset(&item.path)) {
                let asset_ids = albums.entry(album_id).or_default();
                if !asset_ids.contains(asset_id) {
                    asset_ids.push(asset_id.clone());
                }
            }
        }
        if !self.sender.dry_run {
            for (album_id, asset_ids) in albums {
                Targets::add(&self.sender.client, album_id, &asset_ids).await?;
            }
        }
        Ok(())
    }

    /// Sends a file and then its motion part. The motion part of a still that fails goes nowhere.
    async fn item(self, item: &Item) -> Result<Vec<Sent>> {
        let still = self.file(item, &item.path, None).await?;
        let motion = match (&item.motion, &still.asset_id) {
            (Some(motion), Some(asset_id)) => {
                Some(self.file(item, motion, Some(asset_id.clone())).await?)
            }
            (Some(motion), None) if self.sender.dry_run => {
                Some(self.file(item, motion, None).await?)
            }
            (Some(motion), None) => Some(Sent {
                path: motion.clone(),
                outcome: Outcome::Skipped("its photo is not there".to_owned()),
                asset_id: None,
            }),
            (None, _) => None,
        };
        Ok([Some(still), motion].into_iter().flatten().collect())
    }

    async fn file(self, item: &Item, path: &Path, motion_of: Option<String>) -> Result<Sent> {
        let sent = |outcome, asset_id| Sent { path: path.to_owned(), outcome, asset_id };
        if let Some(asset_id) = self.known.asset_of(item, path) {
            return Ok(sent(Outcome::Known, Some(asset_id.clone())));
        }
        if self.sender.dry_run {
            return Ok(sent(Outcome::WouldSend(size(path)), None));
        }
        let name = path.file_name().unwrap_or_default();
        self.bar.set_message(printable(&name.to_string_lossy()));
        match self.upload(path, motion_of).await {
            Ok(Uploaded { asset, sent_bytes: 0, .. }) => Ok(sent(Outcome::Known, Some(asset.id))),
            Ok(uploaded) => {
                Ok(sent(Outcome::Sent(uploaded.sent_bytes), Some(uploaded.asset.id)))
            }
            Err(error) if ends_the_run(&error) => Err(error.into()),
            Err(error) => Ok(sent(outcome(&error, item.is_named), None)),
        }
    }

    /// Uploads a file, or goes on with what an earlier run has begun.
    async fn upload(self, path: &Path, motion_of: Option<String>) -> Result<Uploaded, Error> {
        let digest = self.known.digests.get(path).cloned().unwrap_or_default();
        // A motion part is in no album; its still is.
        let album_id = match motion_of {
            Some(_) => None,
            None => self.sender.targets.album_id(path).map(str::to_owned),
        };
        let key = Key {
            sha256: &digest,
            album_id: album_id.as_deref().unwrap_or_default(),
            motion_of: motion_of.as_deref().unwrap_or_default(),
        };
        let journal = self.sender.journal.as_ref();
        let mut is_first = true;
        loop {
            let file_error = |error| Error::File { path: path.to_owned(), error };
            let id = journal.map(|journal| journal.id(key)).transpose().map_err(file_error)?;
            let options = UploadOptions {
                album_id: album_id.clone(),
                motion_of_asset_id: motion_of.clone(),
                sha256: Some(digest.clone()),
                request_id: id,
                progress: share(self.bar),
                ..UploadOptions::default()
            };
            let uploaded = self.sender.client.upload(path, options).await;
            let is_over = uploaded.as_ref().map_or_else(|error| error.reason().is_some(), |_| true);
            if let (true, Some(journal)) = (is_over, journal) {
                journal.forget(key);
            }
            match uploaded {
                // What an earlier run has begun is gone, or somebody else's.
                Err(error) if is_first && is_of_the_upload(&error) => is_first = false,
                uploaded => return uploaded,
            }
        }
    }
}

/// Whether the error is about an upload of this id, so that another one may do better.
fn is_of_the_upload(error: &Error) -> bool {
    let is_upload = error.metadata("resource_type").is_none_or(|it| it.contains("upload"));
    match error.reason() {
        Some("UPLOAD_NOT_ACTIVE") => true,
        Some("RESOURCE_ALREADY_EXISTS" | "RESOURCE_NOT_FOUND") => is_upload,
        _ => false,
    }
}

/// Whether all other files would fail as well.
fn ends_the_run(error: &Error) -> bool {
    let is_of_a_file = matches!(error, Error::File { .. });
    !is_of_a_file && (error.reason().is_none() || error.code() == Some(Code::Unauthenticated))
}

/// What an error means for a file.
fn outcome(error: &Error, is_named: bool) -> Outcome {
    let bytes = |key| error.metadata(key).and_then(|text| text.parse().ok()).map(bytes_text::format);
    let limit = bytes("limit_bytes").unwrap_or_default();
    let message = match error.reason() {
        Some("UNSUPPORTED_TYPE") => {
            let detected = error.metadata("detected_type").unwrap_or("nothing known");
            let message = format!("no photo or video of a kind that is stored: {detected}");
            if !is_named {
                return Outcome::Skipped(message);
            }
            message
        }
        Some("FILE_TOO_LARGE") => format!("larger than {limit}, which is what the server takes"),
        Some("QUOTA_EXCEEDED") => format!("does not fit into your quota of {limit}"),
        Some("RESOURCE_ALREADY_EXISTS") => "its photo has another motion part".to_owned(),
        Some("DIGEST_MISMATCH") => "it changed while it was sent; upload it again".to_owned(),
        _ => error.to_string(),
    };
    Outcome::Failed { reason: error.reason().map(str::to_owned), message }
}
