//! The suite that the nodes carry out.

use std::{
    fs::File,
    io::{self, Write},
    process::ExitCode,
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::UNIX_EPOCH,
};

use proofload::{
    __private::Suite,
    Context, Load, Op, Outcome, Result,
    fault::Faults,
    mib, millis, per_second, percent,
    procedure::{
        ConcurrentConnections, ExhaustionRecovery, FailureInjection, MaximumThroughput, ResourceExhaustion,
        Tcp,
    },
    seconds,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::sleep,
};

/// Where the target listens that several nodes are put on.
pub(crate) const TARGET: &str = "FIXTURE_TARGET";

/// The number of the node that takes too much memory.
pub(crate) const GREEDY: &str = "FIXTURE_GREEDY";

/// Where a node writes when it started each of its operations, in milliseconds of the time of day, behind its process.
pub(crate) const STARTS: &str = "FIXTURE_STARTS";

/// Runs the suite of the package in this folder.
pub(crate) fn run(package: String) -> ExitCode {
    proofload::__private::main(Suite {
        package_dir: package.leak(),
        package: "fixture",
        version: "0.0.0",
        crate_name: "fixture",
        main_file: "stress/main.rs",
        folder: "cases",
        files: &[],
        tmp: None,
    })
}

/// Its outcomes follow from its number alone, so that they are the same however many share the work.
async fn numbered(op: Op) -> Outcome {
    sleep(millis(1 + op.index % 7)).await;
    if op.index % 10 == 3 {
        return Outcome::error(format_args!("seven is not {}", op.index));
    }
    if op.index % 10 == 6 {
        op.tag("sixth");
        return Outcome::rejected("it is a six");
    }
    Outcome::ok()
}

/// An open load in stages.
#[proofload::case(max_cpu = "off")]
async fn open(cx: Context) -> Result {
    let load = Load::rate(per_second(100)).for_duration(seconds(1)).ramp_to(per_second(300), seconds(2));
    let run = cx.load(load).warm_up(millis(500)).run(numbered).await?;
    cx.figure("due", run.total().counts.due as f64, "count");
    cx.note(format!("node {} of {}", cx.node(), cx.nodes()));
    cx.done()
}

/// A closed load whose users share their iterations.
#[proofload::case(max_cpu = "off")]
async fn closed(cx: Context) -> Result {
    cx.load(Load::users(10).iterations(501)).named("shared").run(numbered).await?;
    let ramp = Load::users(3).for_duration(seconds(1)).ramp_to(9, seconds(1)).think(millis(20));
    let run = cx.load(ramp).named("ramp").expect("success_rate >= 50%").run(numbered).await?;
    // Fewer users than nodes.
    cx.load(Load::users(1).iterations(5)).named("alone").run(numbered).await?;
    cx.load(Load::users(1).for_duration(millis(300))).named("alone for a while").run(numbered).await?;
    cx.figure("ramp", run.total().counts.due as f64, "count");
    cx.done()
}

/// What is done once is done on one node, and all have it.
#[proofload::case]
async fn once(cx: Context) -> Result {
    static DONE: AtomicU64 = AtomicU64::new(0);
    let fill =
        async { Ok::<_, io::Error>(u64::from(std::process::id()) + DONE.fetch_add(1, Ordering::SeqCst)) };
    let value = cx.once("fill", fill).await?;
    cx.meet("filled").await?;
    let is_own = value == u64::from(std::process::id());
    cx.require(is_own == (cx.node() == 0), "node 0 alone did it");
    cx.figure("value", value as f64, "count");
    let failing = cx.once("fail", async { Err::<(), _>("the disk is full") }).await;
    cx.require(failing.unwrap_err().to_string().contains("the disk is full"), "all hear of a failure");
    cx.load(Load::at_once(4)).run(|_op| async {}).await?;
    cx.done()
}

/// The highest rate of a target that has so many places.
#[proofload::case(max_cpu = "off", max_concurrency = "2000", time_limit = "4m")]
async fn breaking(cx: Context) -> Result {
    let target = std::env::var(TARGET)?;
    let search = MaximumThroughput::new().from(per_second(20)).to(per_second(160)).trial(seconds(5));
    let search = search.objective("latency.p95 < 300ms").objective("success_rate >= 95%");
    search.run(&cx, move |_op| ask(target.clone())).await?;
    cx.done()
}

/// One question to the target.
async fn ask(target: String) -> io::Result<()> {
    let mut stream = TcpStream::connect(target).await?;
    stream.write_all(b"?").await?;
    stream.read_u8().await.map(drop)
}

/// An overload beside a steady load, whose end follows from what all nodes see of it.
#[proofload::case(max_cpu = "off", max_concurrency = "2000", time_limit = "4m")]
async fn recovers(cx: Context) -> Result {
    let target = std::env::var(TARGET)?;
    let procedure =
        ExhaustionRecovery::new().steady(per_second(30)).baseline(seconds(4)).burst(150).attempts(2);
    procedure.limit(seconds(40)).run(&cx, move |_op| ask(target.clone())).await?;
    cx.done()
}

