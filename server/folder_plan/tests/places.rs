//! Where single paths belong, and why some belong nowhere.

#![expect(clippy::unwrap_used, reason = "a test that meets something unexpected fails")]

use albumen_folder_plan::{MAX_EXAMPLES, MAX_NAME_LEN, NameExpression, Options, Planner, Skip};

fn planner(change: impl FnOnce(&mut Options)) -> Planner {
    let mut options = Options { roots: vec!["/photos".to_owned()], ..Options::default() };
    change(&mut options);
    Planner::new(&options).unwrap()
}

fn place(planner: &Planner, path: &str) -> Result<(String, String), Skip> {
    planner.place(path).map(|place| (place.name, place.folder))
}

fn ok(name: &str, folder: &str) -> Result<(String, String), Skip> {
    Ok((name.to_owned(), folder.to_owned()))
}

#[test]
fn the_folder_is_the_last_one_in_the_name() {
    let path = "/photos/a/b/c/1.jpg";
    for (levels, name, folder) in [
        ("1", "a", "/photos/a"),
        ("2", "a b", "/photos/a/b"),
        ("9", "a b c", "/photos/a/b/c"),
        ("-1", "c", "/photos/a/b/c"),
        ("2,3", "b c", "/photos/a/b/c"),
        ("2,2", "b", "/photos/a/b"),
        ("-3,-2", "a b", "/photos/a/b"),
        ("-4,-4", "a", "/photos/a"),
    ] {
        let planner = planner(|options| options.album_levels = levels.to_owned());
        assert_eq!(place(&planner, path), ok(name, folder), "{levels}");
        assert_eq!(place(&planner, "//photos//a///b/c//1.jpg"), ok(name, folder), "{levels}");
    }
}

#[test]
fn the_first_reason_that_holds_is_told() {
    let planner = planner(|options| {
        options.album_levels = "2,2".to_owned();
        options.path_filter = vec!["[ab]*/**".to_owned()];
        options.ignore = vec!["**/*.tmp".to_owned()];
        options.album_name_post_regex = vec![NameExpression {
            pattern: "^x+$".to_owned(),
            replacement: " \u{2003}".to_owned(),
        }];
    });
    for (path, skip) in [
        ("", Skip::NotBelowRoot),
        ("1.jpg", Skip::NotBelowRoot),
        ("/1.jpg", Skip::NotBelowRoot),
        ("/photos", Skip::NotBelowRoot),
        ("/photos2/a/b/1.jpg", Skip::NotBelowRoot),
        ("photos/a/b/1.jpg", Skip::NotBelowRoot),
        ("/photos/1.tmp", Skip::DirectlyInRoot),
        ("/photos//1.jpg", Skip::DirectlyInRoot),
        ("/photos/c/1.tmp", Skip::FilteredOut),
        ("/photos/a/1.tmp", Skip::Ignored),
        ("/photos/a/1.jpg", Skip::TooShallow),
        ("/photos/a/xxx/1.jpg", Skip::BlankName),
    ] {
        assert_eq!(place(&planner, path), Err(skip), "{path:?}");
    }
    assert_eq!(place(&planner, "/photos/a/b/1.jpg"), ok("b", "/photos/a/b"));
}

#[test]
fn names_are_as_long_as_albums_take() {
    let planner = planner(|options| options.album_levels = "-1".to_owned());
    let name = "é".repeat(MAX_NAME_LEN);
    assert_eq!(planner.place(&format!("/photos/ {name} /1.jpg")).unwrap().name, name);
    assert_eq!(planner.place(&format!("/photos/{name}é/1.jpg")), Err(Skip::NameTooLong));
}

#[test]
fn names_are_trimmed_as_a_whole() {
    let planner = planner(|options| options.album_levels = "2".to_owned());
    assert_eq!(
        place(&planner, "/photos/ a /\u{3000}b\t/1.jpg"),
        ok("a  \u{3000}b", "/photos/ a /\u{3000}b\t")
    );
}

