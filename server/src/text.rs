//! What people type, as it is kept.

use crate::error::{Error, Result};

/// How many characters the name of a guest has at most.
const MAX_NAME: usize = 100;

/// The name that a guest gave, without control characters and the space around it; `None` if
/// nothing is left of it. `field` is the name of the request's field.
pub fn guest_name(given: &str, field: &str) -> Result<Option<String>> {
    let name: String = given.chars().filter(|letter| !letter.is_control()).collect();
    let name = limited(name.trim(), MAX_NAME, field)?;
    Ok(Some(name).filter(|name| !name.is_empty()))
}

/// A text of several lines, `max` characters at most, without the space around it and without
/// control characters other than line ends and tabs. Marks of direction stay: languages need them.
pub fn paragraphs(given: &str, max: usize, field: &str) -> Result<String> {
    let is_kept = |letter: &char| matches!(letter, '\n' | '\t') || !letter.is_control();
    let text: String = given.chars().filter(is_kept).collect();
    if text.trim().is_empty() {
        return Err(Error::invalid(field, "must have a character that is no space"));
    }
    limited(text.trim(), max, field)
}

fn limited(text: &str, max: usize, field: &str) -> Result<String> {
    if text.chars().count() > max {
        return Err(Error::invalid(field, format!("must have at most {max} characters")));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_control_characters_and_the_space_around_them() {
        assert_eq!(guest_name(" Aunt\u{7} Ida\n", "x").unwrap().as_deref(), Some("Aunt Ida"));
        assert_eq!(guest_name(" \t ", "x").unwrap(), None);
        assert_eq!(guest_name(&"ä".repeat(100), "x").unwrap(), Some("ä".repeat(100)));
        assert!(guest_name(&"ä".repeat(101), "x").is_err());
    }

    #[test]
    fn texts_keep_their_lines_tabs_and_directions() {
        let text = "\r\n one\r\n\ttwo\u{0}\u{9b} \u{202e}three\u{202c} ";
        assert_eq!(paragraphs(text, 40, "x").unwrap(), "one\n\ttwo \u{202e}three\u{202c}");
        assert_eq!(paragraphs(" abc ", 3, "x").unwrap(), "abc");
        assert!(paragraphs("abcd", 3, "x").is_err());
        assert!(paragraphs(" \u{7} \n", 3, "x").is_err());
    }
}
