//! Where paths lie: cleaning them, and finding the root that contains them.

use std::borrow::Cow;

use crate::options::{Broken, MAX_ROOT_LEN, Rule};

/// A path without empty components: slashes that follow each other are one, and none is at the end.
/// The root of the whole tree, `/`, is empty.
pub(crate) fn clean(path: &str) -> Cow<'_, str> {
    let path = path.trim_end_matches('/');
    if !path.contains("//") {
        return path.into();
    }
    let mut clean = String::with_capacity(path.len());
    for c in path.chars() {
        if c != '/' || !clean.ends_with('/') {
            clean.push(c);
        }
    }
    clean.into()
}

/// The part of a path before its last slash, and the file's name.
pub(crate) fn split(path: &str) -> Option<(&str, &str)> {
    path.trim_end_matches('/').rsplit_once('/')
}

/// Folders below which paths count, in the order in which they are asked.
#[derive(Debug)]
pub(crate) struct Roots(Vec<String>);

impl Roots {
    pub(crate) fn new(roots: Vec<String>) -> Self {
        Self(roots)
    }

    /// Reads one root, which gets clean.
    pub(crate) fn parse(root: &str) -> Result<String, Broken> {
        if root.is_empty() {
            let message = "must not be empty".to_owned();
            return Err(Broken { rule: Rule::InvalidRootPath, message });
        }
        if root.len() > MAX_ROOT_LEN {
            let message = format!("must have at most {MAX_ROOT_LEN} bytes");
            return Err(Broken { rule: Rule::TooLong, message });
        }
        Ok(clean(root).into_owned())
    }

    /// How many bytes of `directory`, which is clean, belong to the first root that contains it, or
    /// `None` if none does. If they are all, it is the root itself.
    pub(crate) fn find(&self, directory: &str) -> Option<usize> {
        let contains = |root: &&String| {
            let below = directory.strip_prefix(root.as_str());
            below.is_some_and(|below| below.is_empty() || below.starts_with('/'))
        };
        self.0.iter().find(contains).map(String::len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_paths_have_no_empty_components() {
        for (path, cleaned) in [
            ("/photos/Rome", "/photos/Rome"),
            ("/photos//Rome///", "/photos/Rome"),
            ("///photos", "/photos"),
            ("photos/./../ /", "photos/./../ "),
            ("/", ""),
            ("//", ""),
            ("", ""),
        ] {
            assert_eq!(clean(path), cleaned, "{path:?}");
            assert_eq!(clean(cleaned), cleaned);
        }
    }

    #[test]
    fn the_root_of_the_tree_contains_absolute_paths_only() {
        let roots = Roots::new(vec![Roots::parse("/").unwrap()]);
        assert_eq!(roots.find(""), Some(0));
        assert_eq!(roots.find("/photos"), Some(0));
        assert_eq!(roots.find("photos"), None);
    }

    #[test]
    fn the_first_root_listed_counts() {
        let roots = Roots::new(vec!["/a/b".to_owned(), "/a".to_owned(), "/a/b/c".to_owned()]);
        assert_eq!(roots.find("/a/b/c"), Some(4));
        assert_eq!(roots.find("/a/bc"), Some(2));
        assert_eq!(roots.find("/ab"), None);
    }
}
