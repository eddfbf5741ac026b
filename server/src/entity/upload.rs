//! Files on their way in.

use sea_orm::entity::prelude::*;

use crate::id::{AlbumId, AssetId, BlobId, SharedLinkId, UploadId, UserId, VisitorId};
use crate::time::Micros;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "upload")]
pub struct Model {
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: UploadId,
    /// Whose upload it is.
    pub owner_id: UserId,
    /// The name as it was given, without folders.
    pub file_name: String,
    /// How many bytes the file has.
    pub size_bytes: i64,
    /// The SHA-256 that the finished bytes must have.
    pub sha256: Option<Vec<u8>>,
    /// The album that the asset goes into.
    pub album_id: Option<AlbumId>,
    /// The still whose motion part this is.
    pub motion_of_asset_id: Option<AssetId>,
    /// When it was taken, if the file does not say.
    pub capture_time_hint: Option<Micros>,
    /// How far it is.
    pub state: State,
    /// What the bytes are called once they are stored.
    pub blob_id: BlobId,
    /// How many bytes are safe.
    pub committed_size_bytes: i64,
    /// The running digest of those bytes.
    pub digest_state: Vec<u8>,
    /// The asset that it became.
    pub asset_id: Option<AssetId>,
    /// Whether the owner had that asset before.
    pub is_duplicate: bool,
    /// When it was made.
    pub create_time: Micros,
    /// When it is given up, or, once finished, forgotten.
    pub expire_time: Micros,
    /// The link through which a guest uploads.
    pub shared_link_id: Option<SharedLinkId>,
    /// That guest.
    pub visitor_id: Option<VisitorId>,
    /// The name that the guest gave.
    pub guest_name: Option<String>,
    /// When it became an asset.
    pub finish_time: Option<Micros>,
    /// Whether the album did not have the asset before.
    pub is_new_entry: bool,
}

/// What a row refers to: nothing.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// How far an upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum State {
    /// It takes bytes.
    Active = 1,
    /// It became an asset.
    Finished = 2,
    /// It was given up.
    Cancelled = 3,
}
