use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    task::JoinSet,
};

use super::{connection, shared::Shared};
use crate::stop::StopToken;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1_024;

/// The pause before the next try when the system has no descriptor for a connection, or not yet the port.
const PAUSE: Duration = Duration::from_millis(10);

/// Lets connections in and carries them.
pub(super) struct Acceptor {
    pub(super) server: SocketAddr,
    pub(super) shared: Arc<Shared>,
    pub(super) stop: Option<StopToken>,
}

/// The place where clients knock.
pub(super) enum Door {
    Open(TcpListener),
    /// Bound and not listening: the system refuses connections, and the port goes to nobody else.
    Shut(TcpSocket),
}

impl Door {
    pub(super) fn address(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Open(listener) => listener.local_addr(),
            Self::Shut(socket) => socket.local_addr(),
        }
    }

    async fn knock(&self) -> io::Result<TcpStream> {
        match self {
            Self::Open(listener) => listener.accept().await.map(|(stream, _)| stream),
            Self::Shut(_) => std::future::pending().await,
        }
    }
}

/// A door on a port that is free.
pub(super) fn open() -> io::Result<Door> {
    Ok(Door::Open(bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?.listen(BACKLOG)?))
}

fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    // Connections of the door before are still there. On Windows that needs no leave, and the option means another thing.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

impl Acceptor {
    /// Goes on until it is dropped, with all connections.
    pub(super) async fn accept(self, door: Door) {
        let Ok(address) = door.address() else { return };
        let mut door = Some(door);
        let mut changes = self.shared.subscribe();
        let mut connections = JoinSet::new();
        let mut stopped = std::pin::pin!(stopped(self.stop.clone()));
        let mut is_stopped = false;
        loop {
            door = turned(door, &self.shared, address);
            let Some(now) = &door else {
                // Somebody else has the port for a moment.
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            tokio::select! {
                knocked = now.knock() => match knocked {
                    Ok(client) => {
                        let number = self.shared.counts.connections.fetch_add(1, Ordering::AcqRel);
                        connections.spawn(connection::serve(client, self.server, number, Arc::clone(&self.shared)));
                    }
                    Err(_) => tokio::time::sleep(PAUSE).await,
                },
                _changed = changes.changed() => {}
                Some(_ended) = connections.join_next() => {}
                () = &mut stopped, if !is_stopped => {
                    is_stopped = true;
                    self.shared.end();
                }
            }
        }
    }
}

/// The door as it should be; `None` when the port cannot be had just now.
fn turned(door: Option<Door>, shared: &Shared, address: SocketAddr) -> Option<Door> {
    let opened = |socket: TcpSocket| socket.listen(BACKLOG).map(Door::Open).ok();
    match (door, shared.refuses_all()) {
        (Some(Door::Open(listener)), true) => {
            // Two sockets cannot have the port while one of them listens.
            drop(listener);
            bind(address).map(Door::Shut).ok()
        }
        (Some(Door::Shut(socket)), false) => opened(socket),
        (Some(door), _) => Some(door),
        (None, true) => bind(address).map(Door::Shut).ok(),
        (None, false) => bind(address).ok().and_then(opened),
    }
}

async fn stopped(stop: Option<StopToken>) {
    match stop {
        Some(stop) => stop.stopped().await,
        None => std::future::pending().await,
    }
}
