//! Libraries: folders of the server whose photos are read in place and never written to.
//!
//! A scan walks the folders and the library's rows side by side, in one order, and reads only what
//! differs. An asset is known by its bytes: a file that moved is the same asset at another place,
//! copies are several places of one asset, and an asset whose places are all gone is offline, with
//! its albums, comments and links, until its bytes come back or somebody removes it.
//!
//! The files of a library change under the lock of its owner's row, as all that is theirs.

mod delete;
mod detach;
mod exclusions;
mod import_paths;
mod manage;
mod offline;
mod report;
mod rpc;
mod scan;
mod scans;
mod schedule;
mod view;
mod watch;

pub use delete::{TakeApart, delete};
pub use import_paths::Verdict;
pub use manage::{Field, NewLibrary, Values, create, update};
pub use offline::{Removed, remove_offline_assets};
pub use report::{Counts, Problem, ProblemKind, Report};
pub use rpc::Rpc;
pub use scan::Scan;
pub use scans::{StartScan, cancel_scan, list_scans, scan};
pub use schedule::StartDueScans;
pub use view::{LibraryView, get, list, validate_import_paths};
pub use watch::watch;
