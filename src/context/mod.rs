//! What a case body gets: loads to run, expectations to state, a scratch folder, counters, a seed.
//!
//! Owns the user's side of a running case; everything it learns goes to the journal. Never writes a report, and
//! stops a case for a threshold that says `abort` only: all else is for the supervisor.

mod bounds;
mod builder;
mod counters;
mod faults;
mod handle;
mod run;
mod sink;
mod terms;
mod together;

pub use builder::LoadBuilder;
pub use counters::{CaseCounter, CaseRatio};
pub use handle::Context;
pub use run::Run;
pub(crate) use terms::Terms;

use crate::load::LoadError;

/// Why a load did not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The load contradicts itself.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// More users than the case may have operations in flight.
    #[error(
        "the load `{load}` asks for {users} operations at once{beside}, and the limit is {limit} ({origin}): raise \
         `max_concurrency` for this case, or lower the users"
    )]
    TooManyUsers {
        /// The load's name.
        load: String,
        /// Its users.
        users: u64,
        /// What other loads run meanwhile, in words, or nothing.
        beside: String,
        /// The limit.
        limit: u64,
        /// Where the limit was set.
        origin: String,
    },
    /// A timeline that is too fine or too coarse.
    #[error("the windows of the load `{load}` are {window} long: give `window` 100 ms to an hour")]
    Window {
        /// The load's name.
        load: String,
        /// The length that was stated.
        window: String,
    },
    /// An expectation of the load is malformed.
    #[error(transparent)]
    Expectation(#[from] crate::expect::ExpectationError),
    /// An expectation names another load than the one that it was stated with.
    #[error(
        "`{expectation}` names another load than the one it is stated with, which is called {load:?}: leave `of \
         load` away, or state it with the load that it names"
    )]
    OtherLoad {
        /// The expectation.
        expectation: String,
        /// The load's name.
        load: String,
    },
    /// An expectation with windows was stated of a load that has run already.
    #[error(
        "`{expectation}` is looked at while the load runs: state it with the load, \
         `cx.load(...).expect(...).run(...)`, rather than afterwards"
    )]
    StatedTooLate {
        /// The expectation.
        expectation: String,
    },
    /// The case was told to stop before the load began.
    #[error("the load `{load}` did not begin: {reason}")]
    Stopped {
        /// The load's name.
        load: String,
        /// Why the case was stopped.
        reason: crate::StopReason,
    },
    /// The load could not be driven.
    #[error("{0}")]
    Failed(String),
}
