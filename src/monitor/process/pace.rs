use std::time::{Duration, Instant};

use super::super::own::own_thread_time;

/// How often something is done that costs more the more processes there are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    at_least: Duration,
    at_most: Duration,
    /// It waits so many times what the last time took, so that it never takes more than that share of a core.
    share: u32,
    every: Duration,
    last: Option<Instant>,
}

impl Pace {
    /// Between `at_least` and `at_most` apart, for one part in `share` of a core where `at_most` allows.
    pub(super) const fn new(at_least: Duration, at_most: Duration, share: u32) -> Self {
        Self { at_least, at_most, share, every: at_least, last: None }
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.last.is_none_or(|last| now.saturating_duration_since(last) >= self.every)
    }

    /// Notes that there was nothing to do at `now`.
    pub(super) fn was_spared(&mut self, now: Instant) {
        self.last = Some(now);
    }

    /// Notes that it was done at `now` and what it took: of the thread's own time, since a thread that had to wait for a
    /// core has used none.
    pub(super) fn took(&mut self, now: Instant, began: Option<Duration>) {
        let took = own_thread_time().zip(began).map(|(end, began)| end.saturating_sub(began));
        self.every = (took.unwrap_or_default() * self.share).clamp(self.at_least, self.at_most);
        self.last = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: Duration = Duration::from_millis(20);
    const MOST: Duration = Duration::from_millis(500);

    #[test]
    fn what_is_dear_is_done_less_often_but_never_seldom() {
        let now = Instant::now();
        let mut pace = Pace::new(LEAST, MOST, 100);
        assert!(pace.is_due(now), "the first time is at once");
        pace.took(now, own_thread_time());
        assert!(!pace.is_due(now + LEAST / 2));
        let busy = || {
            let began = own_thread_time();
            while own_thread_time() < began.map(|began| began + Duration::from_millis(1)) {}
            began
        };
        pace.took(now, busy());
        assert!(!pace.is_due(now + 4 * LEAST) && pace.is_due(now + MOST), "{pace:?}");
        let mut dear = Pace::new(LEAST, MOST, 1_000_000);
        dear.took(now, busy());
        assert!(!dear.is_due(now + MOST / 2) && dear.is_due(now + MOST), "{dear:?}");
    }
}
