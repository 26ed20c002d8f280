//! Two closed loops over the same empty operation: one written by hand, and a load of ours.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use proofload::{Load, drive_alone, seconds};

pub(crate) const USERS: u32 = 64;
pub(crate) const WORKERS: usize = 2;

/// The operation: nothing, but async.
pub(crate) async fn operation() {
    std::hint::black_box(());
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .expect("a runtime")
}

/// Operations per second of the loop by hand. It reads `Instant::now` twice an operation and records into a histogram
/// of its own task; it has no timeout, no stop and no report.
pub(crate) fn by_hand(length: Duration) -> f64 {
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
        tokio::time::sleep(length).await;
        is_over.store(true, Ordering::Relaxed);
        let mut total = 0;
        for user in users {
            total += user.await.expect("a user");
        }
        total as f64 / began.elapsed().as_secs_f64()
    })
}

/// Operations per second of a load: with a timeout for each operation, a stop, and counts that add up.
pub(crate) fn by_load(length: Duration) -> f64 {
    runtime().block_on(async {
        let load = Load::users(USERS).for_duration(length);
        let seen = drive_alone(load, seconds(30), |_op| operation()).await.expect("a load");
        assert!(seen.total.counts.is_balanced());
        seen.total.throughput().expect("operations")
    })
}

/// `22.40 M/s, 89 ns`: operations per second, and the CPU time of each when all workers are busy.
pub(crate) fn show(per_second: f64) -> String {
    format!("{:.2} M/s, {:.0} ns of CPU", per_second / 1e6, WORKERS as f64 * 1e9 / per_second)
}
