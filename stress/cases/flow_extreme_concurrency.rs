//! More than 20 flows at once: at least 15 are really in hand together, and most are published right.

use proofload::{Context, Load, Retry, millis, seconds};

use crate::targets::content_flow::{ContentFlow, Options, outcome::outcome};

/// Documents that stay on the shelf.
const KEPT: usize = 16;

/// 24 at once, three times each.
#[proofload::case(target = "content_flow", max_concurrency = 30, max_cpu = "off")]
async fn flow_extreme_concurrency(cx: Context) -> proofload::Result {
    flows_at_once(cx, 24, 3).await
}

/// 60 at once, 50 times each, for 32 places: who is refused comes again.
#[proofload::case(
    slow,
    resource_intensive,
    target = "content_flow",
    max_concurrency = 60,
    max_cpu = "off",
    time_limit = "10m",
    severity = "high"
)]
async fn flow_extreme_concurrency_full(cx: Context) -> proofload::Result {
    flows_at_once(cx, 60, 50).await
}

async fn flows_at_once(cx: Context, users: u32, flows: u64) -> proofload::Result {
    let flow = ContentFlow::open(cx.scratch_dir(), Options { keep: KEPT, ..Options::default() })?;
    let carried_out = flow.clone();
    cx.load(Load::users(users).iterations_each(flows))
        .named("flows")
        .timeout(seconds(30))
        .drain(seconds(30))
        .retry(Retry::times(10).with_backoff(millis(50), seconds(1)))
        .expect("success_rate > 70%")
        .expect("unfinished == 0")
        .expect("memory.growth < 1GB")
        .run(move |op| {
            let flow = carried_out.clone();
            async move { outcome(flow.publish_checked(op.index).await) }
        })
        .await?;
    if !cx.is_dry_run() {
        let most = flow.most_in_hand();
        cx.figure("flows_at_once", most as f64, "flows");
        cx.figure("flow_retries", flow.retries() as f64, "attempts");
        cx.figure("sent_back", flow.sent_back() as f64, "drafts");
        cx.require(most >= 15, format!("15 flows are in hand at once: {most} were"));
        let (kept, wrong) = (flow.on_the_shelf(), flow.wrong());
        cx.require(kept <= KEPT, format!("{KEPT} documents stay on the shelf: {kept} do"));
        cx.require(wrong == 0, format!("every document is what its review has passed: {wrong} wrong documents"));
        cx.require(flow.in_hand() == 0, format!("no place stays taken: {} are", flow.in_hand()));
    }
    cx.done()
}
