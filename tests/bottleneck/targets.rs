//! Targets with a known limit, each under a load that reaches it. A case each; what limits it is in its report.

use std::{hint::black_box, sync::Arc, thread};

use proofload::{Context, Load, Outcome, Result, load::ClosedLoad, millis, per_second, seconds};
use rustix::time::{ClockId, clock_gettime};
use tokio::{
    sync::{Mutex, Semaphore},
    time::sleep,
};

/// One user, then more, 2 s each.
fn users(some: u32, many: u32) -> ClosedLoad {
    Load::users(1)
        .for_duration(seconds(2))
        .step_to(some)
        .for_duration(seconds(2))
        .step_to(many)
        .for_duration(seconds(2))
}

/// Computes for 4 ms by the clock of its thread, which stands still while others have the core.
fn compute() {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        time.tv_sec * 1_000_000_000 + time.tv_nsec
    };
    let end = now() + 4_000_000;
    while now() < end {
        for n in 0..1_000_u32 {
            black_box(n);
        }
    }
}

/// Has no limit but the cores.
#[proofload::case(max_cpu = "off")]
async fn cpu_bound(cx: Context) -> Result {
    cx.load(users(8, 24)).run(|_op| async { compute() }).await?;
    cx.done()
}

/// Holds one lock while it waits for something else.
#[proofload::case]
async fn lock_bound(cx: Context) -> Result {
    let lock = Arc::new(Mutex::new(()));
    let operation = move |_op| {
        let lock = Arc::clone(&lock);
        async move {
            let _held = lock.lock().await;
            sleep(millis(10)).await;
        }
    };
    cx.load(users(4, 16)).run(operation).await?;
    cx.done()
}

/// Has eight places, and lets the others wait.
#[proofload::case]
async fn pool_bound(cx: Context) -> Result {
    let places = Arc::new(Semaphore::new(8));
    let operation = move |_op| {
        let places = Arc::clone(&places);
        async move {
            let _place = places.acquire().await.expect("it is never closed");
            sleep(millis(20)).await;
        }
    };
    cx.load(users(16, 48)).run(operation).await?;
    cx.done()
}

/// Has eight places, and refuses the others.
#[proofload::case]
async fn pool_that_refuses(cx: Context) -> Result {
    let places = Arc::new(Semaphore::new(8));
    let operation = move |_op| {
        let places = Arc::clone(&places);
        async move {
            let Ok(_place) = places.try_acquire() else {
                return Outcome::rejected("no place is free");
            };
            sleep(millis(20)).await;
            Outcome::ok()
        }
    };
    let load = Load::rate(per_second(50))
        .for_duration(seconds(2))
        .step_to(per_second(1_000))
        .for_duration(seconds(3));
    cx.load(load).run(operation).await?;
    cx.done()
}

/// Keeps 4 MiB for each operation that waits, and serves 20 of them a second.
#[proofload::case(max_memory = "100MiB")]
async fn memory_bound(cx: Context) -> Result {
    let lock = Arc::new(Mutex::new(()));
    let operation = move |_op| {
        let lock = Arc::clone(&lock);
        async move {
            let kept = black_box(vec![1_u8; 4 << 20]);
            let _held = lock.lock().await;
            sleep(millis(50)).await;
            drop(kept);
        }
    };
    cx.load(Load::rate(per_second(60)).for_duration(seconds(10))).run(operation).await?;
    cx.done()
}

/// Blocks the threads that the load starts its operations on.
#[proofload::case(workers = 4)]
async fn generator_bound(cx: Context) -> Result {
    let load =
        Load::rate(per_second(50)).for_duration(seconds(2)).step_to(per_second(800)).for_duration(seconds(3));
    cx.load(load).run(|_op| async { thread::sleep(millis(20)) }).await?;
    cx.done()
}

/// Could do far more.
#[proofload::case]
async fn healthy(cx: Context) -> Result {
    let load =
        Load::rate(per_second(40)).for_duration(seconds(2)).step_to(per_second(80)).for_duration(seconds(2));
    cx.load(load).run(|_op| sleep(millis(5))).await?;
    cx.done()
}
