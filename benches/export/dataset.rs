//! Albums of incompressible files on a server of ours, made through its API.

use std::fs;
use std::path::{Path, PathBuf};

use albumen::v1::album_service_client::AlbumServiceClient;
use albumen::v1::auth_service_client::AuthServiceClient;
use albumen::v1::create_export_request::Source;
use albumen::v1::export_service_client::ExportServiceClient;
use albumen::v1::stream_upload_request::Part;
use albumen::v1::upload_service_client::UploadServiceClient;
use albumen::v1::{
    AddAlbumAssetsRequest, Album as AlbumMessage, CreateAlbumRequest, CreateExportRequest,
    CreateUploadRequest, DeleteExportRequest, Export, FinishUploadRequest, SetUpRequest,
    StreamUploadRequest, Upload, UploadHeader,
};
use anyhow::{Context as _, Result};
use axum::body::Bytes;
use futures::stream::{StreamExt as _, TryStreamExt as _, iter};
use tokio::time::Instant;
use tonic::transport::Channel;

use crate::client::{Target, channel, signed};
use crate::server::{Kind, Server};

/// Photos have 1 MB to 5.1 MB: 704 of them make 2 GiB.
const LEAST_BYTES: u64 = 1_000_000;
const SPREAD_BYTES: u64 = 4_100_000;
const SMALL_BYTES: u64 = 4096;
const CHUNK_BYTES: usize = 1 << 20;
/// How many assets one call puts into an album.
const BATCH: usize = 1000;

/// Albums on a server that is stopped between measurements.
#[derive(Debug)]
pub(crate) struct Dataset {
    data_dir: PathBuf,
    token: String,
    /// Files like photos.
    pub(crate) large: Album,
    /// Many tiny files.
    pub(crate) small: Album,
}

/// An album, its export, and the list of the files that lie behind both.
#[derive(Debug)]
pub(crate) struct Album {
    id: String,
    export_id: String,
    path: String,
    list: PathBuf,
    pub(crate) files: usize,
    /// The size of the files together.
    pub(crate) bytes: u64,
}

impl Dataset {
    pub(crate) async fn create(
        folder: &Path,
        large_bytes: u64,
        small_files: usize,
    ) -> Result<Self> {
        let data_dir = folder.join("data");
        let server = Server::start(Kind::Ours, &data_dir)?;
        let channel = channel(&server.origin).await?;
        let token = set_up(&channel, server.setup_token.clone()).await?;
        let author = Author { channel, token };
        let mut random = Random(1);
        let mut sizes = Vec::new();
        while sizes.iter().sum::<u64>() < large_bytes {
            sizes.push(LEAST_BYTES + random.next() % SPREAD_BYTES);
        }
        eprintln!("uploading {} photos", sizes.len());
        let large = author.album(folder, "large", sizes).await?;
        eprintln!("uploading {small_files} tiny files");
        let small = author.album(folder, "small", vec![SMALL_BYTES; small_files]).await?;
        list_files(&data_dir, &large, &small)?;
        Ok(Self { data_dir, token: author.token, large, small })
    }

    /// Starts a server that has the album or its files.
    pub(crate) fn serve(&self, kind: Kind, album: &Album) -> Result<(Server, Target)> {
        let (path, page) = match kind {
            Kind::Ours => (&self.data_dir, album.path.as_str()),
            Kind::Bare => (&album.list, "/files"),
            Kind::Archiver => (&album.list, "/"),
        };
        let server = Server::start(kind, path)?;
        let target = Target {
            origin: server.origin.clone(),
            token: self.token.clone(),
            export_id: album.export_id.clone(),
            path: page.to_owned(),
        };
        Ok((server, target))
    }

    /// How long making an export of the album of tiny files takes, several times.
    pub(crate) async fn creation_seconds(&self, times: usize) -> Result<Vec<f64>> {
        let server = Server::start(Kind::Ours, &self.data_dir)?;
        let author = Author { channel: channel(&server.origin).await?, token: self.token.clone() };
        let mut seconds = Vec::new();
        for _ in 0..times {
            let started = Instant::now();
            let export = author.export(&self.small.id).await?;
            seconds.push(started.elapsed().as_secs_f64());
            let request = DeleteExportRequest { export_id: export.id };
            let mut client = ExportServiceClient::new(author.channel.clone());
            client.delete_export(signed(request, &author.token)?).await?;
        }
        Ok(seconds)
    }
}

async fn set_up(channel: &Channel, setup_token: Option<String>) -> Result<String> {
    let request = SetUpRequest {
        setup_token: setup_token.context("the server has users already")?,
        email: "ann@example.org".to_owned(),
        password: "correct horse battery".to_owned(),
        display_name: "Ann".to_owned(),
        device_name: String::new(),
        use_cookies: false,
    };
    let answer = AuthServiceClient::new(channel.clone()).set_up(request).await?.into_inner();
    Ok(answer.tokens.context("no tokens")?.access_token)
}

