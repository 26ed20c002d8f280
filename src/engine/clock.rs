use std::time::Duration;

use tokio::time::Instant;

/// The one clock of a load: nanoseconds since its start. It follows tokio's, so that tests can make time pass.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    origin: Instant,
}

impl Clock {
    pub(super) fn start() -> Self {
        Self { origin: Instant::now() }
    }

    pub(super) fn now_ns(self) -> u64 {
        as_ns(self.origin.elapsed())
    }

    pub(super) fn at(self, ns: u64) -> Instant {
        self.origin + Duration::from_nanos(ns)
    }
}

/// Nanoseconds in 64 bits last for 584 years.
pub(super) fn as_ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
