use std::{fmt, time::Duration};

use crate::{outcome::Outcome, units::show_duration};

/// Faults that contradict themselves.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FaultError {
    /// There is nothing in it.
    #[error("the faults {faults:?} have no fault among them: state one, such as `error(\"injected\")`")]
    Nothing {
        /// Their name.
        faults: String,
    },
    /// Shares that are none, or that come to more than every operation.
    #[error(
        "the faults {faults:?} cannot meet {share} of the operations: shares are over 0% and come to 100% at most"
    )]
    Share {
        /// Their name.
        faults: String,
        /// What was stated, or the sum of it.
        share: String,
    },
    /// One of them is malformed.
    #[error("the faults {faults:?} have a `{word}` that cannot be: {reason}")]
    Malformed {
        /// Their name.
        faults: String,
        /// Which kind of fault.
        word: &'static str,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A time that is none.
    #[error("the faults {faults:?} are to be there from {} to {}: {reason}", show_duration(*from), show_duration(*until))]
    Schedule {
        /// Their name.
        faults: String,
        /// The beginning.
        from: Duration,
        /// The end.
        until: Duration,
        /// What is wrong and what to do.
        reason: &'static str,
    },
    /// A point without a name.
    #[error(
        "the faults {faults:?} name a point with an empty name: give it the one that the target's code calls it by"
    )]
    Point {
        /// Their name.
        faults: String,
    },
    /// A fault in words that is none.
    #[error("{text:?} is no fault: {reason}")]
    Words {
        /// What was written.
        text: String,
        /// What would have been right.
        reason: String,
    },
}

/// The error of an operation that met an injected one: it prints the kind that the fault names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Injected {
    kind: Box<str>,
}

impl Injected {
    pub(super) fn new(kind: &str) -> Self {
        Self { kind: kind.into() }
    }

    /// The kind of error that the fault names.
    pub fn kind(&self) -> &str {
        &self.kind
    }
}

impl fmt::Display for Injected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)
    }
}

impl std::error::Error for Injected {}

impl From<Injected> for String {
    fn from(injected: Injected) -> Self {
        injected.kind.into()
    }
}

impl From<Injected> for Outcome {
    fn from(injected: Injected) -> Self {
        Self::error(injected)
    }
}
