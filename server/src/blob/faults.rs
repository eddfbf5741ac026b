//! Faults on demand, so that tests can see what becomes of them.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// What a store can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the method of the store of that name")]
pub enum Call {
    Put,
    Size,
    /// Counted once for each blob that a window has a piece of.
    Read,
    Delete,
    List,
    Ping,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The call fails: with `StorageFull` as on a full disk, with `NotFound` as if the blob were
    /// gone, with anything else as if the store were broken.
    Error(io::ErrorKind),
    /// The call succeeds with one bit changed; reads only.
    Damage,
}

/// A plan of faults; empty outside tests. Cheap to clone: clones are the same plan.
#[derive(Debug, Clone, Default)]
pub struct Faults(Option<Arc<Mutex<Vec<Planned>>>>);

#[derive(Debug)]
struct Planned {
    call: Call,
    calls_to_go: u32,
    fault: Fault,
}

/// What the plan says of one call.
#[derive(Debug, Clone, Copy)]
pub(super) enum Effect {
    None,
    Fail(io::ErrorKind),
    Damage,
}

impl Faults {
    /// A plan without faults so far.
    #[must_use]
    pub fn plan() -> Self {
        Self(Some(Arc::default()))
    }

    /// Lets the `nth` call of a kind from now on go wrong: 1 is the next. Does nothing to the
    /// empty plan of a store that was made without one.
    pub fn add(&self, call: Call, nth: u32, fault: Fault) {
        if let Some(plan) = &self.0 {
            let planned = Planned { call, calls_to_go: nth, fault };
            plan.lock().unwrap_or_else(PoisonError::into_inner).push(planned);
        }
    }

    /// Counts a call, and says what goes wrong with it.
    pub(super) fn next(&self, call: Call) -> Effect {
        let Some(plan) = &self.0 else { return Effect::None };
        let mut plan = plan.lock().unwrap_or_else(PoisonError::into_inner);
        for planned in plan.iter_mut().filter(|planned| planned.call == call) {
            planned.calls_to_go = planned.calls_to_go.saturating_sub(1);
        }
        let due = plan.iter().position(|planned| planned.calls_to_go == 0);
        match due.map(|index| plan.remove(index).fault) {
            None => Effect::None,
            Some(Fault::Error(kind)) => Effect::Fail(kind),
            Some(Fault::Damage) => Effect::Damage,
        }
    }
}

impl Effect {
    /// Changes one bit if that is what goes wrong.
    pub(super) fn spoil(self, bytes: &mut [u8]) {
        if let (Self::Damage, Some(byte)) = (self, bytes.first_mut()) {
            *byte ^= 1;
        }
    }
}
