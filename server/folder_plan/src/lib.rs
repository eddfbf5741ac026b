//! Albums from folders as a pure function: paths and options in, a plan out.
//!
//! [`Planner::new`] checks the [`Options`] once. [`Planner::place`] then says of one path which
//! album it belongs to, or why to none, and [`Planner::plan`] says it of all and groups them.
//! Nothing here reads files, knows a clock or a database, or remembers anything between calls.
//!
//! ```text
//!  /photos/2020/02 Feb/snow.jpg
//!  └─root─┘└──── folders ──┘└file┘
//!          └── relative path ────┘     filters look at this
//! ```
//!
//! A path goes through `root` (which root contains it), `filter` (is it wanted), `levels` (which of
//! its folders make the name) and `naming` (what the name is).
//!
//! Every step takes time in proportion to the path, whatever the patterns are. Globs cost at most
//! one step of a few instructions for each character of the path and 64 characters of the list's
//! patterns. Regular expressions are of a linear-time engine: they cost at most the length of the
//! text times the size of the compiled expression, which [`MAX_EXPRESSION_SIZE`] limits.

mod filter;
mod glob;
mod levels;
mod naming;
mod options;
mod plan;
mod planner;
mod root;

pub use options::{
    InvalidOptions, MAX_ENTRIES, MAX_EXPRESSION_SIZE, MAX_LIST_LEN, MAX_NAME_LEN, MAX_PATTERN_LEN,
    MAX_ROOT_LEN, MAX_SEPARATOR_LEN, NameExpression, Options, Rule, Violation,
};
pub use plan::{Album, MAX_EXAMPLES, Plan, Skipped};
pub use planner::{Place, Planner, Skip};
