//! Who may use whom. The lists below are the architecture.

use super::rust_files;

const FLOORS: &[&[&str]] = &[
    &["config", "crontab", "error", "id", "mask", "page", "text", "time"],
    &["blob", "byte_range", "database", "entity", "keys", "media", "password", "zip"],
    &["access", "app", "events", "jobs"],
    &[
        "activities",
        "albums",
        "assets",
        "audit",
        "auth",
        "backups",
        "exports",
        "folder_albums",
        "installation",
        "libraries",
        "shared_links",
        "uploads",
        "users",
    ],
    &["transport"],
];

/// Modules of one floor that may use each other; nouns only through their operations.
const NEIGHBOURS: &[(&str, &str)] = &[
    ("access", "app"),
    ("activities", "albums"),
    ("albums", "activities"),
    ("app", "access"),
    ("app", "events"),
    ("app", "jobs"),
    ("albums", "audit"),
    ("assets", "albums"),
    ("auth", "audit"),
    ("auth", "users"),
    ("crontab", "error"),
    ("crontab", "time"),
    ("error", "id"),
    ("events", "access"),
    ("events", "app"),
    ("events", "jobs"),
    ("exports", "assets"),
    ("exports", "shared_links"),
    ("folder_albums", "albums"),
    ("folder_albums", "assets"),
    ("folder_albums", "libraries"),
    ("installation", "audit"),
    ("installation", "uploads"),
    ("jobs", "access"),
    ("jobs", "app"),
    ("keys", "config"),
    ("libraries", "albums"),
    ("libraries", "assets"),
    ("libraries", "audit"),
    ("mask", "error"),
    ("page", "error"),
    ("password", "keys"),
    ("shared_links", "albums"),
    ("shared_links", "assets"),
    ("shared_links", "audit"),
    ("text", "error"),
    ("time", "error"),
    ("uploads", "albums"),
    ("uploads", "assets"),
    ("users", "albums"),
    ("users", "assets"),
    ("users", "audit"),
];

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

fn module(path: &str) -> &str {
    path.split('/').next().unwrap().trim_end_matches(".rs")
}

/// The modules that a file names by `crate::`, without its tests.
fn used(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]").next().unwrap();
    let mut found = Vec::new();
    for rest in code.split("crate::").skip(1) {
        let names = match rest.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap_or_default(),
            None => rest
                .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
                .next()
                .unwrap(),
        };
        let names = names.split(',').map(|name| name.trim().split(':').next().unwrap_or_default());
        found.extend(names.filter(|name| floor(name).is_some()).map(str::to_owned));
    }
    found
}

#[test]
fn modules_use_only_what_stands_below_them() {
    for (path, text) in rust_files("server/src") {
        let user = module(&path);
        if matches!(user, "command" | "lib" | "main") {
            continue;
        }
        let own = floor(user).unwrap_or_else(|| panic!("{path} stands on no floor"));
        for used in used(&text) {
            let is_allowed = used == user
                || floor(&used).unwrap() < own
                || NEIGHBOURS.contains(&(user, used.as_str()));
            assert!(is_allowed, "{path} uses {used}");
        }
    }
}

#[test]
fn pure_modules_use_nothing_of_ours() {
    for (path, text) in rust_files("server/src") {
        if matches!(module(&path), "zip" | "media") {
            let used: Vec<_> =
                used(&text).into_iter().filter(|used| used != module(&path)).collect();
            assert!(used.is_empty(), "{path} uses {used:?}");
        }
    }
}

#[test]
fn the_wire_stays_in_the_faces() {
    for (path, text) in rust_files("server/src") {
        let name = path.rsplit('/').next().unwrap();
        let speaks_grpc = name == "rpc.rs"
            || ["transport", "error", "access", "lib", "main"].contains(&module(&path));
        for word in ["tonic::", "albumen::v1"] {
            assert!(speaks_grpc || !text.contains(word), "{path} mentions {word}");
        }
        let speaks_http = name == "http.rs" || module(&path) == "transport";
        assert!(speaks_http || !text.contains("axum::"), "{path} mentions axum");
    }
}

#[test]
fn rows_are_found_through_the_rules_of_access_only() {
    for (path, text) in rust_files("server/src") {
        if matches!(module(&path), "access" | "entity") {
            continue;
        }
        for word in ["Entity::find", "find_by_id", "Statement::", "execute_unprepared", "query_one"]
        {
            let is_allowed = match module(&path) {
                "database" => word == "execute_unprepared",
                // Its own tables, which no caller sees but administrators.
                "jobs" => ["Entity::find", "find_by_id"].contains(&word),
                _ => false,
            };
            assert!(is_allowed || !text.contains(word), "{path} has {word}");
        }
    }
}
