use std::{error::Error, future::poll_fn, io, pin::pin, task::Poll};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Response, Uri, Version,
    body::Incoming,
    client::conn::http2::{SendRequest, handshake},
    header::{ACCEPT, HOST, HeaderValue, USER_AGENT},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::sync::Mutex;

use super::{
    answer::Extent,
    client::{Reply, Want},
    dial::Dialer,
    failure::{Failure, When},
    options::Options,
    patience::{Patience, Wait},
    request::Request,
    status::RetryAfter,
    url::Base,
    wire::{AGENT, AfterAnswer},
};

/// One user's way to a connection that others use too.
pub(super) type Sender = SendRequest<Full<Bytes>>;

/// A few connections that carry many requests at once.
#[derive(Debug)]
pub(super) struct Lanes(Vec<Mutex<Option<Sender>>>);

impl Lanes {
    pub(super) fn new(number: usize) -> Self {
        Self((0..number).map(|_| Mutex::new(None)).collect())
    }

    /// The connection of user `number`, opened anew if it has gone.
    pub(super) async fn sender(&self, number: u64, dialer: &Dialer) -> Result<Sender, Failure> {
        let lane = &self.0[(number % self.0.len() as u64) as usize];
        // Held while it is opened: the others wait for the same connection.
        let mut lane = lane.lock().await;
        if let Some(sender) = lane.as_ref().filter(|sender| !sender.is_closed()) {
            return Ok(sender.clone());
        }
        *lane = None;
        let stream = TokioIo::new(dialer.dial().await?);
        let (sender, connection) = handshake(TokioExecutor::new(), stream)
            .await
            .map_err(|error| failure(&error, When::BeforeAnswer))?;
        // What breaks it is told to the requests on it.
        tokio::spawn(async move { drop(connection.await) });
        *lane = Some(sender.clone());
        Ok(sender)
    }
}

/// `request` as hyper takes it.
pub(super) fn message(
    request: &Request,
    base: &Base,
    options: &Options,
) -> Result<hyper::Request<Full<Bytes>>, Failure> {
    let wrong = |error: hyper::http::Error| Failure::Request(error.to_string());
    let stated = |headers: &[(_, HeaderValue)]| {
        headers
            .iter()
            .find(|(name, _)| *name == HOST)
            .and_then(|(_, value)| value.to_str().ok().map(str::to_owned))
    };
    let authority = stated(&request.headers)
        .or_else(|| stated(&options.headers))
        .unwrap_or_else(|| base.authority.clone());
    let uri = Uri::builder()
        .scheme(base.scheme.name())
        .authority(authority)
        .path_and_query(format!("{}{}", base.prefix, request.path))
        .build()
        .map_err(wrong)?;
    let mut message = hyper::Request::builder()
        .method(request.method.clone())
        .uri(uri)
        .version(Version::HTTP_2)
        .body(Full::new(request.body.clone()))
        .map_err(wrong)?;
    let headers = message.headers_mut();
    for (name, value) in request.headers.iter().filter(|(name, _)| *name != HOST) {
        headers.append(name, value.clone());
    }
    for (name, value) in &options.headers {
        if *name != HOST && !request.headers.iter().any(|(own, _)| own == name) {
            headers.append(name, value.clone());
        }
    }
    headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(AGENT));
    headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
    Ok(message)
}

/// Why there is no answer, and the message where it was surely not sent.
pub(super) struct Unanswered {
    pub(super) failure: Failure,
    pub(super) message: Option<hyper::Request<Full<Bytes>>>,
}

/// Sends `message` and reads its answer.
pub(super) async fn exchange(
    sender: &mut Sender,
    message: hyper::Request<Full<Bytes>>,
    patience: &mut Patience,
    want: Want,
) -> Result<Reply, Unanswered> {
    let unanswered = |failure| Unanswered { failure, message: None };
    let answered = patiently(patience, sender.try_send_request(message)).await.ok_or(Failure::ReadTimeout);
    match answered.map_err(unanswered)? {
        Ok(answer) => read(answer, patience, want).await.map_err(unanswered),
        Err(mut error) => {
            let message = error.take_message();
            Err(Unanswered { failure: failure(error.error(), When::BeforeAnswer), message })
        }
    }
}

async fn read(answer: Response<Incoming>, patience: &mut Patience, want: Want) -> Result<Reply, Failure> {
    let (head, mut body) = answer.into_parts();
    let most = match want {
        Want::Status => 0,
        Want::Answer { most_body } => most_body,
    };
    let (mut kept, mut extent, mut received) = (Vec::new(), Extent::Whole, 0);
    while let Some(frame) = patiently(patience, body.frame()).await.ok_or(Failure::ReadTimeout)? {
        let frame = frame.map_err(|error| failure(&error, When::WithinAnswer))?;
        let Some(data) = frame.data_ref() else { continue };
        received += data.len() as u64;
        let room = most - kept.len();
        if data.len() > room {
            extent = Extent::Cut;
        }
        kept.extend_from_slice(&data[..data.len().min(room)]);
    }
    let text = |name| head.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let location = text("location").map(str::to_owned);
    let retry_after = match head.headers.contains_key("retry-after") {
        true => RetryAfter::Said,
        false => RetryAfter::NotSaid,
    };
    Ok(Reply {
        status: head.status.as_u16(),
        retry_after,
        location,
        headers: head.headers,
        body: kept.into(),
        extent,
        received,
        after: AfterAnswer::GoesOn,
    })
}

/// What `future` has to say, or `None` when that takes too long.
async fn patiently<F: Future>(patience: &mut Patience, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut wait = Wait::default();
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if patience.poll_over(cx, &mut wait) => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    })
    .await
}

/// What an error of hyper means: what the system or the protocol said is among its sources.
fn failure(error: &hyper::Error, when: When) -> Failure {
    let mut source: Option<&(dyn Error + 'static)> = error.source();
    let mut said = error.to_string();
    while let Some(inner) = source {
        if let Some(io) = inner.downcast_ref::<io::Error>() {
            return Failure::of(io, when);
        }
        if let Some(h2) = inner.downcast_ref::<h2::Error>() {
            if let Some(io) = h2.get_io() {
                return Failure::of(io, when);
            }
            if h2.is_reset() && h2.is_remote() {
                return Failure::Reset;
            }
        }
        said = inner.to_string();
        source = inner.source();
    }
    match error.is_canceled() || error.is_closed() || error.is_incomplete_message() {
        true => Failure::Closed(when),
        false => Failure::Protocol(said),
    }
}
