//! Where something breaks: the rate up to which it holds, and what it does beyond.

use std::sync::Arc;

use proofload::{Context, Rejected, Result, millis, per_second, procedure::MaximumThroughput};
use tokio::sync::Semaphore;

/// What is put under stress: four at a time, 10 ms each, so some 400 a second. Who finds no place is refused.
async fn query(places: Arc<Semaphore>) -> std::result::Result<(), Rejected> {
    let _place = places.try_acquire().map_err(|_| Rejected::because("no place is free"))?;
    tokio::time::sleep(millis(10)).await;
    Ok(())
}

/// Rates go up fourfold from 20/s until it breaks; short trials give a coarse answer.
#[proofload::case(max_concurrency = 2_000, max_cpu = "off")]
async fn breaking_point(cx: Context) -> Result {
    cx.expect("breaking_point >= 20/s")?;
    let places = Arc::new(Semaphore::new(4));
    MaximumThroughput::new()
        .from(per_second(20))
        .to(per_second(2_560))
        .times(4.0)
        .to_within(1.0)
        .repeats(1)
        .trial(millis(500))
        .warm_up(millis(100))
        .cool_down(millis(100))
        .run(&cx, move |_op| query(Arc::clone(&places)))
        .await?;
    cx.done()
}
