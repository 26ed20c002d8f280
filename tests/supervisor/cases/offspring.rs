use std::{fs, io, process::Command, thread, time::Duration};

use proofload::Context;

use super::{amid_load, block, leave_word, word};

/// Leaves its own number behind and sleeps; `$1` is where to.
const SLEEPER: &str = "echo $$ > \"$1.unfinished\"; mv \"$1.unfinished\" \"$1\"; exec sleep 1000";

/// Starts `program` with a sleeper behind it, and waits until that has begun.
fn start(name: &str, program: &[&str]) -> io::Result<()> {
    let path = word(name);
    let (program, arguments) = program.split_first().expect("a program");
    Command::new(program).args(arguments).args(["sh", "-c", SLEEPER, "sh"]).arg(&path).spawn()?;
    while !path.exists() {
        thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// A child, one that left the session, and one whose parent has ended besides.
fn start_a_family() -> io::Result<()> {
    start("child", &["env"])?;
    start("other_session", &["setsid"])?;
    start("orphan", &["sh", "-c", "setsid \"$@\" & exit", "sh"])
}

/// They hold the output open too.
#[proofload::case(leaves_a_family)]
async fn leaves_a_family(cx: Context) -> proofload::Result {
    amid_load(&cx).await;
    start_a_family()?;
    cx.done()
}

/// One that left the session and forgot its environment, so that only its descent tells whose it is.
#[proofload::case(leaves_a_stranger)]
async fn leaves_a_stranger(cx: Context) -> proofload::Result {
    amid_load(&cx).await;
    start("stranger", &["env", "-i", "PATH=/usr/bin:/bin", "setsid"])?;
    // The supervisor looks for new processes every 200 ms, and a busy machine has its own idea of that.
    tokio::time::sleep(Duration::from_secs(1)).await;
    cx.done()
}

/// A family that goes down with its supervisor, while a thread keeps writing into the folders that must go too.
#[proofload::case(is_orphaned)]
async fn is_orphaned(cx: Context) -> proofload::Result {
    amid_load(&cx).await;
    start_a_family()?;
    let scratch = cx.scratch_dir().to_owned();
    thread::spawn(move || {
        for round in 0_u64.. {
            let folder = scratch.join((round % 20).to_string());
            // Once the folder is being removed this fails: then it is tried again, like a stubborn target would.
            let _gone = fs::create_dir_all(&folder).and_then(|()| fs::write(folder.join("segment"), "text"));
            thread::sleep(Duration::from_micros(50));
        }
    });
    leave_word("case", std::process::id());
    block()
}

/// Ends by itself as soon as it hears that its supervisor is gone; there is still a family to end.
#[proofload::case(hears_that_it_is_orphaned)]
async fn hears_that_it_is_orphaned(cx: Context) -> proofload::Result {
    start_a_family()?;
    leave_word("case", std::process::id());
    cx.stop_token().stopped().await;
    cx.done()
}
