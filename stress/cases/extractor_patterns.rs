//! Windows at a rate that rises, jumps and climbs in steps: answers stay right and quick at each level.

use proofload::{Context, Load, Result, load::OpenLoad, millis, per_second, seconds};

use crate::targets::extractor::{Extractor, Options, outcome::Tally};

/// What has to hold for a quick case, on a machine that others keep busy too ...
const QUICK: [&str; 1] = ["latency.p95 < 500ms"];
/// ... and for a full one.
const FULL: [&str; 2] = ["latency.p95 < 100ms", "latency.p99 < 200ms"];

/// From 50 to 600 windows a second within a second.
#[proofload::case(target = "extractor", max_concurrency = 500, max_cpu = "off")]
async fn extractor_ramp(cx: Context) -> Result {
    follow(cx, Load::rate(per_second(50)).ramp_to(per_second(600), seconds(1)), &QUICK).await
}

/// From 50 to 500 windows a second within a minute, half a minute there.
#[proofload::case(
    slow,
    target = "extractor",
    max_concurrency = 500,
    max_cpu = "off",
    time_limit = "4m",
    severity = "high"
)]
async fn extractor_ramp_full(cx: Context) -> Result {
    let load = Load::rate(per_second(50)).ramp_to(per_second(500), seconds(60)).for_duration(seconds(30));
    follow(cx, load, &FULL).await
}

/// 50 windows a second, and twice 800 for 200 ms.
#[proofload::case(target = "extractor", max_concurrency = 500, max_cpu = "off")]
async fn extractor_spike(cx: Context) -> Result {
    let load = Load::spikes(per_second(50), per_second(800), millis(200), millis(600), millis(1_200));
    follow(cx, load, &QUICK).await
}

/// 50 windows a second, and 1000 for 5 s of each 30 s, three times.
#[proofload::case(
    slow,
    target = "extractor",
    max_concurrency = 1_000,
    max_cpu = "off",
    time_limit = "4m",
    severity = "high"
)]
async fn extractor_spike_full(cx: Context) -> Result {
    let load = Load::spikes(per_second(50), per_second(1_000), seconds(5), seconds(30), seconds(90));
    follow(cx, load, &FULL).await
}

/// A quarter, a half, the whole and a half of 700 windows a second, 250 ms each.
#[proofload::case(target = "extractor", max_concurrency = 500, max_cpu = "off")]
async fn extractor_steps(cx: Context) -> Result {
    follow(cx, Load::steps(per_second(700), seconds(1)), &QUICK).await
}

/// A quarter, a half, the whole and a half of 600 windows a second, 20 s each.
#[proofload::case(
    slow,
    target = "extractor",
    max_concurrency = 1_000,
    max_cpu = "off",
    time_limit = "4m",
    severity = "high"
)]
async fn extractor_steps_full(cx: Context) -> Result {
    follow(cx, Load::steps(per_second(600), seconds(80)), &FULL).await
}

async fn follow(cx: Context, load: OpenLoad, expected: &[&str]) -> Result {
    // Room for a third of the windows: the network works at each level.
    let extractor = Extractor::open(Options { questions: 150, cache: 50, ..Options::default() })?;
    let tally = Tally::of(&cx);
    let load = cx.load(load).named("windows");
    let load = expected.iter().fold(load, |load, expectation| load.expect(*expectation));
    load.expect("error_rate < 1%")
        .expect("dropped == 0")
        .run(move |op| {
            let (extractor, tally) = (extractor.clone(), tally.clone());
            async move { tally.outcome(extractor.extract_checked(op.index).await) }
        })
        .await?;
    cx.done()
}
