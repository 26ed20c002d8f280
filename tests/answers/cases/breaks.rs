//! Where targets of a known capacity break, and what they do beyond.

use proofload::{
    Context, Result,
    judge::{BreakingPoint, Degradation},
    millis, per_second,
    procedure::{MaximumThroughput, Throughput},
    seconds,
};

use crate::{
    targets::{Queue, Server},
    tries::best_of_three,
};

/// Four permits of 10 ms each.
const CAPACITY: f64 = 400.0;

async fn find(cx: &Context, queue: Queue, to_within: f64) -> Result<Throughput> {
    let server = Server::new(4, millis(10), queue);
    let search = MaximumThroughput::new().from(per_second(300)).to(per_second(600)).times(1.3).to_within(to_within);
    let search = search.repeats(1).trial(seconds(1)).warm_up(millis(200)).cool_down(millis(300));
    search.objective("success_rate >= 99%").run(cx, move |_op| server.clone().serve()).await
}

/// The middle of the rates between which it breaks.
fn middle(found: &BreakingPoint) -> f64 {
    match found {
        BreakingPoint::Between { holds_per_sec, breaks_per_sec, .. } => (holds_per_sec + breaks_per_sec) / 2.0,
        _ => f64::NAN,
    }
}

/// What would wait for over 20 ms is refused at once.
#[proofload::case(max_concurrency = 2000, max_cpu = "off", time_limit = "2m")]
async fn with_admission_control(cx: Context) -> Result {
    best_of_three(&cx, |cx| async move {
        let found = find(&cx, Queue::Admits(millis(20)), 0.03).await?;
        let breaks = middle(&found.breaking_point);
        // No delay makes it do more.
        if breaks > CAPACITY * 1.1 {
            cx.require(false, format!("it can do {CAPACITY}/s, and {}", found.breaking_point));
        }
        let mut off = Vec::new();
        let is_near = (breaks / CAPACITY - 1.0).abs() <= 0.05;
        if !is_near {
            off.push(found.breaking_point.to_string());
        }
        if !matches!(found.degradation, Degradation::Graceful(_)) {
            off.push(found.degradation.to_string());
        }
        Ok(off)
    })
    .await
}

/// What is waited for too long is done for nobody, and what comes after it too.
#[proofload::case(max_concurrency = 2000, max_cpu = "off", time_limit = "2m")]
async fn with_an_endless_queue(cx: Context) -> Result {
    best_of_three(&cx, |cx| async move {
        let found = find(&cx, Queue::Endless(millis(100)), 0.5).await?;
        Ok(match found.degradation {
            Degradation::Collapse(_) => Vec::new(),
            other => vec![other.to_string()],
        })
    })
    .await
}
