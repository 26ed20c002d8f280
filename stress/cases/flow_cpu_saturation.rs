//! Flows while the cores are taken, against the same flows before and after.

use proofload::{Context, Result, millis, per_second, procedure::CpuSaturation, seconds, units::Ratio};

use crate::targets::content_flow::{ContentFlow, Options, outcome::outcome};

/// A thread for each core, 400 ms each.
#[proofload::case(target = "content_flow", drain = "30s", max_concurrency = 100, max_cpu = "off")]
async fn flow_cpu_saturation(cx: Context) -> Result {
    saturate(cx, CpuSaturation::new().rate(per_second(25)).phase(millis(400)).cool_down(millis(50))).await
}

/// Two threads for each core, 20 s each.
#[proofload::case(
    slow,
    resource_intensive,
    target = "content_flow",
    max_concurrency = 500,
    max_cpu = "off",
    severity = "high"
)]
async fn flow_cpu_saturation_full(cx: Context) -> Result {
    saturate(cx, CpuSaturation::new().burn(Ratio::new(2.0)).rate(per_second(20)).phase(seconds(20))).await
}

/// More than 60 % of the flows succeed.
async fn saturate(cx: Context, saturation: CpuSaturation) -> Result {
    let flow = ContentFlow::open(cx.scratch_dir(), Options::default())?;
    let found = saturation
        .objective("success_rate > 60%")
        .run(&cx, move |op| {
            let flow = flow.clone();
            async move { outcome(flow.publish_checked(op.index).await) }
        })
        .await?;
    found.judge(&cx);
    cx.done()
}
