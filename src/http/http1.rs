use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{
    answer::Extent,
    client::{Reply, Want},
    failure::{Broken, Failure, Reached, When},
    patience::{Patience, Wait},
    stream::Stream,
    wire::{AfterAnswer, Body, Head, Headers, Progress, read_head},
};

/// The head of an answer that is longer than this is none.
const LONGEST_HEAD: usize = 64 << 10;

/// What a connection reads into at first: most answers, and little for thousands of connections ...
const FIRST_ROOM: usize = 4 << 10;

/// ... and what it reads large bodies into.
const LARGE_ROOM: usize = 64 << 10;

/// A connection that has been idle for so long may have met its target's limit of idle connections, the shortest of
/// which are a second.
const MAY_BE_STALE: Duration = Duration::from_millis(500);

/// A connection that carries one request after the other.
#[derive(Debug)]
pub(super) struct Http1 {
    stream: Stream,
    input: Input,
    patience: Patience,
    uses: Uses,
    idle_since: Instant,
}

/// Whether a connection has carried a request before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Uses {
    Never,
    Before,
}

/// What was read and not yet used: `bytes[start..end]`.
#[derive(Debug)]
struct Input {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// Bytes that were used since the connection was opened.
    used: u64,
}

/// What became of a request on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    Whole,
    /// The target answered, or hung up, before it had read all of it.
    Cut,
}

impl Http1 {
    pub(super) fn new(stream: Stream, read_timeout: Duration) -> Self {
        Self {
            stream,
            input: Input { bytes: vec![0; FIRST_ROOM], start: 0, end: 0, used: 0 },
            patience: Patience::new(read_timeout),
            uses: Uses::Never,
            idle_since: Instant::now(),
        }
    }

    /// Whether nothing has come since the last answer: neither the connection's end nor anything that was not asked for.
    /// Costs no call of the system where nothing has.
    pub(super) fn is_ready(&mut self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        let mut byte = [0];
        Pin::new(&mut self.stream).poll_read(&mut cx, &mut ReadBuf::new(&mut byte)).is_pending()
    }

    /// Whether a failed request may be sent again on another connection, see [`Broken`].
    pub(super) fn was_used(&self) -> bool {
        self.uses == Uses::Before
    }

    /// Sends `request` and reads its answer. After an error, and when it is dropped before its end, the connection is of
    /// no more use.
    pub(super) async fn exchange(
        &mut self,
        request: &[u8],
        is_head: bool,
        want: Want,
    ) -> Result<Reply, Broken> {
        let sent = self.send(request).await?;
        let before = self.input.used;
        let headers = match want {
            Want::Status => Headers::NotWanted,
            Want::Answer { .. } => Headers::Wanted,
        };
        let head = loop {
            match self.input.head(is_head, headers)? {
                // What comes before the answer proper (RFC 9110, 15.2). Nothing asked for another protocol.
                Some(Head { status: 101, .. }) => {
                    return Err(Failure::Protocol("an upgrade that nobody asked for".to_owned()).into());
                }
                Some(Head { status: 100..=199, .. }) => {}
                Some(head) => break head,
                None => self.receive(before).await?,
            }
        };
        let (body, extent) = self.body(Body::of(head.framing), want).await?;
        let after = match (head.after, sent) {
            // More than the answer has come: what that is cannot be told from the next one.
            (AfterAnswer::GoesOn, Sent::Whole) if self.input.is_empty() => AfterAnswer::GoesOn,
            (AfterAnswer::GoesOn | AfterAnswer::Closes, _) => AfterAnswer::Closes,
        };
        self.uses = Uses::Before;
        self.idle_since = Instant::now();
        let Head { status, retry_after, headers, location, .. } = head;
        let received = self.input.used - before;
        Ok(Reply { status, retry_after, headers, location, body: body.into(), extent, received, after })
    }

