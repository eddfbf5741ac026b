//! What those who watch an album they may see get to know, and what is known of revocations. Whether
//! somebody may watch is checked with the album itself.

use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};

use super::Subject;
use super::activity::shown_in;
use crate::entity::{activity, album, album_event, revocation, user};
use crate::error::{Error, Result};
use crate::id::{ActivityId, AlbumId, RevocationId};
use crate::time::Micros;

/// How far the clocks of two servers may be apart.
const CLOCK_SKEW: std::time::Duration = std::time::Duration::from_secs(300);

/// The number of an album's last event.
pub async fn last_event(connection: &impl ConnectionTrait, id: AlbumId) -> Result<i64> {
    let find = album::Entity::find_by_id(id).select_only().column(album::Column::EventSequence);
    let found = find.into_tuple().one(connection).await?;
    found.ok_or_else(|| Error::not_found("album", id))
}

/// The events of an album behind a number, in their order, for those who watch it.
pub async fn album_events(
    connection: &impl ConnectionTrait,
    id: AlbumId,
    sequence: i64,
    limit: u64,
) -> Result<Vec<album_event::Model>> {
    Ok(album_event::Entity::find()
        .filter(album_event::Column::AlbumId.eq(id))
        .filter(album_event::Column::Sequence.gt(sequence))
        .order_by_asc(album_event::Column::Sequence)
        .limit(limit)
        .all(connection)
        .await?)
}

/// A comment or like with the account of its author, for those who watch its album; `None` if it is
/// gone, or does not show any more.
pub async fn watched_activity(
    connection: &impl ConnectionTrait,
    album_id: AlbumId,
    id: ActivityId,
) -> Result<Option<(activity::Model, Option<user::Model>)>> {
    let found =
        activity::Entity::find_by_id(id).filter(shown_in(album_id)).find_also_related(user::Entity);
    Ok(found.one(connection).await?)
}

/// What was revoked lately, on any server.
pub async fn recent_revocations(
    connection: &impl ConnectionTrait,
    now: Micros,
) -> Result<Vec<(RevocationId, Subject)>> {
    let recent = revocation::Entity::find()
        .filter(revocation::Column::CreateTime.gt(now.before(CLOCK_SKEW)))
        .all(connection)
        .await?;
    Ok(recent.into_iter().map(|row| (row.id, Subject::parse(&row.subject))).collect())
}
