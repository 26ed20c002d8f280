//! How many flows may be in hand at once: one more is refused, nobody waits.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What becomes of a place when its flow has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AfterFailure {
    /// It is free again.
    Free,
    /// The twin that never gives it back.
    Lost,
}

/// Every place is taken: nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("all {places} places are taken: try again later")]
pub(crate) struct Busy {
    /// How many there are.
    pub places: usize,
}

/// The places.
#[derive(Debug)]
pub(crate) struct Places {
    free: Arc<Semaphore>,
    all: usize,
    most_taken: AtomicUsize,
    after_failure: AfterFailure,
}

/// A place that is taken until this is dropped, whatever ended the flow.
#[derive(Debug)]
#[must_use = "dropping it frees the place"]
pub(crate) struct Place {
    permit: OwnedSemaphorePermit,
    after_failure: AfterFailure,
}

impl Places {
    /// So many, all free.
    pub(crate) fn new(all: usize, after_failure: AfterFailure) -> Self {
        Self { free: Arc::new(Semaphore::new(all)), all, most_taken: AtomicUsize::new(0), after_failure }
    }

    /// Takes a place, or is refused at once.
    pub(crate) fn take(&self) -> Result<Place, Busy> {
        let permit = Arc::clone(&self.free).try_acquire_owned().map_err(|_| Busy { places: self.all })?;
        self.most_taken.fetch_max(self.taken(), Ordering::Relaxed);
        Ok(Place { permit, after_failure: self.after_failure })
    }

    /// How many are taken.
    pub(crate) fn taken(&self) -> usize {
        self.all - self.free.available_permits()
    }

    /// The most that were ever taken at once.
    pub(crate) fn most_taken(&self) -> usize {
        self.most_taken.load(Ordering::Relaxed)
    }
}

impl Place {
    /// Says that the flow has failed.
    pub(crate) fn failed(self) {
        match self.after_failure {
            AfterFailure::Free => drop(self.permit),
            AfterFailure::Lost => self.permit.forget(),
        }
    }
}
