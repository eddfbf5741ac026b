//! The table of the dialect, written down as it stands there, to compare the automaton with. Tries
//! everything, so its time is exponential.

use proptest::prelude::*;

use super::{Globs, parse};

/// Whether a pattern matches a path, or `None` if it is broken.
fn matches(pattern: &str, path: &str) -> Option<bool> {
    if pattern == "**" {
        return Some(true);
    }
    let is_literal = !pattern.contains(['/', '*']);
    let pattern = if is_literal { format!("**/*{pattern}*/**") } else { pattern.to_owned() };
    let pattern: Vec<_> = pattern.chars().collect();
    let path: Vec<_> = path.chars().collect();
    is_closed(&pattern).then(|| rest_matches(&pattern, &path, 0))
}

fn rest_matches(pattern: &[char], path: &[char], at: usize) -> bool {
    let end = path.len();
    let here = path.get(at).copied();
    match pattern {
        [] => at == end,
        ['/', '*', '*', rest @ ..] => {
            rest_matches(rest, path, at)
                || here == Some('/') && (at + 2..=end).any(|to| rest_matches(rest, path, to))
        }
        ['*', '*', '/', rest @ ..] => {
            let slash = |to: &usize| path[*to] == '/';
            rest_matches(rest, path, at)
                || at == 0 && (1..end).filter(slash).any(|to| rest_matches(rest, path, to + 1))
        }
        ['*', rest @ ..] => {
            rest_matches(rest, path, at)
                || here.is_some_and(|c| c != '/') && rest_matches(pattern, path, at + 1)
        }
        ['?', rest @ ..] => here.is_some() && rest_matches(rest, path, at + 1),
        ['[', rest @ ..] => {
            let Some((members, is_negated, rest)) = split_set(rest) else { return false };
            here.is_some_and(|c| contains(members, c) != is_negated)
                && rest_matches(rest, path, at + 1)
        }
        [c, rest @ ..] => here == Some(*c) && rest_matches(rest, path, at + 1),
    }
}

/// Members, whether they are negated, and what follows the set.
fn split_set(text: &[char]) -> Option<(&[char], bool, &[char])> {
    let (is_negated, text) = match text {
        ['!', text @ ..] => (true, text),
        text => (false, text),
    };
    let close = text.iter().skip(1).position(|c| *c == ']')? + 1;
    Some((&text[..close], is_negated, &text[close + 1..]))
}

fn contains(members: &[char], c: char) -> bool {
    match members {
        [] => false,
        [first, '-', last, rest @ ..] => (*first..=*last).contains(&c) || contains(rest, c),
        [member, rest @ ..] => *member == c || contains(rest, c),
    }
}

fn is_closed(pattern: &[char]) -> bool {
    match pattern {
        [] => true,
        ['[', rest @ ..] => split_set(rest)
            .is_some_and(|(members, _, rest)| !is_backwards(members) && is_closed(rest)),
        [_, rest @ ..] => is_closed(rest),
    }
}

fn is_backwards(members: &[char]) -> bool {
    match members {
        [] => false,
        [first, '-', last, rest @ ..] => last < first || is_backwards(rest),
        [_, rest @ ..] => is_backwards(rest),
    }
}

fn pattern() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec!["a", "b", "/", "*", "?", "é", "**/", "/**"]),
        1 => prop::sample::select(vec![
            "[ab]", "[!a]", "[!/]", "[/]", "[a-b]", "[!b-é]", "[]-]", "[", "]", "!", "-", "[*]",
            "**", "🌸", "\n",
        ]),
    ];
    prop::collection::vec(piece, 1..8).prop_map(|pieces| pieces.concat())
}

/// A path without empty components, as all are that globs get to see.
fn path() -> impl Strategy<Value = String> {
    let name = "[abé\\]\\n🌸-]{1,3}";
    prop::collection::vec(name, 1..5).prop_map(|names| names.join("/"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn the_automaton_agrees_with_the_table(pattern in pattern(), path in path()) {
        let found = parse(&pattern).ok().map(|tokens| Globs::new(&[tokens]).matches(&path));
        prop_assert_eq!(found, matches(&pattern, &path));
    }

    #[test]
    fn a_list_matches_what_any_of_its_patterns_does(
        patterns in prop::collection::vec(pattern(), 0..12),
        path in path(),
    ) {
        let tokens: Vec<_> = patterns.iter().filter_map(|pattern| parse(pattern).ok()).collect();
        let any = patterns.iter().any(|pattern| matches(pattern, &path) == Some(true));
        prop_assert_eq!(Globs::new(&tokens).matches(&path), any);
    }

    /// Long patterns cross the borders of words.
    #[test]
    fn long_patterns_agree_with_the_table(
        before in 50..140_usize,
        pattern in pattern(),
        path in path(),
    ) {
        let prefix = "x".repeat(before);
        let pattern = format!("{prefix}{pattern}");
        let path = format!("{prefix}{path}");
        let found = parse(&pattern).ok().map(|tokens| Globs::new(&[tokens]).matches(&path));
        prop_assert_eq!(found, matches(&pattern, &path));
    }
}
