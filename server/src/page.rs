//! Pages of lists by keyset: a page starts behind the last row of the page before.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use prost::Message;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{Condition, Value};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::error::{Error, Result};

/// How many rows a page has by default, and at most.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    default: u32,
    max: u32,
}

/// The sizes of most lists.
pub const SIZES: Sizes = Sizes { default: 50, max: 200 };
/// The sizes of lists of assets.
pub const ASSET_SIZES: Sizes = Sizes { default: 100, max: 1000 };

/// Where a row stands in its list: the value that it is sorted by, and its id.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Key {
    /// The number it is sorted by, if it is one.
    #[prost(int64, tag = "1")]
    pub number: i64,
    /// The text it is sorted by, if it is one.
    #[prost(string, tag = "2")]
    pub text: String,
    /// The 16 bytes of its id.
    #[prost(bytes = "vec", tag = "3")]
    pub id: Vec<u8>,
}

/// What a page token holds. It grants nothing.
#[derive(Clone, PartialEq, Eq, Message)]
struct Token {
    #[prost(message, optional, tag = "1")]
    key: Option<Key>,
    #[prost(fixed64, tag = "2")]
    parameters: u64,
}

/// A page that a caller asks for.
#[derive(Debug, Clone)]
pub struct Page {
    /// How many rows at most, from 1.
    pub size: u32,
    /// The last row of the page before; `None` for the first page.
    pub after: Option<Key>,
    parameters: u64,
}

impl Page {
    /// Reads the page fields of a request.
    ///
    /// `parameters` is the same request without its page fields: a token is good for equal
    /// parameters only. Fails for tokens that are malformed or of another list.
    pub fn parse(size: i32, token: &str, sizes: Sizes, parameters: &impl Message) -> Result<Self> {
        let size = match u32::try_from(size) {
            Ok(0) => sizes.default,
            Ok(size) => Ord::min(size, sizes.max),
            Err(_) => return Err(Error::invalid("page_size", "must be at least 0")),
        };
        let parameters = hash(parameters);
        if token.is_empty() {
            return Ok(Self { size, after: None, parameters });
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok();
        let token = bytes.and_then(|bytes| Token::decode(bytes.as_slice()).ok());
        let token = token.filter(|token| token.key.as_ref().is_some_and(|key| key.id.len() == 16));
        let token = token.ok_or_else(|| {
            Error::invalid("page_token", "must be a next_page_token as it was received")
        })?;
        if token.parameters != parameters {
            return Err(Error::PageTokenMismatch);
        }
        Ok(Self { size, after: token.key, parameters })
    }

    /// How many rows to select: one more than the page has, to see whether there is another.
    #[must_use]
    pub fn limit(&self) -> u64 {
        u64::from(self.size) + 1
    }

    /// Cuts the rows selected with [`Page::limit`] to the page, and makes the next one's token.
    #[must_use]
    pub fn paged<T>(&self, mut rows: Vec<T>, key: impl Fn(&T) -> Key) -> Paged<T> {
        let size = self.size as usize;
        let has_more = rows.len() > size;
        rows.truncate(size);
        let last = rows.last().filter(|_| has_more);
        let token = last.map(|row| Token { key: Some(key(row)), parameters: self.parameters });
        let next_page_token = token.map(|token| URL_SAFE_NO_PAD.encode(token.encode_to_vec()));
        Paged { rows, next_page_token: next_page_token.unwrap_or_default() }
    }
}

/// The rows behind `key` in a list that is sorted by `sort` and then by `id`, both ascending or
/// both descending.
#[must_use]
pub fn behind(sort: Expr, value: Value, id: Expr, key: &Key, is_descending: bool) -> Condition {
    let key_id = Uuid::from_slice(&key.id).unwrap_or_default();
    let (beyond, behind) = if is_descending {
        (sort.clone().lt(value.clone()), id.lt(key_id))
    } else {
        (sort.clone().gt(value.clone()), id.gt(key_id))
    };
    Condition::any().add(beyond).add(Condition::all().add(sort.eq(value)).add(behind))
}

/// The rows of a page.
#[derive(Debug)]
pub struct Paged<T> {
    /// The rows, in order.
    pub rows: Vec<T>,
    /// The token of the next page; empty if this is the last one.
    pub next_page_token: String,
}

fn hash(parameters: &impl Message) -> u64 {
    let digest = Sha256::digest(parameters.encode_to_vec());
    digest.iter().take(8).fold(0, |hash, byte| (hash << 8) | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(id: u8) -> Key {
        Key { number: -5, text: "Ü".to_owned(), id: vec![id; 16] }
    }

    fn parameters(text: &str) -> Key {
        Key { text: text.to_owned(), ..Key::default() }
    }

    #[test]
    fn the_next_page_starts_behind_the_last_row() {
        let page = Page::parse(2, "", SIZES, &parameters("a")).unwrap();
        let paged = page.paged(vec![1, 2, 3], |row| key(*row));
        assert_eq!(paged.rows, [1, 2]);
        let next = Page::parse(2, &paged.next_page_token, SIZES, &parameters("a")).unwrap();
        assert_eq!(next.after, Some(key(2)));
        assert!(next.paged(vec![3], |row| key(*row)).next_page_token.is_empty());
    }

    #[test]
    fn a_token_is_good_for_its_own_list_only() {
        let page = Page::parse(1, "", SIZES, &parameters("a")).unwrap();
        let token = page.paged(vec![1, 2], |row| key(*row)).next_page_token;
        let other = Page::parse(1, &token, SIZES, &parameters("b"));
        assert!(matches!(other, Err(Error::PageTokenMismatch)));
    }

    #[test]
    fn sizes_have_a_default_and_a_maximum() {
        let size = |size| Page::parse(size, "", ASSET_SIZES, &parameters("")).map(|page| page.size);
        assert_eq!(size(0).unwrap(), 100);
        assert_eq!(size(7).unwrap(), 7);
        assert_eq!(size(i32::MAX).unwrap(), 1000);
        assert!(size(-1).is_err());
    }

    proptest! {
        #[test]
        fn any_token_is_read_or_refused(token in ".{0,80}") {
            let refused = Page::parse(0, &token, SIZES, &parameters("")).is_err();
            prop_assert!(refused || token.is_empty());
        }
    }
}
