//! Searches while the cores are taken, against the same searches before and after.

use proofload::{Context, Result, per_second, procedure::CpuSaturation, seconds, units::Ratio};

use crate::targets::vector_index::{Options, VectorIndex, outcome::outcome};

/// A thread for each core, a second each.
#[proofload::case(target = "vector_index", max_concurrency = 200, max_cpu = "off")]
async fn cpu_saturation(cx: Context) -> Result {
    let saturation = CpuSaturation::new().rate(per_second(100)).phase(seconds(1));
    saturate(cx, saturation.objective("success_rate > 60%")).await
}

/// Two threads for each core, 20 s each: more than 60 % of the searches succeed.
#[proofload::case(
    slow,
    resource_intensive,
    target = "vector_index",
    max_concurrency = 1_000,
    max_cpu = "off",
    severity = "high"
)]
async fn cpu_saturation_full(cx: Context) -> Result {
    let saturation = CpuSaturation::new().burn(Ratio::new(2.0)).rate(per_second(200)).phase(seconds(20));
    saturate(cx, saturation.objective("success_rate > 60%")).await
}

async fn saturate(cx: Context, saturation: CpuSaturation) -> Result {
    let index = VectorIndex::open(cx.scratch_dir(), Options::default())?;
    let found = saturation
        .run(&cx, move |op| {
            let index = index.clone();
            async move { outcome(index.search_checked(op.index).await) }
        })
        .await?;
    found.judge(&cx);
    cx.done()
}
