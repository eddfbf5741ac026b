//! How the command was called, so that complaints name things as whoever called it does.

use clap::{Arg, ArgMatches, Command};

use crate::table::printable;

/// What the command line calls fields of the API that have another name there. Of several, the
/// command has one.
const ARGUMENTS: [(&str, &[&str]); 27] = [
    ("activity_enabled", &["activity"]),
    ("activity_id", &["id"]),
    ("album_id", &["album"]),
    ("allow_download", &["download"]),
    ("allow_links", &["links"]),
    ("allow_undo", &["undo"]),
    ("allow_upload", &["upload"]),
    ("api_key_id", &["id"]),
    ("asset_id", &["asset"]),
    ("asset_ids", &["assets"]),
    ("cover_asset_id", &["cover"]),
    ("device_name", &["device"]),
    ("display_name", &["name", "album"]),
    ("display_name_contains", &["name", "album"]),
    ("expire_time", &["expires"]),
    ("guest_activity", &["activity"]),
    ("import_paths", &["path"]),
    ("is_admin", &["admin"]),
    ("job_id", &["id"]),
    ("max_link_lifetime", &["max_lifetime"]),
    ("max_part_size_bytes", &["part_size"]),
    ("max_upload_bytes", &["max_upload_size"]),
    ("quota_bytes", &["quota", "size"]),
    ("require_link_password", &["require_password"]),
    ("scopes", &["scope"]),
    ("user", &["users", "share"]),
    ("user_id", &["user", "users"]),
];

/// What people call what the API names otherwise.
const NOUNS: [(&str, &str); 6] = [
    ("api_key", "API key"),
    ("display_name", "name"),
    ("export_part", "archive of the export"),
    ("folder_rule", "rule"),
    ("folder_rule_run", "run"),
    ("shared_link", "link"),
];

/// What people call a kind of thing of the API.
pub(crate) fn noun(kind: &str) -> String {
    let others = NOUNS.iter().find(|(name, _)| *name == kind);
    others.map_or_else(|| kind.replace('_', " "), |(_, noun)| (*noun).to_owned())
}

/// How the command was called.
#[derive(Debug, Default)]
pub(crate) struct Call {
    /// The verb, down to its last word.
    verb: Option<Command>,
    /// What it was given.
    given: ArgMatches,
    /// The server, if one is named or signed in to.
    pub(crate) url: Option<String>,
    /// Whether an API key is the credential.
    pub(crate) has_key: bool,
}

impl Call {
    /// The call that a command line makes.
    pub(crate) fn of(command: &Command, arguments: &ArgMatches) -> Self {
        let (mut verb, mut arguments) = (command, arguments);
        while let Some((name, more)) = arguments.subcommand()
            && let Some(next) = verb.find_subcommand(name)
        {
            (verb, arguments) = (next, more);
        }
        Self { verb: Some(verb.clone()), given: arguments.clone(), url: None, has_key: false }
    }

    /// What a field of a request is called on the command line, as in `--slug` or `ALBUM`; else its
    /// own name in words. Of `options.share_with[0].user`, the command may know but a part. An entry
    /// of a list is named with its value, as in `--share-with "Bob"`.
    pub(crate) fn name_of(&self, field: &str) -> String {
        let entry = |part: &str| match part.split_once('[') {
            Some((name, index)) => (name.to_owned(), index.trim_end_matches(']').parse().ok()),
            None => (part.to_owned(), None),
        };
        let parts: Vec<(String, Option<usize>)> = field.rsplit('.').map(entry).collect();
        let found = parts.iter().find_map(|(name, _)| self.argument(name));
        let Some(argument) = found else { return parts[0].0.replace('_', " ") };
        let index = parts.iter().find_map(|(_, index)| *index);
        let value = index.and_then(|index| self.value(argument, index));
        shown(argument) + &value.map_or_else(String::new, |value| format!(" {value:?}"))
    }

    /// One of the values that an argument was given; `None` where several make an entry.
    fn value(&self, argument: &Arg, index: usize) -> Option<String> {
        if argument.get_value_names().is_some_and(|names| names.len() > 1) {
            return None;
        }
        let values = self.given.try_get_raw(argument.get_id().as_str()).ok()??;
        Some(printable(&values.into_iter().nth(index)?.to_string_lossy()))
    }

    /// The argument that stands for a field.
    fn argument(&self, field: &str) -> Option<&Arg> {
        let verb = self.verb.as_ref()?;
        let others = ARGUMENTS.iter().find(|(name, _)| *name == field);
        let mut names = std::iter::once(&field).chain(others.into_iter().flat_map(|it| it.1));
        names.find_map(|name| verb.get_arguments().find(|argument| argument.get_id() == name))
    }

    /// How to sign in.
    pub(crate) fn login(&self) -> String {
        format!("albumen login {}", self.url.as_deref().unwrap_or("URL"))
    }
}

/// An argument as the help shows it.
fn shown(argument: &Arg) -> String {
    if let Some(long) = argument.get_long() {
        return format!("--{long}");
    }
    let name = argument.get_value_names().and_then(<[_]>::first).map(ToString::to_string);
    name.unwrap_or_else(|| argument.get_id().to_string()).to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(arguments: &[&str], field: &str) -> String {
        let command = crate::command();
        let matches = command.clone().try_get_matches_from(arguments).unwrap();
        Call::of(&command, &matches).name_of(field)
    }

    #[test]
    fn fields_are_called_as_on_the_command_line() {
        let create = ["albumen", "albums", "create", ""];
        assert_eq!(name(&create, "album.display_name"), "NAME");
        assert_eq!(name(&create, "album.description"), "--description");
        assert_eq!(name(&create, "asset_ids[1]"), "--assets");
        let create_with = ["albumen", "albums", "create", "", "--assets", "a", "b"];
        assert_eq!(name(&create_with, "asset_ids[1]"), "--assets \"b\"");
        let edit = ["albumen", "albums", "edit", "Summer"];
        assert_eq!(name(&edit, "album.display_name"), "--name");
        let link = ["albumen", "links", "create", "Summer"];
        assert_eq!(name(&link, "shared_link.max_upload_bytes"), "--max-upload-size");
        assert_eq!(name(&link, "album_id"), "ALBUM");
        let share = ["albumen", "albums", "create", "Summer", "--share", "Bob"];
        assert_eq!(name(&share, "members[0].user"), "--share \"Bob\"");
        let folders = ["albumen", "folder-albums", "/photos"];
        assert_eq!(name(&folders, "options.share_with[0].user"), "--share-with");
        let upload = ["albumen", "upload", "a.jpg"];
        assert_eq!(name(&upload, "upload.file_name"), "file name");
    }
}
