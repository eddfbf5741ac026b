//! How the values of options and variables are written.

use albumen_client::v1::folder_album_options::{Mode, Sync, Thumbnail};
use albumen_client::v1::{AlbumOrder, AlbumRole, FolderAlbumShare};

use super::log::Level;

/// Most assets that the server takes in one transaction, and files that it reads at once.
const MAX_CHUNK: u32 = 10_000;

/// `true` or `false`, `1` or `0`, `yes` or `no`, in any case.
pub(super) fn boolean(text: &str) -> Result<bool, String> {
    let rule = "must be true or false, 1 or 0, yes or no";
    let words =
        [("true", true), ("false", false), ("1", true), ("0", false), ("yes", true), ("no", false)];
    word(text, &words).ok_or_else(|| rule.to_owned())
}

/// `true` or `false`, and nothing else: albums are deleted by it.
pub(super) fn strict_boolean(text: &str) -> Result<bool, String> {
    let words = [("true", true), ("false", false)];
    word(text, &words).ok_or_else(|| "must be true or false".to_owned())
}

pub(super) fn mode(text: &str) -> Result<Mode, String> {
    let words =
        [("CREATE", Mode::Create), ("CLEANUP", Mode::Cleanup), ("DELETE_ALL", Mode::DeleteAll)];
    word(text, &words).ok_or_else(|| "must be CREATE, CLEANUP or DELETE_ALL".to_owned())
}

pub(super) fn sync_mode(text: &str) -> Result<Sync, String> {
    let words =
        [("0", Sync::Unspecified), ("1", Sync::EmptyAlbums), ("2", Sync::OfflineAssets)];
    word(text, &words).ok_or_else(|| "must be 0, 1 or 2".to_owned())
}

pub(super) fn album_order(text: &str) -> Result<AlbumOrder, String> {
    let words = [("asc", AlbumOrder::OldestFirst), ("desc", AlbumOrder::NewestFirst)];
    word(text, &words).ok_or_else(|| "must be asc or desc".to_owned())
}

pub(super) fn thumbnail(text: &str) -> Result<Thumbnail, String> {
    let words = [
        ("first", Thumbnail::First),
        ("last", Thumbnail::Last),
        ("random", Thumbnail::Random),
        ("random-filtered", Thumbnail::RandomFiltered),
        ("random-all", Thumbnail::RandomAll),
    ];
    let rule = "must be first, last, random, random-filtered or random-all";
    word(text, &words).ok_or_else(|| rule.to_owned())
}

pub(super) fn log_level(text: &str) -> Result<Level, String> {
    let words = [
        ("CRITICAL", Level::Error),
        ("ERROR", Level::Error),
        ("WARNING", Level::Warn),
        ("INFO", Level::Info),
        ("DEBUG", Level::Debug),
    ];
    let rule = "must be CRITICAL, ERROR, WARNING, INFO or DEBUG";
    word(text, &words).ok_or_else(|| rule.to_owned())
}

pub(super) fn role(text: &str) -> Result<AlbumRole, String> {
    let words = [
        ("viewer", AlbumRole::Viewer),
        ("contributor", AlbumRole::Contributor),
        ("editor", AlbumRole::Editor),
    ];
    word(text, &words).ok_or_else(|| "must be viewer, contributor or editor".to_owned())
}

/// `USER` or `USER=ROLE`.
pub(super) fn share(text: &str) -> Result<FolderAlbumShare, String> {
    let (user, role) = match text.split_once('=') {
        Some((user, text)) => (user, role(text).map_err(|rule| format!("the role {rule}"))?),
        None => (text, AlbumRole::Unspecified),
    };
    let user = user.trim();
    if user.is_empty() {
        return Err("must be USER or USER=ROLE".to_owned());
    }
    Ok(FolderAlbumShare { user: user.to_owned(), role: role.into() })
}

/// A whole number from 1 on; the server's limit if it is larger.
pub(super) fn chunk(text: &str) -> Result<i32, String> {
    let number: u32 = text.trim().parse().ok().filter(|number| *number > 0).ok_or_else(|| {
        "must be a whole number, at least 1".to_owned()
    })?;
    Ok(i32::try_from(number.min(MAX_CHUNK)).unwrap_or(i32::MAX))
}

fn word<T: Copy>(text: &str, words: &[(&str, T)]) -> Option<T> {
    let found = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text.trim()));
    found.map(|(_, value)| *value)
}

