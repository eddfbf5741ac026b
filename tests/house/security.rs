//! The document that lists promises and the tests that hold them.

use super::{repository, rust_files};

/// Every function of the tests, as in `auth::login::the_case_of_the_email_does_not_matter` without
/// its modules.
fn functions(folder: &str) -> Vec<(String, String)> {
    let files = rust_files(folder);
    let lines = files.iter().flat_map(|(path, text)| text.lines().map(move |line| (path, line)));
    lines
        .filter_map(|(path, line)| {
            let line = line.trim().trim_start_matches("async ");
            let name = line.strip_prefix("fn ")?.split('(').next()?;
            Some((path.clone(), name.to_owned()))
        })
        .collect()
}

#[test]
fn every_test_that_a_promise_names_is_there() {
    let document = std::fs::read_to_string(repository("docs/SECURITY.md")).unwrap();
    let tests = [functions("tests"), functions("server/tests")].concat();
    let units = functions("server/src");
    let mut count = 0;
    for row in document.lines().filter(|line| line.starts_with("| ") && line.contains('`')) {
        let cell = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        for part in cell.split(", ") {
            let name = part.trim_start_matches("unit ").trim_matches('`');
            let function = name.rsplit("::").next().unwrap();
            let module = name.split("::").next().unwrap();
            let is_there = if part.starts_with("unit ") {
                units.iter().any(|(_, known)| known == function)
            } else {
                tests.iter().any(|(path, known)| path.starts_with(module) && known == function)
            };
            assert!(is_there, "{name} is no test");
            count += 1;
        }
    }
    assert!(count > 60, "only {count} tests were found in the document");
}
