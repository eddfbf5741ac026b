//! What folders are to become: options as they are kept with rules and runs.

use albumen::Violation;
use albumen_folder_plan::{NameExpression, Planner};
use serde::{Deserialize, Serialize};

use crate::entity::album;
use crate::entity::album_member::Role;
use crate::error::{Error, Result};

/// How many assets one transaction adds by default.
pub(super) const CHUNK_SIZE: u32 = 2000;
/// How many files are read at once by default.
pub(super) const FETCH_CHUNK_SIZE: u32 = 5000;

/// The options. The proto says what each means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "each is a field of FolderAlbumOptions, documented in the proto")]
pub struct Options {
    pub root_path: Vec<String>,
    pub album_levels: String,
    pub album_separator: String,
    pub album_name_post_regex: Vec<(String, String)>,
    pub path_filter: Vec<String>,
    pub ignore: Vec<String>,
    pub path_filter_regex: Vec<String>,
    pub ignore_regex: Vec<String>,
    pub merge_same_name: bool,
    pub mode: Mode,
    pub delete_confirm: bool,
    pub all_albums: bool,
    pub share_with: Vec<Share>,
    pub sync: Sync,
    pub album_order: Order,
    pub find_assets_in_albums: bool,
    pub find_archived_assets: bool,
    pub set_album_thumbnail: Option<Thumbnail>,
    pub archive: bool,
    pub comments_and_likes: Option<bool>,
    pub chunk_size: u32,
    pub fetch_chunk_size: u32,
}

impl Default for Options {
    fn default() -> Self {
        let plan = albumen_folder_plan::Options::default();
        Self {
            root_path: Vec::new(),
            album_levels: plan.album_levels,
            album_separator: plan.album_separator,
            album_name_post_regex: Vec::new(),
            path_filter: Vec::new(),
            ignore: Vec::new(),
            path_filter_regex: Vec::new(),
            ignore_regex: Vec::new(),
            merge_same_name: plan.merge_same_name,
            mode: Mode::Create,
            delete_confirm: false,
            all_albums: false,
            share_with: Vec::new(),
            sync: Sync::Off,
            album_order: Order::NewestFirst,
            find_assets_in_albums: false,
            find_archived_assets: false,
            set_album_thumbnail: None,
            archive: false,
            comments_and_likes: None,
            chunk_size: CHUNK_SIZE,
            fetch_chunk_size: FETCH_CHUNK_SIZE,
        }
    }
}

/// What to do with the albums that folders name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// Make and fill them.
    Create,
    /// Put those into the trash that the folders name.
    Cleanup,
    /// Put all into the trash.
    DeleteAll,
}

/// What is tidied up after the albums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sync {
    /// Nothing.
    Off,
    /// Empty albums.
    EmptyAlbums,
    /// Missing assets, then empty albums.
    OfflineAssets,
}

/// Which asset becomes the cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Thumbnail {
    /// The earliest.
    First,
    /// The latest.
    Last,
    /// Any.
    Random,
    /// Any that passes the filters, in every album that has one.
    RandomFiltered,
    /// Any, in every album.
    RandomAll,
}

/// The order of new albums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// Latest first.
    NewestFirst,
    /// Earliest first.
    OldestFirst,
    /// As people put them.
    Manual,
}

impl Order {
    /// The same of an album.
    #[must_use]
    pub fn of_album(self) -> album::Order {
        match self {
            Self::NewestFirst => album::Order::NewestFirst,
            Self::OldestFirst => album::Order::OldestFirst,
            Self::Manual => album::Order::Manual,
        }
    }
}

/// Somebody who is made a member of new albums.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Their name or e-mail.
    pub user: String,
    /// What they may do.
    pub role: ShareRole,
}

/// What a member may be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is a Role, documented there")]
pub enum ShareRole {
    Viewer,
    Contributor,
    Editor,
}

impl ShareRole {
    /// The same of an album.
    #[must_use]
    pub fn of_album(self) -> Role {
        match self {
            Self::Viewer => Role::Viewer,
            Self::Contributor => Role::Contributor,
            Self::Editor => Role::Editor,
        }
    }
}

impl Options {
    /// Reads options as rules and runs keep them.
    pub fn read(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(Error::internal)
    }

    /// Writes options as rules and runs keep them.
    pub fn write(&self) -> Result<String> {
        serde_json::to_string(self).map_err(Error::internal)
    }

    /// Whether nothing is to be changed.
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        self.mode != Mode::Create && !self.delete_confirm
    }

    /// Whether there is any filter.
    #[must_use]
    pub fn has_filters(&self) -> bool {
        let lists = [&self.path_filter, &self.ignore, &self.path_filter_regex, &self.ignore_regex];
        lists.into_iter().any(|list| !list.is_empty())
    }

    /// What says of each path which album it belongs to. Fails with `INVALID_REQUEST` for each
    /// option that is wrong.
    pub fn planner(&self) -> Result<Planner> {
        let expressions = self.album_name_post_regex.iter().cloned();
        let options = albumen_folder_plan::Options {
            roots: self.root_path.clone(),
            album_levels: self.album_levels.clone(),
            album_separator: self.album_separator.clone(),
            path_filter: self.path_filter.clone(),
            ignore: self.ignore.clone(),
            path_filter_regex: self.path_filter_regex.clone(),
            ignore_regex: self.ignore_regex.clone(),
            album_name_post_regex: expressions
                .map(|(pattern, replacement)| NameExpression { pattern, replacement })
                .collect(),
            merge_same_name: self.merge_same_name,
        };
        Planner::new(&options).map_err(|invalid| {
            let violations = invalid.violations.into_iter().map(|violation| {
                let name = if violation.field == "roots" { "root_path" } else { violation.field };
                let entry = violation.entry.map(|entry| format!("[{entry}]")).unwrap_or_default();
                Violation {
                    field: format!("options.{name}{entry}"),
                    description: violation.message,
                }
            });
            Error::InvalidRequest(violations.collect())
        })
    }
}
