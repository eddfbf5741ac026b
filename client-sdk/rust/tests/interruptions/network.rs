//! A network that breaks.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Passes connections on to a server. Each of the first ones breaks after as many bytes, in both
/// directions together, as `cuts` says. Gives the address to connect to.
pub(crate) async fn breaking(server: SocketAddr, cuts: &'static [usize]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut cuts = cuts.iter().copied();
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(server).await.unwrap();
            tokio::spawn(pass(client, server, cuts.next().unwrap_or(usize::MAX)));
        }
    });
    format!("http://{address}")
}

async fn pass(mut client: TcpStream, mut server: TcpStream, mut limit: usize) {
    let (mut up, mut down) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    while limit > 0 {
        let (count, to, bytes) = tokio::select! {
            count = client.read(&mut up) => (count, &mut server, &up),
            count = server.read(&mut down) => (count, &mut client, &down),
        };
        let Ok(count @ 1..) = count else { return };
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
        limit = limit.saturating_sub(count);
    }
}
