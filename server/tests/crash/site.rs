//! A server process, and what its one user calls.

use albumen::v1::album_service_client::AlbumServiceClient;
use albumen::v1::stream_upload_request::Part;
use albumen::v1::upload_service_client::UploadServiceClient;
use albumen::v1::{
    Album, AppendUploadRequest, Asset, CreateAlbumRequest, CreateUploadRequest,
    FinishUploadRequest, GetUploadRequest, ListAlbumsRequest, StreamUploadRequest, Upload,
    UploadHeader,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tonic::Status;

use crate::disk::Disk;
use crate::installation::Installation;
use crate::load::{Transport, connect, download};
use crate::photo;
use crate::process::Server;

pub(crate) const MIB: usize = 1 << 20;

/// A server process with one user.
pub(crate) struct Site {
    server: Server,
    address: String,
    transport: Transport,
    token: String,
    disk: Option<Disk>,
    pub(crate) installation: Installation,
}

impl Site {
    /// A site on the disk of whoever runs the tests.
    pub(crate) async fn start() -> Self {
        Self::start_in(&[]).await
    }

    /// The same with variables in the environment of the server.
    pub(crate) async fn start_in(environment: &[(&str, &str)]) -> Self {
        Self::start_with(Installation::create().await, None, environment).await
    }

    /// A site on a disk of its own; none if this process may not make one.
    pub(crate) async fn on_disk(options: &str) -> Option<Self> {
        let installation = Installation::create().await;
        let Some(disk) = Disk::mount(installation.folder(), options) else {
            installation.remove().await;
            return None;
        };
        Some(Self::start_with(installation, Some(disk), &[]).await)
    }

    async fn start_with(
        installation: Installation,
        disk: Option<Disk>,
        environment: &[(&str, &str)],
    ) -> Self {
        let token = installation.set_up().await;
        let server = Server::start_in(&installation, environment);
        let address = server.address().await;
        let transport = connect(&address, &token).await.unwrap();
        Self { server, address, transport, token, disk, installation }
    }

    pub(crate) fn disk(&self) -> &Disk {
        self.disk.as_ref().unwrap()
    }

    /// Kills the server, and starts another once something is done.
    pub(crate) async fn restart(&mut self, meanwhile: impl AsyncFnOnce(&Installation)) {
        self.server.end();
        meanwhile(&self.installation).await;
        self.server = Server::start(&self.installation);
        self.address = self.server.address().await;
        self.transport = connect(&self.address, &self.token).await.unwrap();
    }

    pub(crate) async fn remove(self) {
        let Self { server, disk, installation, .. } = self;
        drop(server);
        drop(disk);
        installation.remove().await;
    }

    fn uploads(&self) -> UploadServiceClient<Transport> {
        UploadServiceClient::new(self.transport.clone())
    }

    pub(crate) async fn create(&self, bytes: &[u8]) -> String {
        let upload = Upload {
            file_name: "a.jpg".to_owned(),
            size_bytes: bytes.len().try_into().unwrap(),
            ..Upload::default()
        };
        let request = CreateUploadRequest { upload: Some(upload), ..Default::default() };
        self.uploads().create_upload(request).await.unwrap().into_inner().id
    }

    pub(crate) async fn upload(&self, id: &str) -> Upload {
        let request = GetUploadRequest { upload_id: id.to_owned() };
        self.uploads().get_upload(request).await.unwrap().into_inner()
    }

    pub(crate) async fn committed(&self, id: &str) -> usize {
        self.upload(id).await.committed_size_bytes.try_into().unwrap()
    }

    pub(crate) async fn append(&self, id: &str, offset: usize, chunk: &[u8]) -> Result<(), Status> {
        let request = AppendUploadRequest {
            upload_id: id.to_owned(),
            offset: offset.try_into().unwrap(),
            chunk: chunk.to_vec().into(),
        };
        self.uploads().append_upload(request).await.map(drop)
    }

    /// Streams the bytes from an offset on.
    pub(crate) async fn stream(&self, id: &str, offset: usize, bytes: &[u8]) -> Result<(), Status> {
        let header = UploadHeader { upload_id: id.to_owned(), offset: offset.try_into().unwrap() };
        let chunks = bytes[offset..].chunks(MIB).map(|chunk| Part::Chunk(chunk.to_vec().into()));
        let parts: Vec<_> = std::iter::once(Part::Header(header)).chain(chunks).collect();
        let messages = parts.into_iter().map(|part| StreamUploadRequest { part: Some(part) });
        self.uploads().stream_upload(futures::stream::iter(messages)).await.map(drop)
    }

    pub(crate) async fn finish(&self, id: &str) -> Result<Asset, Status> {
        let request = FinishUploadRequest { upload_id: id.to_owned() };
        Ok(self.uploads().finish_upload(request).await?.into_inner().asset.unwrap())
    }

    /// The asset of bytes that are uploaded whole.
    pub(crate) async fn store(&self, bytes: &[u8]) -> Asset {
        let id = self.create(bytes).await;
        self.stream(&id, 0, bytes).await.unwrap();
        self.finish(&id).await.unwrap()
    }

    pub(crate) async fn holds(&self, asset: &Asset, bytes: &[u8]) {
        assert_eq!(asset.sha256, photo::sha256(bytes));
        assert!(self.read(asset).await.unwrap() == bytes);
    }

    pub(crate) async fn read(&self, asset: &Asset) -> Result<Vec<u8>, Status> {
        download(&self.transport, asset.id.clone()).await
    }

    pub(crate) async fn create_album(&self) -> Result<(), Status> {
        let album = Album {
            display_name: "Summer".to_owned(),
            description: "x".repeat(4000),
            ..Album::default()
        };
        let request = CreateAlbumRequest { album: Some(album), ..Default::default() };
        AlbumServiceClient::new(self.transport.clone()).create_album(request).await.map(drop)
    }

    pub(crate) async fn count_albums(&self) -> usize {
        let mut request = ListAlbumsRequest { page_size: 200, ..ListAlbumsRequest::default() };
        let mut count = 0;
        loop {
            let mut albums = AlbumServiceClient::new(self.transport.clone());
            let page = albums.list_albums(request.clone()).await.unwrap().into_inner();
            count += page.albums.len();
            if page.next_page_token.is_empty() {
                return count;
            }
            request.page_token = page.next_page_token;
        }
    }

    /// The head of the answer to a request over HTTP.
    async fn get(&self, path: &str) -> String {
        let host = self.address.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    pub(crate) async fn is_ready(&self) -> bool {
        assert!(self.get("/healthz").await.starts_with("HTTP/1.1 200"));
        let answer = self.get("/readyz").await;
        let is_ready = answer.starts_with("HTTP/1.1 200");
        let is_full = answer.starts_with("HTTP/1.1 503") && answer.contains("STORAGE_UNAVAILABLE");
        assert!(is_ready || is_full, "{answer}");
        is_ready
    }
}
