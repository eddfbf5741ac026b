//! The options of folder albums, from wherever they come.

use std::collections::BTreeMap;

use albumen_client::v1::folder_album_options::{Mode, Sync, Thumbnail};
use albumen_client::v1::{
    AlbumOrder, AlbumRole, FolderAlbumOptions, FolderAlbumShare, FolderNameExpression,
};
use albumen_folder_plan::{InvalidOptions, NameExpression, Options, Planner, Violation};

use super::expressions::NameExpressions;
use super::values;
use crate::failure::{Failure, Result};

/// The options as they were given; what was not given is `None` or empty.
#[derive(Debug, Clone, Default, PartialEq, clap::Args)]
pub(crate) struct OptionArgs {
    /// A folder below which photos count, as the server sees it; may be repeated
    #[arg(short = 'r', long = "root-path", value_name = "PATH", help_heading = "Which albums")]
    pub(super) roots: Vec<String>,
    /// The folders that make the name: N the first ones below the root path, -N the last ones above
    /// the photo, or a range as in 2,3 [default: 1]
    #[arg(short = 'a', long, value_name = "LEVELS", allow_hyphen_values = true, help_heading = "Which albums")]
    pub(super) album_levels: Option<String>,
    /// What stands between folders in a name [default: one blank]
    #[arg(short = 's', long, value_name = "TEXT", allow_hyphen_values = true, help_heading = "Which albums")]
    pub(super) album_separator: Option<String>,
    #[command(flatten)]
    pub(super) names: NameExpressions,
    /// Take only what matches this glob; may be repeated
    #[arg(short = 'f', long, value_name = "GLOB", help_heading = "Which albums")]
    pub(super) path_filter: Vec<String>,
    /// Leave out what matches this glob; may be repeated
    #[arg(short = 'i', long, value_name = "GLOB", help_heading = "Which albums")]
    pub(super) ignore: Vec<String>,
    /// Take only what matches this regular expression from beginning to end; may be repeated
    #[arg(long, value_name = "PATTERN", help_heading = "Which albums")]
    pub(super) path_filter_regex: Vec<String>,
    /// Leave out what matches this regular expression from beginning to end; may be repeated
    #[arg(long, value_name = "PATTERN", help_heading = "Which albums")]
    pub(super) ignore_regex: Vec<String>,
    /// Put folders that give the same name into one album (the default)
    #[arg(long, overrides_with = "no_merge_same_name", help_heading = "Which albums")]
    pub(super) merge_same_name: bool,
    /// Make an album for each folder, of whatever name
    #[arg(long, overrides_with = "merge_same_name", help_heading = "Which albums")]
    pub(super) no_merge_same_name: bool,
    /// Also take photos that are in other albums
    #[arg(short = 'A', long, value_name = "true|false", num_args = 0..=1, require_equals = true,
        default_missing_value = "true", value_parser = values::boolean, help_heading = "Which albums")]
    pub(super) find_assets_in_albums: Option<bool>,
    /// Also take archived photos
    #[arg(long, value_name = "true|false", num_args = 0..=1, require_equals = true,
        default_missing_value = "true", value_parser = values::boolean, help_heading = "Which albums")]
    pub(super) find_archived_assets: Option<bool>,

    #[arg(short = 'm', long, value_name = "MODE", value_parser = values::mode, help_heading = "What to do",
        help = "CREATE makes and fills albums; CLEANUP puts those into the trash that CREATE would \
                name; DELETE_ALL all that you own, whatever the root path. Both only list them \
                without --delete-confirm [default: CREATE]")]
    pub(super) mode: Option<Mode>,
    #[arg(short = 'd', long, value_name = "true|false", num_args = 0..=1, require_equals = true,
        default_missing_value = "true", value_parser = values::strict_boolean, help_heading = "What to do",
        help = "Put albums into the trash in the modes CLEANUP and DELETE_ALL, without asking, also \
                where there is no terminal and with --json, rather than only list them")]
    pub(super) delete_confirm: Option<bool>,
    #[arg(long, value_name = "true|false", num_args = 0..=1, require_equals = true,
        default_missing_value = "true", value_parser = values::boolean, help_heading = "What to do",
        help = "Whether CLEANUP, DELETE_ALL and --sync-mode take in albums that were not made from \
                folders [default: true, in stored rules false]")]
    pub(super) all_albums: Option<bool>,
    /// Share new albums with somebody, by name or e-mail; may be repeated
    #[arg(short = 'x', long, value_name = "USER[=ROLE]", value_parser = values::share, help_heading = "What to do")]
    pub(super) share_with: Vec<FolderAlbumShare>,
    /// The role of those who have none of their own: viewer, contributor or editor
    /// [default: viewer]
    #[arg(short = 'o', long, value_name = "ROLE", value_parser = values::role, help_heading = "What to do")]
    pub(super) share_role: Option<AlbumRole>,
    /// Afterwards: 1 puts empty albums into the trash; 2 does so after photos whose files are
    /// missing, which stay there until they are back. It looks at whole libraries, an
    /// administrator's at all, and at no root path [default: 0]
    #[arg(short = 'S', long, value_name = "0|1|2", value_parser = values::sync_mode, help_heading = "What to do")]
    pub(super) sync_mode: Option<Sync>,
    /// The order of new albums: asc has the oldest photo first, desc the newest [default: desc]
    #[arg(short = 'O', long, value_name = "asc|desc", value_parser = values::album_order, help_heading = "What to do")]
    pub(super) album_order: Option<AlbumOrder>,
    /// The cover of albums that get photos: first, last or random; random-filtered: of all albums
    /// with photos below a root path; random-all: of all albums
    #[arg(long, value_name = "WHICH", value_parser = values::thumbnail, help_heading = "What to do")]
    pub(super) set_album_thumbnail: Option<Thumbnail>,
    /// Archive what is added; in the modes that delete, take it out of the archive again
    #[arg(short = 'v', long, value_name = "true|false", num_args = 0..=1, require_equals = true,
        default_missing_value = "true", value_parser = values::boolean, help_heading = "What to do")]
    pub(super) archive: Option<bool>,
    /// Let people comment and like in new albums
    #[arg(long, conflicts_with = "comments_and_likes_disabled", help_heading = "What to do")]
    pub(super) comments_and_likes_enabled: bool,
    /// Do not let people comment and like in new albums
    #[arg(long, help_heading = "What to do")]
    pub(super) comments_and_likes_disabled: bool,
    #[arg(skip)]
    pub(super) comments_and_likes: Option<bool>,
    /// How many photos are added at once [default: 2000, at most 10000]
    #[arg(short = 'c', long, value_name = "NUMBER", value_parser = values::chunk, help_heading = "What to do")]
    pub(super) chunk_size: Option<i32>,
    /// How many files the server reads at once [default: 5000, at most 10000]
    #[arg(short = 'C', long, value_name = "NUMBER", value_parser = values::chunk, help_heading = "What to do")]
    pub(super) fetch_chunk_size: Option<i32>,

    /// The variables that values come from, by field and entry; all others are from the command
    /// line.
    #[arg(skip)]
    pub(super) variables: BTreeMap<&'static str, Vec<String>>,
}

