//! What callers know of the assets, whatever others do at the same time.
//!
//! Some of it is certain, and the server is held to that. Where two callers were at the same thing,
//! or a call was cut off, either outcome is right.

use std::collections::HashMap;
use std::sync::Mutex;

use fastrand::Rng;

/// The assets that the server said it has, or had.
#[derive(Default)]
pub(crate) struct Library(Mutex<Assets>);

#[derive(Default)]
struct Assets {
    known: HashMap<String, Known>,
    /// By the number of a photo, what takes its assets out of the trash besides those who hold
    /// them: the same bytes, uploaded again.
    arrivals: HashMap<u32, Arrivals>,
    /// How many calls are emptying the trash.
    emptying: usize,
}

struct Known {
    number: u32,
    fate: Fate,
    trash: Trash,
    /// Whether a caller is changing it: two at once would both know nothing.
    is_held: bool,
    holds: u32,
}

/// What became of an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is there.
    Kept,
    /// It may have been deleted.
    Doomed,
    /// It was deleted.
    Gone,
}

/// Whether an asset is in the trash.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trash {
    Out,
    Unknown,
    /// It is, unless its bytes arrived again since: so many times they had.
    In(u32),
}

#[derive(Clone, Copy, Default)]
struct Arrivals {
    begun: u32,
    under_way: u32,
}

/// What a call that empties the trash will have deleted.
pub(crate) struct Emptying(Vec<(String, u32)>);

impl Assets {
    fn arrivals(&self, number: u32) -> Arrivals {
        self.arrivals.get(&number).copied().unwrap_or_default()
    }

    /// Whether an asset is certainly in the trash.
    fn is_trashed(&self, known: &Known) -> bool {
        known.trash == Trash::In(self.arrivals(known.number).begun)
    }
}

impl Library {
    /// The number of the photo of each asset, and what became of it.
    pub(crate) fn all(&self) -> HashMap<String, (u32, Fate)> {
        let assets = self.0.lock().unwrap();
        let all = assets.known.iter();
        all.map(|(id, known)| (id.clone(), (known.number, known.fate))).collect()
    }

    pub(crate) fn fate(&self, id: &str) -> Fate {
        self.0.lock().unwrap().known[id].fate
    }

    /// Some assets that are not known to be gone.
    pub(crate) fn some(&self, count: usize, rng: &mut Rng) -> Vec<(String, u32)> {
        let assets = self.0.lock().unwrap();
        let there = assets.known.iter().filter(|(_, known)| known.fate != Fate::Gone);
        let some = rng.choose_multiple(there, count).into_iter();
        some.map(|(id, known)| (id.clone(), known.number)).collect()
    }

    /// A caller begins to finish an upload, which takes its asset out of the trash.
    pub(crate) fn arriving(&self, number: u32) {
        let mut assets = self.0.lock().unwrap();
        let arrivals = assets.arrivals.entry(number).or_default();
        arrivals.begun += 1;
        arrivals.under_way += 1;
    }

    /// The caller is done, and was told of an asset or not.
    pub(crate) fn arrived(&self, number: u32, id: Option<String>) {
        let mut assets = self.0.lock().unwrap();
        assets.arrivals.entry(number).or_default().under_way -= 1;
        let Some(id) = id else { return };
        let new = Known { number, fate: Fate::Kept, trash: Trash::Out, is_held: false, holds: 0 };
        let known = assets.known.entry(id).or_insert(new);
        assert_eq!(known.number, number, "an asset of other bytes");
    }

    /// Whether an asset of a photo may have been deleted.
    pub(crate) fn has_lost(&self, number: u32) -> bool {
        let assets = self.0.lock().unwrap();
        assets.known.values().any(|known| known.number == number && known.fate != Fate::Kept)
    }

    /// Takes some assets, in the trash or not, so that nobody else changes them.
    pub(crate) fn hold(&self, is_trashed: bool, rng: &mut Rng) -> Vec<String> {
        let mut assets = self.0.lock().unwrap();
        let fitting = assets.known.iter_mut().filter(|(_, known)| {
            let fits = match known.trash {
                Trash::Out => !is_trashed,
                Trash::In(_) => is_trashed,
                Trash::Unknown => true,
            };
            fits && !known.is_held && known.fate != Fate::Gone
        });
        let count = rng.usize(1..=6);
        let mut ids = Vec::new();
        for (id, known) in rng.choose_multiple(fitting, count) {
            known.is_held = true;
            known.holds += 1;
            ids.push(id.clone());
        }
        ids
    }

