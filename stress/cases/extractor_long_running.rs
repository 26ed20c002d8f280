//! A steady load for long: neither memory nor latency nor errors rise under it.

use std::time::Duration;

use proofload::{Context, Result, minutes, per_second, procedure::LongRunning, seconds};

use crate::targets::extractor::{Extractor, Options, outcome::Tally};

/// The share of the time in which cache and threads take the memory that they keep: a second where it is short.
const SETTLING: f64 = 0.25;

/// Four seconds, in windows of 100 ms: long enough to tell a leak of a megabyte a second, too short for anything slower
/// and for a drift, which the report says.
#[proofload::case(target = "extractor", max_concurrency = 500, max_cpu = "off")]
async fn extractor_long_running(cx: Context) -> Result {
    soak(cx, seconds(4), &["latency.p95 < 500ms"]).await
}

/// Ten minutes, at the end of which the memory is not 5 % over that of the beginning.
#[proofload::case(slow, target = "extractor", max_concurrency = 500, time_limit = "12m", severity = "high")]
async fn extractor_long_running_full(cx: Context) -> Result {
    soak(cx, minutes(10), &["latency.p95 < 100ms", "latency.p99 < 200ms"]).await
}

async fn soak(cx: Context, length: Duration, expected: &[&str]) -> Result {
    // A cache that is full from the first second on: what grows afterwards is none.
    let extractor = Extractor::open(Options { cache: 100, ..Options::default() })?;
    let tally = Tally::of(&cx);
    let procedure = LongRunning::new().rate(per_second(400)).for_duration(length).settling(SETTLING);
    let procedure = expected.iter().fold(procedure, |procedure, expectation| procedure.expect(*expectation));
    let soak = procedure
        .expect("error_rate < 1%")
        .run(&cx, move |op| {
            let (extractor, tally) = (extractor.clone(), tally.clone());
            async move { tally.outcome(extractor.extract_checked(op.index).await) }
        })
        .await?;
    if cx.is_dry_run() {
        return cx.done();
    }
    if length > minutes(5) {
        soak.judge(&cx);
        soak.judge_growth(&cx, 0.05);
    } else {
        soak.judge_leak(&cx);
    }
    cx.done()
}
