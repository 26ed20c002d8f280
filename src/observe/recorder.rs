use std::{
    array,
    cell::{Cell, OnceCell},
    cmp::Reverse,
    collections::BinaryHeap,
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{Counts, Figures, Histogram, histogram::LONGEST_NS, tally::Tally};
use crate::outcome::OutcomeClass;

/// Threads that record without sharing a cache line; the few beyond share one more shard with atomic additions.
const OWN_SHARDS: usize = 64;

/// Buckets in one power of two: 1024 keep a bucket's width under 0.1 % of its value.
const BUCKETS: usize = 1024;
const BUCKET_BITS: u32 = BUCKETS.trailing_zeros();

/// Powers of two above the first 1024 ns, up to [`LONGEST_NS`].
const MAGNITUDES: usize = (64 - LONGEST_NS.leading_zeros() - BUCKET_BITS) as usize + 1;

/// What is known when an operation has ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ended {
    pub(crate) class: OutcomeClass,
    /// End minus intended start.
    pub(crate) response_ns: u64,
    /// End minus actual start.
    pub(crate) service_ns: u64,
    pub(crate) retries: u32,
    pub(crate) bytes: u64,
    /// Whether it ended after the span of its phase, and of its whole load: such an operation counts, but not
    /// towards the throughput of the span.
    pub(crate) is_after_phase: bool,
    pub(crate) is_after_load: bool,
}

/// Counts and times of one phase of a load, written by any number of threads and read at any moment.
///
/// Each thread writes to a shard of its own with plain loads and stores, so that recording costs nanoseconds and
/// nobody waits: the reader adds up the shards and sees each counter at some recent moment. Once the writers have
/// finished, the sum is exact.
pub(crate) struct Recorder {
    shards: Box<[OnceLock<Box<Shard>>]>,
    pub(crate) tally: Tally,
}

/// On cache lines of its own (two: adjacent lines are fetched together), so that writers do not slow each other.
#[repr(align(128))]
#[derive(Default)]
struct Shard {
    due: AtomicU64,
    ok: AtomicU64,
    rejected: AtomicU64,
    error: AtomicU64,
    timeout: AtomicU64,
    unfinished: AtomicU64,
    dropped: AtomicU64,
    retries: AtomicU64,
    bytes: AtomicU64,
    after_phase: AtomicU64,
    ok_after_phase: AtomicU64,
    after_load: AtomicU64,
    ok_after_load: AtomicU64,
    /// Operations that started when they should: their response time is their service time, and they were not late.
    punctual: Buckets,
    response: Buckets,
    service: Buckets,
    refusal: Buckets,
    at_least: Buckets,
    lateness: Buckets,
}

/// The buckets of a [`Histogram`], one allocation for each power of two that was seen.
struct Buckets {
    magnitudes: [OnceLock<Box<[AtomicU64; BUCKETS]>>; MAGNITUDES],
}

impl Default for Buckets {
    fn default() -> Self {
        Self { magnitudes: array::from_fn(|_| OnceLock::new()) }
    }
}

/// How a shard is written: by its only thread, or by several.
#[derive(Clone, Copy)]
enum Writer {
    Only,
    OneOfSeveral,
}

impl Writer {
    #[inline]
    fn add(self, cell: &AtomicU64, n: u64) {
        match self {
            // Nobody else writes, so the value cannot change between the load and the store.
            Self::Only => cell.store(cell.load(Ordering::Relaxed) + n, Ordering::Relaxed),
            Self::OneOfSeveral => {
                cell.fetch_add(n, Ordering::Relaxed);
            }
        }
    }
}

impl Buckets {
    #[inline]
    fn record(&self, writer: Writer, ns: u64) {
        let ns = ns.min(LONGEST_NS);
        let magnitude = (u64::BITS - (ns >> BUCKET_BITS).leading_zeros()) as usize;
        // Magnitude 0 counts 0..1024 ns one by one; magnitude m has 1024 buckets of 2^(m-1) ns.
        let bucket = (ns >> magnitude.saturating_sub(1)) as usize & (BUCKETS - 1);
        let cells =
            self.magnitudes[magnitude].get_or_init(|| Box::new(array::from_fn(|_| AtomicU64::new(0))));
        writer.add(&cells[bucket], 1);
    }

