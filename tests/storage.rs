//! A server whose photos are in a bucket, and what callers see when the store goes wrong.

use std::time::Duration;

use albumen::v1::download_asset_response::Part;
use albumen::v1::{Asset, DownloadAssetRequest, Export, Rendition};
use albumen_server::app::Clock;
use albumen_server::blob::{BlobKey, Call, Fault, Faults};
use albumen_server::config::Config;
use albumen_server::entity::asset_file;
use http::StatusCode;
use sea_orm::EntityTrait as _;
use tonic::{Code, Response, Status};

use crate::support::bucket::{Bucket, Mood};
use crate::support::{Person, TestServer, expect_reason, fixtures, test_with, test_with_faults};

/// More than two parts of an object in a bucket.
const LARGE_BYTES: usize = (17 << 20) + 1;

async fn download(who: &Person, asset: &Asset) -> Result<Response<Vec<u8>>, Status> {
    let request = DownloadAssetRequest {
        asset_id: asset.id.clone(),
        rendition: Rendition::Original.into(),
        ..Default::default()
    };
    let mut stream = who.assets().download_asset(request).await?.into_inner();
    let mut bytes = Vec::new();
    while let Some(message) = stream.message().await? {
        if let Some(Part::Chunk(chunk)) = message.part {
            bytes.extend(chunk);
        }
    }
    Ok(Response::new(bytes))
}

fn archive(export: &Export) -> String {
    let name = export.parts[0].file_name.replace(' ', "%20");
    format!("/api/exports/{}/parts/1/{name}", export.id)
}

async fn files(server: &TestServer) -> Vec<asset_file::Model> {
    asset_file::Entity::find().all(server.app.database.reader()).await.unwrap()
}

async fn damaged(server: &TestServer) -> usize {
    files(server).await.iter().filter(|file| file.damage_time.is_some()).count()
}

fn is_unavailable<T>(result: Result<Response<T>, Status>) {
    expect_reason(result, Code::Unavailable, "STORAGE_UNAVAILABLE");
}

#[tokio::test]
async fn an_asset_in_a_bucket_lives_as_on_disk() {
    let bucket = &Bucket::start().await;
    test_with(
        |config| config.s3 = Some(bucket.config()),
        |server| async move {
            let ann = server.user("ann").await;
            let large = fixtures::sized_photo(1, LARGE_BYTES);
            let asset = ann.upload("large.jpg", &large).await;
            assert!(*download(&ann, &asset).await.unwrap().get_ref() == large);
            let path = format!("/api/assets/{}/original", asset.id);
            let end = LARGE_BYTES - 3;
            let range = format!("bytes={}-{}", 5 << 20, end - 1);
            let (status, _, body) = ann.get(&path, &[("range", &range)]).await;
            assert_eq!(status, StatusCode::PARTIAL_CONTENT);
            assert!(body == large[5 << 20..end]);

            // The bytes of a duplicate go again: the closing checks miss none and find none over.
            let again = ann.upload("again.jpg", &large).await;
            assert_eq!(again.id, asset.id);

            let mut assets = ann.photos(2..12).await;
            assets.push(asset);
            let export = ann.export(&ann.album("Summer", &assets).await).await.unwrap();
            let (status, _, whole) = ann.get(&archive(&export), &[]).await;
            assert_eq!(status, StatusCode::OK);
            assert_eq!(whole.len(), usize::try_from(export.size_bytes).unwrap());
            let (_, _, tail) = ann.get(&archive(&export), &[("range", "bytes=1000000-")]).await;
            assert!(tail == whole[1_000_000..]);

            let blob_id = files(&server).await[0].blob_id;
            server.app.blobs.delete(BlobKey::Original(blob_id)).await.unwrap();
            let (_, _, body) = ann.http(http::Request::get(archive(&export))).await;
            assert!(body.is_err(), "the archive lacks bytes");
            assert_eq!(damaged(&server).await, 1);
        },
    )
    .await;
}

