//! What holds for any paths and options.

use std::collections::{BTreeMap, BTreeSet};

use albumen_folder_plan::{NameExpression, Options, Plan, Planner, Skip};
use proptest::prelude::*;
use proptest::sample::{Index, select};

fn path() -> impl Strategy<Value = String> {
    let root = select(vec!["/r", "/r/s", "/r/s/", "//t", "/u", "r", ""]);
    let folder = select(vec!["a", "b", " a", "é", "s", "2020 x", "2021 x", " ", "", "x_y"]);
    (root, prop::collection::vec(folder, 0..6), "[ab]\\.(jpg|raw)")
        .prop_map(|(root, folders, file)| format!("{root}/{}/{file}", folders.join("/")))
}

fn options() -> impl Strategy<Value = Options> {
    let globs = || {
        let globs = select(vec!["a", "**/*.raw", "a/**", "?/*", "**/s/**", "[!b]*/**", "**"]);
        prop::collection::vec(globs.prop_map(str::to_owned), 0..3)
    };
    let expressions = || {
        let expressions = select(vec![r"a/.*", r".*\.raw", r"[^/]+/[^/]+", r"\d{4} .*"]);
        prop::collection::vec(expressions.prop_map(str::to_owned), 0..2)
    };
    let rewrites =
        select(vec![(r"^\d+ ", ""), ("_", " "), (r"(\w)\b", r"\1\1"), ("a", ""), ("", "-")]);
    let rewrites = rewrites.prop_map(|(pattern, replacement)| NameExpression {
        pattern: pattern.to_owned(),
        replacement: replacement.to_owned(),
    });
    let levels = select(vec!["1", "2", "-1", "-2", "2,3", "-2,-2", "-3,-2", "-4,-4", "5"]);
    (
        (prop::sample::subsequence(vec!["/r", "/r/s", "/t//", "r"], 1..=4).prop_shuffle(), levels),
        select(vec![" ", "", "/", " - "]),
        (globs(), globs(), expressions(), expressions()),
        prop::collection::vec(rewrites, 0..3),
        any::<bool>(),
    )
        .prop_map(|((roots, levels), separator, patterns, rewrites, merge_same_name)| {
            Options {
                roots: roots.into_iter().map(str::to_owned).collect(),
                album_levels: levels.to_owned(),
                album_separator: separator.to_owned(),
                path_filter: patterns.0,
                ignore: patterns.1,
                path_filter_regex: patterns.2,
                ignore_regex: patterns.3,
                album_name_post_regex: rewrites,
                merge_same_name,
            }
        })
}

/// Name, folders and paths of each album.
fn albums(plan: &Plan<'_>, paths: &[String]) -> Vec<(String, Vec<String>, Vec<String>)> {
    plan.albums()
        .map(|album| {
            let paths = album.paths.iter().map(|path| paths[*path].clone());
            let folders = album.folders().map(str::to_owned).collect();
            (album.name.to_owned(), folders, paths.collect())
        })
        .collect()
}

fn counts(plan: &Plan<'_>) -> BTreeMap<Skip, usize> {
    plan.skipped().iter().map(|(skip, skipped)| (*skip, skipped.count)).collect()
}

proptest! {
    #[test]
    fn a_plan_puts_each_path_where_it_belongs_by_itself(
        options in options(),
        paths in prop::collection::vec(path(), 0..60),
    ) {
        let planner = Planner::new(&options).unwrap();
        let plan = planner.plan(&paths);
        let mut expected = BTreeMap::<_, (BTreeSet<String>, Vec<usize>)>::new();
        let mut skipped = BTreeMap::new();
        for (index, path) in paths.iter().enumerate() {
            match planner.place(path) {
                Ok(place) => {
                    let folder = (!options.merge_same_name).then(|| place.folder.clone());
                    let (folders, paths) = expected.entry((place.name, folder)).or_default();
                    folders.insert(place.folder);
                    paths.push(index);
                }
                Err(skip) => *skipped.entry(skip).or_default() += 1,
            }
        }
        let planned = plan.albums().map(|album| {
            let folders: BTreeSet<_> = album.folders().map(str::to_owned).collect();
            (album.name.to_owned(), folders, album.paths.to_vec())
        });
        let expected =
            expected.into_iter().map(|((name, _), (folders, paths))| (name, folders, paths));
        prop_assert_eq!(planned.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
        prop_assert_eq!(counts(&plan), skipped);
    }

    #[test]
    fn every_path_is_in_one_album_or_skipped_once(
        options in options(),
        paths in prop::collection::vec(path(), 0..60),
    ) {
        let plan = Planner::new(&options).unwrap().plan(&paths);
        let mut seen = BTreeSet::new();
        for album in plan.albums() {
            prop_assert!(!album.paths.is_empty() && album.folders().len() > 0);
            prop_assert!(album.paths.is_sorted());
            for path in album.paths {
                prop_assert!(seen.insert(*path), "{} is in two albums", paths[*path]);
            }
        }
        prop_assert_eq!(seen.len() + counts(&plan).values().sum::<usize>(), paths.len());
    }

    #[test]
    fn the_order_of_paths_changes_no_album(
        options in options(),
        paths in prop::collection::vec(path(), 0..60),
        swaps in prop::collection::vec(any::<(Index, Index)>(), 0..60),
    ) {
        let planner = Planner::new(&options).unwrap();
        let mut shuffled = paths.clone();
        if !paths.is_empty() {
            for (one, other) in swaps {
                shuffled.swap(one.index(paths.len()), other.index(paths.len()));
            }
        }
        let sorted = |paths: &[String]| {
            let mut albums = albums(&planner.plan(paths), paths);
            albums.iter_mut().for_each(|(_, _, paths)| paths.sort());
            albums
        };
        prop_assert_eq!(sorted(&paths), sorted(&shuffled));
    }

    #[test]
    fn planning_what_a_plan_placed_gives_the_same_plan(
        options in options(),
        paths in prop::collection::vec(path(), 0..60),
    ) {
        let planner = Planner::new(&options).unwrap();
        let first = albums(&planner.plan(&paths), &paths);
        let placed: Vec<_> = first.iter().flat_map(|(_, _, paths)| paths.clone()).collect();
        prop_assert_eq!(albums(&planner.plan(&placed), &placed), first.clone());
        for album in first {
            prop_assert_eq!(albums(&planner.plan(&album.2), &album.2), [album]);
        }
    }

    #[test]
    fn any_text_is_a_path_and_any_option_is_taken_or_refused(
        texts in prop::collection::vec(".*", 9),
        paths in prop::collection::vec("(/[^/]*){0,4}|.*", 0..9),
    ) {
        let options = Options {
            roots: vec![texts[0].clone(), "/".to_owned()],
            album_levels: texts[1].clone(),
            album_separator: texts[2].clone(),
            path_filter: vec![texts[3].clone()],
            ignore: vec![texts[4].clone()],
            path_filter_regex: vec![texts[5].clone()],
            ignore_regex: vec![texts[6].clone()],
            album_name_post_regex: vec![NameExpression {
                pattern: texts[7].clone(),
                replacement: texts[8].clone(),
            }],
            merge_same_name: true,
        };
        let planners = [Planner::new(&options), Planner::new(&Options {
            album_levels: "1".to_owned(),
            ..options
        })];
        for planner in planners.into_iter().flatten() {
            let plan = planner.plan(&paths);
            for album in plan.albums() {
                prop_assert_eq!(album.name, album.name.trim());
            }
        }
    }
}
