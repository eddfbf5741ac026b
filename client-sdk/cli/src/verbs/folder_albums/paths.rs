//! Plans from a list of paths, without a server.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};

use albumen_folder_plan::{Plan, Skip};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::json;

use super::options::OptionArgs;
use super::skipped::{self, Reason};
use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::table::Table;
use crate::words::count;

/// Plans for the paths in a file, or on standard input if it is called `-`.
pub(super) fn run(output: Output, options: &OptionArgs, source: &str) -> Result<()> {
    let planner = match options.planner() {
        Ok(planner) => planner,
        Err(error) if output.json => {
            let code = error.violations.first().map_or("", |violation| violation.rule.code());
            let message = options.explain(&error);
            output.json(&json!({ "error": { "code": code, "message": message } }))?;
            return Err(Failure::Told(2));
        }
        Err(error) => return Err(Failure::Usage(options.explain(&error))),
    };
    let text = read(source)?;
    let paths = split(&text);
    let plan = planner.plan(&paths);
    let document = Document { plan: &plan, paths: &paths };
    if output.json {
        let text = serde_json::to_string_pretty(&document);
        return output.text(&text.map_err(|error| Failure::Other(error.to_string()))?);
    }
    let mut table = Table::new(["album", "photos", "folders"]);
    for album in plan.albums() {
        let folders = album.folders().collect::<Vec<_>>().join(", ");
        table.row([album.name.to_owned(), album.paths.len().to_string(), folders]);
    }
    if plan.albums().len() > 0 {
        output.text(&table.to_string())?;
    }
    output.note(&count(plan.albums().len(), "album"));
    skipped::tell(output, &reasons(&plan), paths.len(), &options.roots);
    Ok(())
}

fn read(source: &str) -> Result<String> {
    let mut bytes = Vec::new();
    let name = if source == "-" {
        io::stdin().read_to_end(&mut bytes)?;
        "standard input"
    } else {
        let read = fs::read(source);
        bytes = read.map_err(|error| Failure::Usage(format!("{source}: {error}")))?;
        source
    };
    String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        Failure::Usage(format!("{name}: line {line} is not UTF-8"))
    })
}

/// Paths, one a line, or with a NUL behind each if there is any.
fn split(text: &str) -> Vec<&str> {
    let end = if text.contains('\0') { '\0' } else { '\n' };
    text.split(end).filter(|path| !path.is_empty()).collect()
}

fn reasons<'p>(plan: &'p Plan<'p>) -> Vec<Reason> {
    let reasons = plan.skipped().iter();
    let reason = |(skip, skipped): (&Skip, &albumen_folder_plan::Skipped<'_>)| Reason {
        code: code(*skip),
        count: skipped.count,
        examples: skipped.examples.iter().map(|path| (*path).to_owned()).collect(),
    };
    reasons.map(reason).collect()
}

/// A reason as the API names it, without its prefix and in small letters.
fn code(skip: Skip) -> &'static str {
    match skip {
        Skip::NotBelowRoot => skipped::NOT_BELOW_ROOT,
        Skip::DirectlyInRoot => "in_root",
        Skip::FilteredOut => "filtered_out",
        Skip::Ignored => "ignored",
        Skip::TooShallow => "too_shallow",
        Skip::BlankName => "blank_name",
        Skip::NameTooLong => "long_name",
    }
}

/// `{"albums": {name: [paths]}, "skipped": {reason: count}}`
#[derive(Debug)]
struct Document<'a> {
    plan: &'a Plan<'a>,
    paths: &'a [&'a str],
}

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let skipped = self.plan.skipped().iter();
        let skipped: BTreeMap<_, _> =
            skipped.map(|(skip, skipped)| (code(*skip), skipped.count)).collect();
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("albums", &Albums(self))?;
        map.serialize_entry("skipped", &skipped)?;
        map.end()
    }
}

struct Albums<'a>(&'a Document<'a>);

impl Serialize for Albums<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Document { plan, paths } = self.0;
        let mut names = BTreeMap::<_, usize>::new();
        plan.albums().for_each(|album| *names.entry(album.name).or_default() += 1);
        serializer.collect_map(plan.albums().map(|album| {
            let mut name = album.name.to_owned();
            // Names are keys, so those of one name are told apart by what they stand for.
            if names.get(album.name).is_some_and(|count| *count > 1) {
                name += &format!(" ({})", album.folders().collect::<Vec<_>>().join(", "));
            }
            (name, album.paths.iter().map(|path| paths[*path]).collect::<Vec<_>>())
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_lines_unless_they_end_with_nul() {
        assert_eq!(split("/a\n/b \n\n/c"), ["/a", "/b ", "/c"]);
        assert_eq!(split("/a\n1\0/b\0"), ["/a\n1", "/b"]);
        assert!(split("").is_empty());
    }
}
