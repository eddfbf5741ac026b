//! Replacements in Python's syntax.

use std::iter::Peekable;
use std::str::Chars;

use regex::{Captures, Regex};

use crate::options::Broken;

/// What is put in the place of a match.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    /// What a group matched; nothing if it took no part.
    Group(usize),
}

impl Template {
    /// Reads a replacement for what `pattern` matches: `\1` to `\99`, `\g<1>`, `\g<name>`, `\g<0>`
    /// for groups, `\\` for a backslash, `\a \b \f \n \r \t \v` for control characters. A backslash
    /// before any other character but letters and digits is ordinary, and so is `$`.
    pub(crate) fn parse(text: &str, pattern: &Regex) -> Result<Self, Broken> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            if c != '\\' {
                literal.push(c);
                continue;
            }
            match parse_escape(&mut chars, pattern)? {
                Part::Text(text) => literal.push_str(&text),
                group @ Part::Group(_) => {
                    if !literal.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut literal)));
                    }
                    parts.push(group);
                }
            }
        }
        if !literal.is_empty() {
            parts.push(Part::Text(literal));
        }
        Ok(Self(parts))
    }

    /// The pieces that take the place of a match.
    pub(crate) fn parts<'t>(&'t self, found: &'t Captures<'_>) -> impl Iterator<Item = &'t str> {
        self.0.iter().map(|part| match part {
            Part::Text(text) => text.as_str(),
            Part::Group(number) => found.get(*number).map_or("", |group| group.as_str()),
        })
    }
}

/// Reads what follows a backslash.
fn parse_escape(chars: &mut Peekable<Chars<'_>>, pattern: &Regex) -> Result<Part, Broken> {
    let Some(c) = chars.next() else {
        return Err(Broken::pattern("the replacement ends in a single backslash"));
    };
    let control = match c {
        'g' => return parse_group(chars, pattern),
        '1'..='9' => {
            let mut digits = String::from(c);
            // Python knows no group above 99 here, and takes three digits for a character's code.
            digits.extend(chars.next_if(char::is_ascii_digit));
            return group(&digits, pattern);
        }
        '0' => return Err(Broken::pattern(r"the replacement has \0: the whole match is \g<0>")),
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        '\\' => '\\',
        c if c.is_ascii_alphabetic() => {
            return Err(Broken::pattern(format!(r"the replacement has \{c}, which means nothing")));
        }
        c => return Ok(Part::Text(format!("\\{c}"))),
    };
    Ok(Part::Text(control.into()))
}

/// Reads what follows `\g`.
fn parse_group(chars: &mut Peekable<Chars<'_>>, pattern: &Regex) -> Result<Part, Broken> {
    let broken =
        || Broken::pattern(r"the replacement has \g without the name of a group, as in \g<1>");
    chars.next_if_eq(&'<').ok_or_else(broken)?;
    let mut name = String::new();
    loop {
        match chars.next() {
            Some('>') if !name.is_empty() => return group(&name, pattern),
            Some('>') | None => return Err(broken()),
            Some(c) => name.push(c),
        }
    }
}

fn group(name: &str, pattern: &Regex) -> Result<Part, Broken> {
    let number = if name.bytes().all(|digit| digit.is_ascii_digit()) {
        name.parse().ok().filter(|number| *number < pattern.captures_len())
    } else {
        pattern.capture_names().position(|group| group == Some(name))
    };
    let message = || format!("the replacement names the group {name}, which the pattern has not");
    number.map(Part::Group).ok_or_else(|| Broken::pattern(message()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Template, Broken> {
        let pattern = format!("(?P<year>a){}", "(b)".repeat(11));
        Template::parse(text, &Regex::new(&pattern).unwrap())
    }

    #[test]
    fn groups_and_escapes_are_read() {
        let text = |text: &str| Part::Text(text.to_owned());
        for (template, parts) in [
            ("", vec![]),
            ("$1 ${2}", vec![text("$1 ${2}")]),
            (r"a\1b", vec![text("a"), Part::Group(1), text("b")]),
            (r"\12\2", vec![Part::Group(12), Part::Group(2)]),
            (r"\g<1>2\g<year>\g<0>\g<012>", {
                let mut parts: Vec<_> = [1, 1, 0, 12].map(Part::Group).into();
                parts.insert(1, text("2"));
                parts
            }),
            (r"\\1\.\-\t", vec![text("\\1\\.\\-\t")]),
        ] {
            assert_eq!(parse(template), Ok(Template(parts)), "{template}");
        }
    }

    #[test]
    fn what_means_nothing_is_refused() {
        for template in [
            r"\13",
            r"\99",
            r"\0",
            r"\g",
            r"\g1",
            r"\g<",
            r"\g<>",
            r"\g<1",
            r"\g<month>",
            r"\g<13>",
            r"\g<-1>",
            r"\g<99999999999999999999999>",
            r"\q",
            r"a\",
        ] {
            assert!(parse(template).is_err(), "{template}");
        }
    }
}
