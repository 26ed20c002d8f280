use std::{
    future::Future,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use super::{Page, scene::Scene};
use crate::{
    Op, Result, Retry,
    fault::Faults,
    judge::Tolerance,
    procedure::{
        Agent, ConcurrentCapacity, ConcurrentConnections, CpuSaturation, ExhaustionRecovery, ExtremeData,
        FailureInjection, IoStress, LongRunning, MaximumThroughput, MemoryPressure, MixedAgents, Pattern,
        RapidScale, ResourceExhaustion, Tcp,
    },
    units::{ByteSize, Ratio, gib, millis, minutes, per_second, seconds},
};

async fn nothing(_op: Op) {}

const NONE: Duration = Duration::ZERO;

/// What a procedure says that does not begin.
async fn says<T>(page: &mut Page, given: &str, run: impl Future<Output = Result<T>>) {
    let run = tokio::time::timeout(seconds(20), run).await;
    page.refuses(given, run.unwrap_or_else(|_| panic!("{given} was not refused")));
}

#[tokio::test(flavor = "multi_thread")]
async fn searches() {
    let mut page = Page::new("searches", "Searches that cannot run");
    let scene = Scene::with("max_concurrency = 10\n");
    let cx = &scene.cx;
    page.family("Maximum throughput");
    let new = MaximumThroughput::new;
    for (given, search) in [
        ("from 0/s", new().from(per_second(0))),
        ("from 500/s to 100/s", new().from(per_second(500)).to(per_second(100))),
        ("steps of 0/s", new().by(per_second(0))),
        ("to within nothing", new().to_within(0.0)),
        ("no repeats", new().repeats(0)),
        ("trials of 0 s", new().trial(NONE)),
        ("an objective with windows", new().objective("error_rate < 1% over 5s")),
    ] {
        says(&mut page, given, search.run(cx, nothing)).await;
    }
    page.family("Concurrent capacity");
    let new = ConcurrentCapacity::new;
    for (given, search) in [
        ("from 0 users", new().from(0)),
        ("from 20 to 10 users", new().from(20).to(10)),
        ("steps of 0", new().by(0)),
        ("to within 0", new().to_within(0)),
        ("no repeats", new().repeats(0)),
        ("trials of 0 s", new().trial(NONE)),
        ("to 20 users, where 10 may be", new().to(20)),
    ] {
        says(&mut page, given, search.run(cx, nothing)).await;
    }
    page.family("Concurrent connections");
    let tcp = || Tcp::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 1)), |_op| Vec::new(), |_op, _read| None);
    let new = ConcurrentConnections::new;
    for (given, search) in [
        ("from 0", new().from(0)),
        ("from 20 to 10", new().from(20).to(10)),
        ("steps of 0", new().by(0)),
        ("to within 0", new().to_within(0)),
        ("no repeats", new().repeats(0)),
        ("opened at 0/s", new().opened_at(per_second(0))),
        ("pauses that end before they begin", new().think_between(seconds(2), seconds(1))),
        ("held for 0 s", new().trial(NONE)),
    ] {
        says(&mut page, given, search.run(cx, tcp())).await;
    }
    page.family("Resource exhaustion");
    let new = || ResourceExhaustion::new().memory(ByteSize::new(1 << 20));
    for (given, search) in [
        ("no ceiling", ResourceExhaustion::new()),
        ("a ceiling of 0", ResourceExhaustion::new().descriptors(0)),
        ("a ceiling of 150%", ResourceExhaustion::new().cpu(Ratio::new(1.5))),
        ("steps of 0 s", new().step(NONE)),
        ("a window of 100 ms", new().cpu_window(millis(100))),
        ("over the case's own limit", ResourceExhaustion::new().memory(gib(1_000_000))),
        ("by 0 users", new().users(1, 5, 0)),
        ("from 10 to 5 users", new().users(10, 5, 1)),
        ("a million steps", new().users(1, 1_000_000, 1)),
    ] {
        says(&mut page, given, search.run(cx, nothing)).await;
    }
    page.check();
}

