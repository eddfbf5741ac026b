//! A network that stands still.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Passes connections on to a server. In one direction it can be closed after so many bytes.
pub(crate) struct Gate {
    pub(crate) url: String,
    limit: watch::Sender<usize>,
    passed: watch::Receiver<usize>,
}

impl Gate {
    /// Stops what goes to the server.
    pub(crate) async fn on_the_way_up(server: &str) -> Self {
        Self::before(server, true).await
    }

    /// Stops what comes from the server.
    pub(crate) async fn on_the_way_down(server: &str) -> Self {
        Self::before(server, false).await
    }

    async fn before(server: &str, is_up: bool) -> Self {
        let server = server.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (limit, limited) = watch::channel(usize::MAX);
        let (count, passed) = watch::channel(0);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (from_client, to_client) = client.into_split();
                let server = TcpStream::connect(&server).await.unwrap();
                let (from_server, to_server) = server.into_split();
                let (up, down) = ((from_client, to_server), (from_server, to_client));
                let (gated, free) = if is_up { (up, down) } else { (down, up) };
                tokio::spawn(pass(gated, free, limited.clone(), count.clone()));
            }
        });
        Self { url, limit, passed }
    }

    /// Lets about so many more bytes through, and no more.
    pub(crate) fn close_after(&self, bytes: usize) {
        self.limit.send_replace(*self.passed.borrow() + bytes);
    }

    /// Waits until nothing more gets through.
    pub(crate) async fn closed(&mut self) {
        let limit = *self.limit.borrow();
        self.passed.wait_for(|passed| *passed >= limit).await.unwrap();
    }

    pub(crate) fn open(&self) {
        self.limit.send_replace(usize::MAX);
    }
}

async fn pass(
    (mut from, mut to): (OwnedReadHalf, OwnedWriteHalf),
    (mut free_from, mut free_to): (OwnedReadHalf, OwnedWriteHalf),
    mut limit: watch::Receiver<usize>,
    count: watch::Sender<usize>,
) {
    let gated = async {
        let mut bytes = vec![0; 16 << 10];
        while let Ok(length @ 1..) = from.read(&mut bytes).await {
            let now = *count.borrow();
            if limit.wait_for(|limit| now < *limit).await.is_err()
                || to.write_all(&bytes[..length]).await.is_err()
            {
                return;
            }
            count.send_modify(|passed| *passed += length);
        }
    };
    let free = tokio::io::copy(&mut free_from, &mut free_to);
    // Whoever goes first takes the connection along.
    tokio::select! {
        () = gated => {}
        _ = free => {}
    }
}
