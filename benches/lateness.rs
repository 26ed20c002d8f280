//! How late an open load starts its operations, what that costs, and how other ways of pacing compare, in one run.
//!
//! - `proofload`: the engine (on Linux a timerfd on the runtime);
//! - `tokio sleep`: `tokio::time::sleep_until` and a spawn for each operation;
//! - `thread`: a thread with `std::thread::sleep` that spawns onto the runtime.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use proofload::{Load, drive_alone, per_second, seconds};

const LENGTH: Duration = Duration::from_secs(4);

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

fn ours(rate: f64) -> Seen {
    let (began, before) = (Instant::now(), cpu());
    let seen = runtime().block_on(async {
        let load = Load::rate(per_second(rate)).for_duration(LENGTH);
        drive_alone(load, seconds(30), |_op| async {}).await.expect("a load")
    });
    let cores = (cpu() - before).as_secs_f64() / began.elapsed().as_secs_f64();
    let late = &seen.total.lateness;
    let at = |q: f64| percentile_of(late, q);
    Seen {
        achieved: seen.total.started_per_sec().expect("a rate") / rate,
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

fn by_tokio_sleep(rate: f64) -> Seen {
    others(rate, |late, runtime| {
        runtime.block_on(async {
            tokio::spawn(async move {
                let began = Instant::now();
                for k in 0..(rate * LENGTH.as_secs_f64()) as u64 {
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

fn by_thread(rate: f64) -> Seen {
    others(rate, |late, runtime| {
        let began = Instant::now();
        for k in 0..(rate * LENGTH.as_secs_f64()) as u64 {
            let due = began + Duration::from_secs_f64(k as f64 / rate);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let late = Arc::clone(&late);
            runtime.spawn(async move { note(&late, due) });
        }
    })
}

fn main() {
    if !std::env::args().any(|a| a == "--bench") {
        println!("run with `cargo bench --bench lateness`");
        return;
    }
    println!(
        "{:>8}  {:<12} {:>9} {:>10} {:>10} {:>10} {:>10} {:>6}",
        "rate", "way", "achieved", "p50", "p99", "p99.9", "max", "cores"
    );
    for rate in [1_000.0, 10_000.0, 50_000.0] {
        for (way, seen) in
            [("proofload", ours(rate)), ("thread", by_thread(rate)), ("tokio sleep", by_tokio_sleep(rate))]
        {
            let [p50, p99, p999, max] = seen.lateness.map(|d| format!("{:.0} us", d.as_secs_f64() * 1e6));
            println!(
                "{rate:>6}/s  {way:<12} {:>8.2}% {p50:>10} {p99:>10} {p999:>10} {max:>10} {:>6.2}",
                seen.achieved * 100.0,
                seen.cores
            );
        }
    }
}
