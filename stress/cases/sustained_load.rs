//! A steady rate of searches while documents come in: the rate is kept, and answers stay right and quick.

use std::time::Duration;

use proofload::{Context, Load, minutes, per_second, seconds};

use crate::targets::vector_index::{Options, VectorIndex, outcome::outcome};

/// 100 searches a second for 3 s.
#[proofload::case(target = "vector_index", workers = 10)]
async fn sustained_load(cx: Context) -> proofload::Result {
    searches_and_inserts(cx, seconds(3)).await
}

/// 100 searches a second for 300 s by 10 workers: at least 80 % of the rate, at most 5 % errors, 500 ms in the mean.
#[proofload::case(slow, target = "vector_index", workers = 10, time_limit = "6m", severity = "high")]
async fn sustained_load_full(cx: Context) -> proofload::Result {
    searches_and_inserts(cx, minutes(5)).await
}

async fn searches_and_inserts(cx: Context, length: Duration) -> proofload::Result {
    let index = VectorIndex::open(cx.scratch_dir(), Options::default())?;
    let (searched, written) = (index.clone(), index.clone());
    let searches = cx
        .load(Load::rate(per_second(100)).for_duration(length))
        .named("searches")
        .timeout(seconds(30))
        .expect("achieved_rate >= 80%")
        .expect("error_rate <= 5%")
        .expect("latency.mean <= 500ms")
        .expect("dropped == 0")
        .run(move |op| {
            let index = searched.clone();
            async move { outcome(index.search_checked(op.index).await) }
        });
    let inserts = cx
        .load(Load::rate(per_second(1)).for_duration(length))
        .named("inserts")
        .timeout(seconds(30))
        .expect("error_rate <= 5%")
        .run(move |op| {
            let index = written.clone();
            async move { outcome(index.insert_checked(op.index).await) }
        });
    let (searches, inserts) = tokio::join!(searches, inserts);
    searches?;
    let inserts = inserts?;
    if !cx.is_dry_run() {
        let known = index.len()?;
        let expected = u64::from(Options::default().documents) + inserts.total().counts.ok;
        cx.require(
            known >= expected,
            format!("the index holds {known} documents, {expected} were written"),
        );
    }
    cx.done()
}