    fn add_to(&self, histogram: &mut Histogram) {
        for (magnitude, cells) in self.magnitudes.iter().enumerate() {
            let Some(cells) = cells.get() else { continue };
            let (first, shift) = match magnitude {
                0 => (0, 0),
                m => (BUCKETS as u64, m as u32 - 1),
            };
            for (bucket, cell) in cells.iter().enumerate() {
                let n = cell.load(Ordering::Relaxed);
                if n > 0 {
                    histogram.record_n((first + bucket as u64) << shift, n);
                }
            }
        }
    }
}

impl Recorder {
    pub(crate) fn new() -> Self {
        Self { shards: (0..=OWN_SHARDS).map(|_| OnceLock::new()).collect(), tally: Tally::default() }
    }

    #[inline]
    fn shard(&self) -> (&Shard, Writer) {
        let slot = own_slot();
        let writer = if slot < OWN_SHARDS { Writer::Only } else { Writer::OneOfSeveral };
        (self.shards[slot.min(OWN_SHARDS)].get_or_init(Box::default), writer)
    }

    /// An operation fell due.
    #[inline]
    pub(crate) fn due(&self) {
        let (shard, writer) = self.shard();
        writer.add(&shard.due, 1);
    }

    /// An operation fell due and could not be started.
    pub(crate) fn due_and_dropped(&self) {
        let (shard, writer) = self.shard();
        writer.add(&shard.due, 1);
        writer.add(&shard.dropped, 1);
    }

    /// An operation was still running at the end of the drain, `waited_ns` after its intended start.
    pub(crate) fn unfinished(&self, waited_ns: u64) {
        let (shard, writer) = self.shard();
        shard.at_least.record(writer, waited_ns);
        writer.add(&shard.unfinished, 1);
    }

    /// An operation ended by itself or at its timeout.
    #[inline]
    pub(crate) fn ended(&self, ended: Ended) {
        let (shard, writer) = self.shard();
        // Times before counts: once the counts add up, the histograms are complete as well.
        let is_punctual = ended.response_ns == ended.service_ns;
        let is_ok = ended.class == OutcomeClass::Ok;
        match ended.class {
            OutcomeClass::Ok | OutcomeClass::Error => {
                if is_punctual {
                    shard.punctual.record(writer, ended.response_ns);
                } else {
                    shard.response.record(writer, ended.response_ns);
                    shard.service.record(writer, ended.service_ns);
                    shard.lateness.record(writer, ended.response_ns.saturating_sub(ended.service_ns));
                }
                if ended.is_after_phase {
                    writer.add(&shard.after_phase, 1);
                    writer.add(&shard.ok_after_phase, u64::from(is_ok));
                }
                if ended.is_after_load {
                    writer.add(&shard.after_load, 1);
                    writer.add(&shard.ok_after_load, u64::from(is_ok));
                }
            }
            OutcomeClass::Rejected => {
                shard.refusal.record(writer, ended.response_ns);
                shard.lateness.record(writer, ended.response_ns.saturating_sub(ended.service_ns));
            }
            OutcomeClass::Timeout | OutcomeClass::Unfinished | OutcomeClass::Dropped => {
                shard.at_least.record(writer, ended.response_ns);
                shard.lateness.record(writer, ended.response_ns.saturating_sub(ended.service_ns));
            }
        }
        if ended.retries > 0 {
            writer.add(&shard.retries, u64::from(ended.retries));
        }
        if ended.bytes > 0 {
            writer.add(&shard.bytes, ended.bytes);
        }
        let count = match ended.class {
            OutcomeClass::Ok => &shard.ok,
            OutcomeClass::Rejected => &shard.rejected,
            OutcomeClass::Error => &shard.error,
            OutcomeClass::Timeout => &shard.timeout,
            OutcomeClass::Unfinished => &shard.unfinished,
            OutcomeClass::Dropped => &shard.dropped,
        };
        match writer {
            Writer::Only => count.store(count.load(Ordering::Relaxed) + 1, Ordering::Release),
            Writer::OneOfSeveral => {
                count.fetch_add(1, Ordering::Release);
            }
        }
    }

