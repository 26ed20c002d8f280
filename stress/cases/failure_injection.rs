//! Searches of which a share meets a fault, by callers that try again, against the same searches before and after.

use proofload::{
    Context, Result, Retry,
    fault::{Faults, Latency},
    judge::Tolerance,
    mib, millis, per_second, percent,
    procedure::FailureInjection,
    seconds,
};

use crate::targets::{
    caller,
    vector_index::{Options, VectorIndex, outcome::outcome},
};

/// Two of five attempts fail, are slow or hold memory; callers that try three times again hardly notice.
#[proofload::case(target = "vector_index", max_cpu = "off")]
async fn failure_injection(cx: Context) -> Result {
    let faults = Faults::share(percent(40)).error("injected failure");
    let faults = faults.latency(Latency::exponential(millis(20))).hold_memory(mib(1), millis(200));
    // Windows this short show a busy machine too: what has to come back is the order of magnitude.
    let mut tolerance = Tolerance::default();
    (tolerance.latency_floor, tolerance.failures, tolerance.goodput) = (millis(500), 0.05, 0.5);
    let procedure = FailureInjection::new().faults(faults).rate(per_second(150)).phase(seconds(1));
    let procedure = procedure.cool_down(millis(100)).tolerance(tolerance).timeout(seconds(10));
    search(cx, procedure.objective("success_rate >= 97%")).await
}

/// 5 % of the attempts fail, hang, are slow or hold memory, 20 s of each: at least 95 % of the searches succeed.
#[proofload::case(slow, target = "vector_index", max_cpu = "off", severity = "high")]
async fn failure_injection_full(cx: Context) -> Result {
    search(cx, FailureInjection::new().rate(per_second(100)).phase(seconds(20))).await
}

async fn search(cx: Context, procedure: FailureInjection) -> Result {
    let index = VectorIndex::open(cx.scratch_dir(), Options::default())?;
    let retry = Retry::times(caller::further_attempts()).with_backoff(millis(5), millis(100));
    let found = procedure
        .retry(retry)
        .run(&cx, move |op| {
            let index = index.clone();
            async move { outcome(index.search_checked(op.index).await) }
        })
        .await?;
    found.judge(&cx);
    cx.done()
}
