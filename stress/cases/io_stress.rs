//! Searches and writes while the disk is busy, against the same before and after.

use proofload::{Context, Result, mib, per_second, procedure::IoStress, seconds};

use crate::targets::vector_index::{Options, VectorIndex, outcome::outcome};

/// Of so many operations one writes.
const WRITES_ONE_IN: u64 = 50;

/// 16 MiB a second, a second each.
#[proofload::case(target = "vector_index", max_concurrency = 200, max_cpu = "off")]
async fn io_stress(cx: Context) -> Result {
    stress(cx, IoStress::new().write(mib(16)).rate(per_second(100)).phase(seconds(1))).await
}

/// 256 MiB a second, 20 s each.
#[proofload::case(
    slow,
    resource_intensive,
    target = "vector_index",
    max_concurrency = 1_000,
    max_cpu = "off",
    needs_disk = "2GiB",
    severity = "high"
)]
async fn io_stress_full(cx: Context) -> Result {
    stress(cx, IoStress::new().write(mib(256)).keep(mib(512)).rate(per_second(100)).phase(seconds(20))).await
}

async fn stress(cx: Context, stress: IoStress) -> Result {
    let index = VectorIndex::open(cx.scratch_dir(), Options::default())?;
    let found = stress
        .run(&cx, move |op| {
            let index = index.clone();
            async move {
                outcome(match op.index % WRITES_ONE_IN {
                    0 => index.insert_checked(op.index).await,
                    _ => index.search_checked(op.index).await,
                })
            }
        })
        .await?;
    found.judge(&cx);
    cx.done()
}
