//! Albums planned from lists of paths, without a server.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::home::{Done, Home};

const VECTORS: &str = include_str!("../../../../server/folder_plan/tests/vectors/vectors.json");
const QUIRKS: &str = include_str!("../../../../server/folder_plan/tests/vectors/quirks.json");

/// Plans for paths on standard input.
fn plan(home: &Home, arguments: &[&str], paths: &str) -> Done {
    plan_with(home, arguments, paths, &[])
}

fn plan_with(home: &Home, arguments: &[&str], paths: &str, variables: &[(&str, &str)]) -> Done {
    let arguments = [&["folder-albums"], arguments, &["--paths-from", "-"]].concat();
    let mut command = home.command(&arguments);
    command.envs(variables.iter().copied()).stdin(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A command that refuses its options does not read.
    drop(std::io::Write::write_all(&mut stdin, paths.as_bytes()));
    drop(stdin);
    Done::of(child.wait_with_output().unwrap())
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().map(|text| text.as_str().unwrap()).collect()
}

/// The command line for a vector.
fn arguments(vector: &Value) -> Vec<String> {
    let options = &vector["options"];
    let mut arguments: Vec<String> =
        texts(&vector["root_paths"]).into_iter().map(str::to_owned).collect();
    for (field, option) in [("album_levels", "--album-levels"), ("album_separator", "-s")] {
        if let Some(value) = options[field].as_str() {
            arguments.push(format!("{option}={value}"));
        }
    }
    for field in ["path_filter", "ignore", "path_filter_regex", "ignore_regex"] {
        for value in texts(&options[field]) {
            arguments.push(format!("--{}={value}", field.replace('_', "-")));
        }
    }
    for entry in options["album_name_post_regex"].as_array().into_iter().flatten() {
        arguments.push("-R".to_owned());
        arguments.extend(texts(entry).into_iter().map(str::to_owned));
    }
    arguments.push("--json".to_owned());
    arguments
}

fn check(vectors: &str, count: usize, expected: &str) {
    let home = Home::new();
    let vectors: Vec<Value> = serde_json::from_str(vectors).unwrap();
    assert_eq!(vectors.len(), count);
    for vector in &vectors {
        let (name, expected) = (&vector["name"], &vector[expected]);
        let arguments = arguments(vector);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let paths: String =
            texts(&vector["paths"]).into_iter().map(|path| format!("{path}\0")).collect();
        let done = plan(&home, &arguments, &paths);
        let document = done.json();
        if let Some(code) = expected.get("error") {
            done.fails(2);
            assert_eq!(document["error"]["code"], *code, "{name}");
            assert_eq!(document["error"].as_object().unwrap().len(), 2, "{name}");
            assert_eq!(document.as_object().unwrap().len(), 1, "{name}");
        } else {
            done.ok();
            assert_eq!(document["albums"], expected["albums"], "{name}");
            let skipped = document["skipped"].as_object().unwrap().values();
            let skipped: u64 = skipped.map(|count| count.as_u64().unwrap()).sum();
            let albums = document["albums"].as_object().unwrap().values();
            let placed: usize = albums.map(|paths| paths.as_array().unwrap().len()).sum();
            let all = vector["paths"].as_array().unwrap().len();
            assert_eq!(placed + usize::try_from(skipped).unwrap(), all, "{name}");
            assert_eq!(document.as_object().unwrap().len(), 2, "{name}");
        }
        assert_eq!(done.err, "", "{name}");
    }
}

#[test]
fn plans_are_those_of_the_script() {
    check(VECTORS, 74, "expected");
}

#[test]
fn plans_are_right_where_the_script_is_not() {
    check(QUIRKS, 20, "recommended");
}

#[test]
fn levels_may_be_negative_and_options_short_or_repeated() {
    let home = Home::new();
    let paths = "/photos/2020/Rome/1.jpg\n/photos/2020/Oslo/Night/2.jpg\n";
    let expected =
        json!({ "2020": ["/photos/2020/Rome/1.jpg"], "Oslo": ["/photos/2020/Oslo/Night/2.jpg"] });
    for arguments in [
        &["/photos", "-a", "-2,-2"][..],
        &["/photos", "-a=-2,-2"],
        &["/photos", "-a-2,-2"],
        &["-a", "-2,-2", "/photos"],
        &["/photos", "--album-levels", "-2,-2"],
        &["/photos", "--album-level=-2,-2"],
        &["--album-lev", "-2,-2", "--root", "/photos"],
        &["/photos", "-a", "1", "-A", "-a", "-2,-2", "--find-assets"],
    ] {
        let done = plan(&home, &[arguments, &["--json"]].concat(), paths);
        done.ok();
        assert_eq!(done.json()["albums"], expected, "{arguments:?}");
    }
    plan(&home, &["/photos", "--album", "1"], paths).fails(2);
}

#[test]
fn plan_is_shown_with_why_files_are_left_out() {
    let home = Home::new();
    let paths = "/photos/Rome/1.jpg\n/photos/Rome/2.jpg\n/photos/3.jpg\n/data/x/4.jpg\n";
    let done = plan(&home, &["/photos"], paths);
    assert!(done.ok().contains("Rome   2       /photos/Rome"), "{done:?}");
    assert!(done.err.contains("1 below no root path, as /data/x/4.jpg"), "{done:?}");
    assert!(done.err.contains("1 in the root path itself"), "{done:?}");
    assert!(!done.err.contains("warning"), "{done:?}");

    let done = plan(&home, &["/pictures"], paths);
    assert!(done.err.contains("must be the path that the server sees"), "{done:?}");
    let done = plan(&home, &["/srv"], "/photos/a/1.jpg\n/photos/b/2.jpg\n");
    assert!(done.err.contains("there are files below /photos"), "{done:?}");
}

#[test]
fn variables_are_read_only_when_asked_for() {
    let home = Home::new();
    let variables = [
        ("ROOT_PATH", "/scans, \"/photos\""),
        ("ALBUM_LEVELS", "2"),
        ("ALBUM_SEPARATOR", ""),
        ("IGNORE", "Private:\"*.raw\""),
        ("ALBUM_NAME_POST_REGEX1", r"'(\d+)(.*)' '\2 \1'"),
    ];
    let paths = "/photos/2020/Rome/1.jpg\n/photos/2020/Private/2.jpg\n";
    let done = plan_with(&home, &["--from-env", "--json"], paths, &variables);
    done.ok();
    assert_eq!(done.json()["albums"], json!({ "Rome 2020": ["/photos/2020/Rome/1.jpg"] }));
    assert_eq!(done.json()["skipped"], json!({ "ignored": 1 }));
    let done = plan_with(&home, &["/photos", "--json"], paths, &variables);
    assert_eq!(done.json()["albums"]["2020"], json!(paths.lines().collect::<Vec<_>>()));

    let done = plan_with(&home, &["--from-env"], paths, &[("ROOT_PATH", "/a"), ("ARCHIVE", "on")]);
    assert!(done.fails(2).contains("ARCHIVE: must be true or false"), "{done:?}");
    let done = plan_with(&home, &["--from-env"], paths, &[("ROOT_PATH", "/a"), ("IGNORE", "a[")]);
    assert!(done.fails(2).contains("IGNORE \"a[\": "), "{done:?}");
}

#[test]
fn wrong_options_are_named() {
    let home = Home::new();
    for (arguments, part) in [
        (&["/a", "-a", "two"][..], "--album-levels: "),
        (&["/a", "-i", "ok", "-i", "a["], "--ignore \"a[\": "),
        (&["/a", "-R", "(a"], "--album-name-post-regex"),
        (&[], "a root path is missing"),
        (&["-R", "a", "/photos"], "what follows -R belongs to it"),
        (&["/a", "-m", "PURGE"], "must be CREATE, CLEANUP or DELETE_ALL"),
        (&["/a", "-c", "0"], "must be a whole number, at least 1"),
        (&["/a", "-x", "Bob=owner"], "the role must be viewer"),
        (&["/a", "-d=1"], "must be true or false"),
        (&["/a", "http://localhost", "key", "/b"], "name root paths first"),
    ] {
        let done = plan(&home, arguments, "");
        assert!(done.fails(2).contains(part), "{arguments:?}: {done:?}");
    }
}

#[test]
fn folders_of_one_name_can_be_kept_apart() {
    let home = Home::new();
    let paths = "/photos/a/Rome/1.jpg\n/photos/b/Rome/2.jpg\n";
    let done = plan(&home, &["/photos", "-a=-1", "--no-merge-same-name", "--json"], paths);
    let expected = json!({
        "Rome (/photos/a/Rome)": ["/photos/a/Rome/1.jpg"],
        "Rome (/photos/b/Rome)": ["/photos/b/Rome/2.jpg"],
    });
    done.ok();
    assert_eq!(done.json()["albums"], expected);
}

#[test]
fn list_of_paths_may_be_a_file() {
    let home = Home::new();
    home.write("paths.txt", b"/photos/Rome/1.jpg\n");
    let done = home.json(&["folder-albums", "/photos", "--paths-from", "paths.txt"]);
    assert_eq!(done, json!({ "albums": { "Rome": ["/photos/Rome/1.jpg"] }, "skipped": {} }));
    let missing = home.run(&["folder-albums", "/photos", "--paths-from", "none.txt"]);
    assert!(missing.fails(2).contains("none.txt"), "{missing:?}");
    home.write("bad.txt", b"/a/b/1.jpg\n/\xff\n");
    let bad = home.run(&["folder-albums", "/a", "--paths-from", "bad.txt"]);
    assert!(bad.fails(2).contains("line 2 is not UTF-8"), "{bad:?}");
}
