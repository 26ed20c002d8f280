use std::{hint::black_box, process::Command};

use proofload::Context;
use rustix::process::{Signal, getppid, kill_process};

use super::{amid_load, leave_word, short};

/// As fast as pages can be had, and it says how far it came.
#[proofload::case(runs_away, max_memory = "512MiB", time_limit = "60s")]
async fn runs_away(cx: Context) {
    amid_load(&cx).await;
    eat(&cx)
}

/// The same while its supervisor is suspended.
#[proofload::case(runs_away_unseen, max_memory = "512MiB", time_limit = "60s")]
async fn runs_away_unseen(cx: Context) -> proofload::Result {
    amid_load(&cx).await;
    suspend_the_supervisor()?;
    eat(&cx)
}

fn eat(cx: &Context) -> ! {
    let mut eaten: Vec<Vec<u8>> = Vec::new();
    loop {
        eaten.push(black_box(vec![1; 8 << 20]));
        cx.figure("eaten", eaten.len() as f64 * 8.0, "MiB");
    }
}

/// Leaves word of it for the test, which wakes it again.
fn suspend_the_supervisor() -> proofload::Result {
    let supervisor = getppid().expect("a case has a supervisor");
    kill_process(supervisor, Signal::STOP)?;
    leave_word("suspended", supervisor.as_raw_nonzero());
    Ok(())
}

/// Only its child takes too much, while nobody looks: the kernel ends that child, and this case goes on.
#[proofload::case(has_a_child_that_runs_away, max_memory = "256MiB", time_limit = "60s")]
async fn has_a_child_that_runs_away(cx: Context) -> proofload::Result {
    amid_load(&cx).await;
    suspend_the_supervisor()?;
    // It keeps a line for as long as it has no end.
    let ended = Command::new("tail").args(["-n", "1", "/dev/zero"]).status()?;
    leave_word("signal", std::os::unix::process::ExitStatusExt::signal(&ended).unwrap_or(0));
    cx.stop_token().stopped().await;
    super::block()
}

/// Nothing is wrong with it; what matters is what holds it.
#[proofload::case(wants_to_be_held)]
async fn wants_to_be_held(cx: Context) -> proofload::Result {
    cx.load(short()).run(|_op| async {}).await?;
    cx.done()
}
