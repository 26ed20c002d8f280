use std::time::{Duration, Instant};

use tokio::runtime::{Handle, RuntimeMetrics};

/// A worker that polls for this share of the time has no room for anybody else's start.
const FULL: f64 = 0.95;

/// How busy the runtime's workers are: whether a late start had a free thread to start on.
pub(super) struct Workers {
    metrics: Option<RuntimeMetrics>,
    last: Vec<Seen>,
    at: Instant,
    busy: Duration,
    all_busy: Duration,
}

/// One worker at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Seen {
    /// Time spent in tasks, told when the worker goes to sleep.
    busy: Duration,
    /// Goes up with each falling asleep and each waking: even while awake.
    turns: u64,
}

impl Workers {
    /// Those of the runtime that the caller is on; of none elsewhere.
    pub(super) fn new() -> Self {
        let metrics = Handle::try_current().ok().map(|handle| handle.metrics());
        let last = metrics.as_ref().map_or_else(Vec::new, see);
        Self { metrics, last, at: Instant::now(), busy: Duration::ZERO, all_busy: Duration::ZERO }
    }

    pub(super) fn count(&self) -> u64 {
        self.last.len() as u64
    }

    /// Time that workers were busy since the beginning, summed over them.
    pub(super) const fn busy(&self) -> Duration {
        self.busy
    }

    /// Time for which every one of them was.
    pub(super) const fn all_busy(&self) -> Duration {
        self.all_busy
    }

    /// Looks, and adds what happened since the last look.
    pub(super) fn look(&mut self) {
        let Some(metrics) = &self.metrics else { return };
        let (now, at) = (see(metrics), Instant::now());
        let span = at - self.at;
        let spent: Vec<Duration> =
            self.last.iter().zip(&now).map(|(last, now)| spent(*last, *now, span)).collect();
        self.busy += spent.iter().sum::<Duration>();
        let least = spent.iter().min().copied().unwrap_or_default();
        if least > span.mul_f64(FULL) {
            self.all_busy += least;
        }
        (self.last, self.at) = (now, at);
    }
}

/// Time in tasks between two looks, at most the time between them.
fn spent(last: Seen, now: Seen, span: Duration) -> Duration {
    // A worker that has been in its tasks ever since the last look has not told how long yet.
    let is_still_in = now.turns == last.turns && now.turns.is_multiple_of(2);
    match is_still_in {
        true => span,
        false => now.busy.saturating_sub(last.busy).min(span),
    }
}

#[cfg(target_has_atomic = "64")]
fn see(metrics: &RuntimeMetrics) -> Vec<Seen> {
    let worker = |worker| Seen {
        busy: metrics.worker_total_busy_duration(worker),
        turns: metrics.worker_park_unpark_count(worker),
    };
    (0..metrics.num_workers()).map(worker).collect()
}

/// The runtime counts in 64 bits only.
#[cfg(not(target_has_atomic = "64"))]
fn see(_metrics: &RuntimeMetrics) -> Vec<Seen> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
    }

    #[test]
    fn a_worker_that_does_not_come_up_for_air_is_busy() {
        let ms = Duration::from_millis;
        let seen = |busy, turns| Seen { busy: ms(busy), turns };
        assert_eq!(spent(seen(10, 4), seen(40, 8), ms(200)), ms(30), "what it told");
        assert_eq!(spent(seen(10, 4), seen(10, 4), ms(200)), ms(200), "in one task all the time");
        assert_eq!(spent(seen(10, 5), seen(10, 5), ms(200)), ms(0), "asleep all the time");
        assert_eq!(
            spent(seen(10, 4), seen(900, 5), ms(200)),
            ms(200),
            "told at once what took several looks"
        );
    }

    #[test]
    fn only_when_every_worker_is_busy_all_are() {
        let runtime = runtime();
        let (busy, all_busy) = runtime.block_on(async {
            let mut workers = Workers::new();
            let mut blockers = tokio::task::JoinSet::new();
            blockers.spawn(async { std::thread::sleep(Duration::from_millis(300)) });
            std::thread::sleep(Duration::from_millis(100));
            workers.look();
            std::thread::sleep(Duration::from_millis(100));
            workers.look();
            let one = (workers.busy(), workers.all_busy());
            blockers.spawn(async { std::thread::sleep(Duration::from_millis(400)) });
            blockers.spawn(async { std::thread::sleep(Duration::from_millis(400)) });
            while blockers.join_next().await.is_some() {}
            workers.look();
            (one.0, one.1)
        });
        assert!(busy >= Duration::from_millis(90), "{busy:?}");
        assert_eq!(all_busy, Duration::ZERO, "the other one was free");
    }

    #[test]
    fn all_of_them_blocked_is_seen() {
        let all_busy = runtime().block_on(async {
            let mut blockers = tokio::task::JoinSet::new();
            for _ in 0..2 {
                blockers.spawn(async { std::thread::sleep(Duration::from_millis(600)) });
            }
            std::thread::sleep(Duration::from_millis(150));
            let mut workers = Workers::new();
            std::thread::sleep(Duration::from_millis(200));
            workers.look();
            workers.all_busy()
        });
        assert!(all_busy >= Duration::from_millis(200), "{all_busy:?}");
    }
}
