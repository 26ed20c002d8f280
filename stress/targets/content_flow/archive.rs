//! The outside service that flows ask for a quotation: it takes a moment to answer, fails now and then, and can be down.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::brief::{Brief, generator};

/// How the archive is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    /// It answers.
    Up,
    /// It answers with a failure.
    Down,
    /// It takes calls and never answers.
    Silent,
}

/// How an archive is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ArchiveTerms {
    /// The time until it answers: waiting, not work.
    pub answers_after: Duration,
    /// The share of calls that fail while it is up.
    pub failure_rate: f64,
    /// The longest that a caller waits for an answer.
    pub patience: Duration,
}

impl Default for ArchiveTerms {
    /// 5 ms, one call in fifty, 2 s.
    fn default() -> Self {
        Self { answers_after: Duration::from_millis(5), failure_rate: 0.02, patience: Duration::from_secs(2) }
    }
}

/// Why there is no quotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ArchiveError {
    /// It said so.
    #[error("the archive failed")]
    Failed,
    /// It said nothing.
    #[error("the archive did not answer in time")]
    Silent,
}

/// The service.
#[derive(Debug)]
pub(crate) struct Archive {
    seed: u64,
    terms: ArchiveTerms,
    condition: Mutex<Condition>,
}

impl Archive {
    /// One that is up.
    pub(crate) fn new(seed: u64, terms: ArchiveTerms) -> Self {
        Self { seed, terms, condition: Mutex::new(Condition::Up) }
    }

    /// Changes how it is doing, for calls that begin from now on.
    pub(crate) fn set(&self, condition: Condition) {
        *self.condition.lock().unwrap_or_else(PoisonError::into_inner) = condition;
    }

    /// What the archive has to say about the topic of `brief`. Which calls fail depends on the seed, the flow's number and
    /// `attempt`, from 1, alone.
    pub(crate) async fn quotation(&self, brief: &Brief, attempt: u32) -> Result<String, ArchiveError> {
        let answer = async {
            let condition = *self.condition.lock().unwrap_or_else(PoisonError::into_inner);
            match condition {
                Condition::Silent => std::future::pending().await,
                Condition::Up | Condition::Down => tokio::time::sleep(self.terms.answers_after).await,
            }
            let mut rng = generator(self.seed, brief.number, u64::from(attempt));
            match condition {
                Condition::Up if rng.f64() >= self.terms.failure_rate => Ok(self.written(brief)),
                Condition::Up | Condition::Down | Condition::Silent => Err(ArchiveError::Failed),
            }
        };
        tokio::time::timeout(self.terms.patience, answer).await.unwrap_or(Err(ArchiveError::Silent))
    }

    /// The quotation for the topic: always the same.
    pub(crate) fn written(&self, brief: &Brief) -> String {
        let mut rng = generator(self.seed, brief.topic as u64, u64::MAX);
        format!("\"Shelf {}, folio {}\" <archive>", rng.u16(..), rng.u16(..))
    }
}