    /// Held assets are about to go into the trash: whoever empties it now may delete them.
    pub(crate) fn trashing(&self, ids: &[String]) -> Vec<u32> {
        let mut assets = self.0.lock().unwrap();
        let is_emptied = assets.emptying > 0;
        let mut arrivals = Vec::new();
        for id in ids {
            let known = assets.known.get_mut(id).unwrap();
            known.trash = Trash::Unknown;
            if is_emptied {
                known.fate = Fate::Doomed;
            }
            let number = known.number;
            arrivals.push(assets.arrivals(number));
        }
        // One that is under way may take it out again.
        let certain = arrivals.into_iter();
        certain.map(|it| if it.under_way == 0 { it.begun } else { u32::MAX }).collect()
    }

    /// They are there, with what [`Library::trashing`] said.
    pub(crate) fn trashed(&self, ids: &[String], arrivals: &[u32]) {
        let mut assets = self.0.lock().unwrap();
        for (id, begun) in ids.iter().zip(arrivals) {
            assets.known.get_mut(id).unwrap().trash = Trash::In(*begun);
        }
    }

    /// Held assets are about to come back from the trash.
    pub(crate) fn restoring(&self, ids: &[String]) {
        let mut assets = self.0.lock().unwrap();
        for id in ids {
            assets.known.get_mut(id).unwrap().trash = Trash::Unknown;
        }
    }

    /// Held assets are back from the trash, where nobody can delete them.
    pub(crate) fn restored(&self, ids: &[String]) {
        let mut assets = self.0.lock().unwrap();
        for id in ids {
            let known = assets.known.get_mut(id).unwrap();
            assert!(known.fate != Fate::Gone, "{id} came back");
            (known.trash, known.fate) = (Trash::Out, Fate::Kept);
        }
    }

    /// Held assets are about to be deleted, unless they are not in the trash.
    pub(crate) fn deleting(&self, ids: &[String]) {
        self.set(ids, Fate::Doomed);
    }

    pub(crate) fn deleted(&self, ids: &[String]) {
        self.set(ids, Fate::Gone);
    }

    /// The server does not know an asset any more: somebody may have deleted it, or it is a loss.
    pub(crate) fn missed(&self, id: &str) {
        assert!(self.fate(id) != Fate::Kept, "{id} is lost");
        self.set(&[id.to_owned()], Fate::Gone);
    }

    fn set(&self, ids: &[String], fate: Fate) {
        let mut assets = self.0.lock().unwrap();
        for id in ids {
            assets.known.get_mut(id).unwrap().fate = fate;
        }
    }

    /// The server says that an asset is not in the trash.
    pub(crate) fn not_trashed(&self, id: &str) {
        let mut assets = self.0.lock().unwrap();
        let known = &assets.known[id];
        assert!(!assets.is_trashed(known), "{id} left the trash by itself");
        assets.known.get_mut(id).unwrap().trash = Trash::Unknown;
    }

    pub(crate) fn release(&self, ids: &[String]) {
        let mut assets = self.0.lock().unwrap();
        for id in ids {
            assets.known.get_mut(id).unwrap().is_held = false;
        }
    }

    /// The trash is about to be emptied.
    pub(crate) fn emptying(&self) -> Emptying {
        let mut assets = self.0.lock().unwrap();
        assets.emptying += 1;
        let certain = assets.known.iter();
        let certain = certain.filter(|(_, known)| {
            !known.is_held && known.fate != Fate::Gone && assets.is_trashed(known)
        });
        let certain = certain.map(|(id, known)| (id.clone(), known.holds)).collect();
        let may_be_trashed = assets.known.values_mut().filter(|known| known.trash != Trash::Out);
        for known in may_be_trashed.filter(|known| known.fate == Fate::Kept) {
            known.fate = Fate::Doomed;
        }
        Emptying(certain)
    }

    /// The trash is empty, or the call was cut off.
    pub(crate) fn emptied(&self, Emptying(certain): Emptying, is_done: bool) {
        let mut assets = self.0.lock().unwrap();
        assets.emptying -= 1;
        if !is_done {
            return;
        }
        for (id, holds) in certain {
            let known = &assets.known[&id];
            // Whoever held it meanwhile may have restored it in time.
            if known.holds == holds && assets.is_trashed(known) {
                assets.known.get_mut(&id).unwrap().fate = Fate::Gone;
            }
        }
    }
}
