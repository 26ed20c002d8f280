//! Kinds of users that disturb each other: short searches all the time, huge queries now and then, inserts in bursts, and
//! somebody who comes once in a while.

use std::time::Duration;

use proofload::{
    Context, Result, millis, per_second,
    procedure::{Agent, MixedAgents, Pattern},
    seconds,
};

use crate::targets::vector_index::{Options, VectorIndex, outcome::outcome};

/// The size of a huge query.
const QUERY_BYTES: usize = 150 << 10;

/// How much of each kind there is.
struct Mix {
    searching: Pattern,
    huge: Pattern,
    inserting: Pattern,
    rare: Pattern,
    lasting: Duration,
}

/// A mix of 3 s.
#[proofload::case(target = "vector_index", max_memory = "2GiB", max_cpu = "off")]
async fn mixed_agents(cx: Context) -> Result {
    let mix = Mix {
        searching: Pattern::short_frequent(),
        huge: Pattern::users(2, millis(300), millis(600)),
        inserting: Pattern::bursts(10, seconds(1)),
        rare: Pattern::independent(per_second(2)),
        lasting: seconds(3),
    };
    together(cx, mix).await
}

/// The ready-made patterns, for two minutes.
#[proofload::case(
    slow,
    target = "vector_index",
    max_memory = "2GiB",
    max_cpu = "off",
    time_limit = "5m",
    severity = "high"
)]
async fn mixed_agents_full(cx: Context) -> Result {
    let mix = Mix {
        searching: Pattern::short_frequent(),
        huge: Pattern::long_occasional(),
        inserting: Pattern::bursty(),
        rare: Pattern::sporadic(),
        lasting: seconds(120),
    };
    together(cx, mix).await
}

async fn together(cx: Context, mix: Mix) -> Result {
    let index = VectorIndex::open(cx.scratch_dir(), Options::default())?;
    let (searched, asked, written, visited) = (index.clone(), index.clone(), index.clone(), index);
    let searches = Agent::new("searches", mix.searching, move |op| {
        let index = searched.clone();
        async move { outcome(index.search_checked(op.index).await) }
    });
    let huge = Agent::new("huge queries", mix.huge, move |op| {
        let index = asked.clone();
        async move { outcome(index.search_huge_checked(op.index, QUERY_BYTES).await) }
    });
    let inserts = Agent::new("inserts", mix.inserting, move |op| {
        let index = written.clone();
        async move { outcome(index.insert_checked(op.index).await) }
    });
    let visits = Agent::new("visits", mix.rare, move |op| {
        let index = visited.clone();
        async move { outcome(index.search_checked(op.index).await) }
    });
    MixedAgents::new()
        .lasting(mix.lasting)
        .agent(searches.objective("success_rate >= 95%").objective("latency.p95 <= 500ms"))
        .agent(huge.objective("success_rate >= 95%"))
        .agent(inserts.objective("error_rate <= 5%"))
        .agent(visits)
        .run(&cx)
        .await?;
    cx.done()
}
