//! The API's enums as words.

/// The word of a value, as in `without location` for `SHARED_LINK_METADATA_WITHOUT_LOCATION`.
pub(crate) fn word(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_lowercase().replace('_', " ")
}

/// A number of things, as in `1 photo` and `2 photos`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {}", plural(noun)) }
}

/// Several of a thing, as in `photos` and `libraries`.
pub(crate) fn plural(noun: &str) -> String {
    noun.strip_suffix('y').map_or_else(|| format!("{noun}s"), |stem| format!("{stem}ies"))
}

/// The same for numbers of the API, which never sends negative ones.
pub(crate) fn whole(number: impl Into<i64>, noun: &str) -> String {
    count(usize::try_from(number.into()).unwrap_or(0), noun)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_as_words() {
        assert_eq!(word("ALBUM_ROLE_OWNER", "ALBUM_ROLE_"), "owner");
        assert_eq!(count(1, "photo"), "1 photo");
        assert_eq!(count(0, "photo"), "0 photos");
        assert_eq!(count(2, "library"), "2 libraries");
    }
}
