//! How a stage that failed is tried again: pauses that double, with jitter, and an end.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

/// How often and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Retries {
    /// Further attempts after the first.
    pub times: usize,
    /// The first pause: each further one is twice as long.
    pub first: Duration,
    /// No pause is longer than twice this.
    pub longest: Duration,
}

impl Default for Retries {
    /// Three times, after 10, 20 and 40 ms, each up to twice as long by jitter.
    fn default() -> Self {
        Self { times: 3, first: Duration::from_millis(10), longest: Duration::from_millis(500) }
    }
}

/// Whether retrying comes to an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// After so many times, and at once where another attempt is of no use.
    Bounded,
    /// The twin that tries again whatever happens.
    WithoutEnd,
}

/// The pauses between attempts; the same for the same seed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pauses {
    pub(crate) retries: Retries,
    pub(crate) patience: Patience,
    pub(crate) seed: u64,
}

impl BackoffBuilder for Pauses {
    type Backoff = ExponentialBackoff;

    fn build(self) -> ExponentialBackoff {
        let pauses = ExponentialBuilder::new()
            .with_min_delay(self.retries.first)
            .with_max_delay(self.retries.longest)
            .with_jitter()
            .with_jitter_seed(self.seed);
        match self.patience {
            Patience::Bounded => pauses.with_max_times(self.retries.times).build(),
            Patience::WithoutEnd => pauses.without_max_times().build(),
        }
    }
}
