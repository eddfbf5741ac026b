//! How a link was used.

use crate::access::{self, Actor};
use crate::app::App;
use crate::entity::shared_link::Model as SharedLink;
use crate::error::Result;
use crate::id::SharedLinkId;

/// A link that the caller sees, with its counters. Those of downloads are some seconds behind.
pub async fn get_stats(app: &App, actor: &Actor, id: SharedLinkId) -> Result<SharedLink> {
    Ok(access::shared_link(app.database.reader(), actor, id).await?.0)
}
