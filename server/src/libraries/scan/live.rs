//! Live photos: which films are the motion parts of photos.
//!
//! The two are told by their names, as `albumen upload` tells them: a `.mov` is the motion part of
//! the photo beside it whose name differs in the extension only. Any film is an asset first. It
//! becomes a motion part once both are there, if nobody did anything with it until then, and that
//! ends the asset.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::atomic::Ordering;

use sea_orm::sea_query::{CaseStatement, Expr};
use sea_orm::{ColumnTrait, EntityTrait as _, QueryFilter as _};

use super::place::Places;
use crate::access;
use crate::assets;
use crate::entity::asset::{Kind as AssetKind, Model as Asset};
use crate::entity::asset_file::{self, Kind, Model as AssetFile, Part};
use crate::entity::library_file::{self, Column, Model as LibraryFile, State};
use crate::error::Result;
use crate::id::AssetId;

/// The extensions of photos that may have a motion part, the preferred ones first. All are known in
/// lower and upper case, and with a capital.
const STILL: [&str; 4] = ["heic", "heif", "jpg", "jpeg"];
const MOTION: &str = "mov";
/// The longest motion part. Apple's phones record about three seconds; what is much longer is a film
/// that happens to have the name of a photo.
const MAX_DURATION_US: i64 = 10_000_000;

/// What a file may be in a live photo, by its extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    /// The photo, by the place of its extension among those of photos.
    Still(usize),
    /// The motion part.
    Motion,
}

/// A path without its extension, and what the file may be; none of what is in no live photo.
fn role(path: &str) -> Option<(&str, Role)> {
    let (stem, extension) = path.rsplit_once('.')?;
    let is = |known: &str| extension.eq_ignore_ascii_case(known);
    let role = match STILL.iter().position(|known| is(known)) {
        Some(place) => Role::Still(place),
        None if is(MOTION) => Role::Motion,
        None => return None,
    };
    (!stem.ends_with('/')).then_some((stem, role))
}

/// Where the other half of a live photo may lie.
fn counterparts((stem, role): (&str, Role)) -> impl Iterator<Item = String> {
    let extensions = match role {
        Role::Still(_) => &[MOTION][..],
        Role::Motion => &STILL[..],
    };
    let spelt = |known: &&'static str| {
        let (first, rest) = known.split_at(1);
        [known.to_string(), known.to_uppercase(), first.to_uppercase() + rest]
    };
    extensions.iter().flat_map(spelt).map(move |extension| format!("{stem}.{extension}"))
}

/// Films and the photos beside them, one of each: of several the one whose extension, or else path,
/// comes first.
fn beside(rows: &[LibraryFile]) -> BTreeMap<AssetId, AssetId> {
    let mut files: Vec<_> = rows
        .iter()
        .filter_map(|row| {
            let (stem, role) = role(&row.path)?;
            Some((stem, role, row.path.as_str(), row.asset_id?))
        })
        .collect();
    files.sort_unstable();
    let mut pairs = BTreeMap::new();
    let mut taken = HashSet::new();
    for files in files.chunk_by(|a, b| a.0 == b.0) {
        let first = |is_motion| files.iter().find(|it| (it.1 == Role::Motion) == is_motion);
        if let (Some(still), Some(film)) = (first(false), first(true))
            && still.3 != film.3
            && !pairs.contains_key(&film.3)
            && taken.insert(still.3)
        {
            pairs.insert(film.3, still.3);
        }
    }
    pairs
}

/// What is known of the assets of possible pairs.
struct Pairing {
    assets: HashMap<AssetId, Asset>,
    files: HashMap<Part, AssetFile>,
    used: HashSet<AssetId>,
}

impl Pairing {
    /// Whether a film is nothing but the motion part of a photo.
    fn fits(&self, film: AssetId, still: AssetId) -> bool {
        let assets = (self.assets.get(&film), self.assets.get(&still));
        let (Some(asset), Some(photo)) = assets else { return false };
        let Some(file) = self.files.get(&(film, Kind::Still)) else { return false };
        let is_short = asset.duration_us.is_some_and(|duration| duration <= MAX_DURATION_US);
        let is_untouched = asset.update_time == asset.create_time && !self.used.contains(&film);
        let motion = self.motion(still);
        photo.kind == AssetKind::Photo
            && asset.kind == AssetKind::Video
            && file.is_library
            && is_short
            && is_untouched
            && motion.is_none_or(|motion| motion.sha256 == file.sha256)
    }

    fn motion(&self, still: AssetId) -> Option<&AssetFile> {
        self.files.get(&(still, Kind::Motion))
    }
}

