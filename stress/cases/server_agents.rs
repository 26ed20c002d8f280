//! Ten agents in conversation with the server at the same time: all is answered, nobody gets another one's, and most of what
//! they send was read before.

use proofload::{Context, Load, Result, seconds};

use super::server_site::Site;
use crate::targets::cache_server::{Options, talk::Manner};

/// Agents, ...
const AGENTS: u32 = 10;

/// ... and what each of them asks, in conversations of five turns.
const REQUESTS: u64 = 50;

/// Lines.
#[proofload::case(target = "cache_server", max_cpu = "off")]
async fn server_agents(cx: Context) -> Result {
    talk(cx, &Options::default(), Manner::SHORT).await
}

/// Twice as long questions, and a model to which each token costs sixteen times as much.
#[proofload::case(
    slow,
    resource_intensive,
    target = "cache_server",
    max_cpu = "off",
    time_limit = "5m",
    severity = "high"
)]
async fn server_agents_full(cx: Context) -> Result {
    let options = Options { bytes_per_token: 1 << 20, blocks: 1 << 14, ..Options::default() };
    talk(cx, &options, Manner { words: 24, max_tokens: 64, ..Manner::SHORT }).await
}

async fn talk(cx: Context, options: &Options, manner: Manner) -> Result {
    let site = Site::of_case(&cx, options)?;
    let run = cx
        .load(Load::users(AGENTS).iterations_each(REQUESTS))
        .named("agents")
        .timeout(seconds(30))
        .expect("success_rate == 100%")
        .expect("latency.p95 < 2s")
        .expect("counter.cache_hit_rate > 80%")
        .send(site.talks("agent", manner))
        .await?;
    site.report(&cx, &run).await;
    cx.done()
}