    /// How the operations ended so far.
    pub(crate) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for shard in self.shards.iter().filter_map(|s| s.get()) {
            // Endings before `due`: what is read as ended was due before, so ended <= due in every reading.
            counts.ok += shard.ok.load(Ordering::Acquire);
            counts.rejected += shard.rejected.load(Ordering::Acquire);
            counts.error += shard.error.load(Ordering::Acquire);
            counts.timeout += shard.timeout.load(Ordering::Acquire);
            counts.unfinished += shard.unfinished.load(Ordering::Acquire);
            counts.dropped += shard.dropped.load(Ordering::Acquire);
        }
        counts.due = self.shards.iter().filter_map(|s| s.get()).map(|s| s.due.load(Ordering::Acquire)).sum();
        counts
    }

    /// Everything recorded so far, without durations.
    pub(crate) fn figures(&self) -> Figures {
        let mut figures = Figures { counts: self.counts(), ..Figures::default() };
        for shard in self.shards.iter().filter_map(|s| s.get()) {
            figures.retries += shard.retries.load(Ordering::Relaxed);
            figures.bytes += shard.bytes.load(Ordering::Relaxed);
            figures.after_phase += shard.after_phase.load(Ordering::Relaxed);
            figures.ok_after_phase += shard.ok_after_phase.load(Ordering::Relaxed);
            figures.after_load += shard.after_load.load(Ordering::Relaxed);
            figures.ok_after_load += shard.ok_after_load.load(Ordering::Relaxed);
            let mut punctual = Histogram::default();
            shard.punctual.add_to(&mut punctual);
            figures.response.merge(&punctual);
            figures.service.merge(&punctual);
            figures.lateness.record_n(0, punctual.count());
            shard.response.add_to(&mut figures.response);
            shard.service.add_to(&mut figures.service);
            shard.refusal.add_to(&mut figures.rejected);
            shard.at_least.add_to(&mut figures.at_least);
            shard.lateness.add_to(&mut figures.lateness);
        }
        figures.kinds = self.tally.kinds();
        figures.statuses = self.tally.statuses();
        figures
    }
}

/// The number of the calling thread, no other living thread's: two threads of one shard would lose counts.
#[inline]
fn own_slot() -> usize {
    thread_local! {
        // Without a destructor, so that reading it costs nothing more.
        static SLOT: Cell<usize> = const { Cell::new(UNNUMBERED) };
    }
    SLOT.with(|slot| match slot.get() {
        UNNUMBERED => {
            let number = Number::take(|| SLOT.with(|slot| slot.set(ENDING)));
            slot.set(number);
            number
        }
        number => number,
    })
}

/// A thread that has no number yet.
const UNNUMBERED: usize = usize::MAX;

/// A thread that has given its number back and still records, in the destructors of others: it shares a shard.
const ENDING: usize = usize::MAX - 1;

/// A number that goes back when its thread ends: pools let threads go and take new ones all the time.
struct Number {
    number: usize,
    given_back: fn(),
}

/// The numbers that went back, and the first that was never given out.
static NUMBERS: Mutex<(BinaryHeap<Reverse<usize>>, usize)> = Mutex::new((BinaryHeap::new(), 0));

impl Number {
    /// The lowest that is free, kept until the thread ends; `given_back` is called then.
    fn take(given_back: fn()) -> usize {
        thread_local! {
            static OWN: OnceCell<Number> = const { OnceCell::new() };
        }
        let keep = |own: &OnceCell<Self>| {
            let mut numbers = NUMBERS.lock().unwrap_or_else(PoisonError::into_inner);
            let number = numbers.0.pop().map_or(numbers.1, |Reverse(number)| number);
            numbers.1 = numbers.1.max(number + 1);
            drop(numbers);
            own.get_or_init(|| Self { number, given_back }).number
        };
        // A thread that is ending can keep nothing any more.
        OWN.try_with(keep).unwrap_or(ENDING)
    }
}

impl Drop for Number {
    fn drop(&mut self) {
        (self.given_back)();
        NUMBERS.lock().unwrap_or_else(PoisonError::into_inner).0.push(Reverse(self.number));
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, thread, time::Duration};

