//! What of a library's folders is left alone.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::error::{Error, Result};

/// Left alone where a library names nothing: hidden files and folders (among them what macOS and
/// Syncthing keep beside photos), the folders of storage systems, recycle bins and snapshots.
pub(super) const DEFAULTS: [&str; 10] = [
    "**/.*",
    "**/@eaDir",
    "**/#recycle",
    "**/#snapshot",
    "**/@Recycle",
    "**/@Recently-Snapshot",
    "**/$RECYCLE.BIN",
    "**/System Volume Information",
    "**/lost+found",
    "**/Thumbs.db",
];

/// Globs in a form that is quick to compare.
#[derive(Debug, Clone)]
pub(super) struct Exclusions(GlobSet);

impl Exclusions {
    /// Fails with the number of the first glob that cannot be read, and why.
    pub(super) fn parse(globs: &[String]) -> Result<Self> {
        let mut set = GlobSetBuilder::new();
        for (index, glob) in globs.iter().enumerate() {
            let built = GlobBuilder::new(glob.trim_matches('/')).literal_separator(true).build();
            set.add(built.map_err(|error| {
                let field = format!("library.exclusions[{index}]");
                Error::invalid(field, format!("must be a glob: {}", error.kind()))
            })?);
        }
        let set = set.build().map_err(|error| {
            Error::invalid("library.exclusions", format!("must be globs: {}", error.kind()))
        })?;
        Ok(Self(set))
    }

    /// Whether a file or folder is left alone. What lies below a folder that is left alone is too,
    /// which this does not look at. `path` is relative to the import path.
    pub(super) fn has(&self, path: &str) -> bool {
        self.0.is_match(path)
    }

    /// The same for a file, with the folders above it.
    pub(super) fn has_any_part(&self, path: &str) -> bool {
        let folders = path.match_indices('/').map(|(end, _)| &path[..end]);
        folders.chain([path]).any(|part| self.has(part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exclusions(globs: &[&str]) -> Result<Exclusions> {
        Exclusions::parse(&globs.iter().map(|&glob| glob.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn the_defaults_leave_alone_what_systems_keep_beside_photos() {
        let exclusions = exclusions(&DEFAULTS).unwrap();
        for path in [
            "._IMG_1.jpg",
            "2024/._IMG_1.jpg",
            ".stfolder/x",
            "a/.stversions/b.jpg",
            "a/@eaDir/IMG_1.jpg/SYNOPHOTO_THUMB_XL.jpg",
            "#recycle/IMG_1.jpg",
            "$RECYCLE.BIN/x.jpg",
        ] {
            assert!(exclusions.has_any_part(path), "{path}");
        }
        for path in ["IMG_1.jpg", "2024/a.b/IMG_1.jpg", "recycle/IMG.jpg", "eaDir/x.jpg"] {
            assert!(!exclusions.has_any_part(path), "{path}");
        }
    }

    #[test]
    fn a_star_stays_within_its_folder() {
        let exclusions = exclusions(&["*.png", "drafts/", "**/raw/*.dng"]).unwrap();
        for path in ["a.png", "drafts/x.jpg", "drafts/a/x.jpg", "raw/a.dng", "a/b/raw/x.dng"] {
            assert!(exclusions.has_any_part(path), "{path}");
        }
        for path in ["a/b.png", "a/drafts/x.jpg", "raw/a/b.dng"] {
            assert!(!exclusions.has_any_part(path), "{path}");
        }
    }

    #[test]
    fn a_glob_that_cannot_be_read_is_named() {
        let error = exclusions(&["ok", "a[b"]).unwrap_err();
        let Error::InvalidRequest(violations) = error else { panic!("{error:?}") };
        assert_eq!(violations[0].field, "library.exclusions[1]");
    }
}
