//! Many users at once, each with a few queries: the index must keep serving, and serve right.

use proofload::{Context, Load, seconds};

use crate::targets::vector_index::{Options, VectorIndex, outcome::outcome};

/// 200 users with 5 queries each.
#[proofload::case(target = "vector_index", max_concurrency = 200, max_cpu = "off")]
async fn extreme_concurrency(cx: Context) -> proofload::Result {
    queries_of_users(cx, 200, 5).await
}

/// 1000 users with 10 queries each: at least 95 % succeed, at 500 a second or more.
#[proofload::case(slow, target = "vector_index", max_concurrency = 1000, max_cpu = "off", severity = "high")]
async fn extreme_concurrency_full(cx: Context) -> proofload::Result {
    queries_of_users(cx, 1000, 10).await
}

async fn queries_of_users(cx: Context, users: u32, queries: u64) -> proofload::Result {
    let index = VectorIndex::open(cx.scratch_dir(), Options::default())?;
    cx.load(Load::users(users).iterations_each(queries))
        .named("searches")
        .timeout(seconds(30))
        .drain(seconds(30))
        .expect("success_rate >= 95%")
        .expect("throughput >= 500/s")
        .expect("unfinished == 0")
        .run(move |op| {
            let index = index.clone();
            async move { outcome(index.search_checked(op.index).await) }
        })
        .await?;
    cx.done()
}
