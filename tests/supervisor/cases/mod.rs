//! The bad cases, and the good one that runs after each of them.
//!
//! Every case has a marker of its own name, by which a test chooses it. Nothing here checks anything.

mod appetite;
mod ceilings;
mod crashes;
mod endings;
mod greed;
mod halts;
mod hangs;
mod many;
mod noise;
mod offspring;
mod runaway;
mod sabotage;
mod soon;
mod zz;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use proofload::{Context, Load, load::OpenLoad, millis, minutes, per_second, seconds};

/// A second of load.
fn short() -> OpenLoad {
    Load::rate(per_second(50)).for_duration(seconds(1))
}

/// A load that does not end before the case does.
fn long() -> OpenLoad {
    Load::rate(per_second(50)).for_duration(minutes(5))
}

/// Starts a load and comes back when the journal has heard of it: what the case does next, it does amid that load.
async fn amid_load(cx: &Context) {
    let begun = Arc::new(AtomicU64::new(0));
    let counting = Arc::clone(&begun);
    tokio::spawn(cx.load(long()).run(move |_op| {
        counting.fetch_add(1, Ordering::Relaxed);
        async {}
    }));
    while begun.load(Ordering::Relaxed) < 30 {
        tokio::time::sleep(millis(20)).await;
    }
    // The journal is written every 200 ms, and a busy machine has its own idea of that.
    tokio::time::sleep(millis(600)).await;
}

/// Never comes back, and takes its thread along.
fn block() -> ! {
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}

/// Where a case leaves a word for the test.
fn word(name: &str) -> PathBuf {
    let package = std::env::var_os(crate::PACKAGE).expect("only the suite runs cases");
    Path::new(&package).join(name)
}

/// Leaves a word for the test. In one step, so that nobody reads half of it.
fn leave_word(name: &str, text: impl ToString) {
    let path = word(name);
    let unfinished = path.with_extension("unfinished");
    fs::write(&unfinished, text.to_string()).expect("the package is writable");
    fs::rename(unfinished, path).expect("the package is writable");
}
