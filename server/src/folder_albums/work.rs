//! What a plan has to do about one album.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::plan::PlannedAlbum;
use crate::id::{AlbumId, AssetId};

/// What is to be added to an album, and from where it comes.
pub(super) struct Work {
    /// The assets, each once.
    pub(super) assets: Vec<AssetId>,
    sources: HashMap<AssetId, Vec<AlbumId>>,
}

impl Work {
    /// What a plan says about an album.
    pub(super) fn of(planned: &PlannedAlbum) -> Self {
        let mut assets = planned.added.clone();
        let mut known: HashSet<_> = assets.iter().copied().collect();
        let mut sources: HashMap<_, Vec<_>> = HashMap::new();
        for moved in &planned.moves {
            for asset in &moved.assets {
                sources.entry(*asset).or_default().push(moved.from);
                if known.insert(*asset) {
                    assets.push(*asset);
                }
            }
        }
        Self { assets, sources }
    }

    /// The albums that some of the assets are to leave.
    pub(super) fn sources_of(&self, assets: &[AssetId]) -> BTreeMap<AlbumId, Vec<AssetId>> {
        let mut sources: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for asset in assets {
            for source in self.sources.get(asset).into_iter().flatten() {
                sources.entry(*source).or_default().push(*asset);
            }
        }
        sources
    }
}
