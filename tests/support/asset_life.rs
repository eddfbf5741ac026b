//! Changing assets and taking them away, in one line each.

use albumen::v1::{
    AddAlbumAssetsRequest, Album, Asset, AssetVisibility, DeleteAssetsRequest,
    DeleteAssetsResponse, EmptyTrashRequest, GetAlbumRequest, GetAssetRequest, ListAssetsRequest,
    RestoreAssetsRequest, TrashAssetsRequest, UpdateAssetsRequest,
};
use albumen_server::entity::album_member::{self, Role};
use albumen_server::entity::{asset, asset_file, user};
use albumen_server::id::{AlbumId, AssetId, BlobId, UserId};
use albumen_server::time::Micros;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, QueryFilter as _, Set};
use tonic::{Response, Status};

use super::Person;
use super::person::ids;

impl Person {
    pub(crate) async fn asset(&self, asset: &Asset) -> Result<Response<Asset>, Status> {
        self.assets().get_asset(GetAssetRequest { asset_id: asset.id.clone() }).await
    }

    pub(crate) async fn trash(&self, assets: &[Asset]) -> Result<Vec<Asset>, Status> {
        let request = TrashAssetsRequest { asset_ids: ids(assets) };
        Ok(self.assets().trash_assets(request).await?.into_inner().assets)
    }

    pub(crate) async fn restore(&self, assets: &[Asset]) -> Result<Vec<Asset>, Status> {
        let request = RestoreAssetsRequest { asset_ids: ids(assets) };
        Ok(self.assets().restore_assets(request).await?.into_inner().assets)
    }

    pub(crate) async fn delete(
        &self,
        assets: &[Asset],
    ) -> Result<Response<DeleteAssetsResponse>, Status> {
        self.assets().delete_assets(DeleteAssetsRequest { asset_ids: ids(assets) }).await
    }

    pub(crate) async fn empty_trash(&self) -> i32 {
        let answer = self.assets().empty_trash(EmptyTrashRequest {}).await.unwrap();
        answer.into_inner().deleted_count
    }

    /// Updates assets with a mask, or without one if there are no paths.
    pub(crate) async fn update(
        &self,
        assets: &[Asset],
        values: Asset,
        paths: &[&str],
    ) -> Result<Vec<Asset>, Status> {
        let paths: Vec<_> = paths.iter().map(|path| (*path).to_owned()).collect();
        let request = UpdateAssetsRequest {
            asset_ids: ids(assets),
            asset: Some(values),
            update_mask: (!paths.is_empty()).then_some(prost_types::FieldMask { paths }),
        };
        Ok(self.assets().update_assets(request).await?.into_inner().assets)
    }

    pub(crate) async fn show(
        &self,
        assets: &[Asset],
        visibility: AssetVisibility,
    ) -> Result<Vec<Asset>, Status> {
        let values = Asset { visibility: visibility.into(), ..Asset::default() };
        self.update(assets, values, &["visibility"]).await
    }

    pub(crate) async fn add(&self, album: &Album, assets: &[Asset]) -> Result<i32, Status> {
        let request = AddAlbumAssetsRequest { album_id: album.id.clone(), asset_ids: ids(assets) };
        Ok(self.albums().add_album_assets(request).await?.into_inner().added_count)
    }

    pub(crate) async fn get_album(&self, album: &Album) -> Album {
        let request = GetAlbumRequest { album_id: album.id.clone() };
        self.albums().get_album(request).await.unwrap().into_inner()
    }

    /// The names of the files of every asset in a list.
    pub(crate) async fn listed(&self, mut request: ListAssetsRequest) -> Vec<String> {
        let mut found = Vec::new();
        loop {
            let page = self.assets().list_assets(request.clone()).await.unwrap().into_inner();
            found.extend(page.assets.into_iter().map(|asset| asset.file_name));
            if page.next_page_token.is_empty() {
                return found;
            }
            request.page_token = page.next_page_token;
        }
    }

    /// The names of the files of an album, in its order.
    pub(crate) async fn album_names(&self, album: &Album) -> Vec<String> {
        let album_id = album.id.clone();
        self.listed(ListAssetsRequest { album_id, ..Default::default() }).await
    }

    /// The names of the files of the timeline.
    pub(crate) async fn timeline(&self) -> Vec<String> {
        self.listed(ListAssetsRequest::default()).await
    }
}

impl super::TestServer {
    /// Makes somebody a member of an album, whoever owns it.
    pub(crate) async fn member(&self, album: &Album, person: &Person, role: Role) {
        let member = album_member::ActiveModel {
            album_id: Set(AlbumId::parse(&album.id).unwrap()),
            user_id: Set(UserId::parse(&person.user.id).unwrap()),
            role: Set(role),
            create_time: Set(self.app.now()),
            seen_time: Set(None),
        };
        let insert =
            self.app.transact(|transaction| async move { Ok(member.insert(&*transaction).await?) });
        insert.await.unwrap();
    }
}

impl super::TestServer {
    /// Gives somebody many small assets at once, one a minute. Their bytes count as lost: what
    /// happens to rows needs none.
    pub(crate) async fn many_assets(&self, owner: &Person, count: i64) -> Vec<String> {
        let owner_id = UserId::parse(&owner.user.id).unwrap();
        let now = self.app.now();
        let ids: Vec<_> = (0..count).map(|_| AssetId::generate()).collect();
        let result = ids.iter().map(AssetId::to_string).collect();
        let insert = self.app.transact(move |transaction| async move {
            let numbered: Vec<_> = ids.into_iter().zip(0_i64..).collect();
            for chunk in numbered.chunks(1000) {
                let assets = chunk.iter().map(|(id, number)| asset(*id, *number, owner_id, now));
                asset::Entity::insert_many(assets).exec_without_returning(&*transaction).await?;
                let files = chunk.iter().map(|(id, number)| file(*id, *number, now));
                let insert = asset_file::Entity::insert_many(files);
                insert.exec_without_returning(&*transaction).await?;
            }
            user::Entity::update_many()
                .col_expr(user::Column::UsedBytes, Expr::col(user::Column::UsedBytes).add(count))
                .filter(user::Column::Id.eq(owner_id))
                .exec(&*transaction)
                .await?;
            Ok(())
        });
        insert.await.unwrap();
        result
    }
}

fn digest(number: i64) -> Vec<u8> {
    [[0; 24].as_slice(), &number.to_be_bytes()].concat()
}

fn asset(id: AssetId, number: i64, owner_id: UserId, now: Micros) -> asset::ActiveModel {
    let time = Micros(now.0 - number * 60_000_000);
    asset::ActiveModel {
        id: Set(id),
        owner_id: Set(owner_id),
        kind: Set(asset::Kind::Photo),
        sha256: Set(digest(number)),
        capture_time: Set(Some(time)),
        sort_time: Set(time),
        create_time: Set(now),
        update_time: Set(now),
        description: Set(String::new()),
        visibility: Set(asset::Visibility::Timeline),
        ..Default::default()
    }
}

fn file(asset_id: AssetId, number: i64, now: Micros) -> asset_file::ActiveModel {
    asset_file::ActiveModel {
        asset_id: Set(asset_id),
        kind: Set(asset_file::Kind::Still),
        blob_id: Set(BlobId::generate()),
        content_type: Set("image/jpeg".to_owned()),
        file_name: Set(format!("{number}.jpg")),
        size_bytes: Set(1),
        sha256: Set(digest(number)),
        crc32: Set(0),
        damage_time: Set(Some(now)),
        is_library: Set(false),
    }
}
