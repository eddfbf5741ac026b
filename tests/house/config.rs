//! The settings and the documents that list them.

use albumen_server::config::SETTINGS;

use super::repository;

#[test]
fn the_sample_lists_exactly_the_settings_with_their_defaults() {
    let sample = std::fs::read_to_string(repository(".env.sample")).unwrap();
    let listed: Vec<_> = sample
        .lines()
        .filter_map(|line| line.strip_prefix("#ALBUMEN_"))
        .filter(|line| !line.split('=').next().unwrap_or_default().ends_with("_FILE"))
        .collect();
    let expected: Vec<_> = SETTINGS
        .iter()
        .map(|setting| {
            let name = setting.variable();
            format!("{}={}", name.trim_start_matches("ALBUMEN_"), setting.default)
        })
        .collect();
    assert_eq!(listed, expected);
}

#[test]
fn the_operations_manual_names_every_setting() {
    let manual = std::fs::read_to_string(repository("docs/OPERATIONS.md")).unwrap();
    for setting in SETTINGS {
        assert!(manual.contains(&setting.variable()), "{} is missing", setting.variable());
    }
}
