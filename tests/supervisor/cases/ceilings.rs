//! Procedures against targets of which the answer is known.

use std::{
    hint::black_box,
    sync::{Arc, Mutex, PoisonError},
};

use proofload::{
    Context, Outcome, mib, per_second,
    procedure::{CpuSaturation, Edge, ExtremeData, MemoryPressure, ResourceExhaustion},
    seconds,
    units::Ratio,
};

/// Keeps 4 MiB of each operation: 40 MiB after the first step, 120 after the second, 240 after the third.
#[proofload::case(
    hoards,
    max_memory = "1GiB",
    max_memory_growth = "off",
    max_cpu = "off",
    max_concurrency = 100
)]
async fn hoards(cx: Context) -> proofload::Result {
    let kept: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
    let found = ResourceExhaustion::new()
        .memory(mib(190))
        .rates(per_second(5), per_second(25), per_second(5))
        .step(seconds(2))
        .run(&cx, move |_op| {
            kept.lock().unwrap_or_else(PoisonError::into_inner).push(black_box(vec![1; 4 << 20]));
            async {}
        })
        .await?;
    cx.require(found.is_reached(), "memory is exhausted");
    cx.done()
}

/// Nothing grows.
#[proofload::case(hoards_nothing, max_cpu = "off", max_concurrency = 100)]
async fn hoards_nothing(cx: Context) -> proofload::Result {
    let found = ResourceExhaustion::new()
        .memory(mib(900))
        .users(1, 3, 1)
        .step(seconds(1))
        .run(&cx, |_op| async { tokio::time::sleep(proofload::millis(10)).await })
        .await?;
    cx.require(!found.is_reached(), "nothing is exhausted");
    cx.done()
}

#[proofload::case(ballasted, max_memory = "1GiB", max_memory_growth = "off", max_cpu = "off")]
async fn ballasted(cx: Context) -> proofload::Result {
    let procedure = MemoryPressure::new().hold(mib(200)).rate(per_second(40)).phase(seconds(1));
    procedure.run(&cx, |_op| async {}).await?.judge(&cx);
    cx.done()
}

/// Far more than the machine has, or the case may use.
#[proofload::case(ballasted_too_much, max_memory = "1GiB", max_cpu = "off")]
async fn ballasted_too_much(cx: Context) -> proofload::Result {
    MemoryPressure::new().hold(mib(2048)).run(&cx, |_op| async {}).await?;
    cx.done()
}

/// Its time is over while the cores are taken: that begins after 3.5 s.
#[proofload::case(burnt_too_long, max_cpu = "off", time_limit = "5s")]
async fn burnt_too_long(cx: Context) -> proofload::Result {
    let procedure = CpuSaturation::new().burn(Ratio::new(0.5)).users(2).phase(seconds(3));
    procedure.run(&cx, |_op| async { tokio::time::sleep(proofload::millis(5)).await }).await?;
    cx.done()
}

/// Panics on a number that is none, and refuses what is empty.
#[proofload::case(trips_over_nan, max_cpu = "off")]
async fn trips_over_nan(cx: Context) -> proofload::Result {
    let found = ExtremeData::new()
        .sizes([10, 1_000])
        .operations(5)
        .run(&cx, |datum| async move {
            let numbers = datum.numbers();
            if numbers.is_empty() {
                return Outcome::rejected("nothing to sort");
            }
            let mut sorted = numbers;
            sorted.sort_by(|a, b| a.partial_cmp(b).expect("a number"));
            black_box(sorted);
            Outcome::ok()
        })
        .await?;
    let broken: Vec<_> = found.broken().map(|row| row.cell.edge).collect();
    cx.require(broken == [Some(Edge::Nan)], format!("only NaN breaks it: {broken:?}"));
    found.judge(&cx);
    cx.done()
}
