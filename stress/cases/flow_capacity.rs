//! How many flows at once are carried out: as many as there are places, and one more is refused.

use std::time::Duration;

use proofload::{Context, Result, judge::Capacity, millis, procedure::ConcurrentCapacity};

use crate::targets::content_flow::{ContentFlow, Options, outcome::outcome};

/// Places for flows in hand.
const PLACES: usize = 20;

/// 8, 16 and 32 users, to within 8. Without a warm-up: the first flows of a trial are among those that count, however
/// slow the machine is.
#[proofload::case(target = "content_flow", drain = "30s", max_concurrency = 50, max_cpu = "off")]
async fn flow_capacity(cx: Context) -> Result {
    let search = ConcurrentCapacity::new()
        .from(8)
        .to(32)
        .to_within(8)
        .repeats(1)
        .trial(millis(250))
        .warm_up(Duration::ZERO)
        .cool_down(millis(20))
        .without_narrowing_saturation();
    find(cx, search).await
}

/// To the exact number, with the time it takes.
#[proofload::case(slow, target = "content_flow", max_concurrency = 200, max_cpu = "off", time_limit = "10m")]
async fn flow_capacity_full(cx: Context) -> Result {
    find(cx, ConcurrentCapacity::new().to(64)).await
}

async fn find(cx: Context, search: ConcurrentCapacity) -> Result {
    let options = Options { places: PLACES, ..Options::default() };
    let flow = ContentFlow::open(cx.scratch_dir(), options)?;
    let found = search
        .run(&cx, move |op| {
            let flow = flow.clone();
            async move { outcome(flow.publish_checked(op.index).await) }
        })
        .await?;
    if !cx.is_dry_run() {
        let sentence = format!("16 flows at once are carried out: {}", found.capacity);
        match &found.capacity {
            // Too little was measured: that says nothing of the flow.
            Capacity::Inconclusive { .. } if !found.serves_at_least(16) => cx.inconclusive(sentence),
            _ => cx.require(found.serves_at_least(16), sentence),
        }
        let holds = found.capacity.holds().unwrap_or(0);
        cx.require(
            holds <= PLACES as u64,
            format!("what is more than the {PLACES} places is refused: {holds} flows at once held"),
        );
    }
    cx.done()
}
