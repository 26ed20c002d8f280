//! A fault for a while, on purpose: what it costs, and whether all is well again afterwards.

use proofload::{
    Context, Load, Result,
    fault::{Faults, Latency},
    millis, per_second, percent, seconds,
};

/// What is put under stress.
async fn query() -> std::result::Result<(), String> {
    tokio::time::sleep(millis(2)).await;
    Ok(())
}

/// In the second of three stages, half of the operations fail or are slow.
#[proofload::case]
async fn fault_and_recovery(cx: Context) -> Result {
    let stages = Load::rate(per_second(60))
        .for_duration(seconds(1))
        .called("before")
        .step_to(per_second(60))
        .for_duration(seconds(1))
        .called("ill")
        .step_to(per_second(60))
        .for_duration(seconds(2))
        .called("after");
    let faults = Faults::share(percent(50)).error("no route").latency(Latency::constant(millis(100)));
    let ill = cx.inject(faults.named("bad network").during(seconds(1)..seconds(2)))?;
    cx.load(stages)
        .probing()
        .expect("success_rate >= 95% in phase \"before\"")
        .expect("success_rate >= 50% in phase \"ill\"")
        .expect("success_rate >= 95% in phase \"after\"")
        .run(ill.around(|_op| query()))
        .await?;
    cx.done()
}