/// Who makes the albums.
struct Author {
    channel: Channel,
    token: String,
}

impl Author {
    async fn album(&self, folder: &Path, name: &str, sizes: Vec<u64>) -> Result<Album> {
        let (files, bytes) = (sizes.len(), sizes.iter().sum());
        let uploads = iter(sizes.into_iter().enumerate()).map(|(index, size)| async move {
            let seed = (size << 32) + index as u64;
            self.upload(format!("{name}-{index:05}.jpg"), photo(seed, size)).await
        });
        let assets: Vec<String> = uploads.buffered(8).try_collect().await?;
        let mut client = AlbumServiceClient::new(self.channel.clone());
        let album = AlbumMessage { display_name: name.to_owned(), ..Default::default() };
        let request = CreateAlbumRequest { album: Some(album), ..Default::default() };
        let album = client.create_album(signed(request, &self.token)?).await?.into_inner();
        for batch in assets.chunks(BATCH) {
            let (album_id, asset_ids) = (album.id.clone(), batch.to_vec());
            let request = AddAlbumAssetsRequest { album_id, asset_ids };
            client.add_album_assets(signed(request, &self.token)?).await?;
        }
        let export = self.export(&album.id).await?;
        let part = export.parts.first().context("an export without parts")?;
        let (path, list) = (part.http_path.clone(), folder.join(name));
        Ok(Album { id: album.id, export_id: export.id, path, list, files, bytes })
    }

    async fn upload(&self, file_name: String, bytes: Bytes) -> Result<String> {
        let mut client = UploadServiceClient::new(self.channel.clone());
        let size_bytes = i64::try_from(bytes.len())?;
        let upload = Upload { file_name, size_bytes, ..Default::default() };
        let request = CreateUploadRequest { upload: Some(upload), ..Default::default() };
        let upload_id = client.create_upload(signed(request, &self.token)?).await?.into_inner().id;
        let header = UploadHeader { upload_id: upload_id.clone(), offset: 0 };
        let starts = (0..bytes.len()).step_by(CHUNK_BYTES);
        let chunks = starts.map(|at| bytes.slice(at..(at + CHUNK_BYTES).min(bytes.len())));
        let parts: Vec<_> =
            std::iter::once(Part::Header(header)).chain(chunks.map(Part::Chunk)).collect();
        let requests = parts.into_iter().map(|part| StreamUploadRequest { part: Some(part) });
        client.stream_upload(signed(iter(requests), &self.token)?).await?;
        let request = FinishUploadRequest { upload_id };
        let answer = client.finish_upload(signed(request, &self.token)?).await?.into_inner();
        Ok(answer.asset.context("no asset")?.id)
    }

    async fn export(&self, album_id: &str) -> Result<Export> {
        let source = Some(Source::AlbumId(album_id.to_owned()));
        let request = CreateExportRequest {
            source,
            // All in one archive, whatever the size.
            max_part_size_bytes: Some(i64::MAX),
            ..Default::default()
        };
        let mut client = ExportServiceClient::new(self.channel.clone());
        Ok(client.create_export(signed(request, &self.token)?).await?.into_inner())
    }
}

/// Writes down where the server keeps the files of both albums, told apart by their size.
fn list_files(data_dir: &Path, large: &Album, small: &Album) -> Result<()> {
    let mut files = Vec::new();
    for folder in fs::read_dir(data_dir.join("blobs/originals"))? {
        for file in fs::read_dir(folder?.path())? {
            let file = file?;
            files.push((file.file_name(), file.path(), file.metadata()?.len()));
        }
    }
    // In order of upload: names begin with the time.
    files.sort();
    for (album, is_small) in [(large, false), (small, true)] {
        let files = files.iter().filter(|(_, _, size)| (*size == SMALL_BYTES) == is_small);
        let lines: Vec<_> = files.map(|(_, path, _)| path.display().to_string()).collect();
        anyhow::ensure!(lines.len() == album.files, "the server keeps other files than it got");
        fs::write(&album.list, lines.join("\n"))?;
    }
    Ok(())
}

/// Noise that passes for a photo.
fn photo(seed: u64, size: u64) -> Bytes {
    let mut random = Random(seed);
    let mut bytes = vec![0xFF, 0xD8, 0xFF, 0xE0];
    let size = usize::try_from(size).unwrap_or(0);
    while bytes.len() < size {
        bytes.extend(random.next().to_le_bytes());
    }
    bytes.truncate(size);
    bytes.into()
}

/// The generator `splitmix64`: the same numbers from the same seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}
