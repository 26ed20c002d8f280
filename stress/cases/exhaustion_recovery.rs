//! Far more searches at once than the pool has places for, while a steady load goes on: most of them complete in the
//! end, and the steady load is back to normal soon after.

use std::time::Duration;

use proofload::{
    Context, Load, Retry,
    judge::{Recovery, Tolerance},
    millis, per_second, seconds,
};

use crate::targets::vector_index::{Options, VectorIndex, outcome::outcome};

/// The longest time to recovery.
const RECOVERY_LIMIT: Duration = seconds(60);

/// What is thrown at the index.
struct Burst {
    at_once: u32,
    /// Places of the pool's queue: fewer than the burst.
    queue: usize,
    /// The steady load, alone.
    before: Duration,
    /// The steady load, from the burst on.
    after: Duration,
}

/// 400 at once.
#[proofload::case(max_concurrency = 500, max_cpu = "off")]
async fn exhaustion_recovery(cx: Context) -> proofload::Result {
    exhaust(cx, Burst { at_once: 400, queue: 200, before: seconds(3), after: seconds(6) }).await
}

/// 2000 at once, 30 s for each and 120 s in all: at least 70 % complete, and the index recovers within 60 s.
#[proofload::case(
    slow,
    resource_intensive,
    max_concurrency = 2200,
    max_cpu = "off",
    time_limit = "120s",
    severity = "critical"
)]
async fn exhaustion_recovery_full(cx: Context) -> proofload::Result {
    exhaust(cx, Burst { at_once: 2000, queue: 1000, before: seconds(10), after: seconds(15) }).await
}

async fn exhaust(cx: Context, burst: Burst) -> proofload::Result {
    let options = Options { queue: burst.queue, ..Options::default() };
    let index = VectorIndex::open(cx.scratch_dir(), options)?;
    let steady = |name: &str, length: Duration| {
        let index = index.clone();
        cx.load(Load::rate(per_second(50)).for_duration(length)).named(name).max_in_flight(200).run(move |op| {
            let index = index.clone();
            async move { outcome(index.search_checked(op.index).await) }
        })
    };
    let baseline = steady("before", burst.before).await?;
    let burst_index = index.clone();
    let exhausting = cx
        .load(Load::at_once(burst.at_once))
        .named("burst")
        .timeout(seconds(30))
        .drain(seconds(30))
        .retry(Retry::times(8).with_backoff(millis(50), seconds(2)))
        .expect("success_rate >= 70%")
        .expect("errors == 0")
        .run(move |op| {
            let index = burst_index.clone();
            async move { outcome(index.search_checked(op.index).await) }
        });
    let (exhausted, after) = tokio::join!(exhausting, steady("during and after", burst.after));
    let (exhausted, after) = (exhausted?, after?);
    if cx.is_dry_run() {
        return cx.done();
    }
    let still_answers = index.search("anything at all").await;
    cx.require(still_answers.is_ok(), "the index answers after the burst");
    let (burst_seen, after_seen) = (exhausted.observation(), after.observation());
    let released_s = burst_seen.started_s + burst_seen.total.duration_s - after_seen.started_s;
    let recovery = Recovery::find(baseline.total(), &after_seen.timeline, released_s, &Tolerance::default());
    match &recovery {
        Recovery::Recovered { after } => {
            cx.figure_duration("recovery_time", *after);
            cx.require(*after <= RECOVERY_LIMIT, format!("the index {recovery}"));
        }
        Recovery::Inconclusive { .. } => cx.inconclusive(recovery.to_string()),
        _ => cx.require(false, format!("the index {recovery}")),
    }
    cx.done()
}
