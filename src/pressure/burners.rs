use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use super::{
    Bounds,
    hand::{Ending, Hand},
};
use crate::{
    monitor::{cores_available, own_thread_time},
    units::Ratio,
};

/// Work and rest alternate within this: a scheduler's time slice.
const PERIOD: Duration = Duration::from_millis(10);

/// Rounds of arithmetic between two looks at the clock: some 10 us.
const ROUNDS: u32 = 4_000;

/// More than this many threads to a core only measure the scheduler.
pub(crate) const MOST_PER_CORE: f64 = 4.0;

/// However many cores there are.
const MOST_THREADS: usize = 1_024;

/// Threads that keep cores busy with arithmetic, for a share of the time. They end when this is dropped.
///
/// ```
/// use proofload::{pressure::{Bounds, CpuBurners}, units::Ratio};
///
/// # fn main() -> std::io::Result<()> {
/// let burners = CpuBurners::share(Ratio::new(0.5), Bounds::default())?;
/// while burners.burnt().is_zero() {
///     std::thread::yield_now();
/// }
/// assert!(burners.threads() >= 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "dropping it ends the threads"]
pub struct CpuBurners {
    burnt_ns: Arc<AtomicU64>,
    duty: f64,
    hands: Vec<Hand>,
}

impl CpuBurners {
    /// Burns a share of the cores available to this process: 1 are all of them, 2 are two threads for each. At most four
    /// threads for each core are started.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub fn share(share: Ratio, bounds: Bounds) -> io::Result<Self> {
        let cores = cores_available();
        let (threads, duty) = spread(share.share(), cores);
        Self::threads_at(threads, duty, &bounds)
    }

    /// `threads` that each burn for the share `duty` (0 to 1) of the time, at most 1 024.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub fn start(threads: usize, duty: Ratio, bounds: Bounds) -> io::Result<Self> {
        Self::threads_at(threads.min(MOST_THREADS), duty.share().clamp(0.0, 1.0), &bounds)
    }

    fn threads_at(threads: usize, duty: f64, bounds: &Bounds) -> io::Result<Self> {
        let burnt_ns = Arc::new(AtomicU64::new(0));
        let hand = |number: usize| {
            let burnt_ns = Arc::clone(&burnt_ns);
            let seed = number as u64;
            Hand::start("proofload-burner", bounds, move |ending| burn(seed, duty, &burnt_ns, &ending))
        };
        // Of too many, those that were started end here with the error.
        let hands = (0..threads).map(hand).collect::<io::Result<_>>()?;
        Ok(Self { burnt_ns, duty, hands })
    }

    /// How many threads there are.
    pub fn threads(&self) -> usize {
        self.hands.len()
    }

    /// The cores that they are to keep busy: threads times their share of the time.
    pub fn wanted_cores(&self) -> f64 {
        self.threads() as f64 * self.duty
    }

    /// The CPU time that they used so far. Where the platform does not tell a thread's time, the time for which they
    /// worked, which is at least that.
    pub fn burnt(&self) -> Duration {
        Duration::from_nanos(self.burnt_ns.load(Ordering::Acquire))
    }
}

impl Drop for CpuBurners {
    fn drop(&mut self) {
        // All are told before the first is waited for.
        self.hands.iter().for_each(Hand::release);
    }
}

/// Threads and the share of time for each that keep `share` of `cores` busy.
fn spread(share: f64, cores: f64) -> (usize, f64) {
    let wanted = (share.clamp(0.0, MOST_PER_CORE) * cores).min(MOST_THREADS as f64);
    let threads = wanted.ceil() as usize;
    (threads, if threads == 0 { 0.0 } else { wanted / threads as f64 })
}

fn burn(seed: u64, duty: f64, burnt_ns: &AtomicU64, ending: &Ending) {
    let mut state = seed.wrapping_add(1);
    while !ending.is_over() {
        let (began, cpu_before) = (Instant::now(), own_thread_time());
        let work = PERIOD.mul_f64(duty);
        while began.elapsed() < work {
            state = arithmetic(state);
        }
        let cpu = own_thread_time().zip(cpu_before).map(|(now, before)| now.saturating_sub(before));
        let used = cpu.unwrap_or_else(|| began.elapsed());
        burnt_ns.fetch_add(u64::try_from(used.as_nanos()).unwrap_or(u64::MAX), Ordering::AcqRel);
        if duty < 1.0 {
            ending.nap(PERIOD.saturating_sub(began.elapsed()));
        }
    }
}

/// A round of whole and floating numbers that no optimiser can foresee.
fn arithmetic(mut state: u64) -> u64 {
    let mut float = 1.0f64;
    for _round in 0..ROUNDS {
        // Xorshift (Marsaglia, "Xorshift RNGs", 2003).
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        float = (float + state as f64).sqrt();
    }
    std::hint::black_box(state ^ float.to_bits()).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_spread_over_threads() {
        assert_eq!(spread(1.0, 4.0), (4, 1.0));
        assert_eq!(spread(0.5, 4.0), (2, 1.0));
        assert_eq!(spread(0.5, 1.0), (1, 0.5));
        assert_eq!(spread(2.0, 1.5), (3, 1.0));
        assert_eq!(spread(1.0, 1.5), (2, 0.75));
        assert_eq!(spread(0.0, 4.0), (0, 0.0));
        assert_eq!(spread(90.0, 2.0), (8, 1.0), "at most four to a core");
    }

    #[test]
    fn a_state_never_gets_stuck() {
        let mut state = 1;
        for _ in 0..100 {
            let next = arithmetic(state);
            assert!(next != 0 && next != state);
            state = next;
        }
    }
}
