//! One file for each table: its row, what it refers to, and what can be said of a row alone.

pub mod activity;
pub mod album;
pub mod album_asset;
pub mod album_event;
pub mod album_member;
pub mod api_key;
pub mod asset;
pub mod asset_file;
pub mod asset_variant;
pub mod attempt;
pub mod audit_event;
pub mod export;
pub mod export_part;
pub mod installation;
pub mod job;
pub mod lease;
pub mod library;
pub mod library_file;
pub mod library_scan;
pub mod revocation;
pub mod schedule;
pub mod session;
pub mod shared_link;
pub mod signing_key;
pub mod upload;
pub mod user;
