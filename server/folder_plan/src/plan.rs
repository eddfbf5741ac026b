//! Where all paths belong.

mod group;

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use foldhash::fast::RandomState;

use crate::planner::{Directory, Planner, Skip};
use crate::root::{clean, split};
use group::group;

/// Most examples that a plan keeps for each reason.
pub const MAX_EXAMPLES: usize = 5;

/// Marks a path without a place.
const NOWHERE: usize = usize::MAX;

/// How many directories are remembered. One that is forgotten and comes again gets another place,
/// which grouping finds to be the same: it costs time, while a table of all would not stay in the
/// processor's cache.
const MAX_DIRECTORIES: usize = 1 << 16;

/// Albums for paths, and why the other paths have none.
///
/// The albums depend on the set of paths and not on their order.
#[derive(Debug)]
pub struct Plan<'p> {
    /// The names of all places, one behind the other.
    names: String,
    /// The places of the albums, one album behind the other. No two of one album have one folder.
    places: Vec<Named<'p>>,
    albums: Vec<Extent>,
    /// The paths of the albums, one album behind the other.
    paths: Vec<usize>,
    skipped: BTreeMap<Skip, Skipped<'p>>,
}

/// A [`Place`](crate::Place) whose name lies elsewhere.
#[derive(Debug)]
struct Named<'p> {
    /// Counted as places were made.
    number: usize,
    /// What it is sorted by at the moment: eight bytes of its name.
    key: u64,
    name: Range<usize>,
    folder: Cow<'p, str>,
}

/// What an album has of the places and paths of its plan.
#[derive(Clone, Debug)]
struct Extent {
    places: Range<usize>,
    paths: Range<usize>,
}

/// One album of a plan, which has at least one path.
#[derive(Clone, Copy, Debug)]
pub struct Album<'a> {
    /// What it is called.
    pub name: &'a str,
    /// The positions of its paths among those that were given to [`Planner::plan`], ascending.
    pub paths: &'a [usize],
    places: &'a [Named<'a>],
}

/// Paths that belong to no album for one reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Skipped<'p> {
    /// How many there are.
    pub count: usize,
    /// The first of them as they were given, at most [`MAX_EXAMPLES`].
    pub examples: Vec<&'p str>,
}

impl Plan<'_> {
    /// The albums in ascending order of their names by code point, those of one name by folder.
    pub fn albums(&self) -> impl ExactSizeIterator<Item = Album<'_>> {
        self.albums.iter().map(|extent| {
            let places = &self.places[extent.places.clone()];
            let name = places.first().map_or("", |place| &self.names[place.name.clone()]);
            Album { name, paths: &self.paths[extent.paths.clone()], places }
        })
    }

    /// Why paths have no album.
    #[must_use]
    pub fn skipped(&self) -> &BTreeMap<Skip, Skipped<'_>> {
        &self.skipped
    }
}

impl<'a> Album<'a> {
    /// The folders that it stands for, ascending; one unless folders of the same name are merged.
    pub fn folders(&self) -> impl ExactSizeIterator<Item = &'a str> + use<'a> {
        self.places.iter().map(|place| &*place.folder)
    }
}

impl Planner {
    /// Plans albums for paths.
    ///
    /// Names are made once for each directory that is remembered, as they do not depend on the file.
    /// A plan takes less than 200 bytes for each path while it is made, even if each has an album of
    /// its own, and a few mebibytes for the directories.
    pub fn plan<'p, S: AsRef<str>>(&self, paths: &'p [S]) -> Plan<'p> {
        let mut collector = Collector::new(self);
        let mut place_of = Vec::with_capacity(paths.len());
        for path in paths {
            let path = path.as_ref();
            place_of.push(collector.add(path).unwrap_or_else(|skip| {
                collector.skip(skip, path);
                NOWHERE
            }));
        }
        collector.finish(place_of)
    }
}

