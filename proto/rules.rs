//! The rules of `buf.validate` that the API uses, one function each.

use std::collections::HashSet;
use std::hash::Hash;

use bytes::Bytes;
use regex_lite::Regex;

use crate::Violations;

/// Whether a value is its type's default.
pub(crate) fn is_zero<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn check(holds: bool, violations: &mut Violations, description: impl FnOnce() -> String) {
    if !holds {
        violations.add(description());
    }
}

pub(crate) fn required(is_set: bool, violations: &mut Violations) {
    check(is_set, violations, || "is required".to_owned());
}

/// Text that a database can hold.
pub(crate) fn no_nul(value: &str, violations: &mut Violations) {
    check(!value.contains('\0'), violations, || "must not contain the character U+0000".to_owned());
}

pub(crate) fn uuid(value: &str, violations: &mut Violations) {
    // Only the hyphenated form: the parser would take braces and URNs as well.
    let is_uuid = value.len() == 36 && uuid::Uuid::try_parse(value).is_ok();
    check(is_uuid, violations, || "must be a UUID".to_owned());
}

/// One `@` between a name and a host, neither with blanks or control characters. Whether the
/// address exists only a message to it can tell.
pub(crate) fn email(value: &str, violations: &mut Violations) {
    let is_email = value.rsplit_once('@').is_some_and(|(name, host)| {
        let is_plain = |part: &str| {
            !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control())
        };
        is_plain(name) && is_plain(host) && !name.contains('@')
    });
    check(is_email, violations, || "must be an e-mail address".to_owned());
}

pub(crate) fn min_len(value: &str, bound: usize, violations: &mut Violations) {
    check(value.chars().count() >= bound, violations, || match bound {
        1 => "must not be empty".to_owned(),
        _ => format!("must have at least {bound} characters"),
    });
}

pub(crate) fn max_len(value: &str, bound: usize, violations: &mut Violations) {
    check(value.chars().count() <= bound, violations, || {
        format!("must have at most {bound} characters")
    });
}

pub(crate) fn max_bytes(value: &str, bound: usize, violations: &mut Violations) {
    check(value.len() <= bound, violations, || format!("must have at most {bound} bytes"));
}

pub(crate) fn pattern(
    value: &str,
    regex: Option<&Regex>,
    pattern: &str,
    violations: &mut Violations,
) {
    check(regex.is_some_and(|regex| regex.is_match(value)), violations, || {
        format!("must match {pattern}")
    });
}

pub(crate) fn bytes_len(value: &Bytes, bound: usize, violations: &mut Violations) {
    check(value.len() == bound, violations, || format!("must have {bound} bytes"));
}

pub(crate) fn bytes_min_len(value: &Bytes, bound: usize, violations: &mut Violations) {
    check(value.len() >= bound, violations, || format!("must have at least {bound} bytes"));
}

pub(crate) fn bytes_max_len(value: &Bytes, bound: usize, violations: &mut Violations) {
    check(value.len() <= bound, violations, || format!("must have at most {bound} bytes"));
}

pub(crate) fn gte(value: i64, bound: i64, violations: &mut Violations) {
    check(value >= bound, violations, || format!("must be at least {bound}"));
}

pub(crate) fn lte(value: i64, bound: i64, violations: &mut Violations) {
    check(value <= bound, violations, || format!("must be at most {bound}"));
}

/// What is not a number is not at least anything.
pub(crate) fn double_gte(value: f64, bound: f64, violations: &mut Violations) {
    check(value >= bound, violations, || format!("must be at least {bound}"));
}

pub(crate) fn double_lte(value: f64, bound: f64, violations: &mut Violations) {
    check(value <= bound, violations, || format!("must be at most {bound}"));
}

pub(crate) fn defined(is_defined: bool, violations: &mut Violations) {
    check(is_defined, violations, || "must be one of the defined values".to_owned());
}

pub(crate) fn min_items(count: usize, bound: usize, violations: &mut Violations) {
    check(count >= bound, violations, || format!("must have at least {bound} items"));
}

pub(crate) fn max_items(count: usize, bound: usize, violations: &mut Violations) {
    check(count <= bound, violations, || format!("must have at most {bound} items"));
}

pub(crate) fn unique<T: Eq + Hash>(values: &[T], violations: &mut Violations) {
    let mut seen = HashSet::with_capacity(values.len());
    check(values.iter().all(|value| seen.insert(value)), violations, || {
        "must not have the same item twice".to_owned()
    });
}
