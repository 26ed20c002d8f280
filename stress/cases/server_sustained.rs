//! Five agents that ask now and then, for long: neither memory nor latency nor errors rise.

use std::time::Duration;

use proofload::{
    Context, Result, hours, minutes, per_minute, per_second, procedure::LongRunning, seconds, units::Rate,
};

use super::server_site::Site;
use crate::targets::cache_server::{Options, talk::Manner};

const AGENTS: u64 = 5;

/// Three seconds, too short for a drift, which the report says.
#[proofload::case(target = "cache_server", max_cpu = "off")]
async fn server_sustained(cx: Context) -> Result {
    soak(cx, per_second(30), seconds(3)).await
}

/// An hour at 10 requests a minute: memory grows by less than 5 %, latency is stable, under 1 % fail.
#[proofload::case(slow, target = "cache_server", time_limit = "65m", severity = "high")]
async fn server_sustained_full(cx: Context) -> Result {
    soak(cx, per_minute(10), hours(1)).await
}

async fn soak(cx: Context, rate: Rate, length: Duration) -> Result {
    let site = Site::of_case(&cx, &Options::default())?;
    let soak = LongRunning::new()
        .rate(rate)
        .for_duration(length)
        .expect("error_rate < 1%")
        .expect("success_rate >= 99%")
        .expect("latency.p95 < 2s")
        .run_workload(&cx, site.questions("agent", AGENTS, Manner::SHORT))
        .await?;
    site.report(&cx, &soak.run).await;
    if cx.is_dry_run() {
        return cx.done();
    }
    if length > minutes(5) {
        soak.judge(&cx);
        soak.judge_growth(&cx, 0.05);
    } else {
        soak.judge_leak(&cx);
    }
    cx.done()
}