#[tokio::test]
async fn a_bucket_that_is_away_makes_calls_unavailable_until_it_is_back() {
    let bucket = &Bucket::start().await;
    test_with(
        |config| config.s3 = Some(bucket.config()),
        |server| async move {
            let ann = server.user("ann").await;
            let bytes = fixtures::sized_photo(1, LARGE_BYTES);
            let asset = ann.upload("a.jpg", &bytes).await;
            let other = fixtures::sized_photo(2, LARGE_BYTES);
            let upload = ann.create_upload("b.jpg", other.len()).await;
            ann.stream(&upload.id, 0, &other).await.unwrap();
            let finish = async || ann.finish(&upload.id).await.map(Response::new);

            bucket.set(Mood::Failing);
            is_unavailable(download(&ann, &asset).await);
            is_unavailable(finish().await);
            bucket.set(Mood::Cutting);
            is_unavailable(download(&ann, &asset).await);
            bucket.set(Mood::Well);
            bucket.stop().await;
            is_unavailable(download(&ann, &asset).await);
            is_unavailable(finish().await);
            bucket.resume().await;
            bucket.set(Mood::RefusingSecondParts);
            is_unavailable(finish().await);
            assert_eq!(bucket.open_multipart_uploads(), 0, "parts are not left behind");

            bucket.set(Mood::Well);
            assert!(*download(&ann, &asset).await.unwrap().get_ref() == bytes);
            let later = finish().await.unwrap().into_inner();
            assert!(*download(&ann, &later).await.unwrap().get_ref() == other);
            assert_eq!(damaged(&server).await, 0);
        },
    )
    .await;
}

/// The client does not wait for a large file to reach the bucket; the server goes on.
#[tokio::test]
async fn a_finish_that_loses_its_caller_is_finished_by_the_next() {
    let bucket = &Bucket::start().await;
    test_with(
        |config| config.s3 = Some(bucket.config()),
        |server| async move {
            let ann = server.user("ann").await;
            let bytes = fixtures::sized_photo(1, LARGE_BYTES);
            let upload = ann.create_upload("a.jpg", bytes.len()).await;
            ann.stream(&upload.id, 0, &bytes).await.unwrap();
            let left = tokio::time::timeout(Duration::from_millis(5), ann.finish(&upload.id)).await;
            assert!(left.is_err(), "the call was cut off");
            let asset = loop {
                match ann.finish(&upload.id).await {
                    Ok(asset) => break asset,
                    Err(status) => assert_eq!(status.code(), Code::Aborted, "{status:?}"),
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            };
            assert!(*download(&ann, &asset).await.unwrap().get_ref() == bytes);
        },
    )
    .await;
}

#[tokio::test]
async fn a_full_disk_keeps_the_upload_for_another_try() {
    let faults = Faults::plan();
    test_with_faults(faults.clone(), |server| async move {
        let ann = server.user("ann").await;
        let upload = ann.create_upload("a.jpg", 4096).await;
        ann.stream(&upload.id, 0, &fixtures::photo(1)).await.unwrap();
        faults.add(Call::Put, 1, Fault::Error(std::io::ErrorKind::StorageFull));
        is_unavailable(ann.finish(&upload.id).await.map(Response::new));
        let asset = ann.finish(&upload.id).await.unwrap();
        faults.add(Call::Read, 1, Fault::Damage);
        expect_reason(download(&ann, &asset).await, Code::DataLoss, "DATA_DAMAGED");
    })
    .await;
}

async fn refused(change: impl FnOnce(&mut Config)) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::read(&Default::default(), &Default::default()).unwrap();
    config.data_dir = folder.path().to_owned();
    change(&mut config);
    format!("{:#}", albumen_server::open(config, Clock::System).await.unwrap_err())
}

#[tokio::test]
async fn a_server_with_a_bucket_starts_only_with_a_key_and_an_answer() {
    let bucket = &Bucket::start().await;
    let error = refused(|config| config.s3 = Some(bucket.config())).await;
    assert_eq!(error, "with S3, ALBUMEN_SECRET_KEY or ALBUMEN_SECRET_KEY_FILE must be set");
    bucket.stop().await;
    let key = [("secret-key".to_owned(), "A".repeat(43) + "=")].into();
    let key = Config::read(&key, &Default::default()).unwrap().secret_key;
    let error = refused(|config| {
        config.s3 = Some(bucket.config());
        config.secret_key = key;
    });
    let error = error.await;
    assert!(error.starts_with("the store of photos does not answer"), "{error}");
}
