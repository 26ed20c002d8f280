use std::{
    mem,
    sync::{Arc, OnceLock, atomic::Ordering},
};

use bytes::Bytes;
use hyper::{HeaderMap, Method};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{
    HttpError, Redirects,
    answer::{Answer, Extent},
    dial::Dialer,
    failure::{Broken, Failure, Reached},
    http1::Http1,
    http2::{self, Lanes, Sender, Unanswered},
    options::{Connections, Options, Protocol},
    patience::Patience,
    pool::Pool,
    request::Request,
    status::RetryAfter,
    tls::Tls,
    url::{Base, Scheme},
    wire::{AfterAnswer, render},
};
use crate::traffic::TrafficMeter;

/// Connections that requests over HTTP/2 are spread over unless stated: as many as there are workers then.
const LANES: usize = 4;

/// What all users of a service share.
pub struct Client {
    pub(super) base: Base,
    pub(super) options: Options,
    pub(super) meter: TrafficMeter,
    /// Made when it is first needed: options may still change before.
    dialer: OnceLock<Result<Dialer, HttpError>>,
    pool: Pool,
    places: Option<Semaphore>,
    lanes: Lanes,
}

/// How much of an answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// Its status; the rest is read and let go.
    Status,
    /// Its headers, and its body up to so many bytes.
    Answer { most_body: usize },
}

/// An answer as it came.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) retry_after: RetryAfter,
    pub(super) headers: HeaderMap,
    pub(super) location: Option<String>,
    pub(super) body: Bytes,
    pub(super) extent: Extent,
    pub(super) received: u64,
    pub(super) after: AfterAnswer,
}

/// A request that failed, and the bytes that earlier ones of the same operation had moved.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) failure: Failure,
    pub(super) moved: u64,
}

/// What one user of a service holds: its connection, where it keeps one.
pub struct Seat {
    client: Arc<Client>,
    number: u64,
    kept: Option<Box<Http1>>,
    sender: Option<Sender>,
    patience: Patience,
    /// A request that is written anew each time.
    written: Vec<u8>,
}

impl Client {
    pub(super) fn new(base: Base, options: Options, meter: TrafficMeter) -> Self {
        let (places, lanes) = match options.protocol {
            Protocol::Http1 => (options.most, 0),
            Protocol::Http2 => (None, options.most.unwrap_or(LANES)),
        };
        Self {
            dialer: OnceLock::new(),
            pool: Pool::default(),
            places: places.map(|most| Semaphore::new(most.min(Semaphore::MAX_PERMITS))),
            lanes: Lanes::new(lanes),
            base,
            options,
            meter,
        }
    }

    /// What opens connections, or why none can be.
    pub(super) fn dialer(&self) -> Result<&Dialer, HttpError> {
        let made = self.dialer.get_or_init(|| {
            let tls = match self.base.scheme {
                Scheme::Http => None,
                Scheme::Https => Some(Tls::new(&self.base.host, &self.options)?),
            };
            Ok(Dialer::new(&self.base, &self.options, tls, self.meter.clone()))
        });
        made.as_ref().map_err(HttpError::clone)
    }

    /// Whether it can be used as it is configured.
    pub(super) fn checked(&self) -> Result<(), HttpError> {
        self.options.checked()?;
        self.dialer().map(|_| ())
    }

    /// Connections that were opened so far.
    pub(super) fn opened(&self) -> u64 {
        let dialer = self.dialer.get().and_then(|dialer| dialer.as_ref().ok());
        dialer.map_or(0, |dialer| dialer.opened.load(Ordering::Relaxed))
    }

    /// `request` as it goes over the wire; empty where hyper writes it.
    pub(super) fn wire(&self, request: &Request) -> Vec<u8> {
        let mut out = Vec::new();
        match self.options.protocol {
            Protocol::Http1 => render(&mut out, request, &self.base, &self.options),
            Protocol::Http2 => {}
        }
        out
    }

    async fn dial(&self) -> Result<Box<Http1>, Failure> {
        let dialer = self.dialer().map_err(|error| Failure::Request(error.to_string()))?;
        // Boxed: a user that has a connection does not carry the opening of one.
        let stream = Box::pin(dialer.dial()).await?;
        Ok(Box::new(Http1::new(stream, self.options.read_timeout)))
    }

    async fn place(&self) -> Option<SemaphorePermit<'_>> {
        match &self.places {
            // It is never closed.
            Some(places) => places.acquire().await.ok(),
            None => None,
        }
    }
}

impl Seat {
    pub(super) fn new(client: &Arc<Client>, number: u64) -> Self {
        Self {
            client: Arc::clone(client),
            number,
            kept: None,
            sender: None,
            patience: Patience::new(client.options.read_timeout),
            written: Vec::new(),
        }
    }

    /// The answer to `request`, which `wire` is where it was written before; redirects are followed as configured.
    pub(super) async fn call(
        &mut self,
        request: &Request,
        wire: Option<&[u8]>,
        want: Want,
    ) -> Result<(Reply, u64), Failed> {
        let mut moved = 0;
        let reply = self.once(request, wire, want, &mut moved).await;
        let reply = reply.map_err(|failure| Failed { failure, moved: 0 })?;
        match (self.client.options.redirects, reply.status) {
            (Redirects::Follow(most), 301 | 302 | 303 | 307 | 308) if reply.location.is_some() => {
                Box::pin(self.follow(request, reply, most, want, moved)).await
            }
            (Redirects::Follow(_) | Redirects::AreOk | Redirects::AreErrors, _) => Ok((reply, moved)),
        }
    }

