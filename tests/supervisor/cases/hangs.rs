use std::{cell::Cell, sync::Arc};

use proofload::Context;
use rustix::process::Signal;

use super::{amid_load, block, long, short};

/// Every worker hangs in an operation that never awaits; the case itself could still hear.
#[proofload::case(blocks_workers, time_limit = "2s", workers = 2)]
async fn blocks_workers(cx: Context) -> proofload::Result {
    cx.load(long())
        .run(|op| async move {
            if op.index >= 20 {
                block()
            }
        })
        .await?;
    cx.done()
}

/// Every worker and the case itself hang: nobody hears the word.
#[proofload::case(blocks_everything, time_limit = "3s", workers = 2)]
async fn blocks_everything(cx: Context) {
    amid_load(&cx).await;
    for _worker in 0..2 {
        tokio::spawn(async { block() });
    }
    block()
}

/// The same at full speed, and deaf to the polite signal.
#[proofload::case(ignores_sigterm, time_limit = "3s", workers = 2)]
async fn ignores_sigterm(cx: Context) -> proofload::Result {
    signal_hook::flag::register(Signal::TERM.as_raw(), Arc::default())?;
    amid_load(&cx).await;
    for _worker in 0..2 {
        tokio::spawn(async { spin() });
    }
    block()
}

fn spin() -> ! {
    loop {
        std::hint::spin_loop();
    }
}

/// Nothing is wrong with it but that it goes on for longer than it may.
#[proofload::case(stops_when_told, time_limit = "1s")]
async fn stops_when_told(cx: Context) -> proofload::Result {
    cx.load(long()).run(|_op| async {}).await?;
    cx.done()
}

/// The case is over; its thread, its task and its blocking operation are not.
#[proofload::case(leaves_threads)]
async fn leaves_threads(cx: Context) -> proofload::Result {
    std::thread::spawn(|| block());
    tokio::task::spawn_blocking(|| block());
    tokio::spawn(async { block() });
    cx.load(short()).run(|_op| async {}).await?;
    cx.done()
}

/// Does something when the main thread ends: after the case, and before the end of its process.
struct AtExit(Cell<fn()>);

impl Drop for AtExit {
    fn drop(&mut self) {
        self.0.get()();
    }
}

thread_local! {
    static AT_EXIT: AtExit = const { AtExit(Cell::new(|| ())) };
}

#[proofload::case(hangs_at_its_exit)]
fn hangs_at_its_exit(cx: Context) -> proofload::Result {
    AT_EXIT.with(|exit| exit.0.set(|| block()));
    cx.block_on(cx.load(short()).run(|_op| async {}))?;
    cx.done()
}

#[proofload::case(crashes_at_its_exit)]
fn crashes_at_its_exit(cx: Context) -> proofload::Result {
    AT_EXIT.with(|exit| exit.0.set(|| std::process::abort()));
    cx.block_on(cx.load(short()).run(|_op| async {}))?;
    cx.done()
}
