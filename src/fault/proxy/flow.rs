use std::{
    cell::RefCell,
    future::poll_fn,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::tcp::{ReadHalf, WriteHalf},
    time::{Sleep, sleep_until},
};

use super::{
    line::{Ending, FAR, Front, Line, later},
    shared::Shared,
    terms::{Afflictions, CutKind, Passage, Terms},
    toxic::Direction,
};

/// What is read at a time.
const CHUNK: usize = 64 << 10;

thread_local! {
    /// Used between two awaits only: connections that are idle hold no memory.
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; CHUNK]);
}

/// One direction of a connection.
pub(super) struct Flow<'a> {
    source: ReadHalf<'a>,
    sink: WriteHalf<'a>,
    direction: Direction,
    connection: u64,
    shared: Arc<Shared>,
    generation: u64,
    afflictions: Afflictions,
    terms: Terms,
    sender: Sender,
    line: Line,
    /// Bytes that were taken from the sender and have not vanished.
    taken: u64,
    link: Link,
    timer: Timer,
    random: fastrand::Rng,
}

/// Whether there is more to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sender {
    Sends,
    /// It has ended, and a black hole keeps that from the receiver.
    Withheld(Ending),
    Ended,
}

/// What a limited bandwidth lets through, and when.
#[derive(Debug, Default)]
struct Link {
    /// When what was written last has passed.
    free: Option<Instant>,
    /// What is passing now: so many bytes that can be written then.
    portion: Option<(usize, Instant)>,
    receiver: Receiver,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Receiver {
    #[default]
    Takes,
    HoldsBack,
}

/// Why a connection does not go on, for both of its directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cutoff {
    /// One of its ends was reset or broke.
    Broken,
    /// A toxic.
    Toxic(CutKind),
}

enum Step {
    /// Other toxics are there.
    Changed,
    Ended(Ending),
}

impl<'a> Flow<'a> {
    pub(super) fn new(
        source: ReadHalf<'a>,
        sink: WriteHalf<'a>,
        direction: Direction,
        connection: u64,
        shared: &Arc<Shared>,
    ) -> Self {
        Self {
            source,
            sink,
            direction,
            connection,
            shared: Arc::clone(shared),
            generation: 0,
            afflictions: Afflictions::default(),
            terms: Terms::GOOD,
            sender: Sender::Sends,
            line: Line::new(Arc::clone(shared)),
            taken: 0,
            link: Link::default(),
            timer: Timer::default(),
            random: shared.random(connection, direction),
        }
    }

    /// Carries bytes until the sender's end has been passed on.
    pub(super) async fn run(mut self) -> Result<(), Cutoff> {
        let mut changes = self.shared.subscribe();
        loop {
            self.renew()?;
            tokio::select! {
                biased;
                step = poll_fn(|cx| self.poll(cx)) => match step? {
                    Step::Changed => {}
                    Step::Ended(Ending::Sent) => return Ok(()),
                    Step::Ended(Ending::Broken) => return Err(Cutoff::Broken),
                    Step::Ended(Ending::Cut(kind)) => return Err(Cutoff::Toxic(kind)),
                },
                _changed = changes.changed() => {}
            }
        }
    }

