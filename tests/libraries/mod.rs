//! Libraries: files that are read in place.

mod changes;
mod control;
mod events;
mod guards;
mod manage;
mod removal;
mod shelf;
