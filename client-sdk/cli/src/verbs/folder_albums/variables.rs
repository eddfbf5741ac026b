//! The same options in variables, as containers have them.

use std::collections::BTreeMap;

use super::expressions::NameExpressions;
use super::log::Level;
use super::options::OptionArgs;
use super::values;
use crate::failure::{Failure, Result};

/// What the variables of other programs would do, and nothing does here.
const UNKNOWN: [(&str, &str, &str); 3] = [
    ("VISIBILITY", "", "there is ARCHIVE instead"),
    ("READ_ALBUM_PROPERTIES", "false", "files with the properties of albums are not read"),
    ("UPDATE_ALBUM_PROPS_MODE", "0", "albums that are there keep their properties"),
];

/// The variables that are set.
#[derive(Debug)]
pub(super) struct Variables(BTreeMap<String, String>);

/// What variables say besides the options.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) unattended: Option<bool>,
    pub(super) insecure: Option<bool>,
    pub(super) log_level: Option<Level>,
    pub(super) api_url: Option<String>,
    pub(super) api_key: Option<String>,
    pub(super) api_key_file: Option<String>,
    pub(super) cron_expression: Option<String>,
    pub(super) time_zone: Option<String>,
    pub(super) run_immediately: Option<bool>,
}

impl Variables {
    /// Those of this process.
    pub(super) fn of_process() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
        };
        Self::new(std::env::vars_os().filter_map(text))
    }

    /// A variable that is set to nothing counts as not set, other than the separator.
    pub(super) fn new(all: impl IntoIterator<Item = (String, String)>) -> Self {
        let is_set = |name: &str, value: &str| name == "ALBUM_SEPARATOR" || !value.trim().is_empty();
        Self(all.into_iter().filter(|(name, value)| is_set(name, value)).collect())
    }

    /// The options that they set.
    pub(super) fn options(&self) -> Result<OptionArgs> {
        for (name, harmless, message) in UNKNOWN {
            if self.text(name).is_some_and(|text| !text.eq_ignore_ascii_case(harmless)) {
                return Err(Failure::Usage(format!("{name}: has no meaning here; {message}")));
            }
        }
        let mut options = OptionArgs {
            album_levels: self.text("ALBUM_LEVELS"),
            album_separator: self.0.get("ALBUM_SEPARATOR").cloned(),
            find_assets_in_albums: self.read("FIND_ASSETS_IN_ALBUMS", values::boolean)?,
            find_archived_assets: self.read("FIND_ARCHIVED_ASSETS", values::boolean)?,
            mode: self.read("MODE", values::mode)?,
            delete_confirm: self.read("DELETE_CONFIRM", values::strict_boolean)?,
            all_albums: self.read("ALL_ALBUMS", values::boolean)?,
            share_role: self.read("SHARE_ROLE", values::role)?,
            sync_mode: self.read("SYNC_MODE", values::sync_mode)?,
            album_order: self.read("ALBUM_ORDER", values::album_order)?,
            set_album_thumbnail: self.read("SET_ALBUM_THUMBNAIL", values::thumbnail)?,
            archive: self.read("ARCHIVE", values::boolean)?,
            comments_and_likes: self.read("COMMENTS_AND_LIKES", values::boolean)?,
            chunk_size: self.read("CHUNK_SIZE", values::chunk)?,
            fetch_chunk_size: self.read("FETCH_CHUNK_SIZE", values::chunk)?,
            ..OptionArgs::default()
        };
        for (field, name) in [("album_levels", "ALBUM_LEVELS"), ("album_separator", "ALBUM_SEPARATOR")] {
            options.variables.insert(field, vec![name.to_owned()]);
        }
        self.lists(&mut options)?;
        Ok(options)
    }

    fn lists(&self, options: &mut OptionArgs) -> Result<()> {
        for share in self.list("SHARE_WITH", ':')? {
            let read = values::share(&share).map_err(|rule| wrong("SHARE_WITH", &share, &rule));
            options.share_with.push(read?);
        }
        let regex = |text: &str| Ok(values::bare(text));
        let (filters, filter_names) = self.numbered("PATH_FILTER_REGEX", regex)?;
        let (ignored, ignored_names) = self.numbered("IGNORE_REGEX", regex)?;
        let (names, name_names) = self.numbered("ALBUM_NAME_POST_REGEX", values::words)?;
        options.path_filter_regex = filters;
        options.ignore_regex = ignored;
        options.names = NameExpressions(names);
        options.roots = self.list("ROOT_PATH", ',')?;
        options.path_filter = self.list("PATH_FILTER", ':')?;
        options.ignore = self.list("IGNORE", ':')?;
        options.variables.extend([
            ("roots", vec!["ROOT_PATH".to_owned()]),
            ("path_filter", vec!["PATH_FILTER".to_owned()]),
            ("ignore", vec!["IGNORE".to_owned()]),
            ("path_filter_regex", filter_names),
            ("ignore_regex", ignored_names),
            ("album_name_post_regex", name_names),
        ]);
        Ok(())
    }

    /// What they say besides.
    pub(super) fn settings(&self) -> Result<Settings> {
        Ok(Settings {
            unattended: self.read("UNATTENDED", values::boolean)?,
            insecure: self.read("INSECURE", values::boolean)?,
            log_level: self.read("LOG_LEVEL", values::log_level)?,
            api_url: self.text("API_URL"),
            api_key: self.text("API_KEY"),
            api_key_file: self.text("API_KEY_FILE"),
            cron_expression: self.text("CRON_EXPRESSION").map(|text| values::bare(&text)),
            time_zone: self.text("TZ"),
            run_immediately: self.read("RUN_IMMEDIATELY", values::boolean)?,
        })
    }

    fn text(&self, name: &str) -> Option<String> {
        self.0.get(name).map(|text| text.trim().to_owned())
    }

    fn read<T>(&self, name: &str, read: fn(&str) -> Result<T, String>) -> Result<Option<T>> {
        let Some(text) = self.text(name) else { return Ok(None) };
        read(&text).map(Some).map_err(|rule| wrong(name, &text, &rule))
    }

    fn list(&self, name: &str, separator: char) -> Result<Vec<String>> {
        let Some(text) = self.0.get(name) else { return Ok(Vec::new()) };
        values::list(text, separator).map_err(|rule| wrong(name, text, &rule))
    }

    /// Those with a number behind their name, in its order, and their names.
    fn numbered<T>(
        &self,
        name: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<(Vec<T>, Vec<String>)> {
        let number = |variable: &str| variable.strip_prefix(name)?.parse::<u32>().ok();
        let mut found: Vec<_> = self
            .0
            .iter()
            .filter_map(|(variable, text)| Some((number(variable)?, variable, text)))
            .collect();
        found.sort_unstable();
        let (mut values, mut names) = (Vec::new(), Vec::new());
        for (_, variable, text) in found {
            values.push(read(text).map_err(|rule| wrong(variable, text, &rule))?);
            names.push(variable.clone());
        }
        Ok((values, names))
    }
}

