//! Where the values of settings come from: flags, variables, files and defaults.

use std::collections::BTreeMap;
use std::time::Duration;

use super::settings::{CLIENT_VARIABLES, SETTINGS};
use super::values;

/// Reads settings as text, and notes every mistake.
pub(super) struct Reader<'a> {
    /// By the names of settings.
    flags: &'a BTreeMap<String, String>,
    /// By the names of variables.
    variables: &'a BTreeMap<String, String>,
    /// What is wrong so far, a sentence each.
    pub(super) mistakes: Vec<String>,
}

impl<'a> Reader<'a> {
    /// Begins with names that are none of settings.
    pub(super) fn new(
        flags: &'a BTreeMap<String, String>,
        variables: &'a BTreeMap<String, String>,
    ) -> Self {
        let mut reader = Self { flags, variables, mistakes: Vec::new() };
        reader.refuse_unknown();
        reader
    }

    fn refuse_unknown(&mut self) {
        for name in self.variables.keys().filter(|name| name.starts_with("ALBUMEN_")) {
            let is_known = SETTINGS.iter().any(|setting| {
                let variable = setting.variable();
                *name == variable || setting.is_secret && *name == format!("{variable}_FILE")
            });
            if !is_known && !CLIENT_VARIABLES.contains(&name.as_str()) {
                self.mistakes.push(format!("{name} is no setting; --help lists them"));
            }
        }
    }

    /// The value as it was written, else the default.
    pub(super) fn text(&mut self, name: &str) -> String {
        let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) else {
            self.mistakes.push(format!("{name} is missing from the table of settings"));
            return String::new();
        };
        if let Some(value) = self.flags.get(name) {
            return value.clone();
        }
        let variable = setting.variable();
        let from_file = setting.is_secret.then(|| self.read_file(&format!("{variable}_FILE")));
        let value = self.variables.get(&variable).filter(|value| !value.is_empty()).cloned();
        match (value, from_file.flatten()) {
            (Some(_), Some(_)) => {
                self.mistakes.push(format!("{variable} and {variable}_FILE are both set"));
                String::new()
            }
            (Some(value), None) | (None, Some(value)) => value,
            (None, None) => setting.default.to_owned(),
        }
    }

    fn read_file(&mut self, variable: &str) -> Option<String> {
        let path = self.variables.get(variable).filter(|path| !path.is_empty())?;
        match std::fs::read_to_string(path) {
            Ok(text) => Some(text.trim().to_owned()),
            Err(error) => {
                self.mistakes
                    .push(format!("{variable} names {path}, which cannot be read: {error}"));
                None
            }
        }
    }

    /// A value that must be there.
    pub(super) fn parse<T>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Option<T>,
        otherwise: T,
    ) -> T {
        let text = self.text(name);
        parse(&text).unwrap_or_else(|| {
            self.mistake(name, &text);
            otherwise
        })
    }

    /// A value that may be left out.
    pub(super) fn optional<T>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(name);
        if text.is_empty() {
            return None;
        }
        let value = parse(&text);
        if value.is_none() {
            self.mistake(name, &text);
        }
        value
    }

    /// A whole number in a range.
    pub(super) fn number(&mut self, name: &str, min: u32, max: u32) -> u32 {
        let is_in_range = |number: &u32| (min..=max).contains(number);
        self.parse(name, |text| text.parse().ok().filter(is_in_range), min)
    }

    /// A length of time in a range.
    pub(super) fn duration(&mut self, name: &str, min: Duration, max: Duration) -> Duration {
        let is_in_range = |duration: &Duration| (min..=max).contains(duration);
        self.parse(name, |text| values::duration(text).filter(is_in_range), min)
    }

    fn mistake(&mut self, name: &str, text: &str) {
        let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) else { return };
        let shown =
            if setting.is_secret { "what is given".to_owned() } else { format!("{text:?}") };
        let variable = setting.variable();
        self.mistakes
            .push(format!("--{name} ({variable}) cannot be {shown}. It sets: {}", setting.help));
    }
}
