//! The stages of a flow, what each is asked to do, and what each has done.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use super::brief::generator;

/// A step of a flow that works; before the first, the archive is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Documents and key terms.
    Research,
    /// Sentences for each section, in an order.
    Outline,
    /// The text.
    Draft,
    /// Spelling, repetition, readability, completeness.
    Review,
    /// Markdown and HTML on the disk.
    Publish,
}

impl Stage {
    /// In their order.
    pub(crate) const ALL: [Self; 5] =
        [Self::Research, Self::Outline, Self::Draft, Self::Review, Self::Publish];
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Research => "research",
            Self::Outline => "outline",
            Self::Draft => "draft",
            Self::Review => "review",
            Self::Publish => "publish",
        })
    }
}

/// What a stage is asked to do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StageTerms {
    /// How much work, at least 1: rounds of search, passes over the order, candidates for a sentence, sizes of what is
    /// compared, editions.
    pub effort: u32,
    /// The share of attempts of which the result is lost.
    pub failure_rate: f64,
}

impl StageTerms {
    /// Whether the result of `attempt`, from 1, of flow `number` is lost. Depends on nothing else, so that the same flows
    /// fail in every order.
    pub(crate) fn is_lost(&self, seed: u64, stage: Stage, number: u64, attempt: u32) -> bool {
        generator(seed, number, u64::from(attempt) << 8 | stage as u64).f64() < self.failure_rate
    }
}

/// What was done so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    attempts: AtomicU64,
    lost: AtomicU64,
    retries: AtomicU64,
}

/// What a stage has done, in all flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StageFigures {
    /// Attempts that came to an end.
    pub attempts: u64,
    /// Of which the result was lost.
    pub lost: u64,
    /// Attempts that were made after another: the first one of each flow is none.
    pub retries: u64,
}

impl Tally {
    /// An attempt ended, and its result was `is_lost`.
    pub(crate) fn ended(&self, is_lost: bool) {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        self.lost.fetch_add(u64::from(is_lost), Ordering::Relaxed);
    }

    /// There will be another attempt.
    pub(crate) fn retried(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    /// What there is so far.
    pub(crate) fn figures(&self) -> StageFigures {
        StageFigures {
            attempts: self.attempts.load(Ordering::Relaxed),
            lost: self.lost.load(Ordering::Relaxed),
            retries: self.retries.load(Ordering::Relaxed),
        }
    }
}
