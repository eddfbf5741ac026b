//! Names that every file system takes, each one once.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use unicode_normalization::UnicodeNormalization;

/// Longest name in bytes.
pub const MAX_NAME_LEN: usize = 200;

/// What a name is when nothing of it is left.
const UNNAMED: &str = "unnamed";

/// Longest extension in bytes, with its dot, that is kept when a name is cut.
const MAX_EXTENSION_LEN: usize = 32;

/// Room for the longest number in ` (4294967295)`.
const MAX_NUMBER_LEN: usize = 13;

/// A safe name for one file or folder: what is left of `name` after the changes that need be.
///
/// * Unicode is normalised (NFC), bidirectional controls are removed.
/// * Control characters, separators and `<>:"|?*` become `_`, as does a dot before another one.
/// * Leading blanks, and trailing blanks and dots, are cut off.
/// * A name that Windows reserves for a device gets a `_` after its stem: `con.tar.gz` becomes
///   `con_.tar.gz`.
/// * What is longer than [`MAX_NAME_LEN`] loses the end of its stem, marked by a `_`.
/// * An empty name becomes `unnamed`.
///
/// Cleaning a clean name changes nothing.
#[must_use]
pub fn clean(name: &str) -> String {
    let name = name.chars().filter(|c| !is_bidi_control(*c)).map(safe_char).collect();
    let name = normalize(name);
    let name = name.trim_start().trim_end_matches(is_blank_or_dot);
    if name.is_empty() {
        return UNNAMED.to_owned();
    }
    let name = rename_device(part_dots(name));
    let (stem, extension) = split_extension(&name);
    join(stem, "", extension)
}

/// The file name of a part: `Summer 2024.zip` if there is one, else `Summer 2024 (2 of 3).zip`.
///
/// Parts are counted from 1. The name is as safe as [`clean`] makes it.
#[must_use]
pub fn part_file_name(title: &str, number: u32, of: u32) -> String {
    let suffix = if of == 1 { String::new() } else { format!(" ({number} of {of})") };
    join(&clean(title), &suffix, ".zip")
}

/// Names that are given out once each, so that all of them can lie in one folder.
///
/// Two names are the same if a file system may take them for the same: compared without case,
/// normalised, and without the characters that HFS+ ignores.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Folded names, and whether each is given out; else it is kept for who has it by itself.
    given: HashMap<String, bool>,
    /// The next number to try, by folded name with its stem cut.
    next: HashMap<String, u32>,
}

impl Names {
    /// Clean, unique names for all of `names`, in the same order.
    ///
    /// The first of equal names keeps it; the others become `name (2).jpg`, `name (3).jpg` and so
    /// on, passing over every name that is among `names` itself.
    pub fn resolve<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let mut all = Self::default();
        let mut names: Vec<String> = names.into_iter().map(clean).collect();
        for name in &names {
            all.given.entry(fold(name)).or_insert(false);
        }
        for name in &mut names {
            *name = all.give(std::mem::take(name));
        }
        names
    }

    /// A clean name that was not given out before: `name` itself, or with a number.
    ///
    /// This knows only the names claimed so far. Use [`Names::resolve`] when all are known.
    pub fn claim(&mut self, name: &str) -> String {
        self.give(clean(name))
    }

    fn give(&mut self, name: String) -> String {
        let is_given = self.given.entry(fold(&name)).or_insert(false);
        if *is_given {
            return self.give_numbered(&name);
        }
        *is_given = true;
        name
    }

    /// The number goes before the extension. Names that differ only behind the cut share a counter,
    /// so that equal names cost no more than different ones.
    fn give_numbered(&mut self, name: &str) -> String {
        let (stem, extension) = split_extension(name);
        let stem = cut(stem, MAX_NAME_LEN - MAX_NUMBER_LEN - extension.len());
        let next = self.next.entry(fold(&format!("{stem}{extension}"))).or_insert(2);
        loop {
            let candidate = format!("{stem} ({next}){extension}");
            *next += 1;
            if let Entry::Vacant(slot) = self.given.entry(fold(&candidate)) {
                slot.insert(true);
                return candidate;
            }
        }
    }
}

