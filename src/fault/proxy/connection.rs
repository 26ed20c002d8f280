use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{
    flow::{Cutoff, Flow},
    shared::Shared,
    terms::CutKind,
    toxic::{Direction, Effect},
};

/// A server that does not let a connection in for so long is not there.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// A connection that a toxic closes is kept for so long to hear its ends out: closing a socket with unread bytes is a
/// reset, which a receiver might see instead of the end.
const LINGER: Duration = Duration::from_secs(1);

/// Carries the connection `number` until it ends.
pub(super) async fn serve(mut client: TcpStream, server: SocketAddr, number: u64, shared: Arc<Shared>) {
    let _open = Open::new(&shared);
    let counts = &shared.counts;
    let (_, toxics) = shared.of_connection(number);
    if toxics.iter().any(|(_, toxic)| toxic.effect == Effect::Refuse) {
        counts.refused.fetch_add(1, Ordering::Relaxed);
        return reset(client);
    }
    let Ok(Ok(mut server)) = timeout(CONNECT_LIMIT, TcpStream::connect(server)).await else {
        counts.unreachable.fetch_add(1, Ordering::Relaxed);
        return reset(client);
    };
    // Pieces go on as they came. What a system does not allow costs time, no byte.
    let _set = (client.set_nodelay(true), server.set_nodelay(true));
    let carried = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let there = Flow::new(from_client, to_server, Direction::ToServer, number, &shared);
        let back = Flow::new(from_server, to_client, Direction::ToClient, number, &shared);
        tokio::try_join!(there.run(), back.run())
    };
    match carried {
        Ok(((), ())) => {}
        Err(Cutoff::Broken) => {
            reset(client);
            reset(server);
        }
        Err(Cutoff::Toxic(kind)) => {
            counts.cut.fetch_add(1, Ordering::Relaxed);
            match kind {
                CutKind::Reset => {
                    reset(client);
                    reset(server);
                }
                CutKind::Close => {
                    let _late = timeout(LINGER, async { tokio::join!(close(client), close(server)) }).await;
                }
            }
        }
    }
}

/// Without lingering, closing a socket is a reset.
fn reset(stream: TcpStream) {
    let _set = stream.set_zero_linger();
    drop(stream);
}

/// Says that nothing more comes, and hears the other side out.
async fn close(mut stream: TcpStream) {
    let mut rest = [0; 4096];
    if stream.shutdown().await.is_ok() {
        while stream.read(&mut rest).await.is_ok_and(|read| read > 0) {}
    }
}

/// A connection that counts as open.
struct Open<'a>(&'a AtomicU64);

impl<'a> Open<'a> {
    fn new(shared: &'a Shared) -> Self {
        shared.counts.open.fetch_add(1, Ordering::AcqRel);
        Self(&shared.counts.open)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
