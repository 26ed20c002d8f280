//! Flows while memory is held, against the same flows before and after.

use proofload::{Context, Result, gib, mib, millis, per_second, procedure::MemoryPressure, seconds};

use crate::targets::content_flow::{ContentFlow, Options, outcome::outcome};

/// 100 MiB, 400 ms each.
#[proofload::case(target = "content_flow", drain = "30s", max_memory_growth = "off", max_cpu = "off")]
async fn flow_memory_pressure(cx: Context) -> Result {
    press(cx, MemoryPressure::new().hold(mib(100)).rate(per_second(25)).phase(millis(400)).cool_down(millis(50))).await
}

/// A gigabyte, 20 s each.
#[proofload::case(
    slow,
    resource_intensive,
    target = "content_flow",
    max_memory = "2GiB",
    max_memory_growth = "off",
    max_cpu = "off",
    needs_memory = "2GiB",
    severity = "high"
)]
async fn flow_memory_pressure_full(cx: Context) -> Result {
    press(cx, MemoryPressure::new().hold(gib(1)).rate(per_second(20)).phase(seconds(20))).await
}

/// More than half of the flows succeed.
async fn press(cx: Context, pressure: MemoryPressure) -> Result {
    let flow = ContentFlow::open(cx.scratch_dir(), Options::default())?;
    let found = pressure
        .objective("success_rate > 50%")
        .run(&cx, move |op| {
            let flow = flow.clone();
            async move { outcome(flow.publish_checked(op.index).await) }
        })
        .await?;
    found.judge(&cx);
    cx.done()
}
