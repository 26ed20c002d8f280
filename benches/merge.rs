//! A million operations recorded by several threads and put together, beside the same with one `hdrhistogram` a thread
//! and its `add`.
//!
//! Ours keeps response time, service time and lateness of each operation, and is read by difference while the threads
//! still write; the yardstick keeps one time, and each thread hands over its histogram when it has finished.

#[path = "rounds.rs"]
mod rounds;
#[path = "table.rs"]
mod table;

use std::{
    thread,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use proofload::{
    __private::{Recording, merge, merge_histograms, record, since},
    observe::Figures,
};
use rounds::Rounds;
use table::{Purpose, Row, Table};

const THREADS: usize = 8;

/// What the recorders' reader has between two readings.
const TICK: Duration = Duration::from_millis(200);

/// Service times as a service has them: most around a millisecond, some a hundred times that.
fn samples(n: usize) -> Vec<Vec<u64>> {
    let mut rng = fastrand::Rng::with_seed(7);
    let mut one = || (1e6 * (1.0 - rng.f64()).powf(-0.5)) as u64;
    (0..THREADS).map(|_| (0..n / THREADS).map(|_| one()).collect()).collect()
}

fn empty() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 1 << 47, 3).expect("bounds")
}

/// Each thread records its part; the figures when all have finished.
fn ours(parts: &[Vec<u64>]) -> Figures {
    let recording = Recording::default();
    thread::scope(|scope| {
        for part in parts {
            scope.spawn(|| part.iter().for_each(|&ns| recording.operation(ns)));
        }
    });
    recording.figures()
}

fn theirs(parts: &[Vec<u64>]) -> Histogram<u64> {
    let mut total = empty();
    thread::scope(|scope| {
        let record = |part: &[u64]| {
            let mut own = empty();
            part.iter().for_each(|&ns| own.record(ns).expect("within the bounds"));
            own
        };
        let threads: Vec<_> = parts.iter().map(|part| scope.spawn(move || record(part))).collect();
        for thread in threads {
            total.add(thread.join().expect("no panic")).expect("the same bounds");
        }
    });
    total
}

/// Milliseconds that `run` takes.
fn timed<T>(run: impl FnOnce() -> T) -> (f64, T) {
    let began = Instant::now();
    let done = run();
    (began.elapsed().as_secs_f64() * 1e3, done)
}

fn show(ms: f64) -> String {
    format!("{ms:.3} ms")
}

/// Recording and putting together, from start to end.
fn whole(table: &Table, rounds: usize, parts: &[Vec<u64>]) {
    let n: usize = parts.iter().map(Vec::len).sum();
    let ours = || {
        let (took, figures) = timed(|| self::ours(parts));
        assert!(figures.counts.is_balanced() && figures.response.count() == n as u64);
        took
    };
    let theirs = || timed(|| self::theirs(parts)).0;
    let seen = Rounds::of((0..rounds).map(|_| (ours(), theirs())));
    table.row(Row {
        what: &format!("{n} operations by {THREADS} threads, recorded and merged"),
        ours: show(seen.ours),
        yardstick: format!("a histogram a thread, add: {}", show(seen.theirs)),
        ratio: Some(1.0 / seen.ratio),
        budget: None,
    });
}

/// One reading of a load under way: what is new in all threads' shards, added to the total.
fn reading(table: &Table, rounds: usize, parts: &[Vec<u64>]) {
    let recording = Recording::default();
    let record = |half: usize| {
        thread::scope(|scope| {
            for part in parts {
                let halves = part.split_at(part.len() / 2);
                let half = if half == 0 { halves.0 } else { halves.1 };
                let recording = &recording;
                scope.spawn(move || half.iter().for_each(|&ns| recording.operation(ns)));
            }
        });
    };
    record(0);
    let known = recording.figures();
    record(1);
    let own: Vec<_> = parts.iter().map(|part| theirs(std::slice::from_ref(part))).collect();
    let mut slice = Figures::default();
    let mut ours = || {
        let mut total = known.clone();
        let took = timed(|| {
            slice = since(&recording.figures(), &known);
            merge(&mut total, &slice);
        });
        assert_eq!(total.response, recording.figures().response);
        took.0
    };
    let theirs = || {
        let mut totals = [empty(), empty(), empty()];
        let add = |total: &mut Histogram<u64>| own.iter().for_each(|h| total.add(h).expect("bounds"));
        timed(|| totals.iter_mut().for_each(add)).0
    };
    let seen = Rounds::of((0..rounds).map(|_| (ours(), theirs())));
    table.row(Row {
        what: "a reading of a load: 3 histograms, by difference, merged",
        ours: show(seen.ours),
        yardstick: format!("3 x {THREADS} add: {}", show(seen.theirs)),
        ratio: Some(1.0 / seen.ratio),
        // 1 % of a core for reading.
        budget: Some((seen.ours, "<= 2 ms")),
    });
    let bytes = serde_json::to_vec(&slice).expect("figures").len() as f64;
    let raw = 8.0 * slice.response.count() as f64;
    table.row(Row {
        what: "its slice in the journal",
        ours: format!("{bytes:.0} B, {:.0} KB/s", bytes / TICK.as_secs_f64() / 1e3),
        yardstick: format!("8 B an operation: {raw:.0} B"),
        ratio: Some(raw / bytes),
        budget: None,
    });
}

/// Merging alone, of what each of several machines has.
fn merging(table: &Table, rounds: usize, parts: &[Vec<u64>]) {
    let ours: Vec<_> = parts
        .iter()
        .map(|part| {
            let mut histogram = proofload::observe::Histogram::default();
            part.iter().for_each(|&ns| record(&mut histogram, ns));
            histogram
        })
        .collect();
    let theirs: Vec<_> = parts.iter().map(|part| self::theirs(std::slice::from_ref(part))).collect();
    let add_ours = || {
        let mut total = proofload::observe::Histogram::default();
        timed(|| ours.iter().for_each(|h| merge_histograms(&mut total, h))).0
    };
    let add_theirs = || {
        let mut total = empty();
        timed(|| theirs.iter().for_each(|h| total.add(h).expect("the same bounds"))).0
    };
    let seen = Rounds::of((0..rounds).map(|_| (add_ours(), add_theirs())));
    table.row(Row {
        what: &format!("{THREADS} finished histograms added up"),
        ours: show(seen.ours),
        yardstick: format!("add: {}", show(seen.theirs)),
        ratio: Some(1.0 / seen.ratio),
        budget: None,
    });
}

fn main() {
    let purpose = Purpose::of_this_run();
    let parts = samples(purpose.choose(1_000_000, 8_000));
    // Each round of the first has new threads, and a recorder has shards of their own for the first 64 of a process:
    // 5 rounds and the two halves of the second make 56.
    let rounds = purpose.choose(21, 1);
    let table = Table::begin(purpose, "Merging, beside hdrhistogram");
    whole(&table, purpose.choose(5, 1), &parts);
    reading(&table, rounds, &parts);
    merging(&table, rounds, &parts);
}
