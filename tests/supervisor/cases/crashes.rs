use std::{alloc::Layout, hint::black_box, sync::Arc};

use proofload::Context;
use rustix::process::{Resource, Rlimit, Signal};

use super::{amid_load, short};

/// A load that ends and one that does not: the report has both.
#[proofload::case(panics)]
async fn panics(cx: Context) -> proofload::Result {
    cx.load(short()).named("before").run(|_op| async {}).await?;
    amid_load(&cx).await;
    panic!("the case gave up");
}

#[proofload::case(panics_in_operations)]
async fn panics_in_operations(cx: Context) -> proofload::Result {
    cx.load(short())
        .expect("success_rate >= 90%")
        .run(|op| async move { assert!(op.index.is_multiple_of(2), "an operation gave up") })
        .await?;
    cx.done()
}

#[proofload::case(returns_an_error)]
async fn returns_an_error(cx: Context) -> proofload::Result {
    amid_load(&cx).await;
    Err(proofload::Error::msg("the index is gone"))
}

#[proofload::case(aborts)]
async fn aborts(cx: Context) {
    amid_load(&cx).await;
    std::process::abort();
}

/// Status 0 must not pass for a success.
#[proofload::case(exits)]
async fn exits(cx: Context) {
    amid_load(&cx).await;
    std::process::exit(0);
}

#[proofload::case(overflows_its_stack)]
async fn overflows_its_stack(cx: Context) {
    amid_load(&cx).await;
    cx.note(dig(0).to_string());
}

/// Each call uses what the one below returns, so it is no loop in disguise.
fn dig(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    match black_box(depth) {
        u64::MAX => 0,
        depth => dig(depth + 1).wrapping_add(frame[black_box(7)]),
    }
}

/// What the standard library does when the allocator has nothing.
#[proofload::case(cannot_allocate)]
async fn cannot_allocate(cx: Context) {
    amid_load(&cx).await;
    std::alloc::handle_alloc_error(Layout::new::<[u8; 1 << 40]>());
}

#[proofload::case(is_killed_by_somebody)]
async fn is_killed_by_somebody(cx: Context) -> proofload::Result {
    amid_load(&cx).await;
    rustix::process::kill_process(rustix::process::getpid(), Signal::KILL)?;
    super::block()
}

/// As on a full disk: from here on no file of this process may grow.
#[proofload::case(loses_its_journal)]
async fn loses_its_journal(cx: Context) -> proofload::Result {
    amid_load(&cx).await;
    // Without a handler the signal would end the process; with one the write fails.
    signal_hook::flag::register(Signal::XFSZ.as_raw(), Arc::default())?;
    let nothing = Rlimit { current: Some(0), maximum: Some(0) };
    rustix::process::setrlimit(Resource::Fsize, nothing)?;
    cx.load(short()).named("unheard of").run(|_op| async {}).await?;
    cx.done()
}