/// Stem, suffix and extension as one name of at most [`MAX_NAME_LEN`] bytes.
fn join(stem: &str, suffix: &str, extension: &str) -> String {
    let stem = cut(stem, MAX_NAME_LEN - suffix.len() - extension.len());
    format!("{stem}{suffix}{extension}")
}

/// The stem in at most `max_len` bytes, between characters.
///
/// The `_` at a cut keeps the result from ending in a blank or a dot, or in a device name.
fn cut(stem: &str, max_len: usize) -> Cow<'_, str> {
    if stem.len() <= max_len {
        return stem.into();
    }
    let end = stem.floor_char_boundary(max_len - 1);
    format!("{}_", &stem[..end]).into()
}

/// Splits before the last dot; all is stem if the name starts there or the rest is too long.
fn split_extension(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 && name.len() - dot <= MAX_EXTENSION_LEN => name.split_at(dot),
        _ => (name, ""),
    }
}

/// The form in which names are compared.
///
/// Upper case and back is close to Unicode's full case folding: `ß` is `ss`, `ς` is `σ`.
fn fold(name: &str) -> String {
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    let folded = name.to_lowercase().to_uppercase().to_lowercase();
    normalize(folded.chars().filter(|c| !is_ignored_by_hfs(*c)).collect())
}

/// Normalization Form C, which ASCII has already.
fn normalize(name: String) -> String {
    if name.is_ascii() { name } else { name.nfc().collect() }
}

/// The character, or `_` if a path on some system cannot have it.
fn safe_char(c: char) -> char {
    match c {
        '/' | '\\' | '<' | '>' | ':' | '"' | '|' | '?' | '*' => '_',
        '\u{2028}' | '\u{2029}' => '_', // line and paragraph separator
        c if c.is_control() => '_',
        c => c,
    }
}

/// Replaces every dot before another dot, so that no two are left side by side.
fn part_dots(name: &str) -> String {
    let mut parted = String::with_capacity(name.len());
    for c in name.chars() {
        if c == '.' && parted.ends_with('.') {
            parted.pop();
            parted.push('_');
        }
        parted.push(c);
    }
    parted
}

/// Appends `_` to what stands before the first dot if Windows takes that for a device, see
/// <https://learn.microsoft.com/windows/win32/fileio/naming-a-file>.
fn rename_device(mut name: String) -> String {
    let end = name.find('.').unwrap_or(name.len());
    if is_device(name[..end].trim_end()) {
        name.insert(end, '_');
    }
    name
}

fn is_device(stem: &str) -> bool {
    let stem = stem.to_ascii_uppercase();
    match stem.as_str() {
        "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$" => true,
        stem => {
            let port = stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT"));
            let mut port = port.unwrap_or_default().chars();
            matches!(port.next(), Some('1'..='9' | '¹' | '²' | '³')) && port.next().is_none()
        }
    }
}

fn is_blank_or_dot(c: char) -> bool {
    c.is_whitespace() || c == '.'
}

/// Characters that turn the direction of text, and so can show `gpj.exe` as `exe.jpg`.
fn is_bidi_control(c: char) -> bool {
    matches!(
        c,
        '\u{061C}' | '\u{200E}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
    )
}

