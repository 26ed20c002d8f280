//! Cases that want more of one thing than they may have.

use std::{
    fs::File,
    hint::black_box,
    io::Write,
    thread,
    time::{Duration, Instant},
};

use proofload::{Context, StopReason};

use super::{amid_load, short};

/// What these cases want at most: should nobody stop them, they end by themselves.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits to be stopped, and says by what.
async fn until_stopped(cx: &Context) -> proofload::Result {
    let stopped = tokio::time::timeout(PATIENCE, cx.stop_token().stopped()).await;
    let reason: Option<StopReason> = stopped.ok().and_then(|()| cx.stop_token().reason());
    cx.note(format!("stopped: {reason:?}"));
    cx.done()
}

/// The kernel makes a process wait at 256 and at 512, to enlarge its table: neither is within four fifths of the limit and
/// the limit, where a look would warn.
#[proofload::case(opens_descriptors, max_descriptors = 400, time_limit = "60s")]
async fn opens_descriptors(cx: Context) -> proofload::Result {
    let _open: Vec<File> = (0..1000).map_while(|_| File::open("/dev/null").ok()).collect();
    until_stopped(&cx).await
}

#[proofload::case(starts_threads, max_threads = 100, time_limit = "60s")]
async fn starts_threads(cx: Context) -> proofload::Result {
    for _thread in 0..300 {
        let stop = cx.stop_token().clone();
        thread::spawn(move || {
            let began = Instant::now();
            while !stop.is_stopped() && began.elapsed() < PATIENCE {
                thread::sleep(Duration::from_millis(20));
            }
        });
    }
    until_stopped(&cx).await
}

/// 200 MB at 100 MB a second, unless it is stopped.
#[proofload::case(writes_files, max_disk_written = "20MB", time_limit = "60s")]
async fn writes_files(cx: Context) -> proofload::Result {
    let mut file = File::create(cx.scratch_dir().join("much"))?;
    for _megabyte in 0..200 {
        if cx.stop_token().is_stopped() {
            break;
        }
        file.write_all(&[1; 1_000_000])?;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    until_stopped(&cx).await
}

/// 48 MB at 50 MB a second, unless it is stopped.
#[proofload::case(fills_disk, time_limit = "60s")]
async fn fills_disk(cx: Context) -> proofload::Result {
    let mut file = File::create(cx.scratch_dir().join("much"))?;
    for _megabyte in 0..48 {
        if cx.stop_token().is_stopped() {
            break;
        }
        file.write_all(&[1; 1 << 20])?;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    until_stopped(&cx).await
}

/// Takes from the machine until it has less than it must keep, at the pace of someone who can be stopped.
#[proofload::case(
    takes_the_machines_memory,
    max_memory = "off",
    max_memory_growth = "off",
    time_limit = "60s"
)]
async fn takes_the_machines_memory(cx: Context) -> proofload::Result {
    amid_load(&cx).await;
    let mut eaten: Vec<Vec<u8>> = Vec::new();
    // At most 2 GiB, should others give back as much as this takes.
    while eaten.len() < 64 && !cx.stop_token().is_stopped() {
        eaten.push(black_box(vec![1; 32 << 20]));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    until_stopped(&cx).await
}

/// Comes near to each of its limits, and over none.
#[proofload::case(comes_near, max_threads = 100, max_descriptors = 300, max_memory = "60%")]
async fn comes_near(cx: Context) -> proofload::Result {
    let _open: Vec<File> = (0..250).map_while(|_| File::open("/dev/null").ok()).collect();
    let held: Vec<_> =
        (0..83).map(|_| thread::spawn(|| thread::sleep(Duration::from_millis(1500)))).collect();
    cx.load(short()).run(|_op| async {}).await?;
    held.into_iter().for_each(|thread| thread.join().expect("it only slept"));
    cx.done()
}

/// More than any machine has free.
#[proofload::case(needs_all_memory, needs_memory = "100%")]
async fn needs_all_memory() {}

#[proofload::case(needs_much_disk, needs_disk = "100000TiB")]
async fn needs_much_disk() {}

#[proofload::case(leaves_all_memory, min_free_memory = "100%")]
async fn leaves_all_memory() {}
