//! Where one path belongs.

use std::borrow::Cow;

use crate::filter::Patterns;
use crate::naming::Naming;
use crate::options::{Broken, InvalidOptions, Options, Reader, Rule};
use crate::root::{Roots, clean, split};

/// Options that were checked, ready to be asked about any number of paths.
#[derive(Debug)]
pub struct Planner {
    roots: Roots,
    path_filter: Patterns,
    ignore: Patterns,
    naming: Naming,
    pub(crate) merge_same_name: bool,
}

/// The album that a path belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What the album is called: 1 to [`MAX_NAME_LEN`](crate::MAX_NAME_LEN) characters, no white
    /// space at its ends.
    pub name: String,
    /// The folder that the album stands for: the last one that the name is made of, with its root,
    /// without empty components. It stays the same when name expressions or the separator change.
    ///
    /// Name and folder together are the key of an album where those of one name are kept apart.
    pub folder: String,
}

/// Why a path belongs to no album.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Skip {
    /// No root contains it.
    NotBelowRoot,
    /// It lies directly in its root, where there is no folder to name an album after.
    DirectlyInRoot,
    /// There are filters, and none matches.
    FilteredOut,
    /// A pattern to ignore matches.
    Ignored,
    /// There are fewer folders below its root than the first one that is to be in the name.
    TooShallow,
    /// Nothing but white space is left of the name.
    BlankName,
    /// The name has more than [`MAX_NAME_LEN`](crate::MAX_NAME_LEN) characters.
    NameTooLong,
}

/// The part of a path that all files of one directory share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Directory {
    /// Bytes of the root in the clean path.
    root_len: usize,
    /// Whether the directory has no empty components, so that paths can be used as they are.
    is_clean: bool,
}

impl Planner {
    /// Checks options.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with them.
    pub fn new(options: &Options) -> Result<Self, InvalidOptions> {
        let mut reader = Reader::default();
        let read = &mut reader;
        if options.roots.is_empty() {
            let message = "must have at least one entry".to_owned();
            read.check::<()>("roots", None, Err(Broken { rule: Rule::InvalidRootPath, message }));
        }
        // Their length is limited one by one.
        let roots =
            Roots::new(read.list("roots", &options.roots, |_| 0, |root| Roots::parse(root)));
        let naming = Naming::read(read, options);
        let path_filter = Patterns::read(
            read,
            ("path_filter", &options.path_filter),
            ("path_filter_regex", &options.path_filter_regex),
        );
        let ignore = Patterns::read(
            read,
            ("ignore", &options.ignore),
            ("ignore_regex", &options.ignore_regex),
        );
        let violations = reader.finish();
        match (naming, violations.is_empty()) {
            (Some(naming), true) => {
                let merge_same_name = options.merge_same_name;
                Ok(Self { roots, path_filter, ignore, naming, merge_same_name })
            }
            _ => Err(InvalidOptions { violations }),
        }
    }

    /// The album that a path belongs to, or why it belongs to none.
    ///
    /// # Errors
    ///
    /// The first reason that holds, in the order of [`Skip`].
    pub fn place(&self, path: &str) -> Result<Place, Skip> {
        let (text, _) = split(path).ok_or(Skip::NotBelowRoot)?;
        let directory = self.directory(text)?;
        self.check_filters(path, directory)?;
        let clean = clean(text);
        let (name, end) = self.name(&clean, directory)?;
        Ok(Place { name, folder: clean[..end].to_owned() })
    }

    /// Looks at what comes before the last slash of a path.
    pub(crate) fn directory(&self, text: &str) -> Result<Directory, Skip> {
        let clean = clean(text);
        let root_len = self.roots.find(&clean).ok_or(Skip::NotBelowRoot)?;
        if root_len == clean.len() {
            return Err(Skip::DirectlyInRoot);
        }
        Ok(Directory { root_len, is_clean: clean.len() == text.len() })
    }

    /// Asks the filters about a path in `directory`.
    pub(crate) fn check_filters(&self, path: &str, directory: Directory) -> Result<(), Skip> {
        if self.path_filter.is_empty() && self.ignore.is_empty() {
            return Ok(());
        }
        let path = path.trim_end_matches('/');
        let path = if directory.is_clean { Cow::Borrowed(path) } else { clean(path) };
        let relative = &path[directory.root_len + 1..];
        if !self.path_filter.is_empty() && !self.path_filter.match_any(relative) {
            return Err(Skip::FilteredOut);
        }
        if self.ignore.match_any(relative) { Err(Skip::Ignored) } else { Ok(()) }
    }

    /// The name of the album for what lies in a directory, whose text is clean, and how many bytes
    /// of it are the folder that the album stands for.
    pub(crate) fn name(&self, clean: &str, directory: Directory) -> Result<(String, usize), Skip> {
        let start = directory.root_len + 1;
        let (name, end) = self.naming.name(&clean[start..])?;
        Ok((name, start + end))
    }
}
