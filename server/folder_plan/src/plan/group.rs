//! Places of one name, or of one name and folder, as albums.

use super::{Extent, Named};

/// Runs of places that are shorter are sorted by their whole names.
const MIN_RUN: usize = 16;

/// Makes albums of places: gives the places sorted and each once, the albums without paths, and the
/// album of each place by its number.
pub(super) fn group<'p>(
    names: &str,
    mut places: Vec<Named<'p>>,
    merge_same_name: bool,
) -> (Vec<Named<'p>>, Vec<Extent>, Vec<usize>) {
    let name = |place: &Named<'_>| &names[place.name.clone()];
    sort(names, &mut places, 0);
    let mut album_of = vec![0; places.len()];
    let mut albums = Vec::<Extent>::new();
    let mut count = 0_usize;
    for index in 0..places.len() {
        let place = &places[index];
        let last = count.checked_sub(1).map(|last| &places[last]);
        let last = last.filter(|last| name(last) == name(place));
        let is_known = last.is_some_and(|last| last.folder == place.folder);
        if !is_known && (last.is_none() || !merge_same_name) {
            albums.push(Extent { places: count..count, paths: 0..0 });
        }
        album_of[place.number] = albums.len() - 1;
        if !is_known {
            places.swap(count, index);
            count += 1;
        }
        if let Some(album) = albums.last_mut() {
            album.places.end = count;
        }
    }
    places.truncate(count);
    (places, albums, album_of)
}

/// Sorts places, whose names are the same in the first `depth` bytes, by name and folder.
///
/// Names that begin alike are many, and lie all over the memory: each is looked at once for eight
/// bytes, which are compared as a number, and again only where these are the same.
fn sort(names: &str, places: &mut [Named<'_>], depth: usize) {
    let name = |place: &Named<'_>| &names.as_bytes()[place.name.clone()];
    let is_over = places.iter().all(|place| place.name.len() <= depth);
    if is_over || places.len() < MIN_RUN {
        places.sort_unstable_by(|one, other| {
            name(one).cmp(name(other)).then_with(|| one.folder.cmp(&other.folder))
        });
        return;
    }
    for place in &mut *places {
        let mut key = [0; 8];
        let rest = name(place).iter().skip(depth);
        key.iter_mut().zip(rest).for_each(|(key, byte)| *key = *byte);
        place.key = u64::from_be_bytes(key);
    }
    places.sort_unstable_by_key(|place| place.key);
    for run in places.chunk_by_mut(|one, other| one.key == other.key) {
        sort(names, run, depth + 8);
    }
}
