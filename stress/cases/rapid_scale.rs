//! Users that come and go in steps: every phase is served.

use proofload::{Context, Result, millis, procedure::RapidScale, seconds};

use crate::targets::vector_index::{Options, VectorIndex, outcome::outcome};

/// 5, 50, 100, 20 and 5 users, 600 ms each.
#[proofload::case(target = "vector_index", max_concurrency = 100, max_cpu = "off")]
async fn rapid_scale(cx: Context) -> Result {
    let phases = [5, 50, 100, 20, 5];
    scale(cx, RapidScale::new().phases(phases.map(|users| (users, millis(600))))).await
}

/// 10, 500, 1000, 100 and 10 users for 30, 60, 30, 30 and 30 s: at most 10 % errors in each phase.
#[proofload::case(
    slow,
    target = "vector_index",
    max_concurrency = 1000,
    max_cpu = "off",
    time_limit = "5m",
    severity = "high"
)]
async fn rapid_scale_full(cx: Context) -> Result {
    scale(cx, RapidScale::new()).await
}

async fn scale(cx: Context, procedure: RapidScale) -> Result {
    let index = VectorIndex::open(cx.scratch_dir(), Options::default())?;
    let scaled = procedure
        .timeout(seconds(30))
        .run(&cx, move |op| {
            let index = index.clone();
            async move { outcome(index.search_checked(op.index).await) }
        })
        .await?;
    scaled.run.expect("success_rate >= 90%")?;
    cx.done()
}
