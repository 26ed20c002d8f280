//! A TCP proxy between a client and a server, which can be told to behave like a bad network.
//!
//! It has a thread and a runtime of its own: its work is not mistaken for the load generator's, it goes on when all
//! workers are blocked, and when the guard is dropped everything of it is gone.

mod accept;
mod connection;
mod flow;
mod line;
mod shared;
mod terms;
mod toxic;

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
};

use tokio::sync::oneshot;

use self::{accept::Acceptor, shared::Shared};
pub use self::{
    shared::ProxyCounts,
    toxic::{Direction, Toxic, ToxicError, ToxicGuard},
};
use crate::{stop::StopToken, units::ByteSize};

/// What a direction of a connection holds of bytes that are under way: 40 MB/s at 100 ms of latency.
const BUFFER: ByteSize = ByteSize::new(4 << 20);

/// A TCP proxy on 127.0.0.1, and the [`Toxic`]s that it has been given. Without one it hands bytes on as they come.
///
/// Half-closed connections stay half-closed, resets are passed on, and a receiver that does not read holds its sender
/// back. What is under way is bounded: 4 MiB for each direction of a connection ([`ProxyBuilder::buffer`]), 256 MiB in
/// all. Dropping it closes every connection.
///
/// ```
/// use std::{io::{Read, Write}, net::{TcpListener, TcpStream}, time::{Duration, Instant}};
/// use proofload::{fault::{Proxy, Toxic}, millis};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = TcpListener::bind("127.0.0.1:0")?;
/// let proxy = Proxy::to(server.local_addr()?).start()?;
/// let mut client = TcpStream::connect(proxy.address())?;
/// let (mut served, _) = server.accept()?;
///
/// let slow = proxy.add(Toxic::latency(millis(50)).to_server())?;
/// let asked = Instant::now();
/// client.write_all(b"?")?;
/// served.read_exact(&mut [0])?;
/// assert!(asked.elapsed() >= millis(50));
///
/// slow.heal();
/// served.write_all(b"!")?;
/// client.read_exact(&mut [0])?;
/// assert_eq!(proxy.counts().to_client_bytes, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "dropping the proxy closes its connections"]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    /// Dropped to say that it is over.
    close: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// A [`Proxy`] to start.
#[derive(Debug, Clone)]
#[must_use = "there is no proxy before `start`"]
pub struct ProxyBuilder {
    server: SocketAddr,
    seed: u64,
    buffer: ByteSize,
    stop: Option<StopToken>,
}

impl Proxy {
    /// A proxy to the server at `address`. In a case, [`Context::proxy_to`](crate::Context::proxy_to) is the one that
    /// ends its faults with the case.
    pub const fn to(address: SocketAddr) -> ProxyBuilder {
        ProxyBuilder { server: address, seed: 0, buffer: BUFFER, stop: None }
    }

    /// Where it listens: what a client is to connect to.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Puts a toxic into all connections that it hits, those that are open too, until the guard is dropped. Toxics add up:
    /// latencies are added, of bandwidths, sizes of slices and limits the smallest counts.
    ///
    /// # Errors
    /// The toxic contradicts itself.
    pub fn add(&self, toxic: Toxic) -> Result<ToxicGuard, ToxicError> {
        toxic.check()?;
        Ok(ToxicGuard::new(Arc::clone(&self.shared), self.shared.add(toxic)))
    }

    /// What it has done so far.
    pub fn counts(&self) -> ProxyCounts {
        self.shared.counts.read()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.close.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was printed when it happened; a second one here would abort.
            let _ended = thread.join();
        }
    }
}

impl ProxyBuilder {
    /// Decides which connections a toxic hits that is not for all: the same ones, by their order, with the same seed.
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// What a direction of a connection holds at most while a latency delays it. A latency of `l` seconds lets a
    /// connection carry `buffer / l` bytes a second; 4 MiB unless stated otherwise.
    pub const fn buffer(mut self, most: ByteSize) -> Self {
        self.buffer = most;
        self
    }

    /// Heals all toxics for good once `stop` is stopped; connections go on.
    pub fn until_stopped(mut self, stop: &StopToken) -> Self {
        self.stop = Some(stop.clone());
        self
    }

    /// Starts it on a port that is free.
    ///
    /// # Errors
    /// There is no port, no descriptor or no thread to be had.
    pub fn start(self) -> io::Result<Proxy> {
        let shared = Arc::new(Shared::new(self.seed, self.buffer));
        let (close, closed) = oneshot::channel();
        let (tell, started) = mpsc::sync_channel(1);
        let acceptor = Acceptor { server: self.server, shared: Arc::clone(&shared), stop: self.stop };
        let thread = thread::Builder::new()
            .name("proofload-proxy".to_owned())
            .spawn(move || run(acceptor, closed, &tell))?;
        let address = started.recv().map_err(|_| io::Error::other("the proxy's thread ended"))??;
        Ok(Proxy { address, shared, close: Some(close), thread: Some(thread) })
    }
}

/// The whole life of a proxy's thread. All of its connections go with the runtime.
fn run(acceptor: Acceptor, closed: oneshot::Receiver<()>, tell: &mpsc::SyncSender<io::Result<SocketAddr>>) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return drop(tell.send(Err(error))),
    };
    runtime.block_on(async {
        let door = match accept::open() {
            Ok(door) => door,
            Err(error) => return drop(tell.send(Err(error))),
        };
        let _told = tell.send(door.address());
        tokio::select! {
            () = acceptor.accept(door) => {}
            _ = closed => {}
        }
    });
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::{TcpListener, TcpStream},
    };

    use super::*;
    use crate::{
        stop::StopReason,
        units::{mib, seconds},
    };

    #[test]
    fn a_stop_heals_what_is_there_and_what_comes_later() {
        let stop = StopToken::new();
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Proxy::to(server.local_addr().unwrap()).until_stopped(&stop).start().unwrap();
        let _hour = proxy.add(Toxic::latency(seconds(3_600))).unwrap();
        let mut client = TcpStream::connect(proxy.address()).unwrap();
        let (mut served, _) = server.accept().unwrap();
        client.set_read_timeout(Some(seconds(60))).unwrap();
        served.set_read_timeout(Some(seconds(60))).unwrap();
        client.write_all(b"waits").unwrap();
        stop.stop(StopReason::Interrupted);
        served.read_exact(&mut [0; 5]).unwrap();
        let _later = proxy.add(Toxic::black_hole()).unwrap();
        served.write_all(b"passes").unwrap();
        client.read_exact(&mut [0; 6]).unwrap();
    }

    #[test]
    fn connections_share_a_bound_and_each_gets_on() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Proxy::to(server.local_addr().unwrap()).start().unwrap();
        // As if others held all of it.
        proxy.shared.hold(mib(256).bytes());
        let _slow = proxy.add(Toxic::latency(crate::units::millis(1))).unwrap();
        let mut client = TcpStream::connect(proxy.address()).unwrap();
        let (mut served, _) = server.accept().unwrap();
        served.set_read_timeout(Some(seconds(60))).unwrap();
        let sender = std::thread::spawn(move || client.write_all(&[1; 500_000]).unwrap());
        served.read_exact(&mut [0; 500_000]).unwrap();
        sender.join().unwrap();
    }
}