/// Takes the named fields from elsewhere where they were not given here.
macro_rules! fill {
    ($this:ident from $other:ident: $($field:ident)*; lists $($list:ident)*) => {
        $(if $this.$field.is_none() {
            $this.$field = $other.$field;
            $this.variables.extend($other.variables.remove_entry(stringify!($field)));
        })*
        $(if $this.$list.is_empty() {
            $this.$list = $other.$list;
            $this.variables.extend($other.variables.remove_entry(stringify!($list)));
        })*
    };
}

impl OptionArgs {
    /// These options, and for those that were not given the others.
    pub(super) fn or(mut self, mut other: Self) -> Self {
        self.comments_and_likes = self.comments_and_likes();
        fill!(self from other:
            album_levels album_separator find_assets_in_albums find_archived_assets mode
            delete_confirm all_albums share_role sync_mode album_order set_album_thumbnail archive
            comments_and_likes chunk_size fetch_chunk_size;
            lists roots path_filter ignore path_filter_regex ignore_regex share_with);
        if self.names.0.is_empty() {
            self.names = other.names;
            let names = other.variables.remove_entry("album_name_post_regex");
            self.variables.extend(names);
        }
        self
    }

    fn comments_and_likes(&self) -> Option<bool> {
        match (self.comments_and_likes_enabled, self.comments_and_likes_disabled) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => self.comments_and_likes,
        }
    }

    fn merge_same_name(&self) -> Option<bool> {
        match (self.merge_same_name, self.no_merge_same_name) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        }
    }

    fn expressions(&self) -> impl Iterator<Item = (&String, String)> {
        let entries = self.names.0.iter();
        entries.filter_map(|entry| Some((entry.first()?, entry.get(1).cloned().unwrap_or_default())))
    }

    /// Checks what makes albums, without a server.
    pub(super) fn planner(&self) -> Result<Planner, InvalidOptions> {
        let default = Options::default();
        Planner::new(&Options {
            roots: self.roots.clone(),
            album_levels: self.album_levels.clone().unwrap_or(default.album_levels),
            album_separator: self.album_separator.clone().unwrap_or(default.album_separator),
            path_filter: self.path_filter.clone(),
            ignore: self.ignore.clone(),
            path_filter_regex: self.path_filter_regex.clone(),
            ignore_regex: self.ignore_regex.clone(),
            album_name_post_regex: self
                .expressions()
                .map(|(pattern, replacement)| NameExpression {
                    pattern: pattern.clone(),
                    replacement,
                })
                .collect(),
            merge_same_name: self.merge_same_name().unwrap_or(default.merge_same_name),
        })
    }

    /// The same, as an error of the command line.
    pub(crate) fn check(&self) -> Result<()> {
        let checked = self.planner();
        checked.map(drop).map_err(|error| Failure::Usage(self.explain(&error)))
    }

    /// What is wrong, by options and variables.
    pub(super) fn explain(&self, error: &InvalidOptions) -> String {
        let lines = error.violations.iter().map(|violation| self.explain_one(violation));
        lines.collect::<Vec<_>>().join("\n")
    }

    fn explain_one(&self, violation: &Violation) -> String {
        let swallows = |entry: &Vec<String>| entry.iter().skip(1).any(|it| it.starts_with('/'));
        if violation.field == "roots" && self.roots.is_empty() {
            let hint = if self.names.0.iter().any(swallows) {
                "; what follows -R belongs to it, so name the root path first"
            } else {
                ""
            };
            return format!("a root path is missing{hint}");
        }
        format!("{}: {}", self.name(violation.field, violation.entry), violation.message)
    }

    /// How a field was called where its value came from.
    fn name(&self, field: &'static str, entry: Option<usize>) -> String {
        let value = entry.and_then(|entry| self.value(field, entry)).unwrap_or_default();
        if let Some(names) = self.variables.get(field) {
            let name = entry.and_then(|entry| names.get(entry)).or(names.first());
            return format!("{}{value}", name.map_or("", String::as_str));
        }
        let option = if field == "roots" { "root-path" } else { field };
        format!("--{}{value}", option.replace('_', "-"))
    }

    /// An entry of a list, to be put behind its name.
    fn value(&self, field: &str, entry: usize) -> Option<String> {
        let value = match field {
            "roots" => self.roots.get(entry),
            "path_filter" => self.path_filter.get(entry),
            "ignore" => self.ignore.get(entry),
            "path_filter_regex" => self.path_filter_regex.get(entry),
            "ignore_regex" => self.ignore_regex.get(entry),
            _ => self.names.0.get(entry).and_then(|words| words.first()),
        };
        value.map(|value| format!(" {value:?}"))
    }

    /// Values that are given and mean nothing.
    pub(super) fn ignored(&self) -> impl Iterator<Item = &String> {
        self.names.0.iter().flat_map(|entry| entry.iter().skip(2))
    }

    /// Sets what was given in options of the API, and leaves the rest as it is.
    pub(crate) fn set(self, options: &mut FolderAlbumOptions) {
        let (comments_and_likes, merge) = (self.comments_and_likes(), self.merge_same_name());
        let expressions = self.expressions();
        let expressions = expressions.map(|(pattern, replacement)| FolderNameExpression {
            pattern: pattern.clone(),
            replacement,
        });
        let expressions: Vec<_> = expressions.collect();
        replace_list(&mut options.root_path, self.roots);
        replace_list(&mut options.album_name_post_regex, expressions);
        replace_list(&mut options.path_filter, self.path_filter);
        replace_list(&mut options.ignore, self.ignore);
        replace_list(&mut options.path_filter_regex, self.path_filter_regex);
        replace_list(&mut options.ignore_regex, self.ignore_regex);
        replace_list(&mut options.share_with, self.share_with);
        replace(&mut options.album_levels, self.album_levels);
        replace(&mut options.mode, self.mode.map(i32::from));
        replace(&mut options.delete_confirm, self.delete_confirm);
        replace(&mut options.all_albums, self.all_albums);
        replace(&mut options.share_role, self.share_role.map(i32::from));
        replace(&mut options.sync, self.sync_mode.map(i32::from));
        replace(&mut options.album_order, self.album_order.map(i32::from));
        replace(&mut options.find_assets_in_albums, self.find_assets_in_albums);
        replace(&mut options.find_archived_assets, self.find_archived_assets);
        replace(&mut options.set_album_thumbnail, self.set_album_thumbnail.map(i32::from));
        replace(&mut options.archive, self.archive);
        replace(&mut options.chunk_size, self.chunk_size);
        replace(&mut options.fetch_chunk_size, self.fetch_chunk_size);
        options.album_separator = self.album_separator.or(options.album_separator.take());
        options.merge_same_name = merge.or(options.merge_same_name);
        options.comments_and_likes = comments_and_likes.or(options.comments_and_likes);
    }
}

fn replace<T>(old: &mut T, new: Option<T>) {
    if let Some(new) = new {
        *old = new;
    }
}

fn replace_list<T>(old: &mut Vec<T>, new: Vec<T>) {
    if !new.is_empty() {
        *old = new;
    }
}
