use std::{fs, hint::black_box};

use proofload::Context;
use rustix::process::Signal;

use super::{amid_load, leave_word, short};

#[proofload::case(exits_with_a_status)]
async fn exits_with_a_status(cx: Context) {
    amid_load(&cx).await;
    std::process::exit(3);
}

/// The status that says that a journal could not be written, from a case whose journal is in order.
#[proofload::case(exits_with_status_74)]
async fn exits_with_status_74(cx: Context) {
    amid_load(&cx).await;
    std::process::exit(74);
}

#[proofload::case(is_ended_by_a_signal)]
async fn is_ended_by_a_signal(cx: Context) -> proofload::Result {
    amid_load(&cx).await;
    loop {
        // The first takes away the handler that looks for overflows of the stack.
        rustix::process::kill_process(rustix::process::getpid(), Signal::SEGV)?;
    }
}

/// No limit of ours stops it: only its surroundings have less memory than it wants.
#[proofload::case(
    outgrows_its_surroundings,
    max_memory = "off",
    max_memory_growth = "off",
    min_free_memory = "off"
)]
async fn outgrows_its_surroundings(cx: Context) {
    amid_load(&cx).await;
    let mut eaten: Vec<Vec<u8>> = Vec::new();
    loop {
        eaten.push(black_box(vec![1; 8 << 20]));
    }
}

/// Says much and then ends: what it said first and last is wanted.
#[proofload::case(ends_with_much_to_say)]
async fn ends_with_much_to_say(cx: Context) -> proofload::Result {
    println!("the first line");
    cx.load(short()).run(|_op| async {}).await?;
    for line in 0..60_000 {
        println!("line {line} of a long story that nobody wants to read to its end");
    }
    println!("the last line");
    std::process::exit(1)
}

/// Says which of its supervisor's processes would go first when the machine has no memory left.
#[proofload::case(tells_its_score)]
async fn tells_its_score(cx: Context) -> proofload::Result {
    leave_word("score", fs::read_to_string("/proc/self/oom_score_adj")?.trim());
    cx.load(short()).run(|_op| async {}).await?;
    cx.done()
}
