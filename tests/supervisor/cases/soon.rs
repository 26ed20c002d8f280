use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Instant,
};

use proofload::{Context, Load, minutes, per_second};
use rustix::process::Signal;

use super::{amid_load, block, word};

/// Asks for its own stop amid two loads, and says how long after that the last operation began.
#[proofload::case(asks_for_its_stop, time_limit = "60s")]
async fn asks_for_its_stop(cx: Context) -> proofload::Result {
    let began = Instant::now();
    let [asked, last] = [Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default()];
    let started = {
        let last = Arc::clone(&last);
        move || last.fetch_max(began.elapsed().as_micros() as u64, Ordering::Relaxed)
    };
    let open = {
        let (started, asked) = (started.clone(), Arc::clone(&asked));
        cx.load(Load::rate(per_second(500)).for_duration(minutes(5))).named("open").run(move |op| {
            started();
            if op.index == 500 {
                asked.store(began.elapsed().as_micros() as u64, Ordering::Relaxed);
                fs::write(word("stop"), "").expect("the package is writable");
            }
            async {}
        })
    };
    let closed = cx.load(Load::users(4).for_duration(minutes(5))).named("closed").run(move |_op| {
        started();
        tokio::time::sleep(proofload::millis(2))
    });
    let (open, closed) = tokio::join!(open, closed);
    open?;
    closed?;
    let micros = last.load(Ordering::Relaxed).saturating_sub(asked.load(Ordering::Relaxed));
    cx.figure("last_start_after_stop", micros as f64 / 1e3, "ms");
    cx.done()
}

/// More threads than any machine has cores, deaf to the polite signal.
#[proofload::case(saturates, time_limit = "4s")]
async fn saturates(cx: Context) -> proofload::Result {
    signal_hook::flag::register(Signal::TERM.as_raw(), Arc::default())?;
    amid_load(&cx).await;
    spin();
    block()
}

/// As many, but it hears the word.
#[proofload::case(saturates_and_listens, time_limit = "4s")]
async fn saturates_and_listens(cx: Context) -> proofload::Result {
    spin();
    cx.load(super::long()).run(|_op| async {}).await?;
    cx.done()
}

/// 32 threads that never end.
fn spin() {
    for _thread in 0..32 {
        thread::spawn(|| {
            loop {
                std::hint::spin_loop();
            }
        });
    }
}
