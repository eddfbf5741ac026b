//! The settings and the documents that list them.

use albumen_server::config::{SETTINGS, Setting};

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

/// The table of the manual. `make settings` writes it there.
#[test]
#[expect(clippy::disallowed_methods, reason = "what the test is to do is not a setting")]
fn the_operations_manual_has_the_table_of_settings() {
    let path = repository("docs/OPERATIONS.md");
    let manual = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = manual.split_once(HEAD).unwrap();
    let (found, after) = rest.split_once("\n\n").unwrap();
    let rows: Vec<_> = SETTINGS.iter().map(row).collect();
    let expected = rows.join("\n");
    if std::env::var_os("WRITE_SETTINGS").is_some() {
        std::fs::write(path, format!("{before}{HEAD}{expected}\n\n{after}")).unwrap();
    } else {
        assert_eq!(found, expected, "make settings writes the table");
    }
}

const HEAD: &str = "| variable | default | what it sets |\n|---|---|---|\n";

fn row(setting: &Setting) -> String {
    let variable = setting.variable();
    let default = match setting.default {
        "" => "–".to_owned(),
        default => format!("`{default}`"),
    };
    let file = if setting.is_secret { format!("; or `{variable}_FILE`") } else { String::new() };
    format!("| `{variable}` | {default} | {}{file} |", setting.help)
}