    use super::*;

    fn ended(class: OutcomeClass, response_ns: u64) -> Ended {
        Ended {
            class,
            response_ns,
            service_ns: response_ns / 2,
            retries: 0,
            bytes: 0,
            is_after_phase: false,
            is_after_load: false,
        }
    }

    #[test]
    fn the_buckets_are_those_of_the_histogram() {
        let buckets = Buckets::default();
        let mut direct = Histogram::default();
        let mut rng = fastrand::Rng::with_seed(1);
        let edges = [0, 1, 1023, 1024, 1025, 2047, 2048, 2049, 4095, 4096, LONGEST_NS, u64::MAX];
        let spread = (0..10_000).map(|_| rng.u64(..) >> rng.u32(17..64));
        for ns in edges.into_iter().chain(spread) {
            buckets.record(Writer::Only, ns);
            direct.record_n(ns, 1);
        }
        let mut read = Histogram::default();
        buckets.add_to(&mut read);
        for rank in 1..=direct.count() {
            assert_eq!(read.at_rank(rank), direct.at_rank(rank), "rank {rank}");
        }
    }

    #[test]
    fn threads_that_come_and_go_do_not_use_the_shards_up() {
        let recorder = Recorder::new();
        let numbers: std::collections::BTreeSet<usize> = (0..400)
            .map(|_| {
                thread::scope(|scope| {
                    let one = scope.spawn(|| {
                        recorder.due();
                        recorder.ended(ended(OutcomeClass::Ok, 1_000));
                        own_slot()
                    });
                    one.join().unwrap()
                })
            })
            .collect();
        assert!(numbers.len() < 200, "{numbers:?}");
        assert_eq!((recorder.counts().due, recorder.counts().ok), (400, 400));
    }

    #[test]
    fn nothing_is_lost_between_more_threads_than_shards() {
        let recorder = Arc::new(Recorder::new());
        let threads: Vec<_> = (0..OWN_SHARDS + 8)
            .map(|_| {
                let recorder = Arc::clone(&recorder);
                thread::spawn(move || {
                    for _ in 0..500 {
                        recorder.due();
                        recorder.ended(ended(OutcomeClass::Ok, 1_000));
                        recorder.due_and_dropped();
                    }
                })
            })
            .collect();
        let halfway = recorder.counts();
        assert!(halfway.ended() <= halfway.due, "a reading in the middle is never ahead: {halfway:?}");
        threads.into_iter().for_each(|t| t.join().unwrap());
        let n = (OWN_SHARDS as u64 + 8) * 500;
        let figures = recorder.figures();
        assert_eq!(figures.counts, Counts { due: 2 * n, ok: n, dropped: n, ..Counts::default() });
        assert_eq!(figures.response.count(), n);
        assert!(figures.counts.is_balanced());
    }

    #[test]
    fn each_class_goes_where_it_belongs() {
        let recorder = Recorder::new();
        for class in [OutcomeClass::Ok, OutcomeClass::Error, OutcomeClass::Rejected, OutcomeClass::Timeout] {
            recorder.due();
            recorder.ended(ended(class, 8_000));
        }
        recorder.due();
        recorder.unfinished(9_000);
        let figures = recorder.figures();
        assert!(figures.counts.is_balanced());
        let sizes =
            [&figures.response, &figures.service, &figures.rejected, &figures.at_least, &figures.lateness];
        assert_eq!(sizes.map(Histogram::count), [2, 2, 1, 2, 4]);
        assert_eq!(figures.lateness.max(), Duration::from_nanos(4_001), "read as the end of its bucket");
    }

    #[test]
    fn who_starts_in_time_is_recorded_once_and_read_thrice() {
        let recorder = Recorder::new();
        recorder.due();
        recorder.ended(Ended { service_ns: 8_000, ..ended(OutcomeClass::Ok, 8_000) });
        let figures = recorder.figures();
        let read =
            [&figures.response, &figures.service, &figures.lateness].map(|h| (h.count(), h.max().as_nanos()));
        assert_eq!(read, [(1, 8_003), (1, 8_003), (1, 0)], "8000 to 8003 ns are one bucket");
    }
}
