//! Checks of the rules that the API's fields are annotated with.

use std::fmt::Write as _;

use crate::{rules, v1};

/// A message whose fields have rules.
pub trait Validate {
    /// Adds every rule that the message breaks to `violations`.
    fn validate(&self, violations: &mut Violations);
}

/// A broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The path of the field, as in `upload.file_name` or `asset_ids[3]`.
    pub field: String,
    /// What the field must be, as in `must be a UUID`.
    pub description: String,
}

/// The broken rules found so far, and the path of the field under inspection.
#[derive(Debug, Default)]
pub struct Violations {
    path: String,
    found: Vec<Violation>,
}

impl Violations {
    /// The broken rules of a message; empty if it is well formed.
    #[must_use]
    pub fn of(message: &impl Validate) -> Vec<Violation> {
        let mut violations = Self::default();
        message.validate(&mut violations);
        violations.found
    }

    /// Inspects a field of the current message.
    pub(crate) fn field(&mut self, name: &str, inspect: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        self.path.push_str(name);
        inspect(self);
        self.path.truncate(length);
    }

    /// Inspects an item of the current list.
    pub(crate) fn index(&mut self, index: usize, inspect: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        // Writing to a string cannot fail.
        let _ = write!(self.path, "[{index}]");
        inspect(self);
        self.path.truncate(length);
    }

    /// Adds a broken rule of the current field.
    pub(crate) fn add(&mut self, description: String) {
        self.found.push(Violation { field: self.path.clone(), description });
    }
}

include!(concat!(env!("OUT_DIR"), "/validate.rs"));
