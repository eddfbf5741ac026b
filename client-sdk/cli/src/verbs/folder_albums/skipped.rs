//! Why files are in no album.

use crate::output::Output;
use crate::table::printable;

pub(super) const NOT_BELOW_ROOT: &str = "not_below_root";

/// Files that are in no album for one reason.
#[derive(Debug)]
pub(super) struct Reason {
    /// As the API names it, without its prefix and in small letters.
    pub(super) code: &'static str,
    pub(super) count: usize,
    /// Some of them.
    pub(super) examples: Vec<String>,
}

/// Says why files are in no album, and what to do if most are below no root.
pub(super) fn tell(output: Output, reasons: &[Reason], files: usize, roots: &[String]) {
    for reason in reasons {
        let example = reason.examples.first().map(|path| format!(", as {}", printable(path)));
        let what = words(reason.code);
        let hint = match reason.code {
            "in_album" => "; --find-assets-in-albums (-A) takes such files too",
            "archived" => "; --find-archived-assets takes such files too",
            _ => "",
        };
        output.note(&format!("{} {what}{}{hint}", reason.count, example.unwrap_or_default()));
    }
    let outside = reasons.iter().find(|reason| reason.code == NOT_BELOW_ROOT);
    if let Some(outside) = outside.filter(|outside| outside.count * 2 > files) {
        output.warn(&hint(outside, roots));
    }
}

fn words(code: &str) -> &'static str {
    match code {
        NOT_BELOW_ROOT => "below no root path",
        "in_root" => "in the root path itself, where no folder gives a name",
        "filtered_out" => "left out by --path-filter",
        "ignored" => "left out by --ignore",
        "too_shallow" => "in too few folders for --album-levels",
        "blank_name" => "without a name for their album",
        "long_name" => "with a name too long for an album",
        "in_album" => "in an album already",
        "archived" => "archived",
        _ => "left out",
    }
}

fn hint(outside: &Reason, roots: &[String]) -> String {
    let roots = roots.iter().map(|root| printable(root)).collect::<Vec<_>>().join(", ");
    let found = match common_folder(&outside.examples) {
        Some(folder) => format!("; there are files below {}", printable(&folder)),
        None => String::new(),
    };
    format!("most files are not below {roots}: it must be the path that the server sees{found}")
}

/// The folder that paths have in common, unless it is the topmost one.
fn common_folder(paths: &[String]) -> Option<String> {
    let folders = |path: &String| -> Vec<String> {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        folder.split('/').map(str::to_owned).collect()
    };
    let mut paths = paths.iter().map(folders);
    let mut common = paths.next()?;
    for other in paths {
        let same = common.iter().zip(&other).take_while(|(one, other)| one == other).count();
        common.truncate(same);
    }
    let folder = common.join("/");
    Some(folder).filter(|folder| !folder.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_that_paths_share_is_found() {
        let common = |paths: &[&str]| {
            common_folder(&paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(common(&["/data/a/1.jpg", "/data/b/2.jpg"]).as_deref(), Some("/data"));
        assert_eq!(common(&["/data/a/1.jpg"]).as_deref(), Some("/data/a"));
        assert_eq!(common(&["/data/a/1.jpg", "/b/2.jpg"]), None);
        assert_eq!(common(&[]), None);
    }
}
