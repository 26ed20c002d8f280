//! The small parts that are on the way of each operation, with criterion: it warms up, chooses how often to run, and
//! compares with the run before. Each sample measures ours and the yardstick one after the other; the table at the end
//! has the medians of those pairs.

#[path = "../rounds.rs"]
mod rounds;
#[path = "../table.rs"]
mod table;

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use criterion::Criterion;
use hdrhistogram::Histogram;
use proofload::{
    __private::{Recording, clock},
    Load, hours,
    load::OpenLoad,
    per_second,
};
use rounds::Rounds;
use table::{Purpose, Row, Table};

/// The time of `n` times one thing.
type Timed<'a> = &'a mut dyn FnMut(u64) -> Duration;

/// A part of ours with its yardstick.
struct Pair<'a> {
    what: &'a str,
    ours: Timed<'a>,
    yardstick: &'a str,
    theirs: Timed<'a>,
}

impl Pair<'_> {
    /// Measures and describes; printed later, when criterion has had its say.
    fn measure(self, criterion: &mut Criterion) -> (String, String, Rounds) {
        let mut samples = Vec::new();
        criterion.bench_function(self.what, |bencher| {
            bencher.iter_custom(|n| {
                let (ours, theirs) = ((self.ours)(n), (self.theirs)(n));
                samples.push((n, ours, theirs));
                ours
            });
        });
        // The warm-up starts with samples too short to mean anything.
        let most = samples.iter().map(|sample| sample.0).max().expect("criterion runs it once at least");
        let long = samples.iter().filter(|sample| sample.0 >= most / 10);
        let each = |took: Duration, n: u64| took.as_secs_f64() * 1e9 / n as f64;
        let seen = Rounds::of(long.map(|&(n, ours, theirs)| (each(ours, n), each(theirs, n))));
        (self.what.to_owned(), self.yardstick.to_owned(), seen)
    }
}

/// The time of calling `one` `n` times, with the number of the call.
fn time<T>(n: u64, mut one: impl FnMut(u64) -> T) -> Duration {
    let began = Instant::now();
    for k in 0..n {
        black_box(one(k));
    }
    began.elapsed()
}

/// Service times around a millisecond with a long tail.
fn samples() -> Vec<u64> {
    let mut rng = fastrand::Rng::with_seed(7);
    (0..4096).map(|_| (1e6 * (1.0 - rng.f64()).powf(-0.5)) as u64).collect()
}

/// Operations a second of the schedules: a million, for longer than anybody measures.
fn schedule() -> OpenLoad {
    Load::rate(per_second(1_000_000)).for_duration(hours(10_000))
}

fn arrivals(load: &OpenLoad, n: u64) -> Duration {
    let mut arrivals = load.arrivals(7);
    time(n, |_| arrivals.next())
}

fn main() {
    let purpose = Purpose::of_this_run();
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(purpose.choose(2, 1)))
        .sample_size(50)
        .without_plots()
        .configure_from_args();
    let samples = samples();
    let sample = |k: u64| samples[k as usize % samples.len()];
    let recording = Recording::default();
    let mut histogram = Histogram::<u64>::new_with_bounds(1, 1 << 47, 3).expect("bounds");
    let clock = clock();
    let ramp = Load::rate(per_second(0)).ramp_to(per_second(1_000_000), hours(10_000));
    let multiplied = &mut |n| time(n, |k| Duration::from_secs_f64(k as f64 * 1e-6));
    let rows = [
        Pair {
            what: "recording an operation: due, ok, times",
            ours: &mut |n| time(n, |k| recording.operation(sample(k))),
            yardstick: "hdrhistogram record",
            theirs: &mut |n| time(n, |k| histogram.record(sample(k))),
        }
        .measure(&mut criterion),
        Pair {
            what: "a look at the clock",
            ours: &mut |n| time(n, |_| clock()),
            yardstick: "Instant::now",
            theirs: &mut |n| time(n, |_| Instant::now()),
        }
        .measure(&mut criterion),
        Pair {
            what: "the next arrival, constant rate",
            ours: &mut |n| arrivals(&schedule(), n),
            yardstick: "a multiplication",
            theirs: multiplied,
        }
        .measure(&mut criterion),
        Pair {
            what: "the next arrival, ramp",
            ours: &mut |n| arrivals(&ramp, n),
            yardstick: "a multiplication",
            theirs: multiplied,
        }
        .measure(&mut criterion),
        Pair {
            what: "the next arrival, Poisson",
            ours: &mut |n| arrivals(&schedule().poisson(), n),
            yardstick: "a multiplication",
            theirs: multiplied,
        }
        .measure(&mut criterion),
    ];
    let table = Table::begin(purpose, "Small parts, on the way of each operation");
    for (what, yardstick, seen) in rows {
        table.row(Row {
            what: &what,
            ours: format!("{:.1} ns", seen.ours),
            yardstick: format!("{yardstick}: {:.1} ns", seen.theirs),
            ratio: Some(1.0 / seen.ratio),
            budget: None,
        });
    }
}
