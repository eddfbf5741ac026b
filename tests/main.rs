//! The tests of the server, through its API, on the database that `ALBUMEN_TEST_DATABASE` names:
//! `sqlite` (the default) or `postgres`, which needs `ALBUMEN_TEST_POSTGRES_URL`.

#![expect(clippy::unwrap_used, reason = "a test that meets something unexpected fails")]

mod support;

mod access;
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
mod hiding;
mod hostile;
mod house;
mod jobs;
mod server;
mod shared_links;
mod storage;
mod stripping;
mod sweeps;
mod timeline;
mod transport;
mod uploads;
mod users;
mod web;
