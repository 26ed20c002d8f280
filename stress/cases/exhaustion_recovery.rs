//! Far more searches at once than the pool has places for, while a steady load goes on: most of them complete in the
//! end, and the steady load is back to normal soon after.

use std::time::Duration;

use proofload::{Context, Retry, millis, per_second, procedure::ExhaustionRecovery, seconds};

use crate::targets::vector_index::{Options, VectorIndex, outcome::outcome};

/// The longest time to recovery.
const RECOVERY_LIMIT: Duration = seconds(60);

/// 400 at once, of which the pool's queue takes 200.
#[proofload::case(target = "vector_index", max_concurrency = 500, max_cpu = "off")]
async fn exhaustion_recovery(cx: Context) -> proofload::Result {
    exhaust(cx, 200, ExhaustionRecovery::new().burst(400).baseline(seconds(2)).attempts(1)).await
}

/// 2000 at once, 30 s for each and 120 s in all: at least 70 % complete, and the index recovers within 60 s, three times
/// in a row.
#[proofload::case(
    slow,
    resource_intensive,
    target = "vector_index",
    max_concurrency = 2200,
    max_cpu = "off",
    time_limit = "120s",
    severity = "critical"
)]
async fn exhaustion_recovery_full(cx: Context) -> proofload::Result {
    exhaust(cx, 1000, ExhaustionRecovery::new().burst(2000)).await
}

async fn exhaust(cx: Context, queue: usize, procedure: ExhaustionRecovery) -> proofload::Result {
    let index = VectorIndex::open(cx.scratch_dir(), Options { queue, ..Options::default() })?;
    let searched = index.clone();
    let procedure = procedure
        .steady(per_second(50))
        .timeout(seconds(30))
        .drain(seconds(30))
        .retry(Retry::times(8).with_backoff(millis(50), seconds(2)))
        .limit(RECOVERY_LIMIT)
        .expect("success_rate >= 70%")
        .expect("errors == 0");
    let found = procedure
        .run(&cx, move |op| {
            let index = searched.clone();
            async move { outcome(index.search_checked(op.index).await) }
        })
        .await?;
    if cx.is_dry_run() {
        return cx.done();
    }
    let still_answers = index.search("anything at all").await;
    cx.require(still_answers.is_ok(), "the index answers after the burst");
    found.judge(&cx);
    cx.done()
}
