use std::{pin::Pin, time::Duration};

use tokio::time::{Instant, Sleep, sleep};

#[cfg(target_os = "linux")]
use super::timerfd::TimerFd;
use crate::engine::clock::Clock;

/// The longest single wait: what is further away is waited for in parts.
const LONGEST: Duration = Duration::from_secs(3600);

/// What wakes the pacer.
pub(super) enum Timer {
    /// A file descriptor on the runtime's own poll: microseconds late.
    #[cfg(target_os = "linux")]
    Kernel(TimerFd),
    /// Tokio's timer wheel: a millisecond late, on every platform and on virtual time.
    Wheel(Pin<Box<Sleep>>),
}

impl Timer {
    pub(super) fn new(clock: Clock) -> Self {
        match clock {
            Clock::Virtual(_) => Self::wheel(),
            Clock::Real(_) => Self::best(),
        }
    }

    #[cfg(target_os = "linux")]
    fn best() -> Self {
        // Without a free descriptor the wheel is better than nothing; the report shows how late it is.
        TimerFd::new().map_or_else(|_| Self::wheel(), Self::Kernel)
    }

    #[cfg(not(target_os = "linux"))]
    fn best() -> Self {
        Self::wheel()
    }

    fn wheel() -> Self {
        Self::Wheel(Box::pin(sleep(Duration::ZERO)))
    }

    /// Waits for `ns` nanoseconds or a little less: whoever waits looks at the clock again.
    pub(super) async fn wait(&mut self, ns: u64) {
        let length = Duration::from_nanos(ns).min(LONGEST);
        match self {
            #[cfg(target_os = "linux")]
            Self::Kernel(timer) => timer.wait(length).await,
            Self::Wheel(sleep) => {
                sleep.as_mut().reset(Instant::now() + length);
                sleep.as_mut().await;
            }
        }
    }
}
