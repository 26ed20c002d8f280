use std::{
    fs::File,
    io::{self, Read},
    process::Command,
    thread,
    time::{Duration, Instant, SystemTime},
};

use proofload::{Context, Load, millis, per_second};
use rustix::process::{Signal, getpid, kill_process};

use super::{amid_load, long, short};

/// A stopped process hears neither words nor the polite signal.
#[proofload::case(stops_itself, time_limit = "3s")]
async fn stops_itself(cx: Context) -> proofload::Result {
    amid_load(&cx).await;
    kill_process(getpid(), Signal::STOP)?;
    super::block()
}

/// For a second of its three nothing of it runs; then it goes on.
#[proofload::case(is_suspended, time_limit = "60s")]
async fn is_suspended(cx: Context) -> proofload::Result {
    let suspends = "sleep 1; kill -STOP \"$1\"; sleep 1; kill -CONT \"$1\"";
    Command::new("sh").args(["-c", suspends, "sh", &std::process::id().to_string()]).spawn()?;
    cx.load(Load::rate(per_second(40)).for_duration(millis(3000))).run(|_op| async {}).await?;
    cx.done()
}

/// Reads its standard input to the end, and has none afterwards: what is there cannot be read from.
#[proofload::case(closes_its_input, time_limit = "3s")]
async fn closes_its_input(cx: Context) -> proofload::Result {
    let mut input = Vec::new();
    io::stdin().lock().read_to_end(&mut input)?;
    cx.figure("input", input.len() as f64, "bytes");
    rustix::stdio::dup2_stdin(File::create("/dev/null")?)?;
    cx.load(long()).run(|_op| async {}).await?;
    cx.done()
}

/// Says how far the clock on the wall was seen to move in a second, and goes on for longer than it may.
#[proofload::case(sees_the_clock_jump, time_limit = "3s")]
async fn sees_the_clock_jump(cx: Context) -> proofload::Result {
    let (began, wall) = (Instant::now(), SystemTime::now());
    let mut farthest = Duration::ZERO;
    while began.elapsed() < Duration::from_secs(1) {
        let now = SystemTime::now();
        let apart = now.duration_since(wall).unwrap_or_else(|error| error.duration());
        farthest = farthest.max(apart);
        thread::sleep(Duration::from_millis(50));
    }
    cx.figure_duration("farthest", farthest);
    cx.load(short()).named("whole").run(|_op| async {}).await?;
    cx.load(long()).named("cut").run(|_op| async {}).await?;
    cx.done()
}