fn wrong(name: &str, text: &str, rule: &str) -> Failure {
    Failure::Usage(format!("{name}: {rule}, in {text:?}"))
}

#[cfg(test)]
mod tests {
    use albumen_client::v1::folder_album_options::{Mode, Sync, Thumbnail};
    use albumen_client::v1::{AlbumOrder, AlbumRole, FolderAlbumOptions};

    use super::*;

    fn variables(all: &[(&str, &str)]) -> Variables {
        Variables::new(all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    fn refused(name: &str, value: &str) -> String {
        let variables = variables(&[("ROOT_PATH", "/a"), (name, value)]);
        let read = variables.settings().map(drop).and_then(|()| variables.options()?.check());
        match read {
            Err(Failure::Usage(message)) => message,
            other => panic!("{name}={value}: {other:?}"),
        }
    }

    fn set(all: &[(&str, &str)]) -> FolderAlbumOptions {
        let options = variables(all).options().unwrap();
        let mut set = FolderAlbumOptions::default();
        options.check().unwrap();
        options.set(&mut set);
        set
    }

    #[test]
    fn variables_say_which_albums_there_are() {
        let set = set(&[
            ("ROOT_PATH", "/a, \"/b,c\""),
            ("ALBUM_LEVELS", "-2,-1"),
            ("ALBUM_SEPARATOR", ""),
            ("PATH_FILTER", "**/*.jpg:Feb"),
            ("IGNORE", "\"@eaDir\""),
            ("PATH_FILTER_REGEX1", "20.*"),
            ("IGNORE_REGEX2", "'a b'"),
            ("IGNORE_REGEX10", "c"),
            ("ALBUM_NAME_POST_REGEX2", "_ ' '"),
            ("ALBUM_NAME_POST_REGEX1", r"'^\d+'"),
            ("FIND_ASSETS_IN_ALBUMS", "1"),
            ("FIND_ARCHIVED_ASSETS", "yes"),
        ]);
        assert_eq!(set.root_path, ["/a", "/b,c"]);
        assert_eq!(set.album_levels, "-2,-1");
        assert_eq!(set.album_separator.as_deref(), Some(""), "the empty text is honoured");
        assert_eq!(set.path_filter, ["**/*.jpg", "Feb"]);
        assert_eq!(set.ignore, ["@eaDir"]);
        assert_eq!(set.path_filter_regex, ["20.*"]);
        assert_eq!(set.ignore_regex, ["a b", "c"], "numbers are numbers");
        let expressions = set.album_name_post_regex.iter();
        let expressions: Vec<_> =
            expressions.map(|it| (it.pattern.as_str(), it.replacement.as_str())).collect();
        assert_eq!(expressions, [(r"^\d+", ""), ("_", " ")]);
        assert!(set.find_assets_in_albums && set.find_archived_assets);
    }

    #[test]
    fn variables_say_what_to_do() {
        let set = set(&[
            ("ROOT_PATH", "/a"),
            ("MODE", "cleanup"),
            ("DELETE_CONFIRM", "True"),
            ("ALL_ALBUMS", "no"),
            ("SHARE_WITH", "Bob=editor:carol@example.org"),
            ("SHARE_ROLE", "contributor"),
            ("SYNC_MODE", "2"),
            ("ALBUM_ORDER", "asc"),
            ("SET_ALBUM_THUMBNAIL", "random-all"),
            ("ARCHIVE", "true"),
            ("COMMENTS_AND_LIKES", "0"),
            ("CHUNK_SIZE", "7"),
            ("FETCH_CHUNK_SIZE", "20000"),
        ]);
        assert_eq!(set.mode(), Mode::Cleanup);
        assert!(set.delete_confirm && set.archive && !set.all_albums);
        assert_eq!(set.share_with[0].role(), AlbumRole::Editor);
        assert_eq!(set.share_with[1].user, "carol@example.org");
        assert_eq!(set.share_role(), AlbumRole::Contributor);
        assert_eq!(set.sync(), Sync::OfflineAssets);
        assert_eq!(set.album_order(), AlbumOrder::OldestFirst);
        assert_eq!(set.set_album_thumbnail(), Thumbnail::RandomAll);
        assert_eq!(set.comments_and_likes, Some(false));
        assert_eq!((set.chunk_size, set.fetch_chunk_size), (7, 10_000));
    }

    #[test]
    fn variables_say_when_and_how_to_run() {
        let settings = variables(&[
            ("UNATTENDED", "1"),
            ("INSECURE", "false"),
            ("LOG_LEVEL", "debug"),
            ("API_URL", " https://photos.example.org/api "),
            ("API_KEY", "secret"),
            ("CRON_EXPRESSION", "\"0 * * * *\""),
            ("TZ", "Europe/Vienna"),
            ("RUN_IMMEDIATELY", "true"),
        ]);
        let expected = Settings {
            unattended: Some(true),
            insecure: Some(false),
            log_level: Some(Level::Debug),
            api_url: Some("https://photos.example.org/api".to_owned()),
            api_key: Some("secret".to_owned()),
            api_key_file: None,
            cron_expression: Some("0 * * * *".to_owned()),
            time_zone: Some("Europe/Vienna".to_owned()),
            run_immediately: Some(true),
        };
        assert_eq!(settings.settings().unwrap(), expected);
    }

    #[test]
    fn wrong_values_are_told_by_the_name_of_their_variable() {
        for (name, value) in [
            ("ROOT_PATH", "/a,,/b"),
            ("ALBUM_LEVELS", "0"),
            ("PATH_FILTER", "a::b"),
            ("IGNORE", "2020/[02"),
            ("IGNORE_REGEX3", "(unclosed"),
            ("PATH_FILTER_REGEX1", "(?=a)"),
            ("ALBUM_NAME_POST_REGEX4", "'a"),
            ("ALBUM_NAME_POST_REGEX5", r"a \3"),
            ("MODE", "PURGE"),
            ("DELETE_CONFIRM", "1"),
            ("UNATTENDED", "maybe"),
            ("SHARE_WITH", "Bob=owner"),
            ("SHARE_ROLE", "owner"),
            ("SYNC_MODE", "3"),
            ("ALBUM_ORDER", "up"),
            ("ARCHIVE", "on"),
            ("CHUNK_SIZE", "0"),
            ("LOG_LEVEL", "LOUD"),
            ("SET_ALBUM_THUMBNAIL", "any"),
            ("VISIBILITY", "locked"),
            ("READ_ALBUM_PROPERTIES", "true"),
        ] {
            let message = refused(name, value);
            assert!(message.starts_with(name), "{name}={value}: {message}");
        }
    }

    #[test]
    fn variables_that_are_set_to_nothing_are_not_set() {
        let options = variables(&[("ROOT_PATH", "/a"), ("MODE", ""), ("IGNORE", " ")]);
        let options = options.options().unwrap();
        assert!(options.mode.is_none() && options.ignore.is_empty());
        options.check().unwrap();
    }

    #[test]
    fn the_command_line_comes_before_variables() {
        let variables = variables(&[("ROOT_PATH", "/a"), ("ALBUM_LEVELS", "x"), ("IGNORE", "b")]);
        let given = OptionArgs {
            roots: vec!["/c".to_owned()],
            album_levels: Some("y".to_owned()),
            ..OptionArgs::default()
        };
        let options = given.or(variables.options().unwrap());
        assert_eq!((options.roots[0].as_str(), options.ignore[0].as_str()), ("/c", "b"));
        let Err(Failure::Usage(message)) = options.check() else { panic!("levels are a number") };
        assert!(message.starts_with("--album-levels"), "{message}");
    }
}
