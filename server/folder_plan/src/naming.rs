//! What an album is called.

mod template;

use regex::Regex;

use crate::filter::compile;
use crate::levels::Levels;
use crate::options::{Broken, MAX_NAME_LEN, MAX_PATTERN_LEN, NameExpression, Options, Reader};
use crate::planner::Skip;
use template::Template;

/// Longest text that a name may be on its way, in bytes: what Linux takes as a path. It bounds what
/// expressions that double a name can make of it.
const MAX_DRAFT_LEN: usize = 4096;

/// Makes names out of folders.
#[derive(Debug)]
pub(crate) struct Naming {
    levels: Levels,
    separator: String,
    rewrites: Vec<Rewrite>,
}

impl Naming {
    /// Reads the options about names; `None` after noting what is wrong.
    pub(crate) fn read(reader: &mut Reader, options: &Options) -> Option<Self> {
        let levels = reader.check("album_levels", None, Levels::parse(&options.album_levels));
        let separator = &options.album_separator;
        let is_short = Broken::unless_short(separator, crate::MAX_SEPARATOR_LEN);
        reader.check("album_separator", None, is_short);
        let rewrites = reader.list(
            "album_name_post_regex",
            &options.album_name_post_regex,
            |entry| entry.pattern.chars().count() + entry.replacement.chars().count(),
            Rewrite::parse,
        );
        Some(Self { levels: levels?, separator: separator.clone(), rewrites })
    }

    /// The name of the album for what lies in `folders`, which are below a root and separated by
    /// one slash each, and how many bytes of `folders` lead to the last one that the name is of.
    pub(crate) fn name(&self, folders: &str) -> Result<(String, usize), Skip> {
        let parts: Vec<_> = folders.split('/').collect();
        let selected = self.levels.select(parts.len()).ok_or(Skip::TooShallow)?;
        let end = parts[..selected.end].iter().map(|part| part.len() + 1).sum::<usize>() - 1;
        let mut name = parts[selected].join(&self.separator);
        for rewrite in &self.rewrites {
            // Also before the first one: a path may be longer than any system takes.
            check_draft(&name)?;
            rewrite.apply(&mut name)?;
        }
        let name = name.trim();
        if name.is_empty() {
            return Err(Skip::BlankName);
        }
        if name.chars().nth(MAX_NAME_LEN).is_some() {
            return Err(Skip::NameTooLong);
        }
        Ok((name.to_owned(), end))
    }
}

fn check_draft(name: &str) -> Result<(), Skip> {
    if name.len() > MAX_DRAFT_LEN { Err(Skip::NameTooLong) } else { Ok(()) }
}

/// A [`NameExpression`] that was read.
#[derive(Debug)]
struct Rewrite {
    pattern: Regex,
    replacement: Template,
}

impl Rewrite {
    fn parse(expression: &NameExpression) -> Result<Self, Broken> {
        Broken::unless_short(&expression.pattern, MAX_PATTERN_LEN)?;
        Broken::unless_short(&expression.replacement, MAX_PATTERN_LEN)?;
        let pattern = compile(&expression.pattern)?;
        let replacement = Template::parse(&expression.replacement, &pattern)?;
        Ok(Self { pattern, replacement })
    }

    /// Replaces every occurrence, an empty one behind another included, as Python does: `.*` occurs
    /// twice in `a`.
    fn apply(&self, name: &mut String) -> Result<(), Skip> {
        let mut rewritten = String::new();
        let mut copied = 0;
        let mut next = Some(0);
        while let Some(start) = next
            && let Some(found) = self.pattern.captures_at(name, start)
        {
            let range = found.get_match().range();
            rewritten.push_str(&name[copied..range.start]);
            for part in self.replacement.parts(&found) {
                rewritten.push_str(part);
                check_draft(&rewritten)?;
            }
            copied = range.end;
            next = if range.is_empty() {
                name[copied..].chars().next().map(|c| copied + c.len_utf8())
            } else {
                Some(copied)
            };
        }
        rewritten.push_str(&name[copied..]);
        *name = rewritten;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewrite(pattern: &str, replacement: &str, name: &str) -> Result<String, Skip> {
        let (pattern, replacement) = (pattern.to_owned(), replacement.to_owned());
        let mut name = name.to_owned();
        Rewrite::parse(&NameExpression { pattern, replacement }).unwrap().apply(&mut name)?;
        Ok(name)
    }

    /// The answers are those of Python's `re.sub`.
    #[test]
    fn every_occurrence_is_replaced() {
        for (pattern, replacement, name, rewritten) in [
            ("_", " ", "a_b_c", "a b c"),
            ("x", "y", "abc", "abc"),
            ("a", "", "a", ""),
            ("x*", "-", "abxd", "-a-b--d-"),
            (".*", "x", "abc", "xx"),
            ("$", "!", "ä", "ä!"),
            ("^", "!", "ä", "!ä"),
            ("", "-", "äb", "-ä-b-"),
            ("", "-", "", "-"),
            (r"\b", "|", "a bc", "|a| |bc|"),
            ("^a", "", "aab", "ab"),
            ("(a)|(b)", r"[\1\2]", "abc", "[a][b]c"),
            (r"(?P<y>\d+)-(?P<m>\d+)", r"\g<m>.\g<y>", "2020-12", "12.2020"),
        ] {
            assert_eq!(rewrite(pattern, replacement, name).as_deref(), Ok(rewritten), "{pattern}");
        }
    }

    #[test]
    fn names_cannot_grow_without_end() {
        assert_eq!(rewrite("", &"x".repeat(1000), "abcdef"), Err(Skip::NameTooLong));
        assert_eq!(rewrite("a", &r"\g<0>".repeat(200), &"a".repeat(40)), Err(Skip::NameTooLong));
    }
}
