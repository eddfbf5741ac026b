//! Likes: one by each person of each thing.

use sea_orm::{ColumnTrait as _, QueryFilter as _, Set};

use super::{ActivityView, Place, check_asset, insert, remove, row, seen};
use crate::access::{self, Actor, Author};
use crate::albums;
use crate::app::App;
use crate::entity::activity::{Column, Kind};
use crate::entity::album_member::Role;
use crate::error::Result;

/// Likes an album or an asset of it, or takes the like back; returns the like that there is then.
/// Requires the viewer role, and, for liking, that album and link allow it.
pub async fn set_like(
    app: &App,
    actor: &Actor,
    place: Place,
    is_liked: bool,
) -> Result<Option<ActivityView>> {
    let (app_, actor) = (app.clone(), actor.clone());
    app.transact(move |transaction| async move {
        let album = albums::writable(&transaction, &actor, place.album_id, Role::Viewer).await?;
        let author = match is_liked {
            true => access::writer(&actor, &album)?,
            false => access::reader(&actor, &album)?,
        };
        check_asset(&transaction, &album, place.asset_id).await?;
        let key = key(&place, &author);
        let find = access::activities(&album).filter(Column::LikeKey.eq(key.as_slice()));
        let like = match (find.one(&*transaction).await?, is_liked) {
            (Some(like), true) => like,
            (Some(like), false) => {
                remove(&app_, &transaction, like).await?;
                return Ok(None);
            }
            (None, false) => return Ok(None),
            (None, true) => {
                let mut row = row(&app_, &author, place)?;
                row.kind = Set(Kind::Like);
                row.like_key = Set(Some(key));
                insert(&app_, &transaction, row).await?
            }
        };
        seen(&*transaction, &author, album.role(), like).await.map(Some)
    })
    .await
}

/// Album, asset and author: what there is one like of.
fn key(place: &Place, author: &Author) -> Vec<u8> {
    let asset = place.asset_id.map_or([0; 16], |id| *id.as_bytes());
    [place.album_id.as_bytes().as_slice(), &asset, author.as_bytes()].concat()
}