    async fn follow(
        &mut self,
        request: &Request,
        mut reply: Reply,
        most: u32,
        want: Want,
        mut moved: u64,
    ) -> Result<(Reply, u64), Failed> {
        let mut request = request.clone();
        for _ in 0..most {
            let (301 | 302 | 303 | 307 | 308, Some(location)) = (reply.status, &reply.location) else {
                return Ok((reply, moved));
            };
            request = self
                .redirected(request, reply.status, location)
                .map_err(|failure| Failed { failure, moved })?;
            let next = self.once(&request, None, want, &mut moved).await;
            reply = next.map_err(|failure| Failed { failure, moved })?;
        }
        match (reply.status, &reply.location) {
            (301 | 302 | 303 | 307 | 308, Some(_)) => {
                Err(Failed { failure: Failure::Redirect("more of them than are followed"), moved })
            }
            _ => Ok((reply, moved)),
        }
    }

    /// The request that a redirect asks for (RFC 9110, 15.4).
    fn redirected(&self, mut request: Request, status: u16, location: &str) -> Result<Request, Failure> {
        let base = &self.client.base;
        let from = format!("{}{}", base.prefix, request.path);
        let target = base.same_origin(location, &from).ok_or(Failure::Redirect("to another origin"))?;
        let target = target.split('#').next().unwrap_or("/");
        let inside =
            target.strip_prefix(&base.prefix).ok_or(Failure::Redirect("out of the base URL's path"))?;
        let becomes_get = match status {
            303 => request.method != Method::HEAD,
            301 | 302 => request.method == Method::POST,
            _ => false,
        };
        if becomes_get {
            request.method = Method::GET;
            request.body = Bytes::new();
            request.headers.retain(|(name, _)| name != "content-type");
        }
        request.path = if inside.starts_with('/') { inside.to_owned() } else { format!("/{inside}") };
        Ok(request)
    }

    /// One request and its answer; adds what they moved to `moved`.
    async fn once(
        &mut self,
        request: &Request,
        wire: Option<&[u8]>,
        want: Want,
        moved: &mut u64,
    ) -> Result<Reply, Failure> {
        let (reply, sent) = match self.client.options.protocol {
            Protocol::Http1 => match wire {
                Some(wire) => {
                    (self.over_http1(wire, request.method == Method::HEAD, want).await?, wire.len())
                }
                None => {
                    let mut written = mem::take(&mut self.written);
                    render(&mut written, request, &self.client.base, &self.client.options);
                    let reply = self.over_http1(&written, request.method == Method::HEAD, want).await;
                    let length = written.len();
                    self.written = written;
                    (reply?, length)
                }
            },
            Protocol::Http2 => (Box::pin(self.over_http2(request, want)).await?, request.body.len()),
        };
        *moved += sent as u64 + reply.received;
        Ok(reply)
    }

    async fn over_http1(&mut self, wire: &[u8], is_head: bool, want: Want) -> Result<Reply, Failure> {
        let Self { client, kept, .. } = self;
        let _place = client.place().await;
        // Out of the seat while it is in use: an operation that is cut off drops it, half-read as it is.
        let idle = match kept.take() {
            Some(mut kept) => kept.is_ready().then_some(kept),
            None => client.pool.take(),
        };
        let mut connection = match idle {
            Some(connection) => connection,
            None => client.dial().await?,
        };
        let reply = match connection.exchange(wire, is_head, want).await {
            Ok(reply) => reply,
            Err(Broken { failure: _, reached: Reached::Nobody }) => {
                // Closed by the target between two requests, which is its right.
                connection = client.dial().await?;
                connection.exchange(wire, is_head, want).await.map_err(|broken| broken.failure)?
            }
            Err(Broken { failure, reached: Reached::Perhaps }) => return Err(failure),
        };
        match (client.options.connections, reply.after) {
            (Connections::Kept, AfterAnswer::GoesOn) if client.places.is_some() => {
                client.pool.give_back(connection)
            }
            (Connections::Kept, AfterAnswer::GoesOn) => *kept = Some(connection),
            (Connections::Anew, _) | (Connections::Kept, AfterAnswer::Closes) => drop(connection),
        }
        Ok(reply)
    }

    async fn over_http2(&mut self, request: &Request, want: Want) -> Result<Reply, Failure> {
        let Self { client, number, sender: kept, patience, .. } = self;
        let dialer = client.dialer().map_err(|error| Failure::Request(error.to_string()))?;
        let message = http2::message(request, &client.base, &client.options)?;
        let mut sender = match kept.take().filter(|sender| !sender.is_closed()) {
            Some(sender) => sender,
            None => client.lanes.sender(*number, dialer).await?,
        };
        let reply = match http2::exchange(&mut sender, message, patience, want).await {
            Ok(reply) => reply,
            Err(Unanswered { failure: _, message: Some(message) }) => {
                sender = client.lanes.sender(*number, dialer).await?;
                let again = http2::exchange(&mut sender, message, patience, want).await;
                again.map_err(|unanswered| unanswered.failure)?
            }
            Err(Unanswered { failure, message: None }) => return Err(failure),
        };
        *kept = Some(sender);
        Ok(reply)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(kept) = self.kept.take() {
            self.client.pool.give_back(kept);
        }
    }
}

impl Reply {
    /// What a check gets to see.
    pub(super) fn answer(self, moved: u64) -> Answer {
        Answer { status: self.status, headers: self.headers, body: self.body, extent: self.extent, moved }
    }
}
