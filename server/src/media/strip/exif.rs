//! EXIF blocks (EXIF 3.0, section 4.6) that say less.
//!
//! A block is made anew from the tags that stay: what no tag that stays refers to, such as what an
//! editor left behind, is not in it.

use std::collections::BTreeMap;

/// What most formats put before the TIFF header of a block.
pub(super) const EXIF_MARK: &[u8; 6] = b"Exif\0\0";

const HEADER_BYTES: usize = 8;
const ENTRY_BYTES: usize = 12;
const SHORT: u16 = 3;
const LONG: u16 = 4;

const ORIENTATION: u16 = 0x0112;
const EXIF_IFD: u16 = 0x8769;

/// The most that a value may have: names of lenses and owners are shorter.
const MAX_VALUE_BYTES: usize = 512;

/// Tags of the first directory that say neither where a picture was taken nor anything in free
/// words: camera, orientation, density, program, time, artist, rights, and colours.
const MAIN: [u16; 15] = [
    0x010f,
    0x0110,
    ORIENTATION,
    0x011a,
    0x011b,
    0x0128,
    0x0131,
    0x0132,
    0x013b,
    0x013e,
    0x013f,
    0x0211,
    0x0213,
    0x0214,
    0x8298,
];

/// The same of the EXIF directory: exposure, sensitivity, versions, times and their offsets, lens,
/// flash, size, sensor, modes, and the names and numbers of owner, body and lens.
const EXIF: [u16; 65] = [
    0x829a, 0x829d, 0x8822, 0x8824, 0x8827, 0x8830, 0x8831, 0x8832, 0x8833, 0x8834, 0x8835, 0x9000,
    0x9003, 0x9004, 0x9010, 0x9011, 0x9012, 0x9101, 0x9102, 0x9201, 0x9202, 0x9203, 0x9204, 0x9205,
    0x9206, 0x9207, 0x9208, 0x9209, 0x920a, 0x9214, 0x9290, 0x9291, 0x9292, 0xa000, 0xa001, 0xa002,
    0xa003, 0xa20b, 0xa20e, 0xa20f, 0xa210, 0xa215, 0xa217, 0xa300, 0xa301, 0xa302, 0xa401, 0xa402,
    0xa403, 0xa404, 0xa405, 0xa406, 0xa407, 0xa408, 0xa409, 0xa40a, 0xa40c, 0xa420, 0xa430, 0xa431,
    0xa432, 0xa433, 0xa434, 0xa435, 0xa500,
];

/// What is made of an EXIF block, each beginning with its TIFF header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rewritten {
    /// What says neither where the picture was taken nor anything in free words, if anything.
    pub(super) without_location: Option<Vec<u8>>,
    /// How the picture is to be turned, if it is.
    pub(super) orientation: Option<Vec<u8>>,
}

/// A tag's type, number of elements and bytes, in the block's byte order.
#[derive(Clone, Debug)]
struct Field {
    kind: u16,
    count: u32,
    value: Vec<u8>,
}

/// What is made of a block, with or without the mark before it. A block that makes no sense is
/// worth nothing.
pub(super) fn rewrite(block: &[u8]) -> Rewritten {
    let tiff = block.strip_prefix(EXIF_MARK).unwrap_or(block);
    read(tiff).unwrap_or_default()
}

fn read(tiff: &[u8]) -> Option<Rewritten> {
    let order = Order::of(tiff)?;
    let first = order.long(tiff.get(4..8)?) as usize;
    let mut main = directory(tiff, order, first, &[&MAIN[..], &[EXIF_IFD]].concat())?;
    let exif = main.remove(&EXIF_IFD).filter(|field| field.kind == LONG && field.count == 1);
    let exif =
        exif.and_then(|field| directory(tiff, order, order.long(&field.value) as usize, &EXIF));
    let orientation = main.get(&ORIENTATION).filter(|field| field.kind == SHORT);
    let turn = orientation.and_then(|field| Some(order.short(field.value.get(..2)?)));
    let turned = turn.filter(|turn| (2..=8).contains(turn)).map(|turn| {
        let value = order.short_bytes(turn).to_vec();
        let field = Field { kind: SHORT, count: 1, value };
        write(order, BTreeMap::from([(ORIENTATION, field)]), BTreeMap::new())
    });
    let exif = exif.unwrap_or_default();
    let has_more = !main.is_empty() || !exif.is_empty();
    Some(Rewritten {
        without_location: has_more.then(|| write(order, main, exif)),
        orientation: turned,
    })
}

