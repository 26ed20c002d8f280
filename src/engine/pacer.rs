use std::pin::Pin;

use tokio::time::{Sleep, sleep_until};

use super::clock::Clock;
use crate::stop::StopToken;

/// Waits for moments on the load's clock, or until it is time to stop. The one door through which pacing goes.
pub(super) struct Pacer {
    clock: Clock,
    stop: StopToken,
    sleep: Pin<Box<Sleep>>,
    stopped: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Pacer {
    pub(super) fn new(clock: Clock, stop: StopToken) -> Self {
        let waiting = stop.clone();
        let stopped = Box::pin(async move { waiting.stopped().await });
        Self { clock, stop, sleep: Box::pin(sleep_until(clock.at(0))), stopped }
    }

    /// Waits until `due_ns`; `false` when it is time to stop instead. Returns at once when the moment is past.
    pub(super) async fn until(&mut self, due_ns: u64) -> bool {
        if self.stop.is_stopped() {
            return false;
        }
        if self.clock.now_ns() >= due_ns {
            return true;
        }
        self.sleep.as_mut().reset(self.clock.at(due_ns));
        tokio::select! {
            biased;
            () = &mut self.stopped => false,
            () = &mut self.sleep => true,
        }
    }
}
