//! How late an open load starts its operations, what that costs, and how other ways of pacing compare, in one run.
//!
//! - `proofload`: the engine (on Linux a timerfd on the runtime);
//! - `sleep_until`: `tokio::time::sleep_until` and a spawn for each operation;
//! - `interval`: `tokio::time::interval`, as it comes, and a spawn for each tick;
//! - `thread`: a thread with `std::thread::sleep` that spawns onto the runtime.

#[path = "table.rs"]
mod table;

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use proofload::{Load, drive_alone, per_second, seconds};
use table::{Purpose, Row, Table};

/// One way's figures at one rate.
struct Seen {
    achieved: f64,
    lateness: [Duration; 4],
    cores: f64,
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

/// CPU time of this process.
#[cfg(unix)]
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

#[cfg(not(unix))]
fn cpu() -> Duration {
    Duration::ZERO
}

fn ours(rate: f64, length: Duration) -> Seen {
    let (began, before) = (Instant::now(), cpu());
    let seen = runtime().block_on(async {
        let load = Load::rate(per_second(rate)).for_duration(length);
        drive_alone(load, seconds(30), |_op| async {}).await.expect("a load")
    });
    let cores = (cpu() - before).as_secs_f64() / began.elapsed().as_secs_f64();
    let late = &seen.total.lateness;
    let at = |q: f64| percentile_of(late, q);
    // Over the time that really passed, the end of the last operation included: by its schedule a load that catches up
    // at the end has always achieved its rate.
    let started = seen.total.counts.due - seen.total.counts.dropped;
    Seen {
        achieved: started as f64 / seen.process.span_s / rate,
        lateness: [at(0.5), at(0.99), at(0.999), late.max()],
        cores,
    }
}

fn percentile_of(histogram: &proofload::observe::Histogram, q: f64) -> Duration {
    histogram.percentile(q).unwrap_or_default()
}

type Late = Arc<Mutex<Histogram<u64>>>;

fn others(rate: f64, pace: impl FnOnce(Late, tokio::runtime::Handle)) -> Seen {
    let late: Late = Arc::new(Mutex::new(Histogram::new(3).expect("figures")));
    let runtime = runtime();
    let (began, before) = (Instant::now(), cpu());
    pace(Arc::clone(&late), runtime.handle().clone());
    let span = began.elapsed().as_secs_f64();
    let cores = (cpu() - before).as_secs_f64() / span;
    runtime.shutdown_timeout(Duration::from_secs(1));
    let late = late.lock().expect("no panic");
    let at = |q: f64| Duration::from_nanos(late.value_at_quantile(q));
    Seen {
        achieved: late.len() as f64 / span / rate,
        lateness: [at(0.5), at(0.99), at(0.999), Duration::from_nanos(late.max())],
        cores,
    }
}

fn note(late: &Late, due: Instant) {
    let ns = due.elapsed().as_nanos() as u64;
    let _full = late.lock().expect("no panic").record(ns);
}

fn by_sleep_until(rate: f64, length: Duration) -> Seen {
    others(rate, |late, runtime| {
        runtime.block_on(async {
            tokio::spawn(async move {
                let began = Instant::now();
                for k in 0..(rate * length.as_secs_f64()) as u64 {
                    let due = began + Duration::from_secs_f64(k as f64 / rate);
                    tokio::time::sleep_until(due.into()).await;
                    let late = Arc::clone(&late);
                    tokio::spawn(async move { note(&late, due) });
                }
            })
            .await
            .expect("no panic");
        });
    })
}

fn by_interval(rate: f64, length: Duration) -> Seen {
    others(rate, |late, runtime| {
        runtime.block_on(async {
            tokio::spawn(async move {
                let mut interval = tokio::time::interval(Duration::from_secs_f64(1.0 / rate));
                for _ in 0..(rate * length.as_secs_f64()) as u64 {
                    // The moment that the tick was due, not the one at which it came.
                    let due = interval.tick().await.into_std();
                    let late = Arc::clone(&late);
                    tokio::spawn(async move { note(&late, due) });
                }
            })
            .await
            .expect("no panic");
        });
    })
}

fn by_thread(rate: f64, length: Duration) -> Seen {
    others(rate, |late, runtime| {
        let began = Instant::now();
        for k in 0..(rate * length.as_secs_f64()) as u64 {
            let due = began + Duration::from_secs_f64(k as f64 / rate);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let late = Arc::clone(&late);
            runtime.spawn(async move { note(&late, due) });
        }
    })
}

fn us(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// Everything seen of one way, on standard error.
fn tell(rate: f64, way: &str, seen: &Seen) {
    let [p50, p99, p999, max] = seen.lateness.map(|d| format!("{:.0} us", us(d)));
    eprintln!(
        "{rate:>6}/s  {way:<12} achieved {:>7.2}%  p50 {p50:>9}  p99 {p99:>9}  p99.9 {p999:>9}  max {max:>9}  {:.2} cores",
        seen.achieved * 100.0,
        seen.cores
    );
}

/// What the engine may be late at p99 and cost in cores; `None` at rates without a budget.
fn budgets(rate: f64) -> Option<(&'static str, &'static str)> {
    match rate as u64 {
        10_000 => Some(("<= 50 us", "<= 0.15")),
        50_000 => Some(("<= 50 us", "<= 0.5")),
        _ => None,
    }
}

/// A way of pacing with its name.
type Way = (&'static str, fn(f64, Duration) -> Seen);

fn at_rate(table: &Table, rate: f64, length: Duration) {
    let engine = ours(rate, length);
    tell(rate, "proofload", &engine);
    let ways: [Way; 3] = [("sleep_until", by_sleep_until), ("interval", by_interval), ("thread", by_thread)];
    let (p99, budgets) = (us(engine.lateness[1]), budgets(rate));
    let mut cores = Vec::new();
    for (k, (way, pace)) in ways.into_iter().enumerate() {
        let seen = pace(rate, length);
        tell(rate, way, &seen);
        cores.push(format!("{way} {:.2}", seen.cores));
        table.row(Row {
            what: &format!("{rate}/s: p99 of the lateness"),
            ours: format!("{p99:.0} us"),
            yardstick: format!("{way}: {:.0} us", us(seen.lateness[1])),
            ratio: Some(us(seen.lateness[1]) / p99),
            // It is the same figure in each row: judged once.
            budget: budgets.filter(|_| k == 0).map(|(late, _)| (p99, late)),
        });
    }
    table.row(Row {
        what: &format!("{rate}/s: cores"),
        ours: format!("{:.2}", engine.cores),
        yardstick: cores.join(", "),
        ratio: None,
        budget: budgets.map(|(_, cores)| (engine.cores, cores)),
    });
    table.row(Row {
        what: &format!("{rate}/s: achieved rate, off by"),
        ours: format!("{:.3}%", (engine.achieved - 1.0).abs() * 100.0),
        yardstick: "-".to_owned(),
        ratio: None,
        budget: Some(((engine.achieved - 1.0).abs() * 100.0, "<= 0.1 %")),
    });
}

fn main() {
    let purpose = Purpose::of_this_run();
    let length = purpose.choose(Duration::from_secs(4), Duration::from_millis(100));
    let table = Table::begin(purpose, &format!("Open load, lateness of starts, empty operation, {length:?}"));
    for rate in purpose.choose(vec![1_000.0, 10_000.0, 50_000.0], vec![1_000.0]) {
        at_rate(&table, rate, length);
    }
}
