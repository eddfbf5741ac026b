//! Bytes on a socket, as no client library would send them.

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// What HTTP/1 answers to a head over the limit.
pub(super) const TOO_LARGE: &str = "HTTP/1.1 431";

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const RESET: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const GOAWAY: u8 = 7;
pub(super) const CONTINUATION: u8 = 9;
pub(super) const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;

/// A connection on which anything can be sent.
pub(super) struct Wire<S = TcpStream>(pub(super) S);

impl Wire {
    pub(super) async fn open(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    /// A connection that has said that it speaks HTTP/2.
    pub(super) async fn http2(address: SocketAddr) -> Self {
        let mut wire = Self::open(address).await;
        wire.begin_http2().await;
        wire
    }

    /// What a server answers to a request that is the last on its connection.
    pub(super) async fn ask(address: SocketAddr, request: &str) -> String {
        let mut wire = Self::open(address).await;
        wire.send(request.as_bytes()).await;
        wire.read_to_end().await
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(super) async fn begin_http2(&mut self) {
        assert!(self.send(PREFACE).await && self.frame(SETTINGS, 0, 0, b"").await);
    }

    /// Sends bytes; false once the server has hung up.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> bool {
        self.0.write_all(bytes).await.is_ok()
    }

    /// Sends an HTTP/2 frame.
    pub(super) async fn frame(&mut self, kind: u8, flags: u8, stream: u32, body: &[u8]) -> bool {
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        let frame = [&length[1..], &[kind, flags], &stream.to_be_bytes(), body].concat();
        self.send(&frame).await
    }

    /// Reads the next HTTP/2 frame, its kind, stream and body; `None` once the server has hung up.
    pub(super) async fn read_frame(&mut self) -> Option<(u8, u32, Vec<u8>)> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).await.ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut body = vec![0; length as usize];
        self.0.read_exact(&mut body).await.ok()?;
        Some((head[3], u32::from_be_bytes(head[5..].try_into().unwrap()), body))
    }

    /// Reads HTTP/2 frames up to one of a kind; `None` if the server hangs up before.
    pub(super) async fn read_until(&mut self, wanted: u8) -> Option<(u32, Vec<u8>)> {
        loop {
            let (kind, stream, body) = self.read_frame().await?;
            if kind == wanted {
                return Some((stream, body));
            }
        }
    }

    /// Everything that the server sends until it hangs up.
    pub(super) async fn read_to_end(&mut self) -> String {
        let mut bytes = Vec::new();
        // A reset is an end too.
        drop(self.0.read_to_end(&mut bytes).await);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// A field of a header block in its plainest form (RFC 7541, section 6.2.2). Both parts are shorter
/// than 127 bytes.
pub(super) fn field(name: &str, value: &str) -> Vec<u8> {
    let text = |text: &str| [&[u8::try_from(text.len()).unwrap()][..], text.as_bytes()].concat();
    [vec![0], text(name), text(value)].concat()
}

/// The header block of a `GET`.
pub(super) fn get(path: &str) -> Vec<u8> {
    let fields = [(":method", "GET"), (":scheme", "http"), (":path", path), (":authority", "x")];
    fields.map(|(name, value)| field(name, value)).concat()
}
