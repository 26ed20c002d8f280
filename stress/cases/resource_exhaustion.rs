//! What runs out first under a rising load: memory, CPU or descriptors, and at which rate.

use proofload::{
    Context, Result, gib, judge::Exhaustion, mib, per_second, procedure::ResourceExhaustion, seconds, units::Ratio,
};

use crate::targets::vector_index::{Options, VectorIndex, outcome::outcome};

/// Four steps of a second.
#[proofload::case(target = "vector_index", max_concurrency = 2_000, max_cpu = "off")]
async fn resource_exhaustion(cx: Context) -> Result {
    let search = ResourceExhaustion::new()
        .memory(mib(800))
        .cpu(Ratio::new(0.95))
        .descriptors(500)
        .rates(per_second(250), per_second(1_000), per_second(250))
        .step(seconds(1));
    exhaust(cx, search).await
}

/// Up to 3000 MB or 95 % of the cores.
#[proofload::case(
    slow,
    resource_intensive,
    target = "vector_index",
    max_memory = "4GiB",
    max_memory_growth = "off",
    max_concurrency = 20_000,
    max_cpu = "off",
    time_limit = "10m"
)]
async fn resource_exhaustion_full(cx: Context) -> Result {
    let search = ResourceExhaustion::new()
        .memory(gib(3))
        .cpu(Ratio::new(0.95))
        .descriptors(2_000)
        .rates(per_second(1_000), per_second(32_000), per_second(1_000));
    exhaust(cx, search).await
}

/// Whatever runs out, the index answers again when the load has gone.
async fn exhaust(cx: Context, search: ResourceExhaustion) -> Result {
    let index = VectorIndex::open(cx.scratch_dir(), Options::default())?;
    let found = search
        .run(&cx, move |op| {
            let index = index.clone();
            async move { outcome(index.search_checked(op.index).await) }
        })
        .await?;
    if cx.is_dry_run() {
        return cx.done();
    }
    match (&found.exhaustion, &found.after) {
        (Exhaustion::Reached { .. }, Some(after)) => cx.require(
            after.load.success_rate >= Some(0.95),
            format!("the index answers after {}: {after}", found.exhaustion),
        ),
        (Exhaustion::NotReached { .. }, _) => cx.require(true, found.exhaustion.to_string()),
        (_, _) => cx.inconclusive(found.exhaustion.to_string()),
    }
    cx.done()
}
