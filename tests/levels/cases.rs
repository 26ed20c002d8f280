//! The suite: a procedure in each case, on a target whose answer is known.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use proofload::{
    __private::Suite,
    Context, Load, Outcome, Rejected, Result,
    fault::Faults,
    millis, per_second, percent,
    procedure::{
        Agent, ConcurrentCapacity, ConcurrentConnections, ExhaustionRecovery, MaximumThroughput, MixedAgents,
        Pattern, RapidScale, Tcp,
    },
    seconds,
};
use tokio::{sync::Semaphore, time::sleep};

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

/// Places of the targets that have some.
const PLACES: usize = 7;

/// What an operation takes there.
const SERVICE: Duration = millis(30);

/// Whoever finds no place is refused.
#[proofload::case(max_cpu = "off")]
async fn places_that_refuse(cx: Context) -> Result {
    let places = Arc::new(Semaphore::new(PLACES));
    let search =
        ConcurrentCapacity::new().to(32).trial(millis(500)).warm_up(millis(50)).cool_down(millis(20));
    search
        .run(&cx, move |_op| {
            let places = Arc::clone(&places);
            async move {
                let _place = places.try_acquire().map_err(|_| Rejected::because("no place is free"))?;
                sleep(SERVICE).await;
                Ok::<_, Rejected>(())
            }
        })
        .await?;
    cx.done()
}

async fn wait_for_a_place(cx: &Context, search: ConcurrentCapacity) -> Result {
    let places = Arc::new(Semaphore::new(PLACES));
    search
        .run(cx, move |_op| {
            let places = Arc::clone(&places);
            async move {
                let _place = places.acquire().await.expect("it is never closed");
                sleep(SERVICE).await;
            }
        })
        .await?;
    Ok(())
}

/// Whoever finds no place waits.
#[proofload::case(max_cpu = "off")]
async fn places_that_queue(cx: Context) -> Result {
    let search =
        ConcurrentCapacity::new().to(16).trial(seconds(1)).warm_up(millis(100)).cool_down(millis(20));
    wait_for_a_place(&cx, search).await
}

/// Takes a minute, and may take three seconds.
#[proofload::case(max_cpu = "off", time_limit = "3s")]
async fn places_cut_short(cx: Context) -> Result {
    let search = ConcurrentCapacity::new().by(1).to(40).trial(seconds(1)).warm_up(millis(100));
    wait_for_a_place(&cx, search).await
}

/// The same of rates.
#[proofload::case(max_cpu = "off", time_limit = "3s")]
async fn rates_cut_short(cx: Context) -> Result {
    let search = MaximumThroughput::new().from(per_second(100)).trial(seconds(1)).warm_up(millis(100));
    search.run(&cx, |_op| sleep(millis(1))).await?;
    cx.done()
}

#[proofload::case(max_concurrency = 10)]
async fn more_than_the_case_may(cx: Context) -> Result {
    wait_for_a_place(&cx, ConcurrentCapacity::new().to(20)).await
}

/// Some load beside a steady one.
#[proofload::case(max_cpu = "off")]
async fn an_overload(cx: Context) -> Result {
    let overload = ExhaustionRecovery::new().attempts(1).baseline(seconds(1)).cool_down(Duration::ZERO);
    overload.overload(per_second(200), millis(200)).run(&cx, |_op| sleep(millis(1))).await?;
    cx.done()
}

/// A server that answers each line with the same line, on a thread for each connection, and closes what comes while it has
/// `most` connections.
fn echo(most: usize) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    let open = Arc::new(AtomicUsize::new(0));
    thread::spawn(move || {
        loop {
            let Ok((stream, _)) = listener.accept() else {
                // No descriptor is left for it; some will be.
                thread::sleep(millis(10));
                continue;
            };
            if open.load(Ordering::Acquire) >= most {
                continue;
            }
            open.fetch_add(1, Ordering::AcqRel);
            let open = Arc::clone(&open);
            let served = move || {
                let _gone = echo_lines(&stream);
                open.fetch_sub(1, Ordering::AcqRel);
            };
            thread::Builder::new().stack_size(256 << 10).spawn(served).expect("a thread");
        }
    });
    Ok(address)
}

