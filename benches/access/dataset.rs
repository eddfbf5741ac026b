//! An album with many assets, of a user with many albums. The rows are written as they are: uploading
//! a hundred thousand photos would take longer than all that is measured.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use albumen_server::access::{self, Network};
use albumen_server::app::{App, Clock};
use albumen_server::config::Config;
use albumen_server::database::Transaction;
use albumen_server::entity::album_member::Role;
use albumen_server::entity::{
    album, album_asset, album_member, asset, asset_file, session, shared_link, user,
};
use albumen_server::id::{AlbumId, AssetId, BlobId, SessionId, SharedLinkId, UserId, VisitorId};
use albumen_server::time::Micros;
use anyhow::Result;
use sea_orm::{ActiveModelTrait as _, EntityTrait as _, NotSet, Set};
use tempfile::TempDir;

/// How many rows one statement inserts; SQLite takes 32766 values.
const BATCH: usize = 500;
const HOUR: Duration = Duration::from_secs(3600);

/// A database, and who reads it.
pub(crate) struct Dataset {
    pub(crate) app: App,
    pub(crate) album: AlbumId,
    pub(crate) owner: String,
    pub(crate) viewer: String,
    pub(crate) guest: String,
    pub(crate) network: Network,
    _folder: TempDir,
}

impl Dataset {
    /// Makes an album with `assets` assets; its owner and a viewer are in `albums` albums.
    pub(crate) async fn create(assets: u32, albums: u32) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let flags = BTreeMap::from([("data-dir".to_owned(), folder.path().display().to_string())]);
        let config = Config::read(&flags, &BTreeMap::new()).map_err(anyhow::Error::msg)?;
        let app = albumen_server::open(config, Clock::System).await?;
        let now = app.now();
        let rows = app.transact(move |transaction| async move {
            let owner = person(&transaction, "owner", now).await?;
            let viewer = person(&transaction, "viewer", now).await?;
            let mut last = None;
            for _ in 0..albums {
                last = Some(shared_album(&transaction, owner.user_id, viewer.user_id, now).await?);
            }
            let album = last.unwrap_or_else(AlbumId::generate);
            fill(&transaction, album, owner.user_id, assets, now).await?;
            let link = link(album, owner.user_id, now).insert(&*transaction).await?;
            Ok((owner, viewer, album, link))
        });
        let (owner, viewer, album, link) = rows.await?;
        let tokens = access::tokens(&app).await?;
        let token = |session: &session::Model| {
            tokens.for_user(session.user_id, session.id, now, HOUR).map(|it| it.token)
        };
        let guest = tokens.for_guest(&link, VisitorId::generate(), now, HOUR)?.token;
        let (owner, viewer) = (token(&owner)?, token(&viewer)?);
        let network = Network::of(Ipv4Addr::LOCALHOST.into());
        Ok(Self { app, album, owner, viewer, guest, network, _folder: folder })
    }
}

type Rows<T> = albumen_server::error::Result<T>;

async fn person(transaction: &Transaction, name: &str, now: Micros) -> Rows<session::Model> {
    let id = UserId::generate();
    let row = user::ActiveModel {
        id: Set(id),
        email: Set(format!("{name}@example.org")),
        folded_email: Set(format!("{name}@example.org")),
        display_name: Set(name.to_owned()),
        password_hash: Set(String::new()),
        is_admin: Set(false),
        quota_bytes: Set(None),
        used_bytes: Set(0),
        export_part_size_bytes: Set(None),
        create_time: Set(now),
        update_time: Set(now),
        disabled_time: Set(None),
        delete_time: Set(None),
        purge_time: Set(None),
    };
    row.insert(&**transaction).await?;
    let session = session::ActiveModel {
        id: Set(SessionId::generate()),
        user_id: Set(id),
        device_name: Set(String::new()),
        token_hash: Set(id.as_bytes().to_vec()),
        previous_token_hash: Set(None),
        cookie_hash: Set(None),
        rotate_time: Set(now),
        create_time: Set(now),
        expire_time: Set(now.after(HOUR)),
    };
    Ok(session.insert(&**transaction).await?)
}

