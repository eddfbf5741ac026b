//! Field masks: which fields an update changes, as values of an enum.

use prost_types::FieldMask;

use crate::error::{Error, Result};

/// The fields of a resource that an update may change.
pub trait Field: Copy + PartialEq + 'static {
    /// Every such field.
    const ALL: &'static [Self];

    /// The field's name in the proto.
    fn path(self) -> &'static str;
}

/// Reads a mask: the fields that it names, each once.
///
/// Without a mask, or with an empty one, those for which `is_populated` holds. Fails for unknown
/// and output-only paths, and where nothing would be changed.
pub fn parse<F: Field>(
    mask: Option<&FieldMask>,
    is_populated: impl Fn(F) -> bool,
) -> Result<Vec<F>> {
    let paths = mask.map_or(&[][..], |mask| &mask.paths);
    let mut fields: Vec<F> = Vec::new();
    for path in paths {
        let field = F::ALL.iter().copied().find(|field| field.path() == path);
        let field = field.ok_or_else(|| Error::invalid("update_mask", unknown::<F>(path)))?;
        if !fields.contains(&field) {
            fields.push(field);
        }
    }
    if paths.is_empty() {
        fields = F::ALL.iter().copied().filter(|field| is_populated(*field)).collect();
    }
    if fields.is_empty() {
        return Err(Error::invalid("update_mask", "must name a field when none is set"));
    }
    Ok(fields)
}

fn unknown<F: Field>(path: &str) -> String {
    let known: Vec<_> = F::ALL.iter().map(|field| field.path()).collect();
    format!("must name fields of {}, not {path:?}", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Shape {
        Width,
        Height,
    }

    impl Field for Shape {
        const ALL: &'static [Self] = &[Self::Width, Self::Height];

        fn path(self) -> &'static str {
            match self {
                Self::Width => "width",
                Self::Height => "height",
            }
        }
    }

    fn mask(paths: &[&str]) -> FieldMask {
        FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() }
    }

    #[test]
    fn a_mask_wins_over_what_is_populated() {
        let fields =
            parse(Some(&mask(&["height", "height"])), |field: Shape| field == Shape::Width);
        assert_eq!(fields.unwrap(), [Shape::Height]);
    }

    #[test]
    fn without_a_mask_the_populated_fields_count() {
        assert_eq!(parse(None, |field: Shape| field == Shape::Width).unwrap(), [Shape::Width]);
        assert_eq!(parse(Some(&mask(&[])), |_: Shape| true).unwrap(), Shape::ALL);
    }

    #[test]
    fn unknown_paths_stars_and_empty_updates_are_refused() {
        assert!(parse::<Shape>(Some(&mask(&["depth"])), |_| true).is_err());
        assert!(parse::<Shape>(Some(&mask(&["*"])), |_| true).is_err());
        assert!(parse::<Shape>(None, |_| false).is_err());
    }
}
