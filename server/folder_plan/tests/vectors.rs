//! What the public script does, and where we deliberately do something else.

#![expect(clippy::unwrap_used, reason = "a test that meets something unexpected fails")]

use std::collections::BTreeMap;

use albumen_folder_plan::{NameExpression, Options, Planner};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vector {
    name: String,
    root_paths: Vec<String>,
    paths: Vec<String>,
    options: Given,
    #[serde(alias = "recommended")]
    expected: Outcome,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    album_levels: Option<String>,
    album_separator: Option<String>,
    #[serde(default)]
    path_filter: Vec<String>,
    #[serde(default)]
    ignore: Vec<String>,
    #[serde(default)]
    path_filter_regex: Vec<String>,
    #[serde(default)]
    ignore_regex: Vec<String>,
    /// Pattern, replacement if any, and what is ignored.
    #[serde(default)]
    album_name_post_regex: Vec<Vec<String>>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Albums(BTreeMap<String, Vec<String>>),
    Error(String),
}

fn options(vector: &Vector) -> Options {
    let given = &vector.options;
    let expression = |entry: &Vec<String>| NameExpression {
        pattern: entry[0].clone(),
        replacement: entry.get(1).cloned().unwrap_or_default(),
    };
    let default = Options::default();
    Options {
        roots: vector.root_paths.clone(),
        album_levels: given.album_levels.clone().unwrap_or(default.album_levels),
        album_separator: given.album_separator.clone().unwrap_or(default.album_separator),
        path_filter: given.path_filter.clone(),
        ignore: given.ignore.clone(),
        path_filter_regex: given.path_filter_regex.clone(),
        ignore_regex: given.ignore_regex.clone(),
        album_name_post_regex: given.album_name_post_regex.iter().map(expression).collect(),
        merge_same_name: default.merge_same_name,
    }
}

fn outcome(vector: &Vector) -> Outcome {
    let planner = match Planner::new(&options(vector)) {
        Ok(planner) => planner,
        Err(error) => return Outcome::Error(error.violations[0].rule.code().to_owned()),
    };
    let plan = planner.plan(&vector.paths);
    let names: Vec<_> = plan.albums().map(|album| album.name).collect();
    assert!(names.is_sorted_by(|one, next| one < next), "{}: {names:?}", vector.name);
    let paths = |paths: &[usize]| paths.iter().map(|path| vector.paths[*path].clone()).collect();
    let albums = plan.albums().map(|album| (album.name.to_owned(), paths(album.paths)));
    Outcome::Albums(albums.collect())
}

fn check(vectors: &str, count: usize) {
    let vectors: Vec<Vector> = serde_json::from_str(vectors).unwrap();
    assert_eq!(vectors.len(), count);
    for vector in &vectors {
        assert_eq!(outcome(vector), vector.expected, "{}", vector.name);
    }
}

#[test]
fn albums_are_those_of_the_script() {
    check(include_str!("vectors/vectors.json"), 74);
}

#[test]
fn quirks_of_the_script_are_put_right() {
    check(include_str!("vectors/quirks.json"), 20);
}
