use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// The least time over which a share of CPU is told: its steps of 10 ms are 2 % of it.
pub(super) const CPU_OVER_AT_LEAST: Duration = Duration::from_millis(500);

/// A slot gathers the ticks of so long.
const SLOT: Duration = Duration::from_millis(100);

/// 5 minutes of slots: 170 KB.
const SLOTS: usize = 3000;

/// The last ticks and, in slots of 100 ms, the last five minutes: what limits are judged by. Bounded, whatever the pace.
#[derive(Debug, Default)]
pub(super) struct Recent {
    /// The last three.
    ticks: VecDeque<Tick>,
    slots: VecDeque<Slot>,
}

/// CPU time, and when it was that much: at the tick or a little before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    pub(super) at: Instant,
    pub(super) cpu: Duration,
}

#[derive(Debug, Clone, Copy)]
struct Tick {
    at: Instant,
    cpu: Reading,
    rss_bytes: u64,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    from: Instant,
    /// As of its first tick.
    cpu: Reading,
    least_rss_bytes: u64,
    least_at: Instant,
}

impl Recent {
    pub(super) fn push(&mut self, at: Instant, cpu: Reading, rss_bytes: u64) {
        if self.ticks.len() == 3 {
            self.ticks.pop_front();
        }
        self.ticks.push_back(Tick { at, cpu, rss_bytes });
        match self.slots.back_mut() {
            Some(slot) if at.saturating_duration_since(slot.from) < SLOT => {
                if rss_bytes < slot.least_rss_bytes {
                    (slot.least_rss_bytes, slot.least_at) = (rss_bytes, at);
                }
            }
            Some(_) | None => {
                if self.slots.len() == SLOTS {
                    self.slots.pop_front();
                }
                let slot = Slot { from: at, cpu, least_rss_bytes: rss_bytes, least_at: at };
                self.slots.push_back(slot);
            }
        }
    }

    /// Cores in use over the last `window` (at least 500 ms, at most what is kept); `None` when there is less history.
    pub(super) fn cores_over(&self, window: Duration) -> Option<f64> {
        let last = self.ticks.back()?.cpu;
        let since = |slot: &Slot| last.at.saturating_duration_since(slot.cpu.at);
        let first = self.slots[self.first_of(window.max(CPU_OVER_AT_LEAST), since)?].cpu;
        let over = last.at.saturating_duration_since(first.at).as_secs_f64();
        (over > 0.0).then(|| last.cpu.saturating_sub(first.cpu).as_secs_f64() / over)
    }

    /// Bytes a second over the last `window` (at most what is kept): from the least memory in its first quarter to
    /// the least in its last, over the time between the two. Bursts that are given back do not count, a steady ramp
    /// counts exactly. `None` when there is less history, or no tick in one of the quarters.
    pub(super) fn growth_over(&self, window: Duration) -> Option<f64> {
        let end = self.ticks.back()?.at;
        let first = self.first_of(window, |slot| end.saturating_duration_since(slot.from))?;
        let start = self.slots[first].from;
        let quarter = end.saturating_duration_since(start) / 4;
        let inside = || self.slots.iter().skip(first);
        let least =
            |slots: &mut dyn Iterator<Item = &Slot>| slots.min_by_key(|slot| slot.least_rss_bytes).copied();
        let early = least(&mut inside().filter(|slot| slot.least_at <= start + quarter))?;
        let late = least(&mut inside().filter(|slot| slot.least_at >= end - quarter))?;
        slope(
            early.least_rss_bytes,
            late.least_rss_bytes,
            late.least_at.saturating_duration_since(early.least_at),
        )
    }

    /// Bytes a second over the last two ticks; 0 before there are two.
    pub(super) fn rate_now(&self) -> f64 {
        let (Some(first), Some(last)) = (self.ticks.front(), self.ticks.back()) else { return 0.0 };
        slope(first.rss_bytes, last.rss_bytes, last.at.saturating_duration_since(first.at)).unwrap_or(0.0)
    }