    /// Writes all of `request`, unless the target answers before.
    async fn send(&mut self, request: &[u8]) -> Result<Sent, Broken> {
        let mut written = 0;
        let mut wait = Wait::default();
        let sent = poll_fn(|cx| self.poll_send(cx, request, &mut written, &mut wait)).await;
        let error = match sent {
            Ok(sent) => return Ok(sent),
            Err(error) => error,
        };
        if error.kind() == io::ErrorKind::TimedOut {
            return Err(Failure::ReadTimeout.into());
        }
        // A target that refuses a large body may have said why before it hung up.
        match self.fill().await {
            Ok(1..) => Ok(Sent::Cut),
            Ok(0) | Err(_) => {
                let reached = if self.was_used() { Reached::Nobody } else { Reached::Perhaps };
                Err(Broken { failure: Failure::of(&error, When::BeforeAnswer), reached })
            }
        }
    }

    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        request: &[u8],
        written: &mut usize,
        wait: &mut Wait,
    ) -> Poll<io::Result<Sent>> {
        while *written < request.len() {
            match Pin::new(&mut self.stream).poll_write(cx, &request[*written..]) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
                Poll::Ready(Ok(more)) => {
                    *written += more;
                    *wait = Wait::default();
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    // Or both would wait for the other to read.
                    return match self.poll_fill(cx) {
                        Poll::Ready(Ok(1..)) => Poll::Ready(Ok(Sent::Cut)),
                        Poll::Ready(Ok(0)) => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
                        Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                        Poll::Pending if self.patience.poll_over(cx, wait) => {
                            Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
                        }
                        Poll::Pending => Poll::Pending,
                    };
                }
            }
        }
        // TLS may hold back what it was given.
        match Pin::new(&mut self.stream).poll_flush(cx) {
            Poll::Ready(flushed) => Poll::Ready(flushed.map(|()| Sent::Whole)),
            Poll::Pending if self.patience.poll_over(cx, wait) => {
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    /// Reads more of the head of an answer before which `before` bytes were used.
    async fn receive(&mut self, before: u64) -> Result<(), Broken> {
        let when = match self.input.used == before && self.input.is_empty() {
            true => When::BeforeAnswer,
            false => When::WithinAnswer,
        };
        let failure = match self.fill().await {
            Ok(1..) => return Ok(()),
            Ok(0) => Failure::Closed(when),
            Err(error) => failure(&error, when),
        };
        match when {
            When::BeforeAnswer => Err(self.without_answer(failure)),
            When::WithinAnswer => Err(failure.into()),
        }
    }

    /// The connection ended without a byte of the answer. On one that was used before, that is what a target does that
    /// closed it meanwhile: a reset that follows the end says that it never read the request.
    fn without_answer(&self, failure: Failure) -> Broken {
        let has_ended = matches!(failure, Failure::Closed(_) | Failure::Reset);
        let was_gone = self.idle_since.elapsed() >= MAY_BE_STALE
            || matches!(failure, Failure::Closed(_)) && self.stream.noted().is_some();
        match self.uses {
            Uses::Before if has_ended && was_gone => Broken { failure, reached: Reached::Nobody },
            Uses::Before | Uses::Never => failure.into(),
        }
    }

    /// Reads the body to its end, and keeps of it what is wanted.
    async fn body(&mut self, body: Option<Body>, want: Want) -> Result<(Vec<u8>, Extent), Failure> {
        let mut kept = Kept::new(want);
        let Some(mut body) = body else { return Ok((kept.bytes, Extent::Whole)) };
        loop {
            let here = self.input.unread();
            let taken = body.take(here, &mut |bytes| kept.take(bytes));
            match taken.map_err(|text| Failure::Protocol(text.to_owned()))? {
                Progress::Ended(used) => {
                    self.input.advance(used);
                    return Ok((kept.bytes, kept.extent));
                }
                Progress::More => self.input.advance(here.len()),
            }
            if body.at_least() > FIRST_ROOM as u64 {
                self.input.enlarge();
            }
            match self.fill().await {
                Ok(1..) => {}
                Ok(0) if body.ends_with_connection() => return Ok((kept.bytes, kept.extent)),
                Ok(0) => return Err(Failure::Closed(When::WithinAnswer)),
                Err(error) => return Err(failure(&error, When::WithinAnswer)),
            }
        }
    }

    /// Reads what has come; waits for it as long as the patience lasts. 0 at the end of the connection.
    async fn fill(&mut self) -> io::Result<usize> {
        let mut wait = Wait::default();
        poll_fn(|cx| match self.poll_fill(cx) {
            Poll::Pending if self.patience.poll_over(cx, &mut wait) => {
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
            polled => polled,
        })
        .await
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut room = ReadBuf::new(self.input.room());
        match Pin::new(&mut self.stream).poll_read(cx, &mut room) {
            Poll::Ready(Ok(())) => {
                let more = room.filled().len();
                self.input.end += more;
                Poll::Ready(Ok(more))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// What a failed read means. A connection that stands does not time out by itself before the patience does.
fn failure(error: &io::Error, when: When) -> Failure {
    match error.kind() {
        io::ErrorKind::TimedOut => Failure::ReadTimeout,
        _ => Failure::of(error, when),
    }
}

/// What is kept of a body.
struct Kept {
    bytes: Vec<u8>,
    most: usize,
    extent: Extent,
}

impl Kept {
    const fn new(want: Want) -> Self {
        let most = match want {
            Want::Status => 0,
            Want::Answer { most_body } => most_body,
        };
        Self { bytes: Vec::new(), most, extent: Extent::Whole }
    }

    fn take(&mut self, bytes: &[u8]) {
        let room = self.most - self.bytes.len();
        if bytes.len() > room {
            self.extent = Extent::Cut;
        }
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

impl Input {
    fn is_empty(&self) -> bool {
        self.start == self.end
    }

    fn unread(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    fn advance(&mut self, used: usize) {
        self.start += used;
        self.used += used as u64;
    }

    /// Room for at least a byte.
    fn room(&mut self) -> &mut [u8] {
        if self.is_empty() {
            (self.start, self.end) = (0, 0);
        } else if self.end == self.bytes.len() {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
            if self.end == self.bytes.len() {
                self.bytes.resize(self.end * 2, 0);
            }
        }
        &mut self.bytes[self.end..]
    }

    /// Makes room for a large body.
    fn enlarge(&mut self) {
        if self.bytes.len() < LARGE_ROOM {
            self.bytes.resize(LARGE_ROOM, 0);
        }
    }

    /// The head at the beginning, used, or `None` while it is not whole.
    fn head(&mut self, is_head: bool, headers: Headers) -> Result<Option<Head>, Failure> {
        if self.is_empty() {
            return Ok(None);
        }
        match read_head(self.unread(), is_head, headers) {
            Ok(Some(head)) => {
                self.advance(head.length);
                Ok(Some(head))
            }
            Ok(None) if self.unread().len() >= LONGEST_HEAD => {
                Err(Failure::Protocol("the head of an answer does not end".to_owned()))
            }
            Ok(None) => Ok(None),
            Err(text) => Err(Failure::Protocol(text)),
        }
    }
}