fn echo_lines(mut stream: &TcpStream) -> std::io::Result<()> {
    for line in BufReader::new(stream).lines() {
        stream.write_all(format!("{}\n", line?).as_bytes())?;
    }
    Ok(())
}

async fn connect(cx: &Context, server: SocketAddr, search: ConcurrentConnections) -> Result {
    let lines = Tcp::new(
        server,
        |op| format!("{}\n", op.index).into_bytes(),
        |op, read| {
            let is_right = read.strip_suffix(b"\n")? == op.index.to_string().as_bytes();
            Some(if is_right { Outcome::ok() } else { Outcome::error("another answer") })
        },
    );
    search.timeout(seconds(20)).run(cx, lines).await?;
    Ok(())
}

/// At most 120 connections.
#[proofload::case(max_concurrency = 300, max_cpu = "off")]
async fn a_door_for_120(cx: Context) -> Result {
    // The pause is for the server to see that the connections of the last trial are closed.
    let search = ConcurrentConnections::new().to(300).to_within(1).trial(millis(800)).cool_down(millis(800));
    connect(&cx, echo(120)?, search).await
}

/// This process may have 128 files open, and a connection is two of them.
#[cfg(target_os = "linux")]
#[proofload::case(max_concurrency = 300, max_cpu = "off")]
async fn too_few_descriptors(cx: Context) -> Result {
    use rustix::process::{Resource, Rlimit, setrlimit};
    setrlimit(Resource::Nofile, Rlimit { current: Some(128), maximum: Some(128) })?;
    let search = ConcurrentConnections::new().from(20).to(200).by(80).repeats(1).trial(millis(600));
    connect(&cx, echo(usize::MAX)?, search).await
}

/// Everything fails while more than 20 operations are at work.
#[proofload::case(max_cpu = "off")]
async fn a_limit_of_20_users(cx: Context) -> Result {
    let at_work = Arc::new(AtomicUsize::new(0));
    let phases = [(5, seconds(1)), (40, seconds(1)), (10, seconds(1)), (30, seconds(1)), (5, seconds(1))];
    RapidScale::new()
        .phases(phases)
        .run(&cx, move |_op| {
            let at_work = Arc::clone(&at_work);
            async move {
                let others = at_work.fetch_add(1, Ordering::AcqRel);
                // A failure takes as long as a success: one that came at once would count a thousand times.
                sleep(millis(10)).await;
                at_work.fetch_sub(1, Ordering::AcqRel);
                if others < 20 { Ok(()) } else { Err("overloaded") }
            }
        })
        .await?;
    cx.done()
}

#[proofload::case(max_cpu = "off")]
async fn three_kinds(cx: Context) -> Result {
    let steady = Agent::new("steady", Pattern::rate(per_second(50)), |_op| async {});
    let bursts = Agent::new("bursts", Pattern::bursts(20, seconds(1)), |_op| async {});
    let unlucky = Agent::new("unlucky", Pattern::users(3, millis(20), millis(40)), |op| async move {
        if op.iteration % 2 == 0 { Ok(()) } else { Err("no luck") }
    });
    MixedAgents::new().lasting(seconds(2)).agent(steady).agent(bursts).agent(unlucky).run(&cx).await?;
    cx.done()
}

/// Every operation fails for the second half of each second, and something is at a point that there is not.
#[proofload::case(max_cpu = "off")]
async fn faults_by_schedule(cx: Context) -> Result {
    let outage = Faults::share(percent(100)).error("injected").named("outage");
    let outage = cx.inject(outage.during(millis(500)..millis(1_000)).every(seconds(1)))?;
    let typo = cx.inject(Faults::new().hang().at("no such point").named("typo"))?;
    let load = cx.load(Load::rate(per_second(100)).for_duration(millis(2_400))).window(millis(100));
    load.run(outage.around(|_op| async { Ok::<_, String>(()) })).await?;
    drop((outage, typo));
    cx.done()
}

/// Every operation hangs, and would for longer than the case may last.
#[proofload::case(time_limit = "2s")]
async fn hangs_and_a_time_limit(cx: Context) -> Result {
    let faults = cx.inject(Faults::share(percent(100)).hang())?;
    let load = cx.load(Load::users(8).for_duration(seconds(60))).timeout(seconds(60));
    load.run(faults.around(|_op| async { Ok::<_, String>(()) })).await?;
    cx.done()
}
