//! Waiting for the next moment of a schedule: the one door through which pacing goes.

mod timer;
#[cfg(target_os = "linux")]
mod timerfd;

use std::{future::Future, pin::Pin};

use self::timer::Timer;
use super::clock::Clock;
use crate::stop::StopToken;

/// Waits for moments on the load's clock, or until it is time to stop.
pub(super) struct Pacer {
    clock: Clock,
    stop: StopToken,
    timer: Timer,
    stopped: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Pacer {
    pub(super) fn new(clock: Clock, stop: StopToken) -> Self {
        let waiting = stop.clone();
        let stopped = Box::pin(async move { waiting.stopped().await });
        Self { clock, stop, timer: Timer::new(clock), stopped }
    }

    /// Waits until `due_ns`; `false` when it is time to stop instead. Returns at once when the moment is past.
    pub(super) async fn until(&mut self, due_ns: u64) -> bool {
        loop {
            if self.stop.is_stopped() {
                return false;
            }
            let now_ns = self.clock.now_ns();
            if now_ns >= due_ns {
                return true;
            }
            tokio::select! {
                biased;
                () = &mut self.stopped => return false,
                // Timers may fire early, and for a moment that was waited for before.
                () = self.timer.wait(due_ns - now_ns) => {}
            }
        }
    }
}