    /// The latest slot that is `window` old or older; the oldest one once the ring is full.
    fn first_of(&self, window: Duration, age: impl Fn(&Slot) -> Duration) -> Option<usize> {
        let later = self.slots.partition_point(|slot| age(slot) >= window);
        match later.checked_sub(1) {
            None if self.slots.len() == SLOTS => Some(0),
            index => index,
        }
    }
}

fn slope(from: u64, to: u64, over: Duration) -> Option<f64> {
    (!over.is_zero()).then(|| (to as f64 - from as f64) / over.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ticks of 20 ms for so long; `figures` gives the CPU time in ms and the memory for a time in ms.
    fn ticked(ms: u64, figures: impl Fn(u64) -> (u64, u64)) -> Recent {
        let (start, mut recent) = (Instant::now(), Recent::default());
        for at in (0..=ms).step_by(20) {
            let (cpu_ms, rss) = figures(at);
            let at = start + Duration::from_millis(at);
            recent.push(at, Reading { at, cpu: Duration::from_millis(cpu_ms) }, rss);
        }
        recent
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn cores_are_told_for_the_window_alone() {
        // Idle for 2 s, then one and a half cores.
        let recent = ticked(4000, |at| (at.saturating_sub(2000) * 3 / 2, 0));
        assert_eq!(recent.cores_over(SECOND), Some(1.5));
        assert_eq!(recent.cores_over(4 * SECOND), Some(0.75));
        assert_eq!(recent.cores_over(5 * SECOND), None);
        // A shorter window is widened to 500 ms.
        assert_eq!(ticked(480, |at| (at, 0)).cores_over(Duration::from_millis(100)), None);
        assert_eq!(ticked(500, |at| (at, 0)).cores_over(Duration::from_millis(100)), Some(1.0));
    }

    #[test]
    fn a_ramp_grows_by_its_slope() {
        let recent = ticked(4000, |at| (0, 1_000_000 + 50 * at));
        assert_eq!(recent.growth_over(2 * SECOND), Some(50_000.0));
        assert_eq!(recent.growth_over(4 * SECOND), Some(50_000.0));
        assert_eq!(recent.growth_over(5 * SECOND), None);
        assert_eq!(recent.rate_now(), 50_000.0);
        let falling = ticked(4000, |at| (0, 1_000_000 - 50 * at));
        assert_eq!(falling.growth_over(4 * SECOND), Some(-50_000.0));
    }

    #[test]
    fn bursts_that_are_given_back_are_no_growth() {
        let recent = ticked(4000, |at| (0, if at % 1000 < 600 { 1000 } else { 900_000_000 }));
        assert_eq!(recent.growth_over(4 * SECOND), Some(0.0));
    }

    #[test]
    fn a_dip_in_the_middle_is_no_growth() {
        let recent = ticked(4000, |at| (0, if (1600..2400).contains(&at) { 1000 } else { 900_000_000 }));
        assert_eq!(recent.growth_over(4 * SECOND), Some(0.0));
    }

    #[test]
    fn the_rate_of_the_moment_needs_two_ticks() {
        assert_eq!(Recent::default().rate_now(), 0.0);
        assert_eq!(ticked(0, |_| (0, 7)).rate_now(), 0.0);
        // 40 MB in the last 20 of 40 ms.
        assert_eq!(ticked(2000, |at| (0, if at == 2000 { 40_000_000 } else { 0 })).rate_now(), 1e9);
    }

    #[test]
    fn the_ring_is_bounded_and_a_longer_window_takes_all_of_it() {
        let recent = ticked(400_000, |at| (at / 2, 10 * at));
        assert_eq!((recent.ticks.len(), recent.slots.len()), (3, SLOTS));
        assert_eq!(recent.cores_over(600 * SECOND), Some(0.5));
        assert_eq!(recent.growth_over(600 * SECOND), Some(10_000.0));
    }
}
