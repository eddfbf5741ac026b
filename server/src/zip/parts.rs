//! Which entries make up which part of an export.

use super::Entry;
use super::headers::Extent;
use std::ops::Range;

/// Largest part in bytes unless the caller wants otherwise: 4 GiB − 1, the most that FAT32 holds.
pub const DEFAULT_PART_SIZE: u64 = u32::MAX as u64;

/// Smallest limit in bytes that a caller may ask for, 1 MiB.
pub const MIN_PART_SIZE: u64 = 1 << 20;

/// Cuts entries into parts whose archives, headers and directory included, fit `limit` bytes.
///
/// The entries of a group stay together, as the two files of a live photo must; [`slice::chunk_by`]
/// makes groups. A group that is larger than `limit` is alone in its part. The answer is the
/// entries of each part, counted over all groups: contiguous, in order, none empty.
pub fn split<'a>(groups: impl IntoIterator<Item = &'a [Entry]>, limit: u64) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut part = 0..0;
    let mut extent = Extent::default();
    for group in groups {
        let grown = with(extent, group);
        if grown.archive_len() <= limit || part.is_empty() {
            extent = grown;
        } else {
            parts.push(part.clone());
            part.start = part.end;
            extent = with(Extent::default(), group);
        }
        part.end += group.len();
    }
    if !part.is_empty() {
        parts.push(part);
    }
    parts
}

/// The extent of an archive that a group is added to.
fn with(mut extent: Extent, group: &[Entry]) -> Extent {
    for entry in group {
        extent.push(&extent.place(entry));
    }
    extent
}

#[cfg(test)]
mod tests {
    use super::super::{EntryTime, Layout, Manifest};
    use super::*;
    use proptest::prelude::*;

    fn entry(name: &str, size: u64, unix_seconds: i64) -> Entry {
        let time = EntryTime { unix_seconds, local_offset_seconds: 0 };
        Entry { name: name.into(), size, time, ..Entry::default() }
    }

    fn archive_len(entries: &[Entry]) -> u64 {
        Layout::new(Manifest::new(entries).unwrap()).size()
    }

    #[test]
    fn nothing_makes_no_part() {
        assert!(split([], MIN_PART_SIZE).is_empty());
    }

    #[test]
    fn a_part_may_reach_the_limit_exactly() {
        let entries = [entry("a", 100, 0), entry("b", 100, 0)];
        let both = archive_len(&entries);
        assert_eq!(split(entries.chunks(1), both), vec![0..2]);
        assert_eq!(split(entries.chunks(1), both - 1), [0..1, 1..2]);
    }

    #[test]
    fn a_group_above_the_limit_is_alone() {
        let entries = [entry("a", 1, 0), entry("b", 900, 0), entry("c", 900, 0), entry("d", 1, 0)];
        let groups = [&entries[..1], &entries[1..3], &entries[3..]];
        assert_eq!(split(groups, 500), [0..1, 1..3, 3..4]);
    }

    #[test]
    fn parts_beyond_32_bits_count_their_zip64_fields() {
        let entries: Vec<_> = (0..6).map(|i| entry(&format!("{i}.mov"), 3 << 30, 0)).collect();
        let limit = archive_len(&entries[..3]);
        assert_eq!(split(entries.chunks(1), limit), [0..3, 3..6]);
        assert_eq!(split(entries.chunks(1), limit - 1), [0..2, 2..4, 4..6]);
    }

    #[test]
    fn the_65_535th_entry_counts_the_zip64_end() {
        let entries: Vec<_> = (0..65_535).map(|_| entry("a", 0, 0)).collect();
        let limit = archive_len(&entries);
        assert_eq!(split(entries.chunks(1), limit), vec![0..65_535]);
        assert_eq!(split(entries.chunks(1), limit - 1), [0..65_534, 65_534..65_535]);
    }

    #[test]
    fn sizes_beyond_all_lengths_do_not_overflow() {
        let entries = [entry("a", u64::MAX, 0), entry("b", u64::MAX, 0)];
        assert_eq!(split(entries.chunks(1), DEFAULT_PART_SIZE), [0..1, 1..2]);
    }

    proptest! {
        #[test]
        fn parts_keep_the_limit_and_are_as_long_as_they_can_be(
            groups in prop::collection::vec(
                prop::collection::vec(("[a-z]{1,9}", 0..6_u64 << 30, any::<i64>()), 1..3), 0..30,
            ),
            limit in 100..20_u64 << 30,
        ) {
            let groups: Vec<Vec<_>> = groups
                .into_iter()
                .map(|group| group.iter().map(|(name, size, t)| entry(name, *size, *t)).collect())
                .collect();
            let entries = groups.concat();
            let mut ends = vec![0];
            ends.extend(groups.iter().scan(0, |end, group| { *end += group.len(); Some(*end) }));

            let parts = split(groups.iter().map(Vec::as_slice), limit);
            let flat: Vec<_> = parts.iter().cloned().flatten().collect();
            prop_assert!(flat.into_iter().eq(0..entries.len()));
            for part in &parts {
                let first = ends.binary_search(&part.start).unwrap();
                let last = ends.binary_search(&part.end).unwrap();
                prop_assert!(archive_len(&entries[part.clone()]) <= limit || last == first + 1);
                if let Some(next) = ends.get(last + 1) {
                    prop_assert!(archive_len(&entries[part.start..*next]) > limit);
                }
            }
        }
    }
}
