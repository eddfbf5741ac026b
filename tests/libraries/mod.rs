//! Libraries: files that are read in place.

mod changes;
mod control;
mod events;
mod guards;
mod live;
mod live_parts;
mod manage;
mod removal;
mod shelf;
