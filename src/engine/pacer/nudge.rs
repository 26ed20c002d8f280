use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::runtime::Handle;

use crate::engine::clock::Clock;

/// Between two looks at a pacer that may have been forgotten.
pub(in crate::engine) const NUDGE_EVERY: Duration = Duration::from_millis(10);

/// A pacer that is later than this was not woken.
const FORGOTTEN_NS: u64 = 2_000_000;

/// Wakes a worker when the pacer's timer has fired and nobody has noticed.
///
/// A worker that starts an operation runs it at once. When that operation blocks, and the others have gone to sleep
/// waiting for work rather than for events, no thread watches the timer any more, though some are free. A task from
/// outside wakes one; having nothing else to do, it watches.
#[derive(Clone)]
pub(in crate::engine) struct Nudge {
    waits_for_ns: Arc<AtomicU64>,
    is_under_way: Arc<AtomicBool>,
    runtime: Option<Handle>,
    clock: Clock,
}

impl Nudge {
    pub(in crate::engine) fn new(clock: Clock) -> Self {
        Self {
            waits_for_ns: Arc::new(AtomicU64::new(u64::MAX)),
            is_under_way: Arc::default(),
            runtime: Handle::try_current().ok(),
            clock,
        }
    }

    /// The pacer waits for this moment, `u64::MAX` when for none.
    pub(super) fn waits_for(&self, due_ns: u64) {
        self.waits_for_ns.store(due_ns, Ordering::Relaxed);
    }

    /// Wakes a worker if the moment has passed. One at a time: a runtime whose workers are all busy has none to wake.
    pub(in crate::engine) fn look(&self) {
        let due_ns = self.waits_for_ns.load(Ordering::Relaxed);
        let is_forgotten = self.clock.now_ns() > due_ns.saturating_add(FORGOTTEN_NS);
        if let Some(runtime) = self.runtime.as_ref().filter(|_| is_forgotten)
            && !self.is_under_way.swap(true, Ordering::AcqRel)
        {
            let is_under_way = Arc::clone(&self.is_under_way);
            runtime.spawn(async move { is_under_way.store(false, Ordering::Release) });
        }
    }
}
