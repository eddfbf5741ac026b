//! The tests of the server, through its API, on the database that `ALBUMEN_TEST_DATABASE` names:
//! `sqlite` (the default) or `postgres`, which needs `ALBUMEN_TEST_POSTGRES_URL`.

#![expect(clippy::unwrap_used, reason = "a test that meets something unexpected fails")]

mod support;

mod activities;
mod albums;
mod archives;
mod asset_races;
mod asset_trash;
mod asset_updates;
mod assets;
mod auth;
mod backups;
mod blobs;
mod credentials;
mod exports;
mod faults;
mod folder_albums;
mod guests;
mod hiding;
mod hostile;
mod house;
mod jobs;
mod libraries;
mod library_files;
mod link_lists;
mod link_sessions;
mod member_races;
mod members;
mod permissions;
mod server;
mod share_pages;
mod shared_links;
mod sharing_model;
mod sharing_policy;
mod signing_keys;
mod storage;
mod stripping;
mod sweeps;
mod timeline;
mod transport;
mod uploads;
mod users;
mod watching;
mod web;
