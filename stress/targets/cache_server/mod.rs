//! A server that answers conversations and remembers, for each agent, what it has read before.
//!
//! `POST /v1/messages` is answered by a model that computes for every token. A prompt that is similar enough to an earlier
//! one of the same agent goes on from the state after that one. Requests in hand and cached prompts hold blocks of one
//! bounded pool; when it is nearly full, the least recently used prompts go, and then requests are refused with 429 and
//! `Retry-After`. `GET /health`, `GET /metrics` (Prometheus) and `POST /admin/reset` are for those who run it.
//!
//! The server has threads of its own and shares none with who calls it. It never measures its callers.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    thread::{self, JoinHandle, available_parallelism},
    time::Duration,
};

use tokio::{
    runtime::{Builder, Runtime},
    sync::oneshot,
};

pub(crate) mod agents;
pub(crate) mod blocks;
pub(crate) mod cache;
pub(crate) mod listener;
pub(crate) mod metrics;
pub(crate) mod model;
pub(crate) mod routes;
pub(crate) mod service;
pub(crate) mod talk;
pub(crate) mod wire;
pub(crate) mod witness;

use super::defect;
use listener::Limited;
use service::Service;

/// How long a server that is stopped waits for the requests in hand.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How to start a [`CacheServer`].
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Blocks of 16 tokens in the pool, at least 2.
    pub blocks: u64,
    /// Threads that compute, at least 1.
    pub workers: usize,
    /// Bytes of the weights that the small model passes over for a token; the large one for four times as many.
    pub bytes_per_token: usize,
    /// The least cosine between two prompts that counts as a hit.
    pub similarity: f32,
    /// Agents that have a cache at a time, at least 1.
    pub agents: usize,
    /// Requests in the server at a time, at least 1.
    pub requests: usize,
    /// Connections at a time, at least 1.
    pub connections: usize,
    /// What the agents' tokens are derived from, beside their names.
    pub secret: String,
    /// The twin without admission control: whoever finds no block gets a 500.
    pub no_admission: bool,
    /// The twin that looks into other agents' caches.
    pub leaks_between_agents: bool,
    /// The twin that gets no block back.
    pub keeps_blocks: bool,
}

impl Default for Options {
    /// 4 096 blocks, as many threads as the machine has cores (at least 2), 64 KiB for a token, a cosine of 0.8, 256
    /// agents, 1 024 requests and 10 000 connections.
    fn default() -> Self {
        Self {
            blocks: 4_096,
            workers: available_parallelism().map_or(2, |cores| cores.get().max(2)),
            bytes_per_token: 64 << 10,
            similarity: 0.8,
            agents: 256,
            requests: 1_024,
            connections: 10_000,
            secret: "the bundled server's".to_owned(),
            no_admission: defect::is("cache_server.no_admission"),
            leaks_between_agents: defect::is("cache_server.leaks_between_agents"),
            keeps_blocks: defect::is("cache_server.keeps_blocks"),
        }
    }
}

/// A server that runs until it is dropped, which waits for it to end.
#[derive(Debug)]
#[must_use = "dropping it stops the server"]
pub(crate) struct CacheServer {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl CacheServer {
    /// Starts a server on a free port of 127.0.0.1. It listens when this returns.
    pub(crate) fn start(options: &Options) -> io::Result<Self> {
        // Bound here, so that there is an error to return.
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(options.workers.max(1))
            .thread_name("cache-server")
            .enable_all()
            .build()?;
        let listener = {
            // A listener belongs to the runtime in which it is made.
            let _inside = runtime.enter();
            Limited::new(tokio::net::TcpListener::from_std(listener)?, options.connections.max(1))
        };
        let router = routes::router(Arc::new(Service::new(options)), options.requests.max(1));
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new().name("cache-server-main".to_owned());
        let thread = thread.spawn(move || serve(runtime, listener, router, stopped))?;
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for CacheServer {
    fn drop(&mut self) {
        // The end of the channel is the sign to stop.
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It ends by itself within the time for last words; a panic in it was shown when it happened.
            let _ = thread.join();
        }
    }
}

/// Serves until the other end of `stopped` is gone.
fn serve(runtime: Runtime, listener: Limited, router: axum::Router, stopped: oneshot::Receiver<()>) {
    let (last_words, hurry) = oneshot::channel::<()>();
    let told = async move {
        let _gone = stopped.await;
        drop(last_words);
    };
    let serving = axum::serve(listener, router).with_graceful_shutdown(told);
    runtime.block_on(async {
        tokio::select! {
            // Accepting goes on after whatever error.
            _ended = serving => {}
            () = async {
                let _told = hurry.await;
                tokio::time::sleep(LAST_WORDS).await;
            } => {}
        }
    });
    runtime.shutdown_timeout(LAST_WORDS);
}
