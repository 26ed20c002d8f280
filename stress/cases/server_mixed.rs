//! Five kinds of agents at the same server: short questions all the time, long ones now and then, bursts, somebody who comes
//! once in a while, and conversations.

use std::time::Duration;

use proofload::{
    Context, Result, millis, per_second,
    procedure::{Agent, MixedAgents, Pattern},
    seconds,
};

use super::server_site::Site;
use crate::targets::cache_server::{Options, talk::Manner};

/// How much of each kind there is.
struct Mix {
    short: Pattern,
    long: Pattern,
    bursts: Pattern,
    sporadic: Pattern,
    talks: Pattern,
    lasting: Duration,
    /// What the short questions and the conversations have to meet.
    latency: &'static str,
}

/// Three seconds.
#[proofload::case(target = "cache_server", max_cpu = "off")]
async fn server_mixed(cx: Context) -> Result {
    let mix = Mix {
        short: Pattern::users(4, millis(50), millis(150)),
        long: Pattern::users(1, millis(500), millis(900)),
        bursts: Pattern::bursts(10, seconds(1)),
        sporadic: Pattern::independent(per_second(2)),
        talks: Pattern::users(3, millis(100), millis(300)),
        lasting: seconds(3),
        // Too few for a percentile on a slow machine.
        latency: "latency.mean < 2s",
    };
    together(cx, mix).await
}

/// The ready-made patterns, for two minutes.
#[proofload::case(slow, target = "cache_server", max_cpu = "off", time_limit = "5m", severity = "high")]
async fn server_mixed_full(cx: Context) -> Result {
    let mix = Mix {
        short: Pattern::short_frequent(),
        long: Pattern::long_occasional(),
        bursts: Pattern::bursty(),
        sporadic: Pattern::sporadic(),
        talks: Pattern::users(5, seconds(1), seconds(3)),
        lasting: seconds(120),
        latency: "latency.p95 < 2s",
    };
    together(cx, mix).await
}

async fn together(cx: Context, mix: Mix) -> Result {
    let site = Site::of_case(&cx, &Options::default())?;
    let short = Agent::with_workload("short", mix.short, site.questions("short", 4, Manner::SHORT));
    let long = Agent::with_workload("long", mix.long, site.questions("long", 2, Manner::LONG));
    let bursts = Agent::with_workload("bursts", mix.bursts, site.questions("burst", 3, Manner::SHORT));
    let sporadic = Agent::with_workload("sporadic", mix.sporadic, site.questions("visit", 20, Manner::SHORT));
    let talks = Agent::with_workload("talks", mix.talks, site.talks("talk", Manner::SHORT));
    let found = MixedAgents::new()
        .lasting(mix.lasting)
        .agent(short.objective("success_rate >= 99%").objective(mix.latency))
        .agent(long.objective("success_rate >= 95%").timeout(seconds(30)))
        .agent(bursts.objective("error_rate <= 1%"))
        .agent(sporadic.objective("error_rate <= 1%"))
        .agent(talks.objective("success_rate >= 99%").objective(mix.latency))
        .run(&cx)
        .await?;
    if let Some(run) = found.runs.first() {
        site.report(&cx, run).await;
    }
    cx.done()
}
