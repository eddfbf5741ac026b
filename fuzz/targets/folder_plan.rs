//! Plans of folder albums: any options are taken or refused, and each path belongs to one album at
//! most, the one that it belongs to by itself.

#![no_main]

use albumen_folder_plan::{NameExpression, Options, Planner};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (bool, &str, &str, &str, (&str, &str), &str)| {
    let (merge_same_name, levels, globs, expression, (pattern, replacement), paths) = input;
    let options = Options {
        roots: vec!["/a".to_owned(), "/".to_owned()],
        album_levels: levels.to_owned(),
        path_filter: globs.split('\n').filter(|glob| !glob.is_empty()).map(str::to_owned).collect(),
        ignore_regex: [expression]
            .into_iter()
            .filter(|it| !it.is_empty())
            .map(str::to_owned)
            .collect(),
        album_name_post_regex: vec![NameExpression {
            pattern: pattern.to_owned(),
            replacement: replacement.to_owned(),
        }],
        merge_same_name,
        ..Options::default()
    };
    let Ok(planner) = Planner::new(&options) else { return };
    let paths: Vec<_> = paths.split('\n').collect();
    let plan = planner.plan(&paths);
    let mut count = 0;
    for album in plan.albums() {
        let folders: Vec<_> = album.folders().collect();
        for path in album.paths {
            let place = planner.place(paths[*path]).expect("a path of an album has a place");
            assert_eq!(place.name, album.name);
            assert!(folders.contains(&&*place.folder));
            count += 1;
        }
    }
    count += plan.skipped().values().map(|skipped| skipped.count).sum::<usize>();
    assert_eq!(count, paths.len());
});