    /// Takes over the toxics that are there now.
    fn renew(&mut self) -> Result<(), Cutoff> {
        let (generation, toxics) = self.shared.of_connection(self.connection);
        self.generation = generation;
        self.afflictions.renew(&toxics, self.direction, self.taken);
        let terms = self.afflictions.terms();
        if terms == self.terms {
            return Ok(());
        }
        self.terms = terms;
        let now = Instant::now();
        let latest = later(now, terms.latency.most);
        self.line.hasten(latest, later(latest, terms.close_by));
        // A share of the link that was worked out for another bandwidth is void.
        self.link.portion = None;
        self.link.free = Some(now);
        if let (Sender::Withheld(ending), Passage::Open) = (self.sender, terms.passage) {
            self.end(ending);
        }
        match terms.cut {
            Some(cut) if cut.at <= self.taken && self.sender == Sender::Sends => match cut.kind {
                CutKind::Reset => Err(Cutoff::Toxic(CutKind::Reset)),
                CutKind::Close => {
                    self.end(Ending::Cut(CutKind::Close));
                    Ok(())
                }
            },
            Some(_) | None => Ok(()),
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Step, Cutoff>> {
        loop {
            if self.has_changed() {
                return Poll::Ready(Ok(Step::Changed));
            }
            if let Poll::Ready(ending) = self.poll_deliver(cx) {
                return Poll::Ready(Ok(Step::Ended(ending)));
            }
            if !self.can_take() {
                return Poll::Pending;
            }
            ready!(self.poll_take(cx))?;
        }
    }

    /// Whether there is room for more. A line that is empty always has some, so that every connection gets on.
    fn can_take(&self) -> bool {
        let ahead = match (self.terms.latency.most.is_zero(), self.terms.is_direct()) {
            (false, _) => self.shared.buffer,
            // What the link carries in 20 ms, and as much again as is being written: it is never idle for want of a read.
            (true, false) => {
                let carried = self.terms.bandwidth.unwrap_or(0) / 50;
                carried.clamp(2 * CHUNK as u64, self.shared.buffer.max(2 * CHUNK as u64))
            }
            (true, true) => 0,
        };
        let has_room = self.line.is_empty() || (self.line.held() < ahead && self.shared.has_room());
        self.sender == Sender::Sends && has_room
    }

    /// Reads once.
    fn poll_take(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Cutoff>> {
        SCRATCH.with_borrow_mut(|scratch| {
            let mut read = ReadBuf::new(&mut scratch[..self.until_cut()]);
            let taken = ready!(Pin::new(&mut self.source).poll_read(cx, &mut read));
            // A toxic holds for all that is sent after it was added, which this may have been.
            if self.has_changed() {
                self.renew()?;
            }
            let bytes = read.filled();
            match taken {
                _ if self.sender != Sender::Sends => {}
                Err(_) => self.has_ended(Ending::Broken),
                Ok(()) if bytes.is_empty() => self.has_ended(Ending::Sent),
                Ok(()) => self.took(&bytes[..bytes.len().min(self.until_cut())], cx),
            }
            Poll::Ready(Ok(()))
        })
    }

    /// Whether there are other toxics than those that were taken over.
    fn has_changed(&self) -> bool {
        self.shared.generation() != self.generation
    }

    /// How many bytes can be read at once.
    fn until_cut(&self) -> usize {
        let most = self.terms.cut.map_or(u64::MAX, |cut| cut.at.saturating_sub(self.taken));
        usize::try_from(most).map_or(CHUNK, |most| most.min(CHUNK))
    }

    fn took(&mut self, bytes: &[u8], cx: &mut Context<'_>) {
        if self.terms.passage == Passage::Vanish {
            self.shared.counts.lost.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            return;
        }
        self.taken += bytes.len() as u64;
        let mut rest = bytes;
        if self.terms.is_direct() && self.line.is_empty() {
            match write(&mut self.sink, self.shared.counts.passed(self.direction), bytes, cx) {
                Poll::Ready(Ok(written)) => rest = &bytes[written..],
                Poll::Ready(Err(_)) => return self.end(Ending::Broken),
                Poll::Pending => {}
            }
        }
        if !rest.is_empty() {
            let due = self.due();
            self.line.push(due, rest);
        }
        if let Some(cut) = self.terms.cut.filter(|cut| self.taken >= cut.at) {
            self.end(Ending::Cut(cut.kind));
        }
    }

    /// The sender has come to an end by itself.
    fn has_ended(&mut self, ending: Ending) {
        match self.terms.passage {
            Passage::Open => self.end(ending),
            Passage::Vanish => self.sender = Sender::Withheld(ending),
        }
    }

    fn end(&mut self, ending: Ending) {
        let due = match ending {
            Ending::Sent => later(self.due(), self.terms.close_by),
            Ending::Broken => self.due(),
            // With the last byte.
            Ending::Cut(_) => Instant::now(),
        };
        self.sender = Sender::Ended;
        self.line.end(due, ending);
    }

    /// When something is due that came just now.
    fn due(&mut self) -> Instant {
        let latency = self.terms.latency;
        let jitter = latency.most.saturating_sub(latency.least).min(FAR).mul_f64(self.random.f64());
        later(Instant::now(), latency.least.saturating_add(jitter))
    }

    /// Writes what is due and what the receiver takes; ready at the end.
    fn poll_deliver(&mut self, cx: &mut Context<'_>) -> Poll<Ending> {
        loop {
            match self.line.front() {
                None => return Poll::Pending,
                Some(Front::Ending(due, ending)) => {
                    ready!(self.timer.poll(self.link.free.map_or(due, |free| due.max(free)), cx));
                    return match ending {
                        Ending::Sent => match ready!(Pin::new(&mut self.sink).poll_shutdown(cx)) {
                            Ok(()) => Poll::Ready(Ending::Sent),
                            Err(_) => Poll::Ready(Ending::Broken),
                        },
                        Ending::Broken | Ending::Cut(_) => Poll::Ready(ending),
                    };
                }
                Some(Front::Bytes(due, bytes)) => {
                    let (most, clear) = *self.link.portion.get_or_insert_with(|| {
                        let (most, takes) = self.terms.at_once(bytes.len());
                        (most, later(self.link.free.map_or(due, |free| due.max(free)), takes))
                    });
                    ready!(self.timer.poll(clear, cx));
                    let bytes = &bytes[..most.min(bytes.len())];
                    match write(&mut self.sink, self.shared.counts.passed(self.direction), bytes, cx) {
                        Poll::Ready(Ok(written)) => self.delivered(written, most, clear),
                        Poll::Ready(Err(_)) => return Poll::Ready(Ending::Broken),
                        Poll::Pending => {
                            self.link.receiver = Receiver::HoldsBack;
                            return Poll::Pending;
                        }
                    }
                }
            }
        }
    }

    /// `written` of a portion of `most` bytes, which could be written from `clear` on.
    fn delivered(&mut self, written: usize, most: usize, clear: Instant) {
        self.line.written(written);
        if written < most {
            self.link.portion = Some((most - written, clear));
            return;
        }
        // By the plan rather than by the clock, which is late; but what a receiver did not take is no credit.
        let passed = match self.link.receiver {
            Receiver::Takes => clear,
            Receiver::HoldsBack => Instant::now(),
        };
        let pause = self.terms.slices.map_or(Duration::ZERO, |slices| slices.pause);
        self.link = Link { free: Some(later(passed, pause)), portion: None, receiver: Receiver::Takes };
    }
}

/// Counted before they are written, and taken back where they were not: nobody has bytes that are not counted yet.
fn write(
    sink: &mut WriteHalf<'_>,
    passed: &AtomicU64,
    bytes: &[u8],
    cx: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    passed.fetch_add(bytes.len() as u64, Ordering::AcqRel);
    let polled = Pin::new(sink).poll_write(cx, bytes);
    let written = match &polled {
        Poll::Ready(Ok(written)) => *written,
        Poll::Ready(Err(_)) | Poll::Pending => 0,
    };
    if written < bytes.len() {
        passed.fetch_sub((bytes.len() - written) as u64, Ordering::AcqRel);
    }
    polled
}

/// A timer that is made when it is first needed.
#[derive(Debug, Default)]
struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Timer {
    fn poll(&mut self, until: Instant, cx: &mut Context<'_>) -> Poll<()> {
        if until <= Instant::now() {
            return Poll::Ready(());
        }
        let until = tokio::time::Instant::from_std(until);
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(until)));
        if sleep.deadline() != until {
            sleep.as_mut().reset(until);
        }
        sleep.as_mut().poll(cx)
    }
}
