//! A steady rate of windows, most of them seen before: every answer is right and quick.

use std::time::Duration;

use proofload::{Context, Load, Result, millis, minutes, per_second};

use crate::targets::extractor::{Extractor, Options, outcome::Tally};

/// 50 windows a second for 1.2 s.
#[proofload::case(target = "extractor")]
async fn extractor_constant(cx: Context) -> Result {
    constant(cx, millis(1_200), &["latency.p50 < 100ms", "latency.p95 < 500ms"]).await
}

/// 50 windows a second for a minute: p95 under 100 ms, p99 under 200 ms.
#[proofload::case(slow, target = "extractor", time_limit = "3m", severity = "high")]
async fn extractor_constant_full(cx: Context) -> Result {
    constant(cx, minutes(1), &["latency.p95 < 100ms", "latency.p99 < 200ms", "counter.fallback_rate < 5%"]).await
}

async fn constant(cx: Context, length: Duration, expected: &[&str]) -> Result {
    // Over and over the same windows, so that the cache serves all but the first of each.
    let extractor = Extractor::open(Options { questions: 25, ..Options::default() })?;
    let tally = Tally::of(&cx);
    let load = cx.load(Load::rate(per_second(50)).for_duration(length)).named("windows");
    let load = expected.iter().fold(load, |load, expectation| load.expect(*expectation));
    load.expect("error_rate < 1%")
        .expect("counter.cache_hit_rate > 50%")
        .run(move |op| {
            let (extractor, tally) = (extractor.clone(), tally.clone());
            async move { tally.outcome(extractor.extract_checked(op.index).await) }
        })
        .await?;
    cx.done()
}
