//! How many searches at once the index serves, and from how many on it does no more.

use proofload::{Context, Result, millis, procedure::ConcurrentCapacity};

use crate::targets::vector_index::{Options, VectorIndex, outcome::outcome};

/// Places of the pool's queue: with those that are being searched, more at once are refused.
const QUEUE: usize = 24;

/// Up to 32 users, to within 4: the pool's places lie between.
#[proofload::case(target = "vector_index", max_concurrency = 100, max_cpu = "off")]
async fn concurrent_capacity(cx: Context) -> Result {
    let search = ConcurrentCapacity::new()
        .from(4)
        .to(64)
        .to_within(4)
        .repeats(1)
        .trial(millis(400))
        .warm_up(millis(100))
        .cool_down(millis(50))
        .without_narrowing_saturation();
    find(cx, search).await
}

/// To the exact number, with the time it takes.
#[proofload::case(slow, target = "vector_index", max_concurrency = 500, max_cpu = "off", time_limit = "5m")]
async fn concurrent_capacity_full(cx: Context) -> Result {
    find(cx, ConcurrentCapacity::new().to(128)).await
}

async fn find(cx: Context, search: ConcurrentCapacity) -> Result {
    let options = Options { queue: QUEUE, ..Options::default() };
    let most = (QUEUE + options.workers) as u64;
    let index = VectorIndex::open(cx.scratch_dir(), options)?;
    let found = search
        .run(&cx, move |op| {
            let index = index.clone();
            async move { outcome(index.search_checked(op.index).await) }
        })
        .await?;
    if !cx.is_dry_run() {
        cx.require(found.serves_at_least(16), format!("the index serves 16 at once: {}", found.capacity));
        let holds = found.capacity.holds().unwrap_or(0);
        cx.require(holds <= most, format!("the index refuses more than its {most} places: it held {holds}"));
    }
    cx.done()
}
