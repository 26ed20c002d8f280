//! More requests at once than the server's pool has blocks for: as many as fit are served, the others are refused with 429 and
//! never with a 5xx, and the pool is free again soon after. Sized to the bundled server, whatever `base_url` says.

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use proofload::{
    Context, Load, Result, millis, per_second, procedure::ExhaustionRecovery, seconds,
};

use super::server_site::Site;
use crate::targets::cache_server::{
    Options,
    blocks::blocks_for,
    model::tokens,
    talk::{House, Manner},
    wire::{Health, Request},
};

/// Requests that fit into the pool at the same time.
const PLACES: u64 = 120;

/// The longest time to recovery.
const RECOVERY_LIMIT: Duration = seconds(30);

/// A prompt that no other agent has sent, and so many tokens for the answer that the request holds many blocks.
const MANNER: Manner = Manner { max_tokens: 400, ..Manner::SHORT };

/// The most of the pool that may ever be in use.
const LIMIT: f64 = 0.95;

/// Twice as many as fit, at once.
#[proofload::case(target = "cache_server", max_concurrency = 300, max_cpu = "off")]
async fn server_exhaustion(cx: Context) -> Result {
    let site = Site::bundled(&cx, &sized(&cx))?;
    let burst = cx
        .load(Load::at_once(2 * PLACES as u32))
        .named("burst")
        .timeout(seconds(30))
        .probing()
        .expect("ok >= 100")
        .expect("rejected > 0")
        .expect("error_rate < 5%")
        .expect("status.500 == 0")
        .send(site.asked(question));
    let (burst, peak) = watched(&cx, &site, burst).await;
    let burst = burst?;
    if let Some(peak) = peak {
        cx.figure("peak_pool_use", peak, "ratio");
        cx.require(peak <= LIMIT, format!("at most 95% of the pool was ever in use: {:.1}%", peak * 100.0));
    }
    free_again(&cx, &site, seconds(10)).await;
    cx.load(Load::rate(per_second(40)).for_duration(seconds(1)))
        .named("afterwards")
        .expect("success_rate == 100%")
        .send(site.asked(question))
        .await?;
    site.report(&cx, &burst).await;
    cx.done()
}

/// The same beside a steady load, which is back to normal within 30 s, three times in a row.
#[proofload::case(
    slow,
    resource_intensive,
    target = "cache_server",
    max_concurrency = 500,
    max_cpu = "off",
    time_limit = "5m",
    severity = "critical"
)]
async fn server_exhaustion_full(cx: Context) -> Result {
    let site = Site::bundled(&cx, &sized(&cx))?;
    let found = ExhaustionRecovery::new()
        .steady(per_second(20))
        .burst(4 * PLACES as u32)
        .timeout(seconds(30))
        .drain(seconds(30))
        .limit(RECOVERY_LIMIT)
        .expect("ok >= 100")
        .expect("rejected > 0")
        .expect("error_rate < 5%")
        .expect("status.500 == 0")
        .run_workload(&cx, site.asked(question))
        .await?;
    if cx.is_dry_run() {
        return cx.done();
    }
    found.judge(&cx);
    free_again(&cx, &site, RECOVERY_LIMIT).await;
    cx.done()
}

/// A request of an agent of its own.
fn question(house: &House, number: u64) -> Request {
    house.question(format!("agent {number}"), MANNER, 0)
}

/// A server whose pool is full with [`PLACES`] requests, and whose tokens cost enough for all to be there at the same time.
fn sized(cx: &Context) -> Options {
    let request = question(&House::seeded(cx.seed()), 0);
    let prompt: usize = request.messages.iter().map(|message| tokens(&message.content).count()).sum();
    let each = blocks_for(prompt as u64 + u64::from(MANNER.max_tokens));
    Options { blocks: (PLACES * each * 100).div_ceil(95), bytes_per_token: 256 << 10, ..Options::default() }
}

/// What `load` gives, and the largest share of the pool that was seen in use meanwhile.
async fn watched<T>(cx: &Context, site: &Site, load: impl Future<Output = T>) -> (T, Option<f64>) {
    let mut load = pin!(load);
    let mut peak: Option<f64> = None;
    loop {
        let look = async {
            cx.pause(millis(5)).await;
            if cx.is_dry_run() { None } else { site.health().await.ok() }
        };
        tokio::select! {
            ended = &mut load => return (ended, peak),
            seen = look => {
                let used = seen.map(|Health { blocks_used, blocks_total, .. }| blocks_used as f64 / blocks_total as f64);
                peak = used.into_iter().chain(peak).reduce(f64::max);
            }
        }
    }
}

/// Requires that nothing but prefixes holds blocks within `limit`, now that nobody asks.
async fn free_again(cx: &Context, site: &Site, limit: Duration) {
    if cx.is_dry_run() {
        return;
    }
    let began = Instant::now();
    loop {
        let health = site.health().await;
        let is_free = health.as_ref().is_ok_and(|health| health.blocks_used == health.blocks_cached);
        if is_free {
            cx.figure_duration("pool_recovery_time", began.elapsed());
            return cx.require(true, "the pool gave its blocks back");
        }
        if began.elapsed() > limit || cx.stop_token().reason().is_some() {
            let seen = health.map_or_else(|outcome| outcome.to_string(), |health| format!("{health:?}"));
            return cx.require(false, format!("the pool gave its blocks back within {limit:?}: {seen}"));
        }
        cx.pause(millis(20)).await;
    }
}
