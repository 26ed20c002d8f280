//! The archive that flows ask goes down and comes back: the breaker opens, refuses quickly, lets probes through, and closes
//! again; then as many flows at once are carried out as before.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use proofload::{Context, Load, Op, Outcome, Result, millis, per_second, seconds};

use crate::targets::content_flow::{
    ContentFlow, Options,
    archive::{ArchiveTerms, Condition},
    breaker::State,
    outcome::outcome,
};

/// Places for flows, all of which have to be free after an outage.
const PLACES: usize = 16;
/// Between two looks at the breaker.
const LOOK_EVERY: Duration = millis(5);

/// An outage and what is asked of the flow.
struct Outage {
    condition: Condition,
    length: Duration,
    /// The longest time from the archive's return until the breaker closes.
    closes_within: Duration,
}

/// An outage of a second; closed again within 5 s.
#[proofload::case(target = "content_flow", max_concurrency = 1_000, max_cpu = "off")]
async fn flow_breaker(cx: Context) -> Result {
    let outage = Outage { condition: Condition::Down, length: seconds(1), closes_within: seconds(5) };
    survive(cx, [outage]).await
}

/// Two outages of 20 s, one with an archive that fails and one with an archive that says nothing; closed again within 60 s.
#[proofload::case(
    slow,
    target = "content_flow",
    max_concurrency = 5_000,
    max_cpu = "off",
    time_limit = "10m",
    severity = "high"
)]
async fn flow_breaker_full(cx: Context) -> Result {
    let outage = |condition| Outage { condition, length: seconds(20), closes_within: seconds(60) };
    survive(cx, [outage(Condition::Down), outage(Condition::Silent)]).await
}

async fn survive(cx: Context, outages: impl IntoIterator<Item = Outage>) -> Result {
    let options = Options {
        places: PLACES,
        archive: ArchiveTerms { patience: millis(500), ..ArchiveTerms::default() },
        ..Options::default()
    };
    let flow = ContentFlow::open(cx.scratch_dir(), options)?;
    all_at_once(&cx, &flow, "before").await?;
    let opened = flow.breaker().opened;
    cx.require(opened == 0, format!("the breaker stays closed while the archive is up: it opened {opened} times"));
    for outage in outages {
        flow.archive().set(outage.condition);
        refused(&cx, &flow, &outage).await?;
        flow.archive().set(Condition::Up);
        closed_again(&cx, &flow, &outage).await?;
        all_at_once(&cx, &flow, "after").await?;
    }
    cx.done()
}

/// What a load does.
fn publishing(flow: &ContentFlow) -> impl Fn(Op) -> Publishing + Send + Sync + 'static {
    let flow = flow.clone();
    move |op| {
        let flow = flow.clone();
        Box::pin(async move { outcome(flow.publish_checked(op.index).await) })
    }
}

type Publishing = std::pin::Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// As many flows at once as there are places: none is refused.
async fn all_at_once(cx: &Context, flow: &ContentFlow, named: &str) -> Result {
    cx.load(Load::users(PLACES as u32).iterations_each(2))
        .named(named)
        .timeout(seconds(30))
        .drain(seconds(30))
        .expect("success_rate >= 95%")
        .run(publishing(flow))
        .await?;
    cx.require(flow.in_hand() == 0, format!("no place stays taken: {} are", flow.in_hand()));
    Ok(())
}

/// While the archive is down, flows are refused, and soon.
async fn refused(cx: &Context, flow: &ContentFlow, outage: &Outage) -> Result {
    let before = flow.breaker();
    cx.load(Load::rate(per_second(80)).for_duration(outage.length))
        .named("outage")
        .timeout(seconds(3))
        .expect("rejected_rate >= 80%")
        .expect("rejected_latency.p95 <= 1s")
        .expect("timeouts == 0")
        .run(publishing(flow))
        .await?;
    if !cx.is_dry_run() {
        let now = flow.breaker();
        cx.figure("breaker_opened", now.opened as f64, "times");
        cx.figure("breaker_refused", now.refused as f64, "calls");
        let (opened, probed) = (now.opened - before.opened, now.half_opened - before.half_opened);
        cx.require(
            opened >= 2 && probed >= 1 && now.closed == before.closed,
            format!(
                "the breaker opens, and again after each probe that failed: opened {opened} times, half open {probed} \
                 times, closed {} times",
                now.closed - before.closed
            ),
        );
    }
    Ok(())
}

/// Once the archive is back, the breaker lets a probe through and closes.
async fn closed_again(cx: &Context, flow: &ContentFlow, outage: &Outage) -> Result {
    let (before, up_since) = (flow.breaker(), Instant::now());
    let closed_after = Arc::new(OnceLock::new());
    let (seen, breaker) = (Arc::clone(&closed_after), flow.clone());
    let closes = async move {
        while breaker.breaker().state != State::Closed {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        seen.get_or_init(|| up_since.elapsed());
    };
    cx.load(Load::rate(per_second(40)).for_duration(outage.closes_within))
        .named("return")
        .timeout(seconds(30))
        .drain(seconds(30))
        .until(closes)
        .run(publishing(flow))
        .await?;
    if cx.is_dry_run() {
        return Ok(());
    }
    let now = flow.breaker();
    if let Some(after) = closed_after.get() {
        cx.figure_duration("closed_after", *after);
    }
    let is_closed = closed_after.get().is_some_and(|after| *after <= outage.closes_within);
    cx.require(
        is_closed && now.half_opened > before.half_opened && now.closed > before.closed,
        format!(
            "the breaker closes within {:?} of the archive's return: it is {:?}, half open {} times, closed {} times",
            outage.closes_within,
            now.state,
            now.half_opened - before.half_opened,
            now.closed - before.closed
        ),
    );
    Ok(())
}
