//! Flows, which bring every document to the disk, while the disk is busy.

use proofload::{Context, Result, mib, millis, per_second, procedure::IoStress, seconds};

use crate::targets::content_flow::{
    ContentFlow, Options,
    outcome::outcome,
    stage::{Stage, StageTerms},
};

/// 16 MiB a second, 400 ms each.
#[proofload::case(target = "content_flow", drain = "30s", max_concurrency = 100, max_cpu = "off")]
async fn flow_io_stress(cx: Context) -> Result {
    stress(cx, IoStress::new().write(mib(16)).rate(per_second(25)).phase(millis(400)).cool_down(millis(50))).await
}

/// 256 MiB a second, 20 s each.
#[proofload::case(
    slow,
    resource_intensive,
    target = "content_flow",
    max_concurrency = 500,
    max_cpu = "off",
    needs_disk = "2GiB",
    severity = "high"
)]
async fn flow_io_stress_full(cx: Context) -> Result {
    stress(cx, IoStress::new().write(mib(256)).keep(mib(512)).rate(per_second(20)).phase(seconds(20))).await
}

/// Most of the flows succeed; each writes four files.
async fn stress(cx: Context, stress: IoStress) -> Result {
    let editions = StageTerms { effort: 3, failure_rate: 0.01 };
    let flow = ContentFlow::open(cx.scratch_dir(), Options::default().with(Stage::Publish, editions))?;
    let found = stress
        .objective("success_rate > 70%")
        .run(&cx, move |op| {
            let flow = flow.clone();
            async move { outcome(flow.publish_checked(op.index).await) }
        })
        .await?;
    found.judge(&cx);
    cx.done()
}