async fn shared_album(
    transaction: &Transaction,
    owner: UserId,
    viewer: UserId,
    now: Micros,
) -> Rows<AlbumId> {
    let id = AlbumId::generate();
    let row = album::ActiveModel {
        id: Set(id),
        display_name: Set("Trip".to_owned()),
        folded_name: Set("trip".to_owned()),
        description: Set(String::new()),
        order: Set(album::Order::NewestFirst),
        asset_count: Set(0),
        revision: Set(1),
        create_time: Set(now),
        update_time: Set(now),
        ..Default::default()
    };
    row.insert(&**transaction).await?;
    for (user_id, role) in [(owner, Role::Owner), (viewer, Role::Viewer)] {
        let member = album_member::ActiveModel {
            album_id: Set(id),
            user_id: Set(user_id),
            role: Set(role),
            create_time: Set(now),
            seen_time: Set(Some(now)),
        };
        member.insert(&**transaction).await?;
    }
    Ok(id)
}

async fn fill(
    transaction: &Transaction,
    album_id: AlbumId,
    owner: UserId,
    count: u32,
    now: Micros,
) -> Rows<()> {
    let numbers: Vec<_> = (0..i64::from(count)).collect();
    for numbers in numbers.chunks(BATCH) {
        let ids: Vec<_> = numbers.iter().map(|number| (AssetId::generate(), *number)).collect();
        let assets = ids.iter().map(|(id, number)| photo(*id, owner, Micros(now.0 + number)));
        asset::Entity::insert_many(assets).exec_without_returning(&**transaction).await?;
        let files = ids.iter().map(|(id, _)| file(*id));
        asset_file::Entity::insert_many(files).exec_without_returning(&**transaction).await?;
        let places = ids.iter().map(|(id, number)| album_asset::ActiveModel {
            album_id: Set(album_id),
            asset_id: Set(*id),
            sort_time: Set(Micros(now.0 + number)),
            position: Set(*number),
            create_time: Set(now),
            is_hidden: Set(false),
            local_day: Set(0),
        });
        album_asset::Entity::insert_many(places).exec_without_returning(&**transaction).await?;
    }
    Ok(())
}

fn photo(id: AssetId, owner: UserId, time: Micros) -> asset::ActiveModel {
    asset::ActiveModel {
        id: Set(id),
        owner_id: Set(owner),
        kind: Set(asset::Kind::Photo),
        sha256: Set(id.as_bytes().to_vec()),
        sort_time: Set(time),
        create_time: Set(time),
        update_time: Set(time),
        description: Set(String::new()),
        visibility: Set(asset::Visibility::Timeline),
        local_day: NotSet,
        ..Default::default()
    }
}

fn file(asset_id: AssetId) -> asset_file::ActiveModel {
    asset_file::ActiveModel {
        asset_id: Set(asset_id),
        kind: Set(asset_file::Kind::Still),
        blob_id: Set(BlobId::generate()),
        content_type: Set("image/jpeg".to_owned()),
        file_name: Set("photo.jpg".to_owned()),
        size_bytes: Set(1),
        sha256: Set(Vec::new()),
        crc32: Set(0),
        damage_time: Set(None),
        is_library: Set(false),
    }
}

fn link(album_id: AlbumId, creator_id: UserId, now: Micros) -> shared_link::ActiveModel {
    shared_link::ActiveModel {
        id: Set(SharedLinkId::generate()),
        album_id: Set(album_id),
        creator_id: Set(creator_id),
        key_hash: Set(album_id.as_bytes().to_vec()),
        sealed_key: Set(Vec::new()),
        description: Set(String::new()),
        password_version: Set(1),
        allow_download: Set(true),
        create_time: Set(now),
        update_time: Set(now),
        ..Default::default()
    }
}
