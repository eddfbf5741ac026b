//! What an API key is good for.

use std::sync::LazyLock;

use albumen::METHODS;

/// What no key is good for, whatever it was given: who holds a key must not be able to make
/// another, nor to take the account over.
const NEVER: [&str; 3] = ["api_key", "password", "session"];

/// The scopes that keys can have, in alphabetical order.
static NAMES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let is_possible = |scope: &&str| !NEVER.contains(&scope.split('.').next().unwrap_or_default());
    let mut names: Vec<_> = METHODS.iter().map(|method| method.scope).filter(is_possible).collect();
    names.sort_unstable();
    names.dedup();
    names
});

/// A set of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scopes(u128);

impl Scopes {
    /// The scopes that keys can have, as the proto names them.
    #[must_use]
    pub fn all() -> &'static [&'static str] {
        &NAMES
    }

    /// The scopes with these names; fails with the first that no key can have.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, &'a str> {
        names.into_iter().try_fold(Self(0), |set, name| Ok(Self(set.0 | bit(name).ok_or(name)?)))
    }

    /// The scopes of a stored key. A name that this version does not know grants nothing.
    #[must_use]
    pub fn stored(names: &str) -> Self {
        Self(names.split(' ').filter_map(bit).fold(0, |set, bit| set | bit))
    }

    /// The names of the scopes, in alphabetical order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        NAMES.iter().copied().filter(move |name| self.contains(name))
    }

    /// Whether a scope is among them.
    #[must_use]
    pub fn contains(self, name: &str) -> bool {
        bit(name).is_some_and(|bit| self.0 & bit != 0)
    }
}

fn bit(name: &str) -> Option<u128> {
    let index = NAMES.binary_search(&name).ok()?;
    1_u128.checked_shl(u32::try_from(index).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_never_manage_keys_sessions_or_passwords() {
        for name in ["api_key.write", "session.write", "session.read", "password.write", "x", ""] {
            assert_eq!(Scopes::parse([name]), Err(name));
            assert!(!Scopes::stored(name).contains(name));
        }
    }

    #[test]
    fn a_set_is_read_back_and_every_scope_has_a_bit() {
        assert!(NAMES.len() <= 128);
        let all = Scopes::parse(Scopes::all().iter().copied()).unwrap();
        assert!(all.names().eq(NAMES.iter().copied()));
        let one = Scopes::stored("album.read no.such");
        assert!(one.names().eq(["album.read"]));
        assert!(!one.contains("album.write"));
    }
}
