//! A steady load of flows: memory does not grow with them, neither do the documents on the shelf.

use proofload::{Context, Result, minutes, per_second, procedure::LongRunning};

use crate::targets::content_flow::{ContentFlow, Options, outcome::outcome};

/// Documents that stay on the shelf.
const KEPT: usize = 16;

/// Ten minutes.
#[proofload::case(slow, target = "content_flow", max_cpu = "off", time_limit = "12m", severity = "high")]
async fn flow_sustained_full(cx: Context) -> Result {
    let flow = ContentFlow::open(cx.scratch_dir(), Options { keep: KEPT, ..Options::default() })?;
    let carried_out = flow.clone();
    let procedure = LongRunning::new().rate(per_second(20)).for_duration(minutes(10));
    let soak = procedure
        .expect("success_rate >= 95%")
        .expect("memory.growth < 1GB")
        .run(&cx, move |op| {
            let flow = carried_out.clone();
            async move { outcome(flow.publish_checked(op.index).await) }
        })
        .await?;
    soak.judge(&cx);
    let (kept, wrong) = (flow.on_the_shelf(), flow.wrong());
    cx.require(kept <= KEPT, format!("{KEPT} documents stay on the shelf: {kept} do"));
    cx.require(wrong == 0, format!("every document is what its review has passed: {wrong} wrong documents"));
    cx.done()
}
