//! The circuit breaker between flows and the archive: `failsafe`'s state machine, with its changes counted.
//!
//! Closed, every call goes through; after so many failures in a row it opens, and calls are refused at once. When it has
//! been open for its time, it is half open: **one** call at a time goes through as a probe (the library would let all of
//! them), and closes it or opens it again. What calls that began before it opened come to is not told to it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use failsafe::{
    Config, Instrument, StateMachine, backoff,
    failure_policy::{self, ConsecutiveFailures},
};

/// How a breaker is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BreakerTerms {
    /// Failures in a row that open it, at least 1.
    pub failures: u32,
    /// How long it stays open before it lets a probe through.
    pub open_for: Duration,
}

impl Default for BreakerTerms {
    /// 5 failures, 250 ms.
    fn default() -> Self {
        Self { failures: 5, open_for: Duration::from_millis(250) }
    }
}

/// Whether a breaker closes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closing {
    /// When a probe succeeds.
    OnSuccess,
    /// The twin that takes every probe for a failure.
    Never,
}

/// Lets calls through?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// All of them.
    Closed,
    /// None.
    Open,
    /// One at a time.
    HalfOpen,
}

/// What a breaker has done since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Changes {
    /// Its state now.
    pub state: State,
    /// How often it opened, from closed or after a failed probe.
    pub opened: u64,
    /// How often its time was over and a probe went through.
    pub half_opened: u64,
    /// How often a probe closed it.
    pub closed: u64,
    /// Calls that it refused.
    pub refused: u64,
}

/// The breaker is open: the call was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the archive is out of order and is not asked: try again later")]
pub(crate) struct Open;

/// The breaker. Shared by reference among flows.
#[derive(Debug)]
pub(crate) struct Breaker {
    machine: StateMachine<ConsecutiveFailures<backoff::Constant>, Counter>,
    counts: Arc<Counts>,
    is_probed: AtomicBool,
    closing: Closing,
}

impl Breaker {
    /// A closed breaker.
    pub(crate) fn new(terms: BreakerTerms, closing: Closing) -> Self {
        let counts = Arc::new(Counts::default());
        let policy = failure_policy::consecutive_failures(terms.failures, backoff::constant(terms.open_for));
        let instrument = Counter { counts: Arc::clone(&counts) };
        let machine = Config::new().failure_policy(policy).instrument(instrument).build();
        // The library says that a new one closes.
        counts.closed.store(0, Ordering::SeqCst);
        Self { machine, counts, is_probed: AtomicBool::new(false), closing }
    }

    /// Asks whether a call may be made now.
    pub(crate) fn ask(&self) -> Result<Call<'_>, Open> {
        // Before the machine is asked, which lets every call through once it is half open.
        let is_probe = match self.counts.state() {
            State::Closed => false,
            State::Open | State::HalfOpen if self.is_probed.swap(true, Ordering::SeqCst) => {
                self.counts.refused.fetch_add(1, Ordering::SeqCst);
                return Err(Open);
            }
            State::Open | State::HalfOpen => true,
        };
        let call = Call { breaker: self, kind: if is_probe { Kind::Probe } else { Kind::Usual } };
        if self.machine.is_call_permitted() { Ok(call) } else { Err(Open) }
    }

    /// Its state and what it has done.
    pub(crate) fn changes(&self) -> Changes {
        let Counts { opened, half_opened, closed, refused, .. } = &*self.counts;
        Changes {
            state: self.counts.state(),
            opened: opened.load(Ordering::SeqCst),
            half_opened: half_opened.load(Ordering::SeqCst),
            closed: closed.load(Ordering::SeqCst),
            refused: refused.load(Ordering::SeqCst),
        }
    }
}

/// A call that may be made. Dropping it says nothing about the archive.
#[derive(Debug)]
#[must_use = "the breaker learns from how the call ended"]
pub(crate) struct Call<'a> {
    breaker: &'a Breaker,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Usual,
    Probe,
}

impl Call<'_> {
    /// The archive answered.
    pub(crate) fn succeeded(self) {
        match (self.is_stale(), self.kind, self.breaker.closing) {
            (true, _, _) => {}
            (false, Kind::Probe, Closing::Never) => self.breaker.machine.on_error(),
            (false, Kind::Probe, Closing::OnSuccess) | (false, Kind::Usual, _) => {
                self.breaker.machine.on_success();
            }
        }
    }

    /// The archive failed.
    pub(crate) fn failed(self) {
        if !self.is_stale() {
            self.breaker.machine.on_error();
        }
    }

    /// Whether the breaker has opened since the call began.
    fn is_stale(&self) -> bool {
        self.kind == Kind::Usual && self.breaker.counts.state() != State::Closed
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if self.kind == Kind::Probe {
            self.breaker.is_probed.store(false, Ordering::SeqCst);
        }
    }
}

#[derive(Debug, Default)]
struct Counts {
    /// Not closed: it has opened and no probe has closed it.
    is_tripped: AtomicBool,
    is_half_open: AtomicBool,
    opened: AtomicU64,
    half_opened: AtomicU64,
    closed: AtomicU64,
    refused: AtomicU64,
}

impl Counts {
    fn state(&self) -> State {
        match (self.is_tripped.load(Ordering::SeqCst), self.is_half_open.load(Ordering::SeqCst)) {
            (false, _) => State::Closed,
            (true, false) => State::Open,
            (true, true) => State::HalfOpen,
        }
    }
}

/// Hears of the changes from the library.
#[derive(Debug)]
struct Counter {
    counts: Arc<Counts>,
}

impl Instrument for Counter {
    fn on_call_rejected(&self) {
        self.counts.refused.fetch_add(1, Ordering::SeqCst);
    }

    fn on_open(&self) {
        self.counts.opened.fetch_add(1, Ordering::SeqCst);
        self.counts.is_half_open.store(false, Ordering::SeqCst);
        self.counts.is_tripped.store(true, Ordering::SeqCst);
    }

    fn on_half_open(&self) {
        self.counts.half_opened.fetch_add(1, Ordering::SeqCst);
        self.counts.is_half_open.store(true, Ordering::SeqCst);
    }

    fn on_closed(&self) {
        self.counts.closed.fetch_add(1, Ordering::SeqCst);
        self.counts.is_tripped.store(false, Ordering::SeqCst);
        self.counts.is_half_open.store(false, Ordering::SeqCst);
    }
}
