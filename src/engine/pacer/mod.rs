//! Waiting for the next moment of a schedule: the one door through which pacing goes.

mod nudge;
mod timer;
#[cfg(target_os = "linux")]
mod timerfd;

use std::{future::Future, pin::Pin};

use tokio::task::yield_now;

pub(super) use self::nudge::{NUDGE_EVERY, Nudge};
use self::timer::Timer;
use super::clock::Clock;
use crate::stop::StopToken;

/// In a gap shorter than this, setting the timer would cost the operation before it more than it is worth.
const SHORT_GAP_NS: u64 = 200_000;

/// Waits for moments on the load's clock, or until it is time to stop.
pub(super) struct Pacer {
    clock: Clock,
    stop: StopToken,
    timer: Timer,
    lead: Lead,
    nudge: Nudge,
    stopped: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Pacer {
    pub(super) fn new(clock: Clock, stop: StopToken, nudge: Nudge) -> Self {
        let waiting = stop.clone();
        let stopped = Box::pin(async move { waiting.stopped().await });
        Self { clock, stop, timer: Timer::new(clock), lead: Lead::new(clock), nudge, stopped }
    }

    /// Waits until `due_ns`; `false` when it is time to stop instead. Returns at once when the moment is past.
    pub(super) async fn until(&mut self, due_ns: u64) -> bool {
        let mut has_yielded = false;
        loop {
            if self.stop.is_stopped() {
                return false;
            }
            let now_ns = self.clock.now_ns();
            if now_ns >= due_ns {
                return true;
            }
            if !has_yielded && due_ns - now_ns < SHORT_GAP_NS {
                // What was started just now runs first: setting a timer takes microseconds on a virtual machine. Not
                // in a longer gap, since no other worker can take over from one that blocks before the timer is set.
                has_yielded = true;
                yield_now().await;
                continue;
            }
            let Some(wait_ns) = self.lead.wait_for(due_ns - now_ns) else {
                self.spin_until(due_ns);
                continue;
            };
            self.nudge.waits_for(now_ns + wait_ns);
            tokio::select! {
                biased;
                () = &mut self.stopped => {
                    self.nudge.waits_for(u64::MAX);
                    return false;
                }
                // Timers may fire early, and for a moment that was waited for before.
                () = self.timer.wait(wait_ns) => self.lead.learn(self.clock.now_ns(), now_ns + wait_ns),
            }
            self.nudge.waits_for(u64::MAX);
        }
    }
}

impl Pacer {
    /// Looks at the clock for at most the longest lead: shorter than a thread takes to fall asleep and wake.
    fn spin_until(&self, due_ns: u64) {
        while self.clock.now_ns() < due_ns && !self.stop.is_stopped() {
            std::hint::spin_loop();
        }
    }
}

/// How much earlier than needed the timer is set, since it wakes late: by some microseconds on a machine of its own, by
/// dozens on a virtual one whose cores sleep. Learned while waiting; what is left is spent looking at the clock.
struct Lead {
    ns: u64,
    longest_ns: u64,
}

impl Lead {
    /// More than this is not made up for: it would be a core's whole time at rates that a timer still serves.
    const LONGEST_NS: u64 = 80_000;

    /// The lead moves up by this after a late wake and down after an early one, and so settles where half of the wakes
    /// are late (a stochastic approximation of the median: Robbins and Monro, 1951). Where nine of ten come early, more
    /// of a core is spent looking at the clock, and the p99 of the lateness is the same.
    const STEP_NS: u64 = 300;

    const fn new(clock: Clock) -> Self {
        match clock {
            Clock::Real(_) => Self { ns: 0, longest_ns: Self::LONGEST_NS },
            // Time that tests make pass does not pass by looking.
            Clock::Virtual(_) => Self { ns: 0, longest_ns: 0 },
        }
    }

    /// How long to sleep when something is due in `left_ns`; `None` when it is too near for that.
    const fn wait_for(&self, left_ns: u64) -> Option<u64> {
        match left_ns.checked_sub(self.ns) {
            Some(0) | None => None,
            wait => wait,
        }
    }

    /// The timer was set for `wanted_ns` and it is `now_ns`.
    fn learn(&mut self, now_ns: u64, wanted_ns: u64) {
        let late_ns = now_ns.saturating_sub(wanted_ns);
        self.ns = match late_ns > self.ns {
            true => (self.ns + Self::STEP_NS).min(self.longest_ns),
            false => self.ns.saturating_sub(Self::STEP_NS),
        };
    }
}
