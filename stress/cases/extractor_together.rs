//! Several loads at once: single windows, batches, and inputs at the edges, on one extractor.

use std::time::Duration;

use proofload::{Context, Load, Result, millis, minutes, per_second, units::Rate};

use crate::targets::extractor::{Extractor, Options, outcome::Tally};

/// Windows of a batch.
const IN_BATCH: u64 = 4;

/// What has to hold for a quick case, on a machine that others keep busy too ...
const QUICK: [&str; 1] = ["latency.p95 < 500ms"];
/// ... and for a full one.
const FULL: [&str; 2] = ["latency.p95 < 100ms", "latency.p99 < 200ms"];

/// 100 windows, 60 batches and 60 odd inputs a second, for 1.2 s.
#[proofload::case(target = "extractor", max_concurrency = 300, max_cpu = "off")]
async fn extractor_together(cx: Context) -> Result {
    together(cx, [per_second(100), per_second(60), per_second(60)], millis(1_200), &QUICK).await
}

/// 200 windows, 60 batches and 100 odd inputs a second, for a minute.
#[proofload::case(
    slow,
    target = "extractor",
    max_concurrency = 1_000,
    max_cpu = "off",
    time_limit = "3m",
    severity = "high"
)]
async fn extractor_together_full(cx: Context) -> Result {
    together(cx, [per_second(200), per_second(60), per_second(100)], minutes(1), &FULL).await
}

async fn together(cx: Context, rates: [Rate; 3], length: Duration, expected: &[&str]) -> Result {
    let extractor = Extractor::open(Options { cache: 100, ..Options::default() })?;
    let tally = Tally::of(&cx);
    let load = |name: &str, rate: Rate| {
        let load = cx.load(Load::rate(rate).for_duration(length)).named(name).expect("error_rate < 1%");
        expected.iter().fold(load, |load, expectation| load.expect(*expectation))
    };
    let [single, batches, odd] = rates;
    let asked = (extractor.clone(), tally.clone());
    let single = load("windows", single).run(move |op| {
        let (extractor, tally) = asked.clone();
        async move { tally.outcome(extractor.extract_checked(op.index).await) }
    });
    let asked = (extractor.clone(), tally.clone());
    let batches = load("batches", batches).run(move |op| {
        let (extractor, tally) = asked.clone();
        async move {
            tally.outcome_of_all(extractor.extract_batch_checked(op.index * IN_BATCH, IN_BATCH).await)
        }
    });
    let odd = load("odd inputs", odd).run(move |op| {
        let (extractor, tally) = (extractor.clone(), tally.clone());
        async move { tally.outcome_of_all(extractor.extract_odd_checked(op.index).await) }
    });
    let (single, batches, odd) = tokio::join!(single, batches, odd);
    single.and(batches).and(odd)?;
    cx.done()
}