impl Places<'_> {
    /// Makes motion parts of the films at some paths, and of those beside photos at these.
    pub(super) async fn pair(&mut self, paths: &[String]) -> Result<()> {
        let lost = self.lost.iter().filter(|(_, kind)| *kind == Kind::Motion);
        let lost: Vec<_> = lost.map(|(asset, _)| *asset).collect();
        if !lost.is_empty() {
            // A photo whose motion part has other bytes gets those.
            access::forget_lost_motions(self.transaction, lost).await?;
        }
        let roles: Vec<_> = paths.iter().filter_map(|path| role(path)).collect();
        let may_have_films = &self.work.may_have_films;
        if roles.iter().any(|(_, role)| *role == Role::Motion) {
            may_have_films.store(true, Ordering::Relaxed);
        }
        if !may_have_films.load(Ordering::Relaxed) {
            return Ok(());
        }
        let others: Vec<_> = roles.iter().copied().flat_map(counterparts).collect();
        let mut rows = Vec::new();
        for paths in [paths, others.as_slice()] {
            let (library, paths) = (self.work.library.id, paths.iter().map(String::as_str));
            rows.extend(access::library_files_at(&**self.transaction, library, paths).await?);
        }
        rows.retain(|row| row.state == State::Online && row.part == Kind::Still);
        let mut pairs = beside(&rows);
        if pairs.is_empty() {
            return Ok(());
        }
        let known = self.pairing(&pairs).await?;
        pairs.retain(|film, still| known.fits(*film, *still));
        self.unite(&pairs, &known).await
    }

    async fn pairing(&self, pairs: &BTreeMap<AssetId, AssetId>) -> Result<Pairing> {
        let transaction = self.transaction;
        let films: Vec<_> = pairs.keys().copied().collect();
        let ids: BTreeSet<_> = pairs.iter().flat_map(|(film, still)| [*film, *still]).collect();
        let files = access::files(&**transaction, ids.iter().copied()).await?;
        let assets = access::assets_among(transaction, &self.owner, ids).await?;
        Ok(Pairing {
            assets: assets.into_iter().map(|asset| (asset.id, asset)).collect(),
            files: files.into_iter().map(|file| ((file.asset_id, file.kind), file)).collect(),
            used: access::assets_in_use(transaction, &films).await?,
        })
    }

    /// Gives the files of films to photos, wherever they lie, and ends the assets that they were.
    async fn unite(&mut self, pairs: &BTreeMap<AssetId, AssetId>, known: &Pairing) -> Result<()> {
        if pairs.is_empty() {
            return Ok(());
        }
        let films = || pairs.keys().copied();
        // Those whose photo has these bytes already, as where they were uploaded, go with the asset.
        let new = films().filter(|film| known.motion(pairs[film]).is_none());
        let files = asset_file::Entity::update_many()
            .col_expr(asset_file::Column::AssetId, photo(asset_file::Column::AssetId, pairs))
            .col_expr(asset_file::Column::Kind, Expr::val(Kind::Motion))
            .filter(asset_file::Column::AssetId.is_in(new));
        files.exec(&**self.transaction).await?;
        let rows = library_file::Entity::update_many()
            .col_expr(Column::AssetId, photo(Column::AssetId, pairs))
            .col_expr(Column::Part, Expr::val(Kind::Motion))
            .filter(Column::AssetId.is_in(films()));
        rows.exec(&**self.transaction).await?;
        self.gained.retain(|(asset, _)| !pairs.contains_key(asset));
        self.lost.retain(|(asset, _)| !pairs.contains_key(asset));
        let owner = access::lock_user(self.transaction, self.work.library.owner_id).await?;
        assets::erase_all(&self.work.app, self.transaction, owner, films().collect()).await
    }
}

/// The photo of the film in a column.
fn photo(column: impl ColumnTrait, pairs: &BTreeMap<AssetId, AssetId>) -> Expr {
    let case = |case: CaseStatement, (film, still): (&AssetId, &AssetId)| {
        case.case(column.eq(*film), *still)
    };
    pairs.iter().fold(Default::default(), case).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_tells_what_a_file_may_be() {
        assert_eq!(role("/a/IMG_1.HEIC"), Some(("/a/IMG_1", Role::Still(0))));
        assert_eq!(role("/a/IMG_1.jpeg"), Some(("/a/IMG_1", Role::Still(3))));
        assert_eq!(role("/a/IMG_1.Mov"), Some(("/a/IMG_1", Role::Motion)));
        for other in ["/a/IMG_1.mp4", "/a/mov", "/a.mov/b", "/a/.mov", "IMG_1"] {
            assert_eq!(role(other), None, "{other}");
        }
    }
}
