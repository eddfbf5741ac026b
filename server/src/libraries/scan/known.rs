//! The assets that files may be places of.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::place::{Content, Finding};
use crate::access::{self, Locations, LockedUser};
use crate::database::Transaction;
use crate::entity::asset::Model as Asset;
use crate::entity::asset_file::{Kind, Model as AssetFile, Part};
use crate::entity::library_file::Model as LibraryFile;
use crate::error::Result;
use crate::id::{AssetId, LibraryId};

/// What is known of assets before a transaction changes anything.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) assets: HashMap<AssetId, Asset>,
    /// The digest of each of their parts.
    pub(super) parts: BTreeMap<Part, Vec<u8>>,
    /// The part that a new file with a digest is.
    pub(super) digests: HashMap<Vec<u8>, Part>,
    /// Those whose bytes are stored: they are never offline.
    pub(super) uploaded: HashSet<Part>,
    /// Those that are at some place, be it to be decided about or not.
    pub(super) located: HashSet<Part>,
    /// At how many places each is, without those that are to be decided about.
    pub(super) online: HashMap<Part, i64>,
    /// Digests that stay out.
    pub(super) excluded: HashSet<Vec<u8>>,
}

impl Known {
    pub(super) async fn look_up(
        transaction: &Transaction,
        owner: &LockedUser,
        library: LibraryId,
        findings: &[Finding],
        absent: &[LibraryFile],
    ) -> Result<Self> {
        let digests: Vec<&[u8]> = findings
            .iter()
            .filter_map(|finding| match &finding.content {
                Content::Photo(photo) => Some(photo.checksums.sha256.as_slice()),
                Content::Refused(_) => None,
            })
            .collect();
        let rows = findings.iter().filter_map(|finding| finding.row.as_ref()).chain(absent);
        let mut ids: BTreeSet<_> = rows.filter_map(|row| row.asset_id).collect();
        let mut known = Self::default();
        let mut assets = Vec::new();
        if !digests.is_empty() {
            assets = access::assets_of_digests(transaction, owner, digests.clone()).await?;
            let motions = access::assets_of_motion_digests(transaction, library, digests.clone());
            ids.extend(motions.await?);
            known.excluded = access::excluded_digests(transaction, library, digests).await?;
        }
        if !ids.is_empty() {
            assets.extend(access::assets_among(transaction, owner, ids).await?);
        }
        known.assets = assets.into_iter().map(|asset| (asset.id, asset)).collect();
        if !known.assets.is_empty() {
            let ids = || known.assets.keys().copied();
            let files = access::files(&**transaction, ids()).await?;
            known.online = access::locations(transaction, ids(), Locations::Decided).await?;
            let located = access::locations(transaction, ids(), Locations::All).await?;
            known.located = located.into_keys().collect();
            known.learn(files);
        }
        Ok(known)
    }

    fn learn(&mut self, files: Vec<AssetFile>) {
        let stored = files.iter().filter(|file| !file.is_library);
        self.uploaded = stored.map(|file| (file.asset_id, file.kind)).collect();
        self.parts =
            files.into_iter().map(|file| ((file.asset_id, file.kind), file.sha256)).collect();
        // Where a film has the bytes of a motion part too, another copy is the motion part's.
        for kind in [Kind::Still, Kind::Motion] {
            let of_kind = self.parts.iter().filter(|((_, other), _)| *other == kind);
            self.digests.extend(of_kind.map(|(part, digest)| (digest.clone(), *part)));
        }
    }

    /// Whether a part was nowhere before.
    pub(super) fn was_offline(&self, part: Part) -> bool {
        !self.uploaded.contains(&part) && !self.located.contains(&part)
    }
}
