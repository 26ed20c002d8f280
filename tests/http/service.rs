//! A service of several answers, with axum: over HTTP/1.1 and HTTP/2, in plain text and over TLS.

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
    routing::{get, post},
    serve::Listener,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::oneshot,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// Runs until it is dropped.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    running: Option<thread::JoinHandle<()>>,
}

impl Service {
    /// On a port that is free.
    pub(crate) fn start() -> Self {
        Self::run(([127, 0, 0, 1], 0).into(), None)
    }

    /// On the port of one that was there before.
    pub(crate) fn start_at(address: SocketAddr) -> Self {
        Self::run(address, None)
    }

    pub(crate) fn start_with(tls: TlsAcceptor) -> Self {
        Self::run(([127, 0, 0, 1], 0).into(), Some(tls))
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn run(address: SocketAddr, tls: Option<TlsAcceptor>) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (say, told) = std::sync::mpsc::channel();
        let running = thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let listener = TcpListener::bind(address).await.expect("a port");
                say.send(listener.local_addr().expect("an address")).expect("the test");
                let serving = async {
                    match tls {
                        None => axum::serve(listener, answers()).await,
                        Some(tls) => axum::serve(Secured { listener, tls }, answers()).await,
                    }
                };
                tokio::select! {
                    served = serving => served.expect("serving"),
                    _ = stopped => {}
                }
            });
        });
        let address = told.recv().expect("the service");
        Self { address, stop: Some(stop), running: Some(running) }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.stop.take());
        let _ended = self.running.take().map(thread::JoinHandle::join);
    }
}

/// Connections with TLS; those that do not get so far are none.
struct Secured {
    listener: TcpListener,
    tls: TlsAcceptor,
}

impl Listener for Secured {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        loop {
            if let Ok((stream, address)) = self.listener.accept().await
                && let Ok(secured) = self.tls.accept(stream).await
            {
                return (secured, address);
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// What each agent has said so far.
type Chats = Arc<Mutex<BTreeMap<String, Vec<String>>>>;

fn answers() -> Router {
    Router::new()
        .route("/hello", get(async || "hello"))
        .route("/echo", post(async |Json(body): Json<serde_json::Value>| Json(body)))
        .route("/status/{code}", get(status))
        .route("/slow", get(slow))
        .route("/large", get(async || "x".repeat(300_000)))
        .route("/chat", post(chat))
        .with_state(Chats::default())
}

async fn status(Path(code): Path<u16>) -> impl IntoResponse {
    let code = StatusCode::from_u16(code).expect("a status");
    (code, [("x-code", code.as_str().to_owned())])
}

async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_secs(10)).await;
    "late"
}

/// All that this agent has said, this turn included.
async fn chat(State(chats): State<Chats>, headers: HeaderMap, Json(said): Json<String>) -> Json<Vec<String>> {
    let agent = headers.get("x-agent").and_then(|agent| agent.to_str().ok()).unwrap_or("nobody").to_owned();
    let mut chats = chats.lock().unwrap_or_else(PoisonError::into_inner);
    let chat = chats.entry(agent).or_default();
    chat.push(said);
    Json(chat.clone())
}
