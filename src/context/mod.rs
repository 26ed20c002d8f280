//! What a case body gets: loads to run, expectations to state, a scratch folder, counters, a seed.
//!
//! Owns the user's side of a running case; everything it learns goes to the journal. Never writes a report and never
//! stops a case: that is for the supervisor.

mod bounds;
mod builder;
mod counters;
mod handle;
mod run;
mod terms;

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
    /// An expectation of the load is malformed.
    #[error(transparent)]
    Expectation(#[from] crate::expect::ExpectationError),
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
