//! Globs in the dialect of folder rules.
//!
//! A pattern is read from left to right; at each place the first of these that fits is taken:
//!
//! | token | matches |
//! |---|---|
//! | `/**` | nothing, or a `/` followed by at least one character |
//! | `**/` | at the start of the path: nothing, or at least one character and a `/`; elsewhere nothing |
//! | `*` | any number of characters other than `/` |
//! | `?` | one character, `/` included |
//! | `[!…]` | one character not in the set, `/` included |
//! | `[…]` | one character of the set |
//! | anything else | itself |
//!
//! A pattern without `/` and `*` is a literal, which matches wherever one component of the path
//! contains it. `**` alone matches every path. In a set, `a-z` is a range, `]` in first place is a
//! member, and nothing else is special. Characters are Unicode scalar values, and case counts.

mod automaton;
#[cfg(test)]
mod reference;

use crate::options::Broken;

pub(crate) use automaton::Globs;

/// What one piece of a pattern matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// One character.
    One(Set),
    /// `*`
    Star,
    /// `/**`
    Below,
    /// `**/`
    Above,
}

impl Token {
    /// Whether it can match nothing.
    fn is_optional(&self) -> bool {
        !matches!(self, Self::One(_))
    }
}

/// Characters, by ranges that include both ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Set {
    ranges: Vec<(char, char)>,
    /// Whether it has all characters but these.
    is_negated: bool,
}

impl Set {
    fn contains(&self, c: u32) -> bool {
        let mut ranges = self.ranges.iter();
        let is_listed = ranges.any(|&(first, last)| u32::from(first) <= c && c <= u32::from(last));
        is_listed != self.is_negated
    }

    /// Where the answer of [`Set::contains`] may change: all characters between two of these are
    /// alike.
    fn bounds(&self) -> impl Iterator<Item = u32> {
        self.ranges.iter().flat_map(|&(first, last)| [u32::from(first), u32::from(last) + 1])
    }
}

/// Reads a pattern.
pub(crate) fn parse(pattern: &str) -> Result<Vec<Token>, Broken> {
    if pattern.is_empty() {
        return Err(Broken::pattern("must not be empty"));
    }
    // Taken by the table this would be two stars, which match no file that lies in a folder.
    if pattern == "**" {
        return Ok(vec![Token::Star, Token::Below]);
    }
    let tokens = parse_tokens(pattern)?;
    if pattern.contains(['/', '*']) {
        return Ok(tokens);
    }
    let before = [Token::Above, Token::Star];
    Ok(before.into_iter().chain(tokens).chain([Token::Star, Token::Below]).collect())
}

fn parse_tokens(pattern: &str) -> Result<Vec<Token>, Broken> {
    let mut tokens = Vec::new();
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        let (token, after) = if let Some(after) = rest.strip_prefix("/**") {
            (Token::Below, after)
        } else if let Some(after) = rest.strip_prefix("**/") {
            (Token::Above, after)
        } else {
            match c {
                '*' => (Token::Star, after),
                '?' => (Token::One(Set { ranges: Vec::new(), is_negated: true }), after),
                '[' => {
                    let place = pattern[..pattern.len() - rest.len()].chars().count() + 1;
                    let (set, after) = parse_set(after, place)?;
                    (Token::One(set), after)
                }
                c => (Token::One(Set { ranges: vec![(c, c)], is_negated: false }), after),
            }
        };
        tokens.push(token);
        rest = after;
    }
    Ok(tokens)
}

