//! What is refused, and what is said about it.

#![expect(clippy::unwrap_used, reason = "a test that meets something unexpected fails")]

use albumen_folder_plan::{
    MAX_ENTRIES, MAX_LIST_LEN, MAX_PATTERN_LEN, NameExpression, Options, Planner, Rule,
};

fn valid() -> Options {
    Options { roots: vec!["/photos".to_owned()], ..Options::default() }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn expression(pattern: &str, replacement: &str) -> NameExpression {
    NameExpression { pattern: pattern.to_owned(), replacement: replacement.to_owned() }
}

/// Field, entry and code of each violation.
fn refused(options: &Options) -> Vec<(&'static str, Option<usize>, &'static str)> {
    let error = Planner::new(options).unwrap_err();
    error.violations.iter().map(|v| (v.field, v.entry, v.rule.code())).collect()
}

#[test]
fn every_mistake_is_told_with_its_field_and_entry() {
    let options = Options {
        roots: texts(&["/photos", ""]),
        album_levels: "0".to_owned(),
        album_separator: "-".repeat(101),
        path_filter: texts(&["a/*", "b[", ""]),
        ignore: texts(&["[z-a]"]),
        path_filter_regex: texts(&["(a", "a", "(?=b)"]),
        ignore_regex: texts(&[r"(a)\1"]),
        album_name_post_regex: vec![
            expression("a", ""),
            expression("a", r"\1"),
            expression("(", ""),
        ],
        merge_same_name: true,
    };
    assert_eq!(
        refused(&options),
        [
            ("roots", Some(1), "invalid_root_path"),
            ("album_levels", None, "invalid_album_levels"),
            ("album_separator", None, "too_long"),
            ("album_name_post_regex", Some(1), "invalid_pattern"),
            ("album_name_post_regex", Some(2), "invalid_pattern"),
            ("path_filter", Some(1), "invalid_pattern"),
            ("path_filter", Some(2), "invalid_pattern"),
            ("path_filter_regex", Some(0), "invalid_pattern"),
            ("path_filter_regex", Some(2), "invalid_pattern"),
            ("ignore", Some(0), "invalid_pattern"),
            ("ignore_regex", Some(0), "invalid_pattern"),
        ]
    );
    let message = Planner::new(&options).unwrap_err().to_string();
    assert!(
        message.contains("path_filter[1]: the bracket at character 2 is not closed; "),
        "{message}"
    );
}

#[test]
fn a_rule_without_roots_is_refused() {
    assert_eq!(refused(&Options::default()), [("roots", None, "invalid_root_path")]);
    assert!(Planner::new(&valid()).is_ok());
}

#[test]
fn lists_and_texts_have_a_limit() {
    let many = vec!["a/*".to_owned(); MAX_ENTRIES + 1];
    let most = vec!["a/*".to_owned(); MAX_ENTRIES];
    let long = vec!["é".repeat(MAX_PATTERN_LEN); MAX_LIST_LEN / MAX_PATTERN_LEN];
    let longer = [long.clone(), texts(&["a"])].concat();
    let too_long = texts(&["a", &"a".repeat(MAX_PATTERN_LEN + 1)]);
    for set in [
        |options: &mut Options, list: Vec<String>| options.path_filter = list,
        |options: &mut Options, list: Vec<String>| options.ignore = list,
        |options: &mut Options, list: Vec<String>| options.path_filter_regex = list,
        |options: &mut Options, list: Vec<String>| options.ignore_regex = list,
    ] {
        let rules = |list: &Vec<String>| {
            let mut options = valid();
            set(&mut options, list.clone());
            let violations = Planner::new(&options).err().map_or(Vec::new(), |e| e.violations);
            violations.iter().map(|v| (v.entry, v.rule)).collect::<Vec<_>>()
        };
        assert_eq!(rules(&most), []);
        assert_eq!(rules(&long), []);
        assert_eq!(rules(&many), [(None, Rule::TooMany)]);
        assert_eq!(rules(&longer), [(None, Rule::TooMany)]);
        assert_eq!(rules(&too_long), [(Some(1), Rule::TooLong)]);
    }
    let roots = Options { roots: many.clone(), ..valid() };
    assert_eq!(refused(&roots), [("roots", None, "too_many")]);
    let roots = Options { roots: vec!["/".repeat(5000)], ..valid() };
    assert_eq!(refused(&roots), [("roots", Some(0), "too_long")]);
    let names = vec![expression("a", &"b".repeat(MAX_PATTERN_LEN + 1)), expression("a", "")];
    let names = Options { album_name_post_regex: names, ..valid() };
    assert_eq!(refused(&names), [("album_name_post_regex", Some(0), "too_long")]);
}

#[test]
fn expressions_that_become_too_large_are_refused() {
    let large = r"\w{9}".to_owned();
    let one = Options { ignore_regex: vec![large.clone()], ..valid() };
    assert!(Planner::new(&one).is_ok());
    let larger = Options { ignore_regex: texts(&["a", r"(\w{50}){50}"]), ..valid() };
    assert_eq!(refused(&larger), [("ignore_regex", Some(1), "invalid_pattern")]);
    let together = Options { ignore_regex: vec![large; 4], ..valid() };
    assert_eq!(refused(&together), [("ignore_regex", None, "invalid_pattern")]);
}
