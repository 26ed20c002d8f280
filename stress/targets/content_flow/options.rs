//! How a flow is opened.

use std::{thread::available_parallelism, time::Duration};

use super::{
    FlowError,
    archive::ArchiveTerms,
    breaker::BreakerTerms,
    retries::Retries,
    stage::{Stage, StageTerms},
};
use crate::targets::defect;

/// How to open a [`ContentFlow`](super::ContentFlow).
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Seed of the library, of the texts and of what fails.
    pub seed: u64,
    /// Documents of the library, at least 100: fewer do not have enough about each topic.
    pub documents: usize,
    /// Flows in hand at once, at least 1.
    pub places: usize,
    /// Threads that work, at least 1.
    pub workers: usize,
    /// What each stage is asked to do, in the order of [`Stage::ALL`].
    pub stages: [StageTerms; 5],
    /// The chance of a slip in a first draft, and in one that was sent back.
    pub slips: (f64, f64),
    /// How stages and calls of the archive are tried again.
    pub retries: Retries,
    /// The outside service.
    pub archive: ArchiveTerms,
    /// When it is not asked any more.
    pub breaker: BreakerTerms,
    /// The longest that a flow takes.
    pub deadline: Duration,
    /// Documents that stay on the shelf, at least 1: older ones are removed.
    pub keep: usize,
    /// The twin that leaves half of a document on the shelf, now and then.
    pub tears_documents: bool,
    /// The twin whose breaker stays open for good.
    pub breaker_never_closes: bool,
    /// The twin that tries again until the deadline.
    pub retries_without_end: bool,
    /// The twin in which a flow that failed keeps its place.
    pub loses_places: bool,
}

impl Default for Options {
    /// 240 documents, 32 places, as many threads as the machine has cores (at least 2), the least effort, 1 % of attempts
    /// lost, a fifth of first drafts with a slip, 30 s, 256 documents kept.
    fn default() -> Self {
        Self {
            seed: 42,
            documents: 240,
            places: 32,
            workers: available_parallelism().map_or(2, |cores| cores.get().max(2)),
            stages: [StageTerms { effort: 1, failure_rate: 0.01 }; 5],
            slips: (0.2, 0.0),
            retries: Retries::default(),
            archive: ArchiveTerms::default(),
            breaker: BreakerTerms::default(),
            deadline: Duration::from_secs(30),
            keep: 256,
            tears_documents: defect::is("content_flow.tears_documents"),
            breaker_never_closes: defect::is("content_flow.breaker_never_closes"),
            retries_without_end: defect::is("content_flow.retries_without_end"),
            loses_places: defect::is("content_flow.loses_places"),
        }
    }
}

impl Options {
    /// With one stage asked for something else.
    pub(crate) fn with(mut self, stage: Stage, terms: StageTerms) -> Self {
        self.stages[stage as usize] = terms;
        self
    }

    /// Refuses what cannot work.
    pub(super) fn check(&self) -> Result<(), FlowError> {
        let least = [
            ("documents", self.documents, 100),
            ("places", self.places, 1),
            ("workers", self.workers, 1),
            ("keep", self.keep, 1),
            ("effort", self.stages.iter().map(|terms| terms.effort).min().unwrap_or(0) as usize, 1),
            ("breaker.failures", self.breaker.failures as usize, 1),
        ];
        for (option, value, least) in least {
            if value < least {
                return Err(FlowError::Option { option, least });
            }
        }
        Ok(())
    }
}
