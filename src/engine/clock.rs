use std::time::{Duration, Instant};

/// The one clock of a load: nanoseconds since its start.
#[derive(Debug, Clone, Copy)]
pub(super) enum Clock {
    /// The machine's.
    Real(Instant),
    /// Tokio's, which tests make pass.
    Virtual(tokio::time::Instant),
}

impl Clock {
    pub(super) fn start(is_virtual: bool) -> Self {
        match is_virtual {
            false => Self::Real(Instant::now()),
            true => Self::Virtual(tokio::time::Instant::now()),
        }
    }

    #[inline]
    pub(super) fn now_ns(self) -> u64 {
        match self {
            Self::Real(origin) => as_ns(origin.elapsed()),
            Self::Virtual(origin) => as_ns(origin.elapsed()),
        }
    }
}

/// Nanoseconds in 64 bits last for 584 years.
#[inline]
pub(super) fn as_ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
