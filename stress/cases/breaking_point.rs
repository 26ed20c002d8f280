//! Up to which rate the index answers, and what it does beyond.

use proofload::{Context, Result, millis, per_second, procedure::MaximumThroughput};

use crate::targets::vector_index::{Options, VectorIndex, outcome::outcome};

/// A coarse answer: rates double, trials of 700 ms.
#[proofload::case(target = "vector_index", max_concurrency = 5_000, max_cpu = "off")]
async fn breaking_point(cx: Context) -> Result {
    let search = MaximumThroughput::new()
        .from(per_second(500))
        .to(per_second(32_000))
        .times(2.0)
        .to_within(0.3)
        .repeats(1)
        .trial(millis(700))
        .warm_up(millis(200))
        .cool_down(millis(200));
    find(cx, search).await
}

/// The same with the time it takes.
#[proofload::case(
    slow,
    resource_intensive,
    target = "vector_index",
    max_concurrency = 10_000,
    max_cpu = "off",
    time_limit = "10m"
)]
async fn breaking_point_full(cx: Context) -> Result {
    let search = MaximumThroughput::new().from(per_second(500)).to(per_second(64_000)).times(1.5);
    find(cx, search).await
}

async fn find(cx: Context, search: MaximumThroughput) -> Result {
    let index = VectorIndex::open(cx.scratch_dir(), Options::default())?;
    let found = search
        .run(&cx, move |op| {
            let index = index.clone();
            async move { outcome(index.search_checked(op.index).await) }
        })
        .await?;
    if !cx.is_dry_run() {
        cx.require(found.holds_at_least(per_second(500)), format!("the index holds at 500/s: {}", found.breaking_point));
    }
    cx.done()
}