#[tokio::test(flavor = "multi_thread")]
async fn other_procedures() {
    let mut page = Page::new("procedures", "Procedures that cannot run");
    let scene = Scene::with("max_concurrency = 10\ntime_limit = \"10m\"\nmax_memory = \"1GiB\"\n");
    let cx = &scene.cx;
    page.family("Exhaustion and recovery");
    let new = ExhaustionRecovery::new;
    let tolerant = |windows| Tolerance { windows, ..Tolerance::default() };
    for (given, procedure) in [
        ("a steady load of 0/s", new().steady(per_second(0))),
        ("a burst of 0", new().burst(0)),
        ("a burst of 100, where 10 may be", new().burst(100)),
        ("an overload of 0/s", new().overload(per_second(0), seconds(1))),
        ("an overload for 0 s", new().overload(per_second(500), NONE)),
        ("a baseline of 10 ms", new().baseline(millis(10))),
        ("no window in a row", new().tolerance(tolerant(0))),
        ("a limit of 1 ms", new().limit(millis(1))),
        ("no attempts", new().attempts(0)),
    ] {
        says(&mut page, given, procedure.run(cx, nothing)).await;
    }
    page.family("Long running");
    let new = LongRunning::new;
    for (given, procedure) in [
        ("0/s", new().rate(per_second(0))),
        ("0 users", new().users(0)),
        ("for 0 s", new().for_duration(NONE)),
        ("windows of 1 ms", new().window(millis(1))),
        ("it never settles", new().settling(1.0)),
        ("an hour, where 10 minutes may be", new().rate(per_second(5)).for_duration(minutes(60))),
    ] {
        says(&mut page, given, procedure.run(cx, nothing)).await;
    }
    page.family("Rapid scale");
    let phases =
        |phases: &[(u32, u64)]| RapidScale::new().phases(phases.iter().map(|(n, s)| (*n, seconds(*s))));
    for (given, procedure) in [
        ("one phase", phases(&[(5, 1)])),
        ("a phase of 0 s", phases(&[(5, 1), (1, 0)])),
        ("phases alike", phases(&[(5, 1), (5, 1)])),
    ] {
        says(&mut page, given, procedure.run(cx, nothing)).await;
    }
    page.family("Mixed agents");
    let agent = |name: &str, pattern| Agent::new(name, pattern, nothing);
    let one = |pattern| MixedAgents::new().agent(agent("reader", pattern));
    let usual = || Pattern::rate(per_second(5));
    for (given, procedure) in [
        ("no agents", MixedAgents::new()),
        ("for 0 s", one(usual()).lasting(NONE)),
        ("two of a name", one(usual()).agent(agent("reader", usual()))),
        ("a weight of 0", MixedAgents::new().agent(agent("reader", usual()).weight(0.0))),
        (
            "1 user for two kinds",
            one(Pattern::users(1, NONE, NONE)).agent(agent("writer", Pattern::users(1, NONE, NONE))).users(1),
        ),
        ("no users", one(Pattern::users(0, NONE, NONE))),
        ("a pause that ends before it begins", one(Pattern::users(1, seconds(2), seconds(1)))),
        ("0/s", one(Pattern::rate(per_second(0)))),
        ("bursts of 0", one(Pattern::bursts(0, seconds(1)))),
        ("bursts without a pause", one(Pattern::bursts(5, NONE))),
        ("bursts that come too late", one(Pattern::bursts(5, minutes(5))).lasting(seconds(30))),
        ("bursts without end", one(Pattern::bursts(5, millis(200))).lasting(minutes(600))),
        ("a ramp-up longer than all", one(usual()).lasting(seconds(5)).ramp_up(seconds(30))),
    ] {
        says(&mut page, given, procedure.run(cx)).await;
    }
    page.family("Extreme data");
    let data = || ExtremeData::new();
    for (given, procedure) in [
        ("no sizes", data().sizes([])),
        ("a size of 0", data().sizes([0])),
        ("a size beyond memory", data().sizes([usize::MAX / 1_000])),
        ("no data", data().complexities([]).edges([])),
        ("no operations", data().operations(0)),
    ] {
        says(&mut page, given, procedure.run(cx, |_datum| async {})).await;
    }
    page.family("Failure injection");
    let new = FailureInjection::new;
    for (given, procedure) in [
        ("a share and faults", new().share(Ratio::new(0.1)).faults(Faults::new().hang())),
        ("150% of the operations", new().share(Ratio::new(1.5))),
        ("0/s", new().rate(per_second(0))),
        ("0 users", new().users(0)),
        ("phases of 0 s", new().phase(NONE)),
    ] {
        says(&mut page, given, procedure.retry(Retry::NEVER).run(cx, nothing)).await;
    }
    page.family("Pressure");
    says(&mut page, "150% of the cores", CpuSaturation::new().burn(Ratio::new(15.0)).run(cx, nothing)).await;
    says(&mut page, "more than max_cpu", CpuSaturation::new().burn(Ratio::new(1.0)).run(cx, nothing)).await;
    says(&mut page, "0 B a second", IoStress::new().write(ByteSize::new(0)).run(cx, nothing)).await;
    says(&mut page, "files of 1 B", IoStress::new().keep(ByteSize::new(1)).run(cx, nothing)).await;
    says(&mut page, "nothing held", MemoryPressure::new().hold(ByteSize::new(0)).run(cx, nothing)).await;
    says(&mut page, "200% held", MemoryPressure::new().hold(Ratio::new(2.0)).run(cx, nothing)).await;
    says(&mut page, "2 GiB of 1 GiB", MemoryPressure::new().hold(gib(2)).run(cx, nothing)).await;
    page.check();
}
