//! Redis, from the program that is installed: what is set comes back, and counters that all share add up.

use std::sync::Arc;

use proofload::{Context, Load, Result, millis, per_second, seconds};

use crate::targets::services::redis::{self, Options, Redis};

/// 8 users for a second and a half.
#[proofload::case(service, target = "redis", needs = redis::is_there, max_cpu = "off")]
async fn service_redis(cx: Context) -> Result {
    count(cx, Load::users(8).for_duration(millis(1_500)).into()).await
}

/// 2 000 operations a second for a minute: three commands each.
#[proofload::case(service, slow, target = "redis", needs = redis::is_there, max_cpu = "off", max_concurrency = 500)]
async fn service_redis_full(cx: Context) -> Result {
    count(cx, Load::rate(per_second(2_000)).for_duration(seconds(60)).into()).await
}

async fn count(cx: Context, load: Load) -> Result {
    if cx.is_dry_run() {
        cx.load(load).named("counters").run(|_op| async {}).await?;
        return cx.done();
    }
    let redis = Arc::new(Redis::open(cx.scratch_dir(), Options::default()).await?);
    if let Some(url) = redis.started_at() {
        cx.note(format!("started at {url}"));
    }
    let counting = Arc::clone(&redis);
    cx.load(load)
        .named("counters")
        .expect("success_rate >= 99%")
        .expect("due >= 100")
        .run(move |op| {
            let redis = Arc::clone(&counting);
            async move { redis.count(op.index).await }
        })
        .await?;
    let account = redis.settle().await?;
    cx.require(account.adds_up(), format!("the counters add up: {account}"));
    cx.done()
}
