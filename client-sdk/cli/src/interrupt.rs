//! Ctrl+C during long work.

use crate::failure::{Failure, Result};

/// Does the work unless somebody presses Ctrl+C. Elsewhere Ctrl+C ends the process as usual, which
/// also leaves a terminal that was asked for a password in order.
pub(crate) async fn or<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        done = work => done,
        pressed = tokio::signal::ctrl_c() => Err(pressed.map_or_else(Failure::from, |()| Failure::Interrupted)),
    }
}
