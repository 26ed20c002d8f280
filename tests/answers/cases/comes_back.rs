//! Targets that come back after an overload, and some that do not.

use std::time::Duration;

use proofload::{
    Context, Result, Retry,
    judge::{Recovery, Tolerance},
    millis, per_second,
    procedure::{ExhaustionRecovery, OverloadRecovery},
    seconds,
};

use crate::{
    targets::{Queue, Server, Sulking},
    tries::best_of_three,
};

/// A second of 800/s beside a steady 100/s.
fn overload() -> ExhaustionRecovery {
    let procedure = ExhaustionRecovery::new().attempts(1).baseline(seconds(2));
    procedure.overload(per_second(800), seconds(1)).cool_down(Duration::ZERO)
}

/// It fails for 2.0 s after the overload.
#[proofload::case(max_concurrency = 2000, max_cpu = "off", time_limit = "2m")]
async fn after_two_seconds(cx: Context) -> Result {
    best_of_three(&cx, |cx| async move {
        let target = Sulking::new(seconds(2));
        // It fails at once: what a busy machine adds to its response times says nothing.
        let mut tolerance = Tolerance::default();
        tolerance.latency_floor = millis(200);
        let found = overload().tolerance(tolerance).run(&cx, move |_op| std::future::ready(target.ask())).await?;
        let after = found.recovery_time().map_or(f64::NAN, |after| after.as_secs_f64());
        let depth = found.depth.map_or(f64::NAN, |depth| depth.goodput_share);
        let mut off = Vec::new();
        // No delay lets it answer before.
        if after < 1.8 {
            cx.require(false, format!("it {}, and comes back after 2.0 s", found.recovery));
        }
        if (after - 2.0).abs() > 0.3 {
            off.push(format!("it {}", found.recovery));
        }
        if depth != 0.0 {
            off.push(format!("goodput fell to {depth} of the baseline, and nothing succeeded for 2 s"));
        }
        Ok(off)
    })
    .await
}

/// 400/s; whoever waits for over 200 ms goes away, and the work is done for nobody. The overload leaves a queue of two
/// seconds and more.
async fn abandoned(cx: &Context, steady_retry: Retry) -> Result<OverloadRecovery> {
    let server = Server::new(4, millis(10), Queue::Endless(millis(200)));
    let procedure = overload().steady(per_second(200)).steady_retry(steady_retry).limit(seconds(5));
    procedure.run(cx, move |_op| server.clone().serve()).await
}

/// Each operation of the steady load is tried up to four times: the attempts alone are 800/s, twice what the target can
/// do, so that it never comes back.
#[proofload::case(max_concurrency = 4000, max_cpu = "off", time_limit = "2m")]
async fn never(cx: Context) -> Result {
    let found = abandoned(&cx, Retry::times(3)).await?;
    if !cx.is_dry_run() {
        let is_down = matches!(found.recovery, Recovery::NotWithin { watched } if watched == seconds(5));
        cx.require(is_down, format!("the target that retries keep down {}", found.recovery));
    }
    cx.done()
}

/// The same without retries: 200/s of 400/s work the queue off.
#[proofload::case(max_concurrency = 4000, max_cpu = "off", time_limit = "2m")]
async fn without_retries(cx: Context) -> Result {
    best_of_three(&cx, |cx| async move {
        let found = abandoned(&cx, Retry::NEVER).await?;
        // 1000/s for a second leave 600 that 400/s, of which 200/s come anew, work off in 3 s; a busy machine is normal
        // again some time later.
        let after = found.recovery_time().map_or(f64::NAN, |after| after.as_secs_f64());
        Ok(match (2.0..=5.0).contains(&after) {
            true => Vec::new(),
            false => vec![format!("without retries it {}", found.recovery)],
        })
    })
    .await
}
