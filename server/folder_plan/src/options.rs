//! What a rule can be told, and what is wrong with it.

use std::fmt;

/// Most entries of a list, be it roots, patterns or name expressions.
pub const MAX_ENTRIES: usize = 100;

/// Longest root in bytes: what Linux takes as a path.
pub const MAX_ROOT_LEN: usize = 4096;

/// Longest pattern, and longest replacement, in characters.
pub const MAX_PATTERN_LEN: usize = 1000;

/// Most characters that the patterns of one list have together.
pub const MAX_LIST_LEN: usize = 4000;

/// Largest that a regular expression may become when it is compiled, and that those of one list may
/// become together, in bytes.
pub const MAX_EXPRESSION_SIZE: usize = 1 << 20;

/// Longest separator in characters.
pub const MAX_SEPARATOR_LEN: usize = 100;

/// Longest name of an album in characters: what albums take.
pub const MAX_NAME_LEN: usize = 255;

/// How albums are made from folders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The folders below which paths count. A path belongs to the first one that contains it.
    pub roots: Vec<String>,
    /// Which folders below the root make the name: one whole number, or two as in `2,3`. Positive
    /// numbers count from the root, negative ones from the file. By default `1`.
    pub album_levels: String,
    /// What stands between folders in a name. By default one blank.
    pub album_separator: String,
    /// Globs: only paths that match one, or one of [`Options::path_filter_regex`], count.
    pub path_filter: Vec<String>,
    /// Globs: paths that match one do not count.
    pub ignore: Vec<String>,
    /// Regular expressions beside [`Options::path_filter`]. They match the whole relative path.
    pub path_filter_regex: Vec<String>,
    /// Regular expressions beside [`Options::ignore`].
    pub ignore_regex: Vec<String>,
    /// What is done to names, in this order.
    pub album_name_post_regex: Vec<NameExpression>,
    /// Whether folders that give the same name share one album. By default they do.
    pub merge_same_name: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            roots: Vec::new(),
            album_levels: "1".to_owned(),
            album_separator: " ".to_owned(),
            path_filter: Vec::new(),
            ignore: Vec::new(),
            path_filter_regex: Vec::new(),
            ignore_regex: Vec::new(),
            album_name_post_regex: Vec::new(),
            merge_same_name: true,
        }
    }
}

/// Replaces every occurrence of `pattern` in a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameExpression {
    /// A regular expression.
    pub pattern: String,
    /// A template in Python's syntax: `\1`, `\g<1>`, `\g<name>`, `\g<0>`, `\\`; `$` is ordinary.
    /// Empty: what matches is deleted.
    pub replacement: String,
}

/// Everything that is wrong with options, as [`Planner::new`](crate::Planner::new) finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidOptions {
    /// At least one, in the order in which options are read.
    pub violations: Vec<Violation>,
}

impl fmt::Display for InvalidOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, violation) in self.violations.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{violation}")?;
        }
        Ok(())
    }
}

impl std::error::Error for InvalidOptions {}

/// One thing that is wrong with options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The field of [`Options`], as in `path_filter`.
    pub field: &'static str,
    /// Which entry of the field, counted from 0; `None` if it is the field as a whole.
    pub entry: Option<usize>,
    /// The rule that is broken.
    pub rule: Rule,
    /// For people: lowercase, no full stop.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.field)?;
        if let Some(entry) = self.entry {
            write!(f, "[{entry}]")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// The rules that options keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// There is at least one root, and none is empty.
    InvalidRootPath,
    /// Levels are one whole number, or two of the same sign that do not run backwards; none is 0.
    InvalidAlbumLevels,
    /// A glob, a regular expression or a replacement can be understood.
    InvalidPattern,
    /// A list has at most [`MAX_ENTRIES`] entries with at most [`MAX_LIST_LEN`] characters.
    TooMany,
    /// A text is not longer than its limit.
    TooLong,
}

impl Rule {
    /// The rule as programs name it, as in `invalid_pattern`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::InvalidRootPath => "invalid_root_path",
            Self::InvalidAlbumLevels => "invalid_album_levels",
            Self::InvalidPattern => "invalid_pattern",
            Self::TooMany => "too_many",
            Self::TooLong => "too_long",
        }
    }
}

/// Collects violations while options are read.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    violations: Vec<Violation>,
}

impl Reader {
    /// The value if it is one, else `None` after noting why it is not.
    pub(crate) fn check<T>(
        &mut self,
        field: &'static str,
        entry: Option<usize>,
        result: Result<T, Broken>,
    ) -> Option<T> {
        result
            .map_err(|Broken { rule, message }| {
                self.violations.push(Violation { field, entry, rule, message });
            })
            .ok()
    }

    /// Reads each entry of a list, after checking its size. `len` counts characters.
    pub(crate) fn list<E, T>(
        &mut self,
        field: &'static str,
        entries: &[E],
        len: impl Fn(&E) -> usize,
        read: impl Fn(&E) -> Result<T, Broken>,
    ) -> Vec<T> {
        if entries.len() > MAX_ENTRIES || entries.iter().map(len).sum::<usize>() > MAX_LIST_LEN {
            let message = format!(
                "must have at most {MAX_ENTRIES} entries with {MAX_LIST_LEN} characters together"
            );
            self.check::<()>(field, None, Err(Broken { rule: Rule::TooMany, message }));
            return Vec::new();
        }
        let numbered = entries.iter().enumerate();
        numbered.filter_map(|(index, entry)| self.check(field, Some(index), read(entry))).collect()
    }

    /// What is wrong.
    pub(crate) fn finish(self) -> Vec<Violation> {
        self.violations
    }
}

/// What is wrong with one value.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) rule: Rule,
    pub(crate) message: String,
}

impl Broken {
    pub(crate) fn pattern(message: impl Into<String>) -> Self {
        Self { rule: Rule::InvalidPattern, message: message.into() }
    }

    /// Refuses a text of more than `most` characters.
    pub(crate) fn unless_short(text: &str, most: usize) -> Result<(), Self> {
        if text.chars().nth(most).is_none() {
            return Ok(());
        }
        let message = format!("must have at most {most} characters");
        Err(Self { rule: Rule::TooLong, message })
    }
}
