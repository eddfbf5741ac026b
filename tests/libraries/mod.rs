//! Libraries: files that are read in place.

mod changes;
mod control;
mod guards;
mod manage;
mod removal;
mod shelf;