/// Characters without effect on equality in Apple's TN1150, as far as a clean name can have them.
fn is_ignored_by_hfs(c: char) -> bool {
    matches!(c, '\u{200C}' | '\u{200D}' | '\u{206A}'..='\u{206F}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    fn resolve(names: &[&str]) -> Vec<String> {
        Names::resolve(names.iter().copied())
    }

    #[test]
    fn good_names_stay() {
        for name in [
            "IMG_1.HEIC",
            "Süden, 日本 🌸.jpg",
            ".hidden",
            "a b.c.d",
            "COM",
            "CONTROL.txt",
            "a .jpg",
        ] {
            assert_eq!(clean(name), name);
        }
    }

    #[test]
    fn bad_names_are_made_good() {
        for (name, cleaned) in [
            ("", "unnamed"),
            (" . ", "unnamed"),
            ("..", "unnamed"),
            ("../../etc/passwd", "_.__._etc_passwd"),
            ("C:\\fakepath\\a.jpg", "C__fakepath_a.jpg"),
            ("a<b>c:d\"e|f?g*h", "a_b_c_d_e_f_g_h"),
            ("wait...what.jpg", "wait__.what.jpg"),
            ("  a.jpg. .", "a.jpg"),
            ("tab\there\0.jpg", "tab_here_.jpg"),
            ("photo\u{202E}gpj.exe", "photogpj.exe"),
            ("e\u{301}.jpg", "é.jpg"),
            ("e\u{200E}\u{301}.jpg", "é.jpg"),
        ] {
            assert_eq!(clean(name), cleaned, "{name:?}");
        }
    }

    #[test]
    fn device_names_get_an_underscore() {
        for (name, cleaned) in [
            ("CON", "CON_"),
            ("nul.jpg", "nul_.jpg"),
            ("con.tar.gz", "con_.tar.gz"),
            ("Aux .txt", "Aux _.txt"),
            ("com1", "com1_"),
            ("LPT9.prn", "LPT9_.prn"),
            ("COM³.x", "COM³_.x"),
            ("conout$", "conout$_"),
            ("COM10", "COM10"),
            ("COM0", "COM0"),
        ] {
            assert_eq!(clean(name), cleaned);
        }
    }

    #[test]
    fn long_names_keep_their_extension() {
        assert_eq!(
            clean(&format!("{}.jpeg", "é".repeat(150))),
            format!("{}_.jpeg", "é".repeat(97))
        );
        assert_eq!(clean(&"x".repeat(200)), "x".repeat(200));
        assert_eq!(clean(&format!("a.{}", "x".repeat(300))), format!("a.{}_", "x".repeat(197)));
        assert_eq!(
            clean(&format!("con.{}.jpg", "x".repeat(192))),
            format!("con_.{}_.jpg", "x".repeat(190))
        );
        assert_eq!(clean(&format!("con{}x", " ".repeat(300))), format!("con{}_", " ".repeat(196)));
    }

    #[test]
    fn equal_names_are_numbered_before_the_extension() {
        let names =
            resolve(&["a.jpg", "A.JPG", "a.jpg", "b", "b", "a.tar.gz", "a.tar.gz", ".x", ".x"]);
        let unique = [
            "a.jpg",
            "A (2).JPG",
            "a (3).jpg",
            "b",
            "b (2)",
            "a.tar.gz",
            "a.tar (2).gz",
            ".x",
            ".x (2)",
        ];
        assert_eq!(names, unique);
    }

    #[test]
    fn real_names_come_first() {
        let names = resolve(&["a.jpg", "a.jpg", "a (2).jpg", "a (2).jpg", "A (3).jpg"]);
        assert_eq!(names, ["a.jpg", "a (4).jpg", "a (2).jpg", "a (2) (2).jpg", "A (3).jpg"]);
    }

    #[test]
    fn live_photos_keep_a_common_stem() {
        assert_eq!(resolve(&["IMG_1.HEIC", "IMG_1.MOV"]), ["IMG_1.HEIC", "IMG_1.MOV"]);
    }

    #[test]
    fn names_equal_to_some_file_system_are_equal() {
        for (a, b) in [
            ("straße", "STRASSE"),
            ("ΟΔΟΣ", "οδος"),
            ("é", "E\u{301}"),
            ("\u{212A}", "k"),
            ("a\u{200D}b", "ab"),
            ("ı", "I"),
            ("ﬁ", "FI"),
        ] {
            assert_eq!(resolve(&[a, b])[1], format!("{} (2)", clean(b)));
        }
    }

    #[test]
    fn claims_know_what_was_claimed_before() {
        let mut names = Names::default();
        assert_eq!(names.claim("a.jpg"), "a.jpg");
        assert_eq!(names.claim("a.jpg"), "a (2).jpg");
        assert_eq!(names.claim("a (2).jpg"), "a (2) (2).jpg");
    }

    #[test]
    fn long_equal_names_share_a_counter() {
        let long: Vec<_> =
            (0..3_000).map(|i| format!("{}{:07}.jpg", "x".repeat(189), i / 2)).collect();
        let names = Names::resolve(long.iter().map(String::as_str));
        assert!(names.iter().all(|name| name.len() <= MAX_NAME_LEN));
        assert_eq!(names[2_999], format!("{}_ (1501).jpg", "x".repeat(182)));
    }

    #[test]
    fn parts_are_numbered_if_there_are_several() {
        assert_eq!(part_file_name("Summer 2024", 1, 1), "Summer 2024.zip");
        assert_eq!(part_file_name("Summer 2024", 2, 3), "Summer 2024 (2 of 3).zip");
        assert_eq!(part_file_name("a/b.", 1, 1), "a_b.zip");
        assert_eq!(part_file_name("", 1, 1), "unnamed.zip");
        assert_eq!(part_file_name("aux", 1, 1), "aux_.zip");
        let long = part_file_name(&"x".repeat(300), u32::MAX, u32::MAX);
        assert_eq!(long.len(), MAX_NAME_LEN);
        assert!(long.ends_with("x_ (4294967295 of 4294967295).zip"));
    }

    fn is_safe(name: &str) -> bool {
        !name.is_empty()
            && name.len() <= MAX_NAME_LEN
            && !name.contains(['/', '\\', '<', '>', ':', '"', '|', '?', '*'])
            && !name.contains("..")
            && !name.contains(char::is_control)
            && !name.starts_with(char::is_whitespace)
            && !name.ends_with(is_blank_or_dot)
            && !is_device(name.split('.').next().unwrap().trim_end())
            && unicode_normalization::is_nfc(name)
    }

    /// Names made of what is troublesome.
    fn name() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            4 => "[ ./a]",
            1 => "\\PC",
            1 => any::<char>().prop_map(String::from),
            1 => prop::sample::select(vec!["con", "COM1", "lpt²", "\u{301}", "ß", "Σ", "\u{202E}"])
                .prop_map(String::from),
            1 => (prop::sample::select(vec![" ", ".", "x", "é", "🌸"]), 0..250_usize)
                .prop_map(|(c, n)| c.repeat(n)),
        ];
        prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn clean_names_are_safe_and_stay(name in name()) {
            let cleaned = clean(&name);
            prop_assert!(is_safe(&cleaned), "{:?}", cleaned);
            prop_assert_eq!(clean(&cleaned), cleaned.as_str());
        }

        #[test]
        fn part_file_names_are_safe(title in name(), of in 1..u32::MAX) {
            let name = part_file_name(&title, 1, of);
            prop_assert!(is_safe(&name) && name.ends_with(".zip"), "{:?}", name);
        }

        #[test]
        fn resolved_names_are_safe_and_unique(
            names in prop::collection::vec(
                prop_oneof!["[aA]{1,2}( \\(2\\)){0,2}(\\.jpg)?", name()],
                0..40,
            ),
        ) {
            let resolved = Names::resolve(names.iter().map(String::as_str));
            prop_assert_eq!(resolved.len(), names.len());
            let folded: HashSet<_> = resolved.iter().map(|name| fold(name)).collect();
            prop_assert_eq!(folded.len(), names.len());

            let mut seen = HashSet::new();
            for (resolved, name) in resolved.iter().zip(&names) {
                prop_assert!(is_safe(resolved), "{:?}", resolved);
                prop_assert_eq!(clean(resolved), resolved.as_str());
                let name = clean(name);
                if seen.insert(fold(&name)) {
                    prop_assert_eq!(resolved, &name);
                }
            }
        }
    }
}
