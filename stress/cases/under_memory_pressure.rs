//! Searches while memory is held, against the same searches before and after.

use proofload::{Context, Result, gib, mib, per_second, procedure::MemoryPressure, seconds};

use crate::targets::vector_index::{Options, VectorIndex, outcome::outcome};

/// 200 MiB, a second each.
#[proofload::case(target = "vector_index", max_memory_growth = "off", max_cpu = "off")]
async fn under_memory_pressure(cx: Context) -> Result {
    press(cx, MemoryPressure::new().hold(mib(200)).rate(per_second(100)).phase(seconds(1))).await
}

/// A gigabyte, 20 s each: at least half of the searches succeed.
#[proofload::case(
    slow,
    resource_intensive,
    target = "vector_index",
    max_memory = "2GiB",
    max_memory_growth = "off",
    max_cpu = "off",
    needs_memory = "2GiB",
    severity = "high"
)]
async fn under_memory_pressure_full(cx: Context) -> Result {
    let pressure = MemoryPressure::new().hold(gib(1)).rate(per_second(200)).phase(seconds(20));
    press(cx, pressure.objective("success_rate > 50%")).await
}

async fn press(cx: Context, pressure: MemoryPressure) -> Result {
    let index = VectorIndex::open(cx.scratch_dir(), Options::default())?;
    let found = pressure
        .run(&cx, move |op| {
            let index = index.clone();
            async move { outcome(index.search_checked(op.index).await) }
        })
        .await?;
    found.judge(&cx);
    cx.done()
}
