//! Which server a call is for, among the things that it names without an option.

use crate::failure::{Failure, Result};

/// What a call names, as in `/photos https://photos.example.org KEY`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) roots: Vec<String>,
    pub(super) url: Option<String>,
    pub(super) api_key: Option<String>,
}

impl Target {
    /// Everything before an address is a root path, and what follows it is the key.
    pub(super) fn split(named: Vec<String>) -> Result<Self> {
        let mut target = Self::default();
        let mut named = named.into_iter();
        for name in named.by_ref() {
            if is_address(&name) {
                target.url = Some(server(&name));
                target.api_key = named.next();
                break;
            }
            target.roots.push(name);
        }
        // A key may be among them, so nothing is repeated.
        if named.next().is_some() {
            let message = "after the server's address comes its API key and nothing else: name \
                           root paths first";
            return Err(Failure::Usage(message.to_owned()));
        }
        Ok(target)
    }
}

fn is_address(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with("http://") || text.starts_with("https://")
}

/// The address of a server, also if the path of an API follows it.
pub(super) fn server(text: &str) -> String {
    let text = text.trim().trim_end_matches('/');
    text.strip_suffix("/api").unwrap_or(text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(named: &[&str]) -> Result<Target> {
        Target::split(named.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn roots_come_before_the_address_and_the_key_behind_it() {
        let target = split(&["/a", "/b", " https://photos.example.org/api/", "key"]).unwrap();
        assert_eq!(target.roots, ["/a", "/b"]);
        assert_eq!(target.url.as_deref(), Some("https://photos.example.org"));
        assert_eq!(target.api_key.as_deref(), Some("key"));
        assert_eq!(split(&["/a"]).unwrap().url, None);
        assert_eq!(split(&["http://localhost:8420"]).unwrap().api_key, None);
    }

    #[test]
    fn what_follows_the_key_is_refused_and_not_repeated() {
        let Err(Failure::Usage(message)) = split(&["http://localhost", "secret", "/a"]) else {
            panic!("roots come first");
        };
        assert!(!message.contains("secret"), "{message}");
    }
}