#[test]
fn a_plan_says_why_paths_have_no_album() {
    let planner = planner(|options| options.ignore = vec!["raw".to_owned()]);
    let mut paths: Vec<_> = (0..9).map(|number| format!("/photos/a/raw/{number}.jpg")).collect();
    paths.extend(["/photos/1.jpg", "/srv/1.jpg", "/photos/a/1.jpg"].map(str::to_owned));
    let plan = planner.plan(&paths);
    let reasons: Vec<_> = plan.skipped().iter().map(|(skip, it)| (*skip, it.count)).collect();
    assert_eq!(reasons, [(Skip::NotBelowRoot, 1), (Skip::DirectlyInRoot, 1), (Skip::Ignored, 9)]);
    assert_eq!(plan.skipped()[&Skip::Ignored].examples, paths[..MAX_EXAMPLES]);
    assert_eq!(plan.skipped()[&Skip::NotBelowRoot].examples, ["/srv/1.jpg"]);
    assert_eq!(plan.albums().map(|album| album.paths.to_vec()).collect::<Vec<_>>(), [[11]]);
}

#[test]
fn albums_of_one_name_are_merged_unless_told_otherwise() {
    let paths =
        ["/photos/b/x/1", "/photos/a/x/2", "/photos/b//x/3", "/photos/a/w/4", "/photos/b/x/5"];
    let albums = |merge_same_name| {
        let planner = planner(|options| {
            options.album_levels = "-1".to_owned();
            options.merge_same_name = merge_same_name;
        });
        let plan = planner.plan(&paths);
        let describe = |album: albumen_folder_plan::Album<'_>| {
            format!("{} {:?} {:?}", album.name, album.folders().collect::<Vec<_>>(), album.paths)
        };
        plan.albums().map(describe).collect::<Vec<_>>()
    };
    assert_eq!(
        albums(true),
        [r#"w ["/photos/a/w"] [3]"#, r#"x ["/photos/a/x", "/photos/b/x"] [0, 1, 2, 4]"#,]
    );
    assert_eq!(
        albums(false),
        [r#"w ["/photos/a/w"] [3]"#, r#"x ["/photos/a/x"] [1]"#, r#"x ["/photos/b/x"] [0, 2, 4]"#,]
    );
}

#[test]
fn albums_are_in_the_order_of_their_names() {
    let mut names: Vec<_> = (0..200).map(|day| format!("Summer at the sea {day}")).collect();
    names.extend((0..40).map(|count| format!("a{}", "\0".repeat(count))));
    names.extend((0..40).map(|count| format!("Summer at{}", "é".repeat(count))));
    let path = |name: &String| format!("/photos/{name}/1.jpg");
    let paths: Vec<_> = names.iter().map(path).chain(names.iter().rev().map(path)).collect();
    let planner = planner(|_| ());
    let plan = planner.plan(&paths);
    names.sort();
    assert_eq!(plan.albums().map(|album| album.name).collect::<Vec<_>>(), names);
}

#[test]
fn a_folder_is_the_same_after_many_others() {
    let count = 70_000;
    let files = (0..2 * count).map(|file| format!("/photos/{}/{file}.jpg", file % count));
    let paths: Vec<_> = files.collect();
    for merge_same_name in [true, false] {
        let planner = planner(|options| options.merge_same_name = merge_same_name);
        let plan = planner.plan(&paths);
        assert_eq!(plan.albums().len(), count);
        assert!(plan.albums().all(|album| {
            album.folders().len() == 1 && album.paths == [album.paths[0], album.paths[0] + count]
        }));
    }
}

/// Every one of these makes a matcher that tries all ways run for years.
#[test]
fn hostile_patterns_are_matched_in_linear_time() {
    let path = format!("/photos/{}/{}", "a".repeat(200), "a/".repeat(2000));
    let options = |change: fn(&mut Options)| planner(change).place(&path);
    assert_eq!(options(|o| o.ignore = vec!["*a".repeat(300) + "b"]).unwrap().name, "a".repeat(200));
    assert_eq!(options(|o| o.ignore = vec!["/**a".repeat(200) + "b"]).unwrap().name.len(), 200);
    assert_eq!(options(|o| o.ignore = vec!["*/**".repeat(200) + "b"]).unwrap().name.len(), 200);
    assert_eq!(options(|o| o.ignore = vec!["**/*?".repeat(90) + "b"; 8]).unwrap().name.len(), 200);
    assert_eq!(options(|o| o.ignore_regex = vec!["(a*)*(a|/)*b".into()]).unwrap().name.len(), 200);
    let rewrite = NameExpression { pattern: "(a|a)*$".to_owned(), replacement: "x".to_owned() };
    let planner = planner(|options| options.album_name_post_regex = vec![rewrite]);
    assert_eq!(planner.place(&path).unwrap().name, "xx");
}
