//! The fixture: a suite whose cases each end in a way that a test asks for. `fast_` cases pass within half a second,
//! `bad_` ones do not pass, `late_` ones are left out unless asked for, `long_` ones last a minute unless stopped,
//! `needy_` ones need something that may be missing, and `watched_` ones are for thresholds that are looked at while a load
//! runs or once procedures have found something.

use std::{
    env,
    fs::{self, File},
    io::Write,
    path::PathBuf,
    process::ExitCode,
    thread,
    time::{Instant, UNIX_EPOCH},
};

use proofload::{
    __private::Suite,
    Context, Load, Outcome, Result, StopToken,
    judge::{BreakingPoint, Detail, Finding},
    millis, per_second, seconds,
};

use super::fixture::SAID_VARIABLE;

/// Runs the fixture as the suite of the package in this folder.
pub(super) fn run(package: String) -> ExitCode {
    proofload::__private::main(Suite {
        package_dir: package.leak(),
        package: "fixture-package",
        version: "1.2.3",
        crate_name: "fixture",
        main_file: "stress/main.rs",
        folder: "cases",
        files: &["built.rs"],
        tmp: None,
    })
}

/// Appends a line to the file that tests read what happened from.
fn say(file: &str, line: impl std::fmt::Display) {
    let folder = env::var_os(SAID_VARIABLE).map(PathBuf::from).expect("the driver names a folder");
    let mut file =
        File::options().create(true).append(true).open(folder.join(file)).expect("the folder is there");
    // One write, so that lines of several processes do not mix.
    file.write_all(format!("{line}\n").as_bytes()).expect("the line is written");
}

/// Milliseconds since 1970.
fn now_ms() -> u128 {
    UNIX_EPOCH.elapsed().map_or(0, |elapsed| elapsed.as_millis())
}

/// An open load.
#[proofload::case]
async fn fast_open(cx: Context) -> Result {
    println!("fast_open speaks on stdout");
    eprintln!("fast_open speaks on stderr");
    let load = Load::rate(per_second(100)).for_duration(millis(300));
    let run = cx.load(load).run(|_| async { say("operations", "fast_open") }).await?;
    run.expect("success_rate >= 95%")?;
    cx.done()
}

#[proofload::case(target = "counter", max_concurrency = 20)]
async fn fast_closed(cx: Context) -> Result {
    let load = cx.load(Load::users(3).iterations(30)).expect("ok == 30");
    load.run(|op| async move { op.tag("only") }).await?;
    cx.done()
}

#[proofload::case(nightly)]
async fn fast_nightly(cx: Context) -> Result {
    cx.load(Load::users(1).iterations(3)).run(|_| async {}).await?;
    cx.done()
}

/// Open and closed, in several stages.
#[proofload::case]
async fn fast_stages(cx: Context) -> Result {
    let wave = Load::rate(per_second(50))
        .for_duration(millis(100))
        .called("before")
        .step_to(per_second(200))
        .for_duration(millis(200))
        .called("peak")
        .step_to(per_second(50))
        .for_duration(millis(100))
        .called("after");
    cx.load(wave).named("wave").run(|_| async {}).await?;
    let crowd = Load::users(2).for_duration(millis(50)).step_to(4).for_duration(millis(50)).think(millis(10));
    cx.load(crowd).named("crowd").run(|_| async {}).await?;
    cx.done()
}

/// No async function.
#[proofload::case]
fn fast_plain(cx: Context) -> Result {
    let load = Load::users(2).iterations_each(5);
    let pace = env::var("FIXTURE_PACE_MS").ok().and_then(|ms| ms.parse().ok()).unwrap_or(1);
    cx.block_on(cx.load(load).run_blocking(move |_| thread::sleep(millis(pace))))?;
    cx.done()
}

/// Says when it ran.
#[proofload::case]
fn fast_stamped() {
    say("stamps", format_args!("begin {}", now_ms()));
    thread::sleep(millis(400));
    say("stamps", format_args!("end {}", now_ms()));
}

#[proofload::case]
async fn bad_expectation(cx: Context) -> Result {
    let run = cx.load(Load::users(1).iterations(4)).run(|_| async { Outcome::error("no luck") }).await?;
    run.expect("success_rate >= 95%")?.expect("due == 4")?;
    cx.done()
}

#[proofload::case]
async fn bad_undecided(cx: Context) -> Result {
    cx.load(Load::users(1).iterations(3)).expect("latency.p99.9 < 10s").run(|_| async {}).await?;
    cx.done()
}

#[proofload::case]
async fn bad_error() -> std::result::Result<(), &'static str> {
    Err("the index is not there")
}

#[proofload::case]
async fn bad_panic() {
    panic!("this cannot be")
}

fn a_moon() -> std::result::Result<(), &'static str> {
    say("asked", "a_moon");
    match env::var_os("FIXTURE_MOON") {
        Some(_) => Ok(()),
        None => Err("there is no moon: wait for the night, or set FIXTURE_MOON"),
    }
}