/// A plan in the making.
#[derive(Debug)]
struct Collector<'c, 'p> {
    planner: &'c Planner,
    /// The number of each directory, by a hash that is faster than the standard one on texts of
    /// this length. It withstands chance and not malice, which could make a plan slow but not wrong.
    numbers: HashMap<&'p str, usize, RandomState>,
    directories: Vec<Result<Known, Skip>>,
    /// The directory of the last path: most come one behind the other.
    last: Option<(&'p str, usize)>,
    names: String,
    places: Vec<Named<'p>>,
    skipped: BTreeMap<Skip, Skipped<'p>>,
}

/// A directory that is below a root.
#[derive(Clone, Copy, Debug)]
struct Known {
    directory: Directory,
    /// Its place, once there is a path that the filters let through.
    place: Option<Result<usize, Skip>>,
}

impl<'c, 'p> Collector<'c, 'p> {
    fn new(planner: &'c Planner) -> Self {
        Self {
            planner,
            numbers: HashMap::default(),
            directories: Vec::new(),
            last: None,
            names: String::new(),
            places: Vec::new(),
            skipped: BTreeMap::new(),
        }
    }

    /// The number of the place of a path.
    fn add(&mut self, path: &'p str) -> Result<usize, Skip> {
        let (text, _) = split(path).ok_or(Skip::NotBelowRoot)?;
        let number = self.number(text);
        let known = self.directories[number]?;
        self.planner.check_filters(path, known.directory)?;
        if let Some(place) = known.place {
            return place;
        }
        let place = self.make_place(text, known.directory);
        self.directories[number] = Ok(Known { place: Some(place), ..known });
        place
    }

    fn number(&mut self, text: &'p str) -> usize {
        if let Some((last, number)) = self.last
            && last == text
        {
            return number;
        }
        if self.directories.len() == MAX_DIRECTORIES {
            self.numbers.clear();
            self.directories.clear();
        }
        let number = match self.numbers.entry(text) {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(entry) => {
                let number = self.directories.len();
                let directory = self.planner.directory(text);
                self.directories.push(directory.map(|directory| Known { directory, place: None }));
                entry.insert(number);
                number
            }
        };
        self.last = Some((text, number));
        number
    }

    fn make_place(&mut self, text: &'p str, directory: Directory) -> Result<usize, Skip> {
        let clean = clean(text);
        let (name, end) = self.planner.name(&clean, directory)?;
        let start = self.names.len();
        self.names.push_str(&name);
        let folder = match clean {
            Cow::Borrowed(clean) => Cow::Borrowed(&clean[..end]),
            Cow::Owned(clean) => Cow::Owned(clean[..end].to_owned()),
        };
        let number = self.places.len();
        self.places.push(Named { number, key: 0, name: start..self.names.len(), folder });
        Ok(number)
    }

    fn skip(&mut self, skip: Skip, path: &'p str) {
        let skipped = self.skipped.entry(skip).or_default();
        skipped.count += 1;
        if skipped.examples.len() < MAX_EXAMPLES {
            skipped.examples.push(path);
        }
    }

    /// Groups paths, of which each has the number of its place or [`NOWHERE`].
    fn finish(self, place_of: Vec<usize>) -> Plan<'p> {
        let Self { planner, names, places, skipped, .. } = self;
        let (places, mut albums, album_of) = group(&names, places, planner.merge_same_name);
        for place in &place_of {
            if let Some(album) = album_of.get(*place) {
                albums[*album].paths.end += 1;
            }
        }
        let mut end = 0;
        for album in &mut albums {
            let count = album.paths.end;
            album.paths = end..end;
            end += count;
        }
        let mut paths = vec![0; end];
        for (path, place) in place_of.iter().enumerate() {
            if let Some(album) = album_of.get(*place) {
                let extent = &mut albums[*album].paths;
                paths[extent.end] = path;
                extent.end += 1;
            }
        }
        Plan { names, places, albums, paths, skipped }
    }
}
