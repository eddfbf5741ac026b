//! Which paths are wanted.

use regex::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};

use crate::glob::{self, Globs};
use crate::options::{Broken, MAX_EXPRESSION_SIZE, MAX_PATTERN_LEN, Reader};

/// Patterns of which any may match the whole of a relative path.
#[derive(Debug)]
pub(crate) struct Patterns {
    /// `None` if there are none, and so with `expressions`.
    globs: Option<Globs>,
    expressions: Option<RegexSet>,
}

impl Patterns {
    /// Reads two lists, each with the name of its field.
    pub(crate) fn read(
        reader: &mut Reader,
        globs: (&'static str, &[String]),
        expressions: (&'static str, &[String]),
    ) -> Self {
        let len = |pattern: &String| pattern.chars().count();
        let tokens = reader.list(globs.0, globs.1, len, |pattern| {
            Broken::unless_short(pattern, MAX_PATTERN_LEN)?;
            glob::parse(pattern)
        });
        let anchored = reader.list(expressions.0, expressions.1, len, |pattern| {
            Broken::unless_short(pattern, MAX_PATTERN_LEN)?;
            anchor(pattern)
        });
        let expressions = if anchored.is_empty() {
            None
        } else {
            let set = RegexSetBuilder::new(&anchored)
                .size_limit(MAX_EXPRESSION_SIZE)
                .dfa_size_limit(MAX_EXPRESSION_SIZE)
                .build();
            reader.check(expressions.0, None, set.map_err(|_| too_large()))
        };
        Self { globs: (!tokens.is_empty()).then(|| Globs::new(&tokens)), expressions }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.globs.is_none() && self.expressions.is_none()
    }

    /// Whether any matches; false if there are none.
    pub(crate) fn match_any(&self, path: &str) -> bool {
        self.globs.as_ref().is_some_and(|globs| globs.matches(path))
            || self.expressions.as_ref().is_some_and(|expression| expression.is_match(path))
    }
}

/// Compiles a regular expression within the limit of size.
pub(crate) fn compile(pattern: &str) -> Result<Regex, Broken> {
    // Checked by itself first, since its errors say more.
    regex_syntax::parse(pattern).map_err(|error| Broken::pattern(explain(&error)))?;
    let compiled = RegexBuilder::new(pattern)
        .size_limit(MAX_EXPRESSION_SIZE)
        .dfa_size_limit(MAX_EXPRESSION_SIZE)
        .build();
    compiled.map_err(|_| too_large())
}

fn too_large() -> Broken {
    Broken::pattern("becomes too large when it is compiled")
}

/// An expression that matches where `pattern` matches the whole text.
///
/// It is made of what the pattern means: put between brackets as it stands, `a)|(b` would become
/// valid, and a comment at its end would take in the bracket.
fn anchor(pattern: &str) -> Result<String, Broken> {
    if pattern.is_empty() {
        return Err(Broken::pattern("must not be empty"));
    }
    compile(pattern)?;
    let meaning = regex_syntax::parse(pattern).map_err(|error| Broken::pattern(explain(&error)))?;
    Ok(format!(r"\A(?:{meaning})\z"))
}

/// What is wrong with a regular expression, in one line.
fn explain(error: &regex_syntax::Error) -> String {
    let (kind, span) = match error {
        regex_syntax::Error::Parse(error) => (error.kind().to_string(), error.span()),
        regex_syntax::Error::Translate(error) => (error.kind().to_string(), error.span()),
        _ => return "is no regular expression".to_owned(),
    };
    format!("{kind} (at character {} of line {})", span.start.column, span.start.line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expressions(patterns: &[&str]) -> Patterns {
        let patterns: Vec<_> = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        let mut reader = Reader::default();
        let read = Patterns::read(&mut reader, ("globs", &[]), ("expressions", &patterns));
        assert_eq!(reader.finish(), []);
        read
    }

    #[test]
    fn expressions_match_whole_paths() {
        let patterns = expressions(&[
            "2020/.*",
            "a|ab",
            "(?x) c d # comment",
            "(?i)X",
            "(?m)^y$",
            "(?P<z>z1)",
            "(?P<z>z2)",
        ]);
        for path in ["2020/x", "a", "ab", "cd", "x", "X", "y", "z1", "z2"] {
            assert!(patterns.match_any(path), "{path:?}");
        }
        for path in ["2020", "x/2020/x", "abc", "ac", "A", "cde", "y\ny", "2020/x\ny"] {
            assert!(!patterns.match_any(path), "{path:?}");
        }
    }

    #[test]
    fn what_is_not_linear_is_refused() {
        for (pattern, message) in [
            ("(?=a)", "look-around"),
            (r"(a)\1", "backreferences"),
            ("(unclosed", "unclosed group (at character 1 of line 1)"),
            (r"a\Z", "unrecognized escape"),
            ("a)|(b", "unopened group"),
            (r"(\w{100}){100}", "too large"),
            ("", "empty"),
        ] {
            let broken = anchor(pattern).unwrap_err();
            assert!(broken.message.contains(message), "{pattern:?}: {}", broken.message);
        }
        assert!(compile(r"(?P<year>\d{4})(?<month>\d\d)").is_ok());
    }
}