/// The fields of a directory that have one of some tags.
fn directory(
    tiff: &[u8],
    order: Order,
    start: usize,
    tags: &[u16],
) -> Option<BTreeMap<u16, Field>> {
    let table = tiff.get(start..)?;
    let count = usize::from(order.short(table.get(..2)?));
    let entries = table.get(2..2 + count * ENTRY_BYTES)?.chunks_exact(ENTRY_BYTES);
    let mut fields = BTreeMap::new();
    for entry in entries {
        let tag = order.short(&entry[..2]);
        if let Some(field) = field(tiff, order, entry)
            && tags.contains(&tag)
        {
            fields.entry(tag).or_insert(field);
        }
    }
    Some(fields)
}

fn field(tiff: &[u8], order: Order, entry: &[u8]) -> Option<Field> {
    let (kind, count) = (order.short(&entry[2..4]), order.long(&entry[4..8]));
    let width = match kind {
        1 | 2 | 6 | 7 | 129 => 1,
        SHORT | 8 => 2,
        LONG | 9 | 11 => 4,
        5 | 10 | 12 => 8,
        _ => return None,
    };
    let len = (count as usize).checked_mul(width).filter(|len| *len <= MAX_VALUE_BYTES)?;
    let value = if len <= 4 {
        &entry[8..8 + len]
    } else {
        let start = order.long(&entry[8..]) as usize;
        tiff.get(start..start.checked_add(len)?)?
    };
    Some(Field { kind, count, value: value.to_vec() })
}

/// A block of two directories, or of the first alone if the second has nothing.
fn write(order: Order, mut main: BTreeMap<u16, Field>, exif: BTreeMap<u16, Field>) -> Vec<u8> {
    let mut block = order.header().to_vec();
    if !exif.is_empty() {
        let link = |start: usize| {
            let start = u32::try_from(start).unwrap_or_default();
            Field { kind: LONG, count: 1, value: order.long_bytes(start).to_vec() }
        };
        main.insert(EXIF_IFD, link(0));
        let len = put_directory(&mut block.clone(), order, &main);
        main.insert(EXIF_IFD, link(HEADER_BYTES + len));
    }
    put_directory(&mut block, order, &main);
    if !exif.is_empty() {
        put_directory(&mut block, order, &exif);
    }
    block
}

/// Adds a directory, and behind it the values that do not fit into its entries. Gives the length
/// of both.
fn put_directory(block: &mut Vec<u8>, order: Order, fields: &BTreeMap<u16, Field>) -> usize {
    let start = block.len();
    let mut values = Vec::new();
    let values_start = start + 2 + fields.len() * ENTRY_BYTES + 4;
    block.extend(order.short_bytes(u16::try_from(fields.len()).unwrap_or_default()));
    for (tag, Field { kind, count, value }) in fields {
        block.extend(order.short_bytes(*tag));
        block.extend(order.short_bytes(*kind));
        block.extend(order.long_bytes(*count));
        if value.len() <= 4 {
            let mut inline = [0; 4];
            inline[..value.len()].copy_from_slice(value);
            block.extend(inline);
        } else {
            let offset = u32::try_from(values_start + values.len()).unwrap_or_default();
            block.extend(order.long_bytes(offset));
            values.extend(value);
            // Values begin at even offsets (TIFF 6.0, section 2).
            values.resize(values.len().next_multiple_of(2), 0);
        }
    }
    block.extend([0; 4]); // there is no next directory
    block.extend(values);
    block.len() - start
}

/// The order of bytes in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Big,
    Little,
}

