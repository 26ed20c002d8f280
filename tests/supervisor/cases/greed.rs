use std::{hint::black_box, num::NonZero, thread, time::Duration};

use proofload::{Context, Load, per_second, seconds};

use super::{amid_load, long};

/// As fast as pages can be had.
#[proofload::case(eats_memory, max_memory = "200MiB")]
async fn eats_memory(cx: Context) {
    amid_load(&cx).await;
    let mut eaten: Vec<Vec<u8>> = Vec::new();
    loop {
        eaten.push(black_box(vec![1; 8 << 20]));
        cx.figure("eaten", eaten.len() as f64 * 8.0, "MiB");
    }
}

/// A target that loses 5 MB a second.
#[proofload::case(leaks, max_memory_growth = "1MB/s", time_limit = "60s")]
async fn leaks(cx: Context) -> proofload::Result {
    cx.load(long()).run(|_op| async { black_box(vec![1_u8; 100_000].leak())[0] = 2 }).await?;
    cx.done()
}

/// Half of the cores, whatever their number.
#[proofload::case(burns_cpu, max_cpu = "5%", time_limit = "60s")]
async fn burns_cpu(cx: Context) -> proofload::Result {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    for _core in 0..cores.div_ceil(2) {
        let stop = cx.stop_token().clone();
        thread::spawn(move || {
            while !stop.is_stopped() {
                std::hint::spin_loop();
            }
        });
    }
    cx.load(long()).run(|_op| async {}).await?;
    cx.done()
}

/// Each of two loads stays below the limit, both together do not.
#[proofload::case(crowds, max_concurrency = 30, time_limit = "60s")]
async fn crowds(cx: Context) -> proofload::Result {
    let crowd = |name: &str| {
        let load = Load::rate(per_second(40)).for_duration(seconds(120));
        let wait = |_op| tokio::time::sleep(Duration::from_secs(100));
        cx.load(load).named(name).timeout(seconds(200)).max_in_flight(20).run(wait)
    };
    let (one, other) = tokio::join!(crowd("one"), crowd("other"));
    one?;
    other?;
    cx.done()
}

#[proofload::case(asks_for_too_many, max_concurrency = 10)]
async fn asks_for_too_many(cx: Context) -> proofload::Result {
    cx.load(Load::users(20).for_duration(seconds(1))).named("crowd").run(|_op| async {}).await?;
    cx.done()
}
