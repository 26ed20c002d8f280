//! The network fails in one of ten calls: the fallback answers in its place, and callers see no error.

use std::{sync::Arc, time::Duration};

use fastrand::Rng;
use proofload::{Context, Load, Result, millis, minutes, per_second, seconds};

use crate::targets::extractor::{BeforeModel, Extractor, Options, outcome::Tally};

/// How likely a call of the network fails.
const FAILING: f64 = 0.1;

/// 300 windows a second for 1.2 s. Of 360 calls fewer than 3 % fail less than once in 100 000 runs.
#[proofload::case(target = "extractor", max_concurrency = 1_000, max_cpu = "off")]
async fn extractor_failures(cx: Context) -> Result {
    failing(cx, millis(1_200), &["latency.p95 < 500ms", "counter.fallback_rate > 3%", "counter.fallback_rate < 30%"]).await
}

/// 300 windows a second for a minute, of which a tenth fall back.
#[proofload::case(
    slow,
    target = "extractor",
    max_concurrency = 1_000,
    max_cpu = "off",
    time_limit = "3m",
    severity = "high"
)]
async fn extractor_failures_full(cx: Context) -> Result {
    let quick = ["latency.p95 < 100ms", "latency.p99 < 200ms"];
    let fallbacks = ["counter.fallback_rate > 8%", "counter.fallback_rate < 12%"];
    failing(cx, minutes(1), &[quick, fallbacks].concat()).await
}

async fn failing(cx: Context, length: Duration, expected: &[&str]) -> Result {
    // Without a cache, so that every window needs the network; with all the time, so that only failures fall back.
    let options = Options { cache: 0, budget: seconds(30), ..Options::default() };
    let extractor = Extractor::open(Options { before_model: Some(failing_by_chance(cx.seed())), ..options })?;
    let tally = Tally::of(&cx);
    let load = cx.load(Load::rate(per_second(300)).for_duration(length)).named("windows");
    let load = expected.iter().fold(load, |load, expectation| load.expect(*expectation));
    load.expect("error_rate < 1%")
        .run(move |op| {
            let (extractor, tally) = (extractor.clone(), tally.clone());
            async move { tally.outcome(extractor.extract_checked(op.index).await) }
        })
        .await?;
    cx.done()
}

/// The same calls fail in every run with the same seed.
fn failing_by_chance(seed: u64) -> BeforeModel {
    Arc::new(move |call| {
        let chance = Rng::with_seed(seed ^ call.wrapping_mul(0x9e37_79b9_7f4a_7c15)).f64();
        if chance < FAILING { Err("injected".to_owned()) } else { Ok(()) }
    })
}
