//! What owners say about their assets, and where they show.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, Set, UpdateMany};

use super::{AssetView, with_files};
use crate::access::{self, Actor, Subject};
use crate::albums::{self, Assets};
use crate::app::App;
use crate::entity::asset::{self, Column, Visibility};
use crate::error::{Error, Result};
use crate::events;
use crate::id::AssetId;
use crate::mask;
use crate::time::Micros;

/// What owners may change of an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// When it was taken.
    CaptureTime,
    /// The offset from UTC where it was taken.
    CaptureUtcOffset,
    /// Where it was taken.
    Location,
    /// What its owner says about it.
    Description,
    /// What its owner thinks of it.
    Rating,
    /// Where it shows.
    Visibility,
}

impl mask::Field for Field {
    const ALL: &'static [Self] = &[
        Self::CaptureTime,
        Self::CaptureUtcOffset,
        Self::Location,
        Self::Description,
        Self::Rating,
        Self::Visibility,
    ];

    fn path(self) -> &'static str {
        match self {
            Self::CaptureTime => "capture_time",
            Self::CaptureUtcOffset => "capture_utc_offset",
            Self::Location => "location",
            Self::Description => "description",
            Self::Rating => "rating",
            Self::Visibility => "visibility",
        }
    }
}

/// The new values of an update.
#[derive(Debug, Clone)]
pub struct Values {
    /// When it was taken.
    pub capture_time: Option<Micros>,
    /// The offset from UTC where it was taken, in seconds.
    pub capture_offset_s: Option<i32>,
    /// Where it was taken, in degrees north and east.
    pub location: Option<(f64, f64)>,
    /// What its owner says about it.
    pub description: String,
    /// What its owner thinks of it, 1 to 5.
    pub rating: Option<i16>,
    /// Where it shows.
    pub visibility: Visibility,
}

/// Changes assets of the caller's, all alike, and returns them in the order asked. Assets in the
/// trash cannot be changed.
pub async fn update(
    app: &App,
    actor: &Actor,
    ids: Vec<AssetId>,
    values: Values,
    fields: Vec<Field>,
) -> Result<Vec<AssetView>> {
    let (app_, user) = (app.clone(), *actor.user()?);
    let is_locking = fields.contains(&Field::Visibility) && values.visibility == Visibility::Locked;
    let moves = fields.contains(&Field::CaptureTime) || fields.contains(&Field::CaptureUtcOffset);
    let updated = app.transact(move |transaction| async move {
        let owner = access::lock_owner(&transaction, user.id).await?;
        let assets = access::own_assets(&transaction, &owner, &ids).await?;
        if let Some(trashed) = assets.iter().find(|asset| asset.delete_time.is_some()) {
            return Err(Error::trashed("asset", trashed.id));
        }
        change(app_.now(), &values, &fields)
            .filter(Column::Id.is_in(ids.iter().copied()))
            .exec(&*transaction)
            .await?;
        let these = Assets::These(ids.clone());
        if is_locking {
            albums::remove_everywhere(&app_, &transaction, &these).await?;
            events::revoke_from(&app_, &transaction, Subject::Assets).await?;
        } else if moves {
            albums::follow_times(&app_, &transaction, &these).await?;
        } else {
            albums::follow_changes(&app_, &transaction, &these).await?;
        }
        access::own_assets(&transaction, &owner, &ids).await
    });
    with_files(app, actor, updated.await?).await
}

fn change(now: Micros, values: &Values, fields: &[Field]) -> UpdateMany<asset::Entity> {
    let mut change = asset::ActiveModel { update_time: Set(now), ..Default::default() };
    let mut sort_time = None;
    for field in fields {
        match field {
            Field::CaptureTime => {
                change.capture_time = Set(values.capture_time);
                let upload_time = || Expr::col(Column::CreateTime);
                sort_time = Some(values.capture_time.map_or_else(upload_time, Into::into));
            }
            Field::CaptureUtcOffset => change.capture_offset_s = Set(values.capture_offset_s),
            Field::Location => {
                change.latitude = Set(values.location.map(|(latitude, _)| latitude));
                change.longitude = Set(values.location.map(|(_, longitude)| longitude));
            }
            Field::Description => change.description = Set(values.description.clone()),
            Field::Rating => change.rating = Set(values.rating),
            Field::Visibility => {
                let is_locked = values.visibility == Visibility::Locked;
                change.visibility = Set(values.visibility);
                change.withdraw_time = Set(is_locked.then_some(now));
            }
        }
    }
    let update = asset::Entity::update_many().set(change);
    match sort_time {
        Some(sort_time) => update.col_expr(Column::SortTime, sort_time),
        None => update,
    }
}
