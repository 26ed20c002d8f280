//! Queries of 150 KB from many tasks: memory must not grow with them.

use std::time::Duration;

use proofload::{Context, Load, seconds};

use crate::targets::vector_index::{Options, VectorIndex, outcome::outcome};

/// The size of one query.
const QUERY_BYTES: usize = 150 << 10;

/// 20 tasks for 2 s.
#[proofload::case(target = "vector_index", max_memory = "2GiB", max_cpu = "off")]
async fn memory_pressure(cx: Context) -> proofload::Result {
    huge_queries(cx, 20, seconds(2)).await
}

/// 50 tasks for 30 s: memory grows by less than 1 GB, and 2 GB stop the case.
#[proofload::case(
    slow,
    resource_intensive,
    target = "vector_index",
    max_memory = "2GB",
    max_cpu = "off",
    severity = "high"
)]
async fn memory_pressure_full(cx: Context) -> proofload::Result {
    huge_queries(cx, 50, seconds(30)).await
}

async fn huge_queries(cx: Context, tasks: u32, length: Duration) -> proofload::Result {
    let index = VectorIndex::open(cx.scratch_dir(), Options::default())?;
    cx.load(Load::users(tasks).for_duration(length))
        .named("huge queries")
        .timeout(seconds(30))
        .expect("success_rate >= 95%")
        .expect("memory.growth < 1GB")
        .run(move |op| {
            let index = index.clone();
            async move { outcome(index.search_huge_checked(op.index, QUERY_BYTES).await) }
        })
        .await?;
    cx.done()
}
