//! The `albumen` command as a process, against a server.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod admin;
mod albums;
mod database;
mod exports;
mod folder_albums;
mod folder_plans;
mod gate;
mod home;
mod libraries;
mod links;
mod manners;
mod photos;
mod sessions;
mod shelf;
mod site;
mod uploads;
mod watching;
