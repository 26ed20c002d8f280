//! A steady load for long: neither memory nor latency nor errors rise under it.

use std::time::Duration;

use proofload::{Context, minutes, per_second, procedure::LongRunning, seconds};

use crate::targets::vector_index::{Options, VectorIndex, outcome::outcome};

/// Five seconds, in windows of 100 ms: long enough to tell a leak of a megabyte a second, too short for anything slower
/// and for a drift, which the report says.
#[proofload::case(target = "vector_index", max_cpu = "off")]
async fn long_running(cx: Context) -> proofload::Result {
    soak(cx, seconds(5)).await
}

/// Ten minutes, at the end of which the memory is not 5 % over that of the beginning.
#[proofload::case(slow, target = "vector_index", time_limit = "12m", severity = "high")]
async fn long_running_full(cx: Context) -> proofload::Result {
    soak(cx, minutes(10)).await
}

async fn soak(cx: Context, length: Duration) -> proofload::Result {
    let index = VectorIndex::open(cx.scratch_dir(), Options::default())?;
    let procedure = LongRunning::new().rate(per_second(100)).for_duration(length);
    let procedure = procedure.expect("success_rate >= 99%").expect("error_rate <= 1%");
    let soak = procedure
        .run(&cx, move |op| {
            let index = index.clone();
            async move { outcome(index.search_checked(op.index).await) }
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
