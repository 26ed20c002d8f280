//! How an operation ended, and what may be said about it.

use std::{any::Any, fmt, time::Duration};

use serde::{Deserialize, Serialize};

/// The six ways in which an operation that was due can end. Every one that was due ends in exactly one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeClass {
    /// It did what it was asked to.
    Ok,
    /// The target refused it politely: too many requests, pool full, load shed.
    Rejected,
    /// It failed.
    Error,
    /// It took longer than the operation timeout and was cut off.
    Timeout,
    /// It was still running when the drain ended.
    Unfinished,
    /// It never started: the cap of operations in flight was reached when it was due.
    Dropped,
}

/// What a finished operation reports: its class, and optionally a status, a number of bytes and the kind of error.
///
/// An operation may return `()`, any `Result<T, E>` with a printable error, an `Outcome`, or a
/// `Result<Outcome, E>`. An error value that is [`Rejected`] counts as `rejected`.
///
/// ```
/// use proofload::Outcome;
/// let served = Outcome::ok().with_status(200).with_bytes(1_024);
/// let refused = Outcome::rejected("pool is full").with_status(429);
/// assert!(served.is_ok() && !refused.is_ok());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub(crate) ending: Ending,
    pub(crate) status: Option<u16>,
    pub(crate) bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    Ok,
    Rejected(Option<Box<str>>),
    Error(Box<str>),
}

impl Outcome {
    /// The operation did what it was asked to.
    pub const fn ok() -> Self {
        Self { ending: Ending::Ok, status: None, bytes: 0 }
    }

    /// The target refused the operation politely, for this reason.
    pub fn rejected(reason: impl fmt::Display) -> Self {
        Self { ending: Ending::Rejected(Some(reason.to_string().into())), status: None, bytes: 0 }
    }

    /// The operation failed. Errors are counted by their text, with numbers replaced, so that `slot 7 is gone`
    /// and `slot 8 is gone` are one kind.
    pub fn error(kind: impl fmt::Display) -> Self {
        Self { ending: Ending::Error(kind.to_string().into()), status: None, bytes: 0 }
    }

    /// Adds the target's status code; the report counts each.
    pub const fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Adds the number of payload bytes that were moved.
    pub const fn with_bytes(mut self, bytes: u64) -> Self {
        self.bytes = bytes;
        self
    }

    /// Whether the operation succeeded.
    pub const fn is_ok(&self) -> bool {
        matches!(self.ending, Ending::Ok)
    }
}

/// An error value that says: the target refused politely. An operation that fails with it counts as `rejected`,
/// not as an error.
///
/// ```
/// use proofload::Rejected;
/// fn take_slot(free: usize) -> Result<(), Rejected> {
///     if free == 0 { Err(Rejected::because("no slot is free")) } else { Ok(()) }
/// }
/// assert_eq!(take_slot(0).unwrap_err().to_string(), "rejected: no slot is free");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    reason: String,
}

impl Rejected {
    /// A polite refusal for `reason`.
    pub fn because(reason: impl fmt::Display) -> Self {
        Self { reason: reason.to_string() }
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rejected: {}", self.reason)
    }
}

impl std::error::Error for Rejected {}

/// What an operation may return; see [`Outcome`] for the forms.
pub trait IntoOutcome {
    /// The outcome that this value stands for.
    fn into_outcome(self) -> Outcome;
}

impl IntoOutcome for () {
    fn into_outcome(self) -> Outcome {
        Outcome::ok()
    }
}

impl IntoOutcome for Outcome {
    fn into_outcome(self) -> Outcome {
        self
    }
}

impl<T: 'static, E: fmt::Display + 'static> IntoOutcome for Result<T, E> {
    fn into_outcome(self) -> Outcome {
        match self {
            Ok(value) => {
                // A `Result<Outcome, E>` carries its own outcome; Rust has no specialisation, `Any` asks the same.
                let mut value = Some(value);
                match (&mut value as &mut dyn Any).downcast_mut::<Option<Outcome>>() {
                    Some(outcome) => outcome.take().unwrap_or(Outcome::ok()),
                    None => Outcome::ok(),
                }
            }
            Err(error) => match (&error as &dyn Any).downcast_ref::<Rejected>() {
                Some(rejected) => Outcome::rejected(&rejected.reason),
                None => match (&error as &dyn Any).downcast_ref::<Outcome>() {
                    Some(outcome) => outcome.clone(),
                    None => Outcome::error(error),
                },
            },
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.ending {
            Ending::Ok => f.write_str("ok"),
            Ending::Rejected(Some(reason)) => write!(f, "rejected: {reason}"),
            Ending::Rejected(None) => f.write_str("rejected"),
            Ending::Error(kind) => f.write_str(kind),
        }
    }
}

/// How a failed operation is tried again, inside its timeout.
///
/// ```
/// use std::time::Duration;
/// use proofload::Retry;
/// let retry = Retry::times(3).with_backoff(Duration::from_millis(20), Duration::from_secs(1));
/// assert_eq!(retry.pause_before(1), Duration::from_millis(20));
/// assert_eq!(retry.pause_before(3), Duration::from_millis(80));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    pub(crate) times: u32,
    first_pause: Duration,
    longest_pause: Duration,
}

impl Retry {
    /// No second attempt.
    pub const NEVER: Self = Self { times: 0, first_pause: Duration::ZERO, longest_pause: Duration::ZERO };

    /// Up to `n` further attempts after an error or a rejection, pausing 10 ms, 20 ms, 40 ms ... up to 1 s.
    pub const fn times(n: u32) -> Self {
        Self { times: n, first_pause: Duration::from_millis(10), longest_pause: Duration::from_secs(1) }
    }

    /// The first pause, doubled for each further attempt up to `longest`.
    pub const fn with_backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.first_pause = first;
        self.longest_pause = longest;
        self
    }

    /// The pause before further attempt `n`, counted from 1.
    pub fn pause_before(&self, n: u32) -> Duration {
        let doubled =
            self.first_pause.saturating_mul(1u32.checked_shl(n.saturating_sub(1)).unwrap_or(u32::MAX));
        doubled.min(self.longest_pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_become_outcomes() {
        assert_eq!(Ok::<_, String>(5).into_outcome(), Outcome::ok());
        assert_eq!(Err::<(), _>("boom").into_outcome(), Outcome::error("boom"));
        assert_eq!(Err::<(), _>(Rejected::because("full")).into_outcome(), Outcome::rejected("full"));
        let inner: Result<Outcome, String> = Ok(Outcome::rejected("busy").with_status(429));
        assert_eq!(inner.into_outcome(), Outcome::rejected("busy").with_status(429));
        let error: Result<(), Outcome> = Err(Outcome::rejected("busy"));
        assert_eq!(error.into_outcome(), Outcome::rejected("busy"));
    }

    #[test]
    fn pauses_grow_to_their_bound() {
        let retry = Retry::times(40);
        assert_eq!(retry.pause_before(1), Duration::from_millis(10));
        assert_eq!(retry.pause_before(40), Duration::from_secs(1));
        assert_eq!(Retry::NEVER.pause_before(1), Duration::ZERO);
    }
}
