//! Windows that are new all the time, within a limit of memory: cache and queue stay as large as they are.

use proofload::{Context, Load, Result, load::ClosedLoad, mib, per_second, procedure::MemoryPressure, seconds};

use crate::targets::extractor::{Extractor, Options, outcome::Tally};

/// Answers that the cache has room for.
const CACHED: usize = 100;

/// Eight users for a second, within 256 MiB.
#[proofload::case(target = "extractor", max_memory = "256MiB", max_cpu = "off")]
async fn extractor_memory(cx: Context) -> Result {
    let extractor = small()?;
    new_windows(&cx, &extractor, Load::users(8).for_duration(seconds(1))).await?;
    cx.done()
}

/// 32 users for a minute, within 256 MiB.
#[proofload::case(
    slow,
    resource_intensive,
    target = "extractor",
    max_memory = "256MiB",
    max_cpu = "off",
    time_limit = "3m"
)]
async fn extractor_memory_full(cx: Context) -> Result {
    let extractor = small()?;
    new_windows(&cx, &extractor, Load::users(32).for_duration(seconds(60))).await?;
    cx.done()
}

/// While half a gigabyte is held beside it, for 20 s, against before and after.
#[proofload::case(
    slow,
    resource_intensive,
    target = "extractor",
    max_memory = "1GiB",
    max_memory_growth = "off",
    max_cpu = "off",
    needs_memory = "1GiB",
    time_limit = "3m"
)]
async fn extractor_under_memory_pressure_full(cx: Context) -> Result {
    let (extractor, tally) = (small()?, Tally::of(&cx));
    let pressure = MemoryPressure::new().hold(mib(512)).rate(per_second(200)).phase(seconds(20));
    let found = pressure
        .objective("error_rate < 1%")
        .objective("latency.p95 < 100ms")
        .run(&cx, move |op| {
            let (extractor, tally) = (extractor.clone(), tally.clone());
            async move { tally.outcome(extractor.extract_checked(op.index).await) }
        })
        .await?;
    found.judge(&cx);
    cx.done()
}

fn small() -> Result<Extractor> {
    Ok(Extractor::open(Options { questions: 400, cache: CACHED, ..Options::default() })?)
}

async fn new_windows(cx: &Context, extractor: &Extractor, load: ClosedLoad) -> Result {
    let (asked, tally) = (extractor.clone(), Tally::of(cx));
    cx.load(load)
        .named("windows")
        .expect("error_rate < 1%")
        .expect("memory.growth < 64MiB")
        .run(move |op| {
            let (extractor, tally) = (asked.clone(), tally.clone());
            async move { tally.outcome(extractor.extract_checked(op.index).await) }
        })
        .await?;
    if !cx.is_dry_run() {
        let held = extractor.cached();
        cx.figure("cached", held as f64, "count");
        cx.require((1..=CACHED).contains(&held), format!("the cache has room for {CACHED} answers and holds {held}"));
    }
    Ok(())
}
