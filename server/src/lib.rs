//! The Albumen server.

pub mod access;
pub mod app;
pub mod blob;
pub mod config;
pub mod database;
pub mod entity;
pub mod error;
pub mod id;
pub mod keys;
pub mod mask;
pub mod media;
pub mod page;
pub mod password;
pub mod time;
pub mod zip;