/// Entries with something between them. Each is trimmed; double quotes around one are taken off, and
/// within them nothing separates.
pub(super) fn list(text: &str, separator: char) -> Result<Vec<String>, String> {
    let mut entries = Vec::new();
    let mut rest = text;
    loop {
        let (entry, after) = match rest.trim_start().strip_prefix('"') {
            Some(quoted) => unquote(quoted, separator)?,
            None => match rest.split_once(separator) {
                Some((entry, after)) => (entry.trim(), Some(after)),
                None => (rest.trim(), None),
            },
        };
        if entry.is_empty() {
            return Err(format!("entry {} is empty", entries.len() + 1));
        }
        entries.push(entry.to_owned());
        match after {
            Some(after) => rest = after,
            None => return Ok(entries),
        }
    }
}

/// What stands before a closing quote, and what follows the separator behind it.
fn unquote(text: &str, separator: char) -> Result<(&str, Option<&str>), String> {
    let (entry, rest) = text.split_once('"').ok_or("a double quote is not closed")?;
    let rest = rest.trim_start();
    if rest.is_empty() {
        return Ok((entry, None));
    }
    let rest = rest.strip_prefix(separator);
    let rest = rest.ok_or_else(|| format!("after a closing quote must come {separator:?}"))?;
    Ok((entry, Some(rest)))
}

/// Words as a shell divides them: at blanks outside single and double quotes. A backslash stands for
/// itself, as these are patterns.
pub(super) fn words(text: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for letter in text.chars() {
        match quote {
            Some(open) if letter == open => quote = None,
            None if letter == '\'' || letter == '"' => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            None if letter.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    if quote.is_some() {
        return Err("a quote is not closed".to_owned());
    }
    words.extend(word);
    Ok(words)
}

/// A value without the blanks and then the quotes around it.
pub(super) fn bare(text: &str) -> String {
    let text = text.trim();
    let inner = |quote| text.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).unwrap_or(text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_are_words_in_any_case() {
        for (text, value) in [("true", true), ("YES", true), ("1", true), ("No", false)] {
            assert_eq!(boolean(text), Ok(value), "{text}");
        }
        for text in ["", "on", "2", "truee"] {
            assert!(boolean(text).is_err(), "{text}");
        }
        assert_eq!(strict_boolean("False"), Ok(false));
        assert!(strict_boolean("1").is_err(), "albums are not deleted by a number");
    }

    #[test]
    fn entries_are_trimmed_and_lose_their_quotes() {
        let read = |text| list(text, ':').unwrap();
        assert_eq!(read("a"), ["a"]);
        assert_eq!(read(" a : b/** "), ["a", "b/**"]);
        assert_eq!(read(r#""**/*.jpg" : "a:b""#), ["**/*.jpg", "a:b"]);
        assert_eq!(read(r#"5" floppies"#), [r#"5" floppies"#]);
        for text in ["", " ", "a:", "a::b", "\"\"", "\"a", "\"a\" b"] {
            assert!(list(text, ':').is_err(), "{text:?}");
        }
    }

    #[test]
    fn patterns_and_replacements_are_words_as_in_a_shell() {
        let read = |text| words(text).unwrap();
        assert_eq!(read(r"'[\d]+_|\d+\s\w{3}'"), [r"[\d]+_|\d+\s\w{3}"]);
        assert_eq!(read("'_' ' '"), ["_", " "]);
        assert_eq!(read(r#""^\d+ " """#), [r"^\d+ ", ""]);
        assert_eq!(read(r"'(\d+) (.*)' '\2 \1' more"), [r"(\d+) (.*)", r"\2 \1", "more"]);
        assert_eq!(read("_"), ["_"]);
        assert!(read(" ").is_empty());
        assert!(words("'open").is_err());
    }

    #[test]
    fn single_patterns_may_stand_in_quotes() {
        assert_eq!(bare(r#" "\d{4}/0[28] .*" "#), r"\d{4}/0[28] .*");
        assert_eq!(bare("'a b'"), "a b");
        assert_eq!(bare("a b"), "a b");
        assert_eq!(bare("'"), "'");
    }

    #[test]
    fn people_may_have_a_role_of_their_own() {
        let read = |text| share(text).map(|share| (share.user.clone(), share.role()));
        assert_eq!(read("bob@example.org"), Ok(("bob@example.org".into(), AlbumRole::Unspecified)));
        assert_eq!(read(" Bob = Editor "), Ok(("Bob".into(), AlbumRole::Editor)));
        for text in ["", "=editor", "Bob=owner", "Bob=", "Bob=editor=viewer"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn chunks_are_whole_numbers_up_to_what_the_server_takes() {
        assert_eq!(chunk("1"), Ok(1));
        assert_eq!(chunk("123456"), Ok(10_000));
        for text in ["0", "-1", "1.5", "", "many"] {
            assert!(chunk(text).is_err(), "{text}");
        }
    }
}