impl Order {
    fn of(tiff: &[u8]) -> Option<Self> {
        match tiff.get(..4)? {
            b"MM\0*" => Some(Self::Big),
            b"II*\0" => Some(Self::Little),
            _ => None,
        }
    }

    /// A TIFF header whose first directory comes at once.
    fn header(self) -> [u8; HEADER_BYTES] {
        match self {
            Self::Big => *b"MM\0*\0\0\0\x08",
            Self::Little => *b"II*\0\x08\0\0\0",
        }
    }

    fn short(self, bytes: &[u8]) -> u16 {
        let bytes = [bytes[0], bytes[1]];
        match self {
            Self::Big => u16::from_be_bytes(bytes),
            Self::Little => u16::from_le_bytes(bytes),
        }
    }

    fn long(self, bytes: &[u8]) -> u32 {
        let bytes = [bytes[0], bytes[1], bytes[2], bytes[3]];
        match self {
            Self::Big => u32::from_be_bytes(bytes),
            Self::Little => u32::from_le_bytes(bytes),
        }
    }

    fn short_bytes(self, number: u16) -> [u8; 2] {
        match self {
            Self::Big => number.to_be_bytes(),
            Self::Little => number.to_le_bytes(),
        }
    }

    fn long_bytes(self, number: u32) -> [u8; 4] {
        match self {
            Self::Big => number.to_be_bytes(),
            Self::Little => number.to_le_bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A block with a camera, an orientation of 6, a place, and an exposure time.
    const BLOCK: &[u8] = b"II*\0\x08\0\0\0\
        \x04\0\
        \x0f\x01\x02\0\x08\0\0\0\x3e\0\0\0\
        \x12\x01\x03\0\x01\0\0\0\x06\0\0\0\
        \x69\x87\x04\0\x01\0\0\0\x46\0\0\0\
        \x25\x88\x04\0\x01\0\0\0\x60\0\0\0\
        \0\0\0\0\
        Example\0\
        \x01\0\
        \x9a\x82\x05\0\x01\0\0\0\x58\0\0\0\
        \0\0\0\0\
        \x01\0\0\0\x7d\0\0\0\
        \x01\0\
        \x01\0\x02\0\x02\0\0\0N\0\0\0\
        \0\0\0\0";

    #[test]
    fn the_place_goes_and_the_rest_stays() {
        let block = rewrite(BLOCK).without_location.unwrap();
        let main = directory(&block, Order::Little, 8, &[0x010f, ORIENTATION, EXIF_IFD, 0x8825]);
        let main = main.unwrap();
        assert_eq!(main.keys().copied().collect::<Vec<_>>(), [0x010f, ORIENTATION, EXIF_IFD]);
        assert_eq!(main[&0x010f].value, b"Example\0");
        assert_eq!(main[&ORIENTATION].value, [6, 0]);
        let exif = Order::Little.long(&main[&EXIF_IFD].value) as usize;
        let exif = directory(&block, Order::Little, exif, &EXIF).unwrap();
        assert_eq!(exif[&0x829a].value, [1, 0, 0, 0, 0x7d, 0, 0, 0]);
        assert_eq!(rewrite(&block).without_location.unwrap(), block);
    }

    #[test]
    fn the_orientation_stays_alone_if_it_turns_the_picture() {
        let block = rewrite(BLOCK).orientation.unwrap();
        assert_eq!(block, b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0");
        for turn in [0, 1, 9] {
            let mut upright = BLOCK.to_vec();
            upright[30] = turn;
            assert_eq!(rewrite(&upright).orientation, None, "{turn}");
        }
        assert_eq!(rewrite(&[EXIF_MARK, BLOCK].concat()), rewrite(BLOCK));
    }

    proptest! {
        #[test]
        fn any_block_is_rewritten_to_one_that_stays_the_same(
            damage in prop::collection::vec((0..BLOCK.len(), any::<u8>()), 0..6),
        ) {
            let mut block = BLOCK.to_vec();
            for (at, value) in damage {
                block[at] = value;
            }
            if let Some(block) = rewrite(&block).without_location {
                prop_assert_eq!(rewrite(&block).without_location, Some(block));
            }
        }
    }
}