/// How many connections a target lets in.
#[proofload::case(max_cpu = "off", time_limit = "2m")]
async fn connections(cx: Context) -> Result {
    let target = std::env::var(TARGET)?.parse()?;
    let knock = Tcp::new(target, |_op| b"?".to_vec(), |_op, read| (read == b"!").then(Outcome::ok));
    let search = ConcurrentConnections::new().from(10).to(60).by(25).to_within(1).trial(millis(700));
    search.think_between(millis(100), millis(200)).opened_at(per_second(200)).run(&cx, knock).await?;
    cx.done()
}

/// The node of this number takes memory over a ceiling, the others do not.
#[proofload::case(max_cpu = "off", max_memory = "1GiB", max_memory_growth = "off", time_limit = "2m")]
async fn ceiling(cx: Context) -> Result {
    let greedy: u32 = std::env::var(GREEDY)?.parse()?;
    let mut taken = Vec::new();
    let rising = ResourceExhaustion::new().memory(mib(250)).step(seconds(2));
    let rising = rising.rates(per_second(20), per_second(80), per_second(20)).cool_down(millis(200));
    let take = async {
        sleep(seconds(3)).await;
        if cx.node() == greedy {
            taken = vec![1_u8; 400 << 20];
        }
    };
    let (found, ()) = tokio::join!(rising.run(&cx, |_op| async {}), take);
    cx.require(found?.is_reached(), "every node hears of it");
    drop(taken);
    cx.done()
}

/// Half of the operations meet an error, which nothing hides.
#[proofload::case(max_cpu = "off")]
async fn faulty(cx: Context) -> Result {
    let faults = Faults::share(percent(50)).error("no route");
    let injection = FailureInjection::new().rate(per_second(60)).phase(seconds(2)).faults(faults);
    injection.run(&cx, |_op| async {}).await?;
    cx.done()
}

/// Long enough for something to happen to it.
#[proofload::case(max_cpu = "off", time_limit = "2m")]
async fn long(cx: Context) -> Result {
    cx.load(Load::rate(per_second(80)).for_duration(seconds(12))).run(witnessed).await?;
    cx.done()
}

/// One node takes more memory than it may: that of this number.
#[proofload::case(max_cpu = "off", max_memory = "256MiB", max_memory_growth = "off", time_limit = "2m")]
async fn greedy(cx: Context) -> Result {
    let greedy: u32 = std::env::var(GREEDY)?.parse()?;
    if cx.node() == greedy {
        std::thread::spawn(|| {
            std::thread::sleep(seconds(3));
            let taken = vec![1_u8; 400 << 20];
            std::thread::sleep(seconds(60));
            drop(taken);
        });
    }
    cx.load(Load::rate(per_second(80)).for_duration(seconds(40))).run(witnessed).await?;
    cx.done()
}

/// Writes down when it was, and in which process.
async fn witnessed(op: Op) -> Outcome {
    static STARTED: LazyLock<Option<File>> = LazyLock::new(|| {
        let path = std::env::var_os(STARTS)?;
        Some(File::options().create(true).append(true).open(path).expect("a file"))
    });
    if let Some(mut file) = STARTED.as_ref() {
        let now = UNIX_EPOCH.elapsed().expect("a time of day").as_millis();
        // One line, one write.
        file.write_all(format!("{} {now}\n", std::process::id()).as_bytes()).expect("there is room");
    }
    numbered(op).await
}

/// A threshold that is missed when all nodes are looked at.
#[proofload::case(max_cpu = "off")]
async fn threshold(cx: Context) -> Result {
    cx.load(Load::rate(per_second(80)).for_duration(seconds(60)))
        .expect("error_rate < 1% over 2s abort")
        .run(witnessed)
        .await?;
    cx.done()
}

/// One node goes a way of its own.
#[proofload::case]
async fn different(cx: Context) -> Result {
    let rate = if cx.node() == 1 { 20 } else { 10 };
    cx.load(Load::rate(per_second(rate)).for_duration(seconds(1))).run(|_op| async {}).await?;
    cx.done()
}

/// A user's own stop at one node: the load ends on all.
#[proofload::case]
async fn until(cx: Context) -> Result {
    let node = cx.node();
    let told = async move {
        let patience = if node == 1 { seconds(1) } else { seconds(50) };
        sleep(patience).await;
    };
    let load = Load::rate(per_second(40)).for_duration(seconds(60));
    let run = cx.load(load).until(told).run(|_op| async {}).await?;
    cx.require(run.total().duration_s < 20.0, "it ended on all nodes");
    cx.done()
}
