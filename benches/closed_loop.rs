//! What it costs to run, time and record one operation of a closed loop, beside a loop written by hand.
//!
//! Both run the same number of users on the same runtime for the same time, in turns, so that a busy machine slows
//! both; the figure that counts is the ratio. The loop by hand reads `Instant::now` twice an operation and records
//! into a histogram of its own task; it has no timeout, no stop and no report. Ours has all of them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use proofload::{Load, drive_alone, seconds};

const USERS: u32 = 64;
const WORKERS: usize = 2;
const LENGTH: Duration = Duration::from_secs(2);
const ROUNDS: usize = 5;

/// The operation: nothing, but async.
async fn operation() {
    std::hint::black_box(());
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .expect("a runtime")
}

/// Operations per second of the loop by hand.
fn by_hand() -> f64 {
    runtime().block_on(async {
        let is_over = Arc::new(AtomicBool::new(false));
        let began = Instant::now();
        let users: Vec<_> = (0..USERS)
            .map(|_| {
                let is_over = Arc::clone(&is_over);
                tokio::spawn(async move {
                    let mut histogram =
                        Histogram::<u64>::new_with_bounds(1, 60_000_000_000, 3).expect("bounds");
                    let mut in_a_row = 0;
                    while !is_over.load(Ordering::Relaxed) {
                        let start = Instant::now();
                        operation().await;
                        let _full = histogram.record(start.elapsed().as_nanos() as u64);
                        in_a_row += 1;
                        if in_a_row % 64 == 0 {
                            tokio::task::yield_now().await;
                        }
                    }
                    histogram.len()
                })
            })
            .collect();
        tokio::time::sleep(LENGTH).await;
        is_over.store(true, Ordering::Relaxed);
        let mut total = 0;
        for user in users {
            total += user.await.expect("a user");
        }
        total as f64 / began.elapsed().as_secs_f64()
    })
}

/// Operations per second of a load, with a timeout for each operation.
fn by_load() -> f64 {
    runtime().block_on(async {
        let load = Load::users(USERS).for_duration(LENGTH);
        let seen = drive_alone(load, seconds(30), |_op| operation()).await.expect("a load");
        assert!(seen.total.counts.is_balanced());
        seen.total.throughput().expect("operations")
    })
}

fn main() {
    // `cargo test --benches` only wants to know that it runs.
    let rounds = if std::env::args().any(|a| a == "--bench") { ROUNDS } else { 1 };
    println!("closed loop, empty async operation, {USERS} users on {WORKERS} workers, {LENGTH:?} a round");
    let mut ratios = Vec::new();
    for round in 1..=rounds {
        let (hand, load) = (by_hand(), by_load());
        ratios.push(load / hand);
        println!(
            "round {round}: by hand {:6.2} M/s ({:4.0} ns of CPU), proofload {:6.2} M/s ({:4.0} ns), ratio {:.2}",
            hand / 1e6,
            WORKERS as f64 * 1e9 / hand,
            load / 1e6,
            WORKERS as f64 * 1e9 / load,
            load / hand
        );
    }
    ratios.sort_by(f64::total_cmp);
    println!("median ratio {:.2} (budget: at least 1.00)", ratios[ratios.len() / 2]);
}
