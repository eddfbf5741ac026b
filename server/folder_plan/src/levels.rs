//! Which of a path's folders make the name.

use std::ops::Range;

use crate::options::{Broken, Rule};

/// Folders by number, as a user gave them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Levels {
    /// The folders from one to another, both counted from the root, the first being 1.
    FromRoot { first: usize, last: usize },
    /// The folders from one to another, both counted from the file, the folder of the file being 1.
    FromFile { first: usize, last: usize },
}

impl Levels {
    /// Reads `2`, `-2`, `2,3` or `-3,-2`, with blanks around the numbers and a `+` if one likes.
    pub(crate) fn parse(text: &str) -> Result<Self, Broken> {
        let broken = |message: &str| {
            let message = format!("{message}; examples: 2 or -2 or 2,3 or -3,-2");
            Err(Broken { rule: Rule::InvalidAlbumLevels, message })
        };
        let mut numbers = Vec::with_capacity(2);
        for number in text.split(',') {
            match parse_number(number) {
                None => return broken("must be one or two whole numbers"),
                Some((_, 0)) => return broken("must not be 0"),
                Some(number) => numbers.push(number),
            }
        }
        match numbers[..] {
            [(false, last)] => Ok(Self::FromRoot { first: 1, last }),
            [(true, first)] => Ok(Self::FromFile { first, last: 1 }),
            [(false, first), (false, last)] if first <= last => Ok(Self::FromRoot { first, last }),
            [(true, first), (true, last)] if first >= last => Ok(Self::FromFile { first, last }),
            [(from, _), (to, _)] if from == to => broken("must not run backwards"),
            [_, _] => broken("must have the same sign"),
            _ => broken("must be one or two whole numbers"),
        }
    }

    /// The numbers, from 0, of the folders that make the name if there are `count` of them, which
    /// is not 0; or `None` if the path lies too high.
    pub(crate) fn select(self, count: usize) -> Option<Range<usize>> {
        match self {
            Self::FromRoot { first, last } => (first <= count).then(|| first - 1..last.min(count)),
            Self::FromFile { first, last } if last <= count => {
                Some(count.saturating_sub(first)..count - last + 1)
            }
            // Only the top folder where one is missing, all folders where more are: what people
            // who come from the script have.
            Self::FromFile { last, .. } if last - 1 == count => Some(0..1),
            Self::FromFile { .. } => Some(0..count),
        }
    }
}

/// Whether there is a minus, and the number. What is too large for a path is as good as infinite.
fn parse_number(text: &str) -> Option<(bool, usize)> {
    let text = text.trim();
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    is_number.then(|| (is_negative, digits.parse().unwrap_or(usize::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn select(levels: &str, count: usize) -> Option<Range<usize>> {
        Levels::parse(levels).unwrap().select(count)
    }

    #[test]
    fn numbers_are_whole_and_plain() {
        for text in ["", " ", "+", "-", "2.5", "two", "1_0", "٢", "+-2", "- 2", "0x1", "²"] {
            assert!(Levels::parse(text).is_err(), "{text:?}");
        }
        for text in
            ["0", "-0", "+00", "0,1", "1,0", "1,-1", "-1,1", "2,1", "-1,-2", "1,", ",", "1,2,3"]
        {
            assert!(Levels::parse(text).is_err(), "{text:?}");
        }
        assert_eq!(Levels::parse("\t+2\u{a0}, 3 "), Levels::parse("2,3"));
    }

    #[test]
    fn numbers_too_large_for_any_path_take_all_folders() {
        assert_eq!(select("99999999999999999999999", 3), Some(0..3));
        assert_eq!(select("-99999999999999999999999", 3), Some(0..3));
        assert_eq!(select("2,99999999999999999999999", 3), Some(1..3));
    }

    #[test]
    fn shallow_paths_have_what_there_is() {
        assert_eq!(select("3", 2), Some(0..2));
        assert_eq!(select("-3", 2), Some(0..2));
        assert_eq!(select("3,4", 2), None);
        assert_eq!(select("-4,-4", 5), Some(1..2));
        assert_eq!(select("-4,-4", 4), Some(0..1));
        assert_eq!(select("-4,-4", 3), Some(0..1));
        assert_eq!(select("-4,-4", 2), Some(0..2));
    }
}
