//! NATS, from the program that is installed: every question has its own answer, and no message is lost.

use std::sync::Arc;

use proofload::{Context, Load, Result, millis, per_second, seconds};

use crate::targets::services::nats::{self, Nats, Options};

/// 8 users for a second and a half; half of what they do is ask, half is publish.
#[proofload::case(service, target = "nats", needs = nats::is_there, max_cpu = "off")]
async fn service_nats(cx: Context) -> Result {
    talk(cx, Load::users(8).for_duration(millis(1_500)).into()).await
}

/// 2 000 operations a second for a minute.
#[proofload::case(service, slow, target = "nats", needs = nats::is_there, max_cpu = "off", max_concurrency = 500)]
async fn service_nats_full(cx: Context) -> Result {
    talk(cx, Load::rate(per_second(2_000)).for_duration(seconds(60)).into()).await
}

async fn talk(cx: Context, load: Load) -> Result {
    if cx.is_dry_run() {
        cx.load(load).named("messages").run(|_op| async {}).await?;
        return cx.done();
    }
    let nats = Arc::new(Nats::open(cx.scratch_dir(), Options::default()).await?);
    if let Some(url) = nats.started_at() {
        cx.note(format!("started at {url}"));
    }
    let talking = Arc::clone(&nats);
    cx.load(load)
        .named("messages")
        .expect("success_rate >= 99%")
        .expect("due >= 100")
        .run(move |op| {
            let nats = Arc::clone(&talking);
            async move {
                // By the user's own count: users share the numbers out among themselves.
                match (op.iteration + op.index).is_multiple_of(2) {
                    true => {
                        op.tag("ask");
                        nats.ask(op.index).await
                    }
                    false => {
                        op.tag("publish");
                        nats.publish(op.index).await
                    }
                }
            }
        })
        .await?;
    let account = nats.settle().await?;
    cx.require(account.adds_up(), format!("no message is lost: {account}"));
    cx.done()
}
