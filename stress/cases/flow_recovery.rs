//! Far more flows at once than there are places, while a steady load goes on: most are carried out in the end, and the
//! steady load is back to normal soon.

use std::time::Duration;

use proofload::{
    Context, Load, Result, Retry,
    judge::Tolerance,
    millis, per_second,
    procedure::ExhaustionRecovery,
    seconds,
};

use crate::targets::content_flow::{ContentFlow, Options, outcome::outcome};

/// The longest time to recovery.
const RECOVERY_LIMIT: Duration = seconds(60);

/// 50 at once for 32 places; back to normal for a second.
#[proofload::case(target = "content_flow", max_concurrency = 200, max_cpu = "off")]
async fn flow_recovery(cx: Context) -> Result {
    let mut tolerance = Tolerance::default();
    (tolerance.windows, tolerance.latency_floor, tolerance.failures) = (1, millis(250), 0.2);
    let procedure = ExhaustionRecovery::new().steady(per_second(50)).baseline(seconds(2)).burst(50);
    recover(cx, procedure.tolerance(tolerance).attempts(1)).await
}

/// 200 at once for 32 places, three times in a row.
#[proofload::case(
    slow,
    resource_intensive,
    target = "content_flow",
    max_concurrency = 600,
    max_cpu = "off",
    time_limit = "10m",
    severity = "critical"
)]
async fn flow_recovery_full(cx: Context) -> Result {
    recover(cx, ExhaustionRecovery::new().steady(per_second(20)).burst(200)).await
}

async fn recover(cx: Context, procedure: ExhaustionRecovery) -> Result {
    let flow = ContentFlow::open(cx.scratch_dir(), Options::default())?;
    let carried_out = flow.clone();
    let publish = move |op: proofload::Op| {
        let flow = carried_out.clone();
        async move { outcome(flow.publish_checked(op.index).await) }
    };
    let procedure = procedure
        .timeout(seconds(60))
        .drain(seconds(60))
        .retry(Retry::times(20).with_backoff(millis(50), seconds(2)))
        .limit(RECOVERY_LIMIT)
        .expect("success_rate > 70%");
    let found = procedure.run(&cx, publish.clone()).await?;
    found.judge(&cx);
    cx.load(Load::users(16).iterations_each(2))
        .named("after the stress")
        .timeout(seconds(60))
        .expect("success_rate > 75%")
        .run(publish)
        .await?;
    cx.done()
}