/// Reads a set from behind its bracket, which is character `place` of the pattern, and gives what
/// follows it.
fn parse_set(text: &str, place: usize) -> Result<(Set, &str), Broken> {
    let (is_negated, text) = match text.strip_prefix('!') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let mut ranges = Vec::new();
    let mut chars = text.chars();
    while let Some(first) = chars.next() {
        if first == ']' && !ranges.is_empty() {
            return Ok((Set { ranges, is_negated }, chars.as_str()));
        }
        let mut ahead = chars.clone();
        let last = match (ahead.next(), ahead.next()) {
            (Some('-'), Some(last)) if last != ']' => {
                chars = ahead;
                last
            }
            _ => first,
        };
        if last < first {
            let message = format!("the range {first}-{last} runs backwards");
            return Err(Broken::pattern(message));
        }
        ranges.push((first, last));
    }
    Err(Broken::pattern(format!("the bracket at character {place} is not closed")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, path: &str) -> bool {
        Globs::new(&[parse(pattern).unwrap()]).matches(path)
    }

    #[track_caller]
    fn check(pattern: &str, matching: &[&str], others: &[&str]) {
        for path in matching {
            assert!(matches(pattern, path), "{pattern:?} does not match {path:?}");
        }
        for path in others {
            assert!(!matches(pattern, path), "{pattern:?} matches {path:?}");
        }
    }

    #[test]
    fn double_stars_behind_a_slash_match_what_lies_below() {
        check("Dir/**", &["Dir", "Dir/x", "Dir/x/y"], &["Dir2/x", "x/Dir/y"]);
        check("a/**/b", &["a/b", "a/x/b", "a/x/y/b"], &["ab", "a/xb", "a/b/c"]);
        check("a/**b", &["ab", "a/xb", "a/x/yb"], &["a/b", "axb"]);
        check("/**b", &["b"], &["xb", "a/b"]);
        check("/**", &[], &["a", "a/b"]);
    }

    #[test]
    fn double_stars_before_a_slash_match_what_lies_above() {
        check("**/Dir/*", &["Dir/x", "a/Dir/x", "a/b/Dir/x"], &["xDir/x", "Dir/x/y", "a/xDir/y"]);
        check("***/x", &["x", "ax", "a/x", "a/b/x"], &["a/bx"]);
        check("a**/b", &["ab"], &["a/b", "axb"]);
        check("?**/b", &["ab"], &["a/b", "a/c/b"]);
        check("**/", &[], &["a", "a/b"]);
        check("**/**/**/x", &["x", "a/x", "a/b/x"], &["ax"]);
    }

    #[test]
    fn stars_stay_in_one_folder() {
        check("*.jpg", &["a.jpg", ".jpg"], &["a/b.jpg", "a.jpgx"]);
        check("a**b", &["ab", "axb"], &["a/b", "a/x/b"]);
        check("***", &["a", "abc"], &["a/b"]);
        check("**", &["a", "a/b", "a/b/c.jpg"], &[]);
    }

    #[test]
    fn question_marks_and_negated_sets_match_a_slash() {
        check("a?b/*", &["a/b/c", "axb/c", "a\nb/c", "a🌸b/c"], &["ab/c", "axxb/c"]);
        check("a[!x]b/*", &["a/b/c", "ayb/c", "aéb/c"], &["axb/c", "ab/c"]);
        check("a[/]b/*", &["a/b/c"], &["axb/c"]);
    }

    #[test]
    fn sets_have_ranges_and_ordinary_members() {
        check("[1-3]/*", &["1/x", "2/x", "3/x"], &["-/x", "4/x"]);
        check("[]a]/*", &["]/x", "a/x"], &["b/x"]);
        check("[!]a]/*", &["b/x"], &["]/x", "a/x"]);
        check("[-a]/*", &["-/x", "a/x"], &["b/x"]);
        check("[a-]/*", &["-/x", "a/x"], &["b/x"]);
        check("[a-c-e]/*", &["b/x", "-/x", "e/x"], &["d/x"]);
        check("[\\^a]/*", &["\\/x", "^/x", "a/x"], &["b/x"]);
        check("[a!]/*", &["!/x", "a/x"], &["b/x"]);
        check("[à-ü]/*", &["é/x"], &["e/x", "日/x"]);
        check("[[]/*", &["[/x"], &["]/x"]);
        check("[x*?/**]/y", &["x/y", "*/y", "?/y", "//y"], &["z/y"]);
    }

    #[test]
    fn literals_match_inside_one_component() {
        check("Feb", &["Feb", "2020/IMG_Feb.jpg", "02 Feb/x", "a/Feb/b/c"], &["feb/x", "Fe/b"]);
        check("20??", &["2020/x", "a/b2020c/d", "20/x"], &["20", "20/", "2/020"]);
        check("+(a|b){2}$^\\.&~!#", &["x/+(a|b){2}$^\\.&~!#"], &["x/aa"]);
        check("[ab]x]", &["1/ax]/2", "bx]"], &["ax", "cx]"]);
    }

    #[test]
    fn slashes_at_the_ends_match_no_file() {
        check("/2020/**", &[], &["2020/x", "2020"]);
        check("2020/", &[], &["2020", "2020/x"]);
        check("2020/**/", &[], &["2020", "2020/x"]);
    }

    #[test]
    fn broken_sets_are_refused() {
        let message = |pattern| parse(pattern).unwrap_err().message;
        for pattern in ["[", "[]", "[!", "[!]", "a/[b", "[a-", "[a-]b-[", "[!]/**"] {
            assert!(message(pattern).contains("not closed"), "{pattern:?}");
        }
        assert!(message("é[").contains("character 2"));
        assert!(message("[z-a]").contains("backwards"));
        assert!(message("").contains("empty"));
    }

    #[test]
    fn long_patterns_match_as_short_ones_do() {
        let long = "x".repeat(900);
        check(&format!("{long}/*"), &[&format!("{long}/a")], &[&format!("x{long}/a"), "x/a"]);
        let stars = "*/**".repeat(250);
        check(&format!("{stars}b"), &["b", "ab", "a/xb", "a/x/y/zb"], &["a/b", "a/bc"]);
    }

    #[test]
    fn patterns_in_one_list_do_not_touch() {
        let long = "x".repeat(100);
        let patterns = ["a/*", "**/b/**", "c?d", &long, "*.jpg"];
        let globs = Globs::new(&patterns.map(|pattern| parse(pattern).unwrap()));
        for path in ["a/1", "z/b/1/2", "1/c/d", "e.jpg"] {
            assert!(globs.matches(path), "{path:?}");
        }
        for path in ["a", "a/1/2", "z/bb/1", "e/e.jpg", ""] {
            assert!(!globs.matches(path), "{path:?}");
        }
        assert!(!Globs::new(&[]).matches("a"));
    }
}