/// Only where there is a moon.
#[proofload::case(needs = a_moon)]
async fn needy_moon(cx: Context) -> Result {
    three(cx).await
}

fn a_sun() -> Result {
    Ok(())
}

#[proofload::case(needs = a_sun)]
async fn needy_sun(cx: Context) -> Result {
    three(cx).await
}

fn a_bug() -> Result {
    panic!("nobody knows")
}

#[proofload::case(needs = a_bug)]
async fn needy_bug(cx: Context) -> Result {
    say("operations", "needy_bug");
    three(cx).await
}

async fn three(cx: Context) -> Result {
    cx.load(Load::users(1).iterations(3)).run(|_| async {}).await?;
    cx.done()
}

#[proofload::case(slow)]
async fn late_slow(cx: Context) -> Result {
    three(cx).await
}

#[proofload::case(resource_intensive)]
async fn late_heavy(cx: Context) -> Result {
    three(cx).await
}

#[proofload::case(slow, resource_intensive)]
async fn late_both(cx: Context) -> Result {
    three(cx).await
}

#[proofload::case(slow, nightly, target = "night-watch")]
async fn late_nightly(cx: Context) -> Result {
    three(cx).await
}

/// Fails unless it was tried before.
#[proofload::case]
async fn second_try(cx: Context) -> Result {
    say("tries", "one more");
    let folder = env::var_os(SAID_VARIABLE).map(PathBuf::from).expect("the driver names a folder");
    let tries = fs::read_to_string(folder.join("tries")).expect("it was just written");
    assert!(tries.lines().count() > 1, "the first try");
    three(cx).await
}

/// Says that it has begun and where it is.
fn say_place(cx: &Context) {
    fs::write(cx.scratch_dir().join("data"), "x").expect("the scratch folder can be written");
    say("scratch", cx.scratch_dir().display());
    say("pid", std::process::id());
}

async fn a_minute(cx: Context) -> Result {
    let begun = cx.clone();
    let is_first = std::sync::Once::new();
    let load = Load::rate(per_second(50)).for_duration(seconds(60));
    cx.load(load)
        .run(move |op| {
            is_first.call_once(|| say_place(&begun));
            if env::var_os("FIXTURE_CHATS").is_some() {
                // No line of it ends.
                eprint!("w{} ", op.index);
            }
            async {}
        })
        .await?;
    cx.done()
}

#[proofload::case(long)]
async fn long_first(cx: Context) -> Result {
    a_minute(cx).await
}

#[proofload::case(long)]
async fn long_second(cx: Context) -> Result {
    a_minute(cx).await
}

/// Does not listen when it is told to stop.
#[proofload::case(long)]
fn long_deaf(cx: Context) {
    let _unheard: &StopToken = cx.stop_token();
    say_place(&cx);
    thread::sleep(seconds(60));
}

/// Its target becomes slow after two seconds and stays so.
#[proofload::case(max_concurrency = 500)]
async fn watched_falls_ill(cx: Context) -> Result {
    let began = Instant::now();
    let searches = cx.load(Load::rate(per_second(50)).for_duration(seconds(40))).named("searches");
    searches
        .expect("latency.p50 < 300ms over 2s for 1s abort after 1s from 20 samples")
        .run(move |_| async move {
            let length = if began.elapsed() > seconds(2) { millis(600) } else { millis(1) };
            tokio::time::sleep(length).await;
        })
        .await?;
    cx.load(Load::users(1).iterations(1))
        .named("later")
        .run(|_| async { say("operations", "later") })
        .await?;
    cx.done()
}

/// Comes after it. A fifth of its operations fail, and they are not those that the threshold is about.
#[proofload::case]
async fn watched_stays_well(cx: Context) -> Result {
    let load = Load::rate(per_second(50)).for_duration(millis(2_500));
    cx.load(load)
        .named("searches")
        .expect("success_rate >= 95% with tag \"steady\" over 1s abort")
        .run(|op| async move {
            let is_flaky = op.index % 5 == 0;
            op.tag(if is_flaky { "flaky" } else { "steady" });
            if is_flaky { Outcome::error("no luck") } else { Outcome::ok() }
        })
        .await?;
    cx.done()
}

/// States too late what is looked at while the load runs.
#[proofload::case]
async fn watched_too_late(cx: Context) -> Result {
    let run = cx.load(Load::users(1).iterations(3)).run(|_| async {}).await?;
    run.expect("error_rate < 1% over 1s")?;
    cx.done()
}

/// Finds something.
#[proofload::case]
fn watched_finds(cx: Context) -> Result {
    let objective = "latency.p95 is 2 s".to_owned();
    let found = BreakingPoint::Between { holds_per_sec: 480.0, breaks_per_sec: 520.0, objective };
    cx.expect("breaking_point >= 100/s")?;
    cx.found(Finding::new(
        "maximum throughput",
        Detail::BreakingPoint { found, trials: Vec::new(), confidence: None },
    ));
    cx.done()
}
