//! The index's server behind a bad network: what holds while answers are slow, connections break or bytes vanish, and that
//! all is well again when the network is.

use std::{net::SocketAddr, time::Duration};

use proofload::{
    Context, Load, Outcome, Retry, Run, fault::Toxic, millis, per_second, seconds, units::ByteSize,
    units::Ratio,
};

use crate::targets::{
    index_server::{self, IndexServer, Refusal},
    vector_index::{Options, VectorIndex},
};

/// Connections that the server takes at the same time: fewer than are reset, so that a place that a broken one keeps is
/// missed.
const PLACES: usize = 64;

/// How long a client waits for an answer that does not come.
const PATIENCE: Duration = millis(150);

/// Half a second of each, and 100 questions over connections that break.
#[proofload::case(target = "index_server", max_concurrency = 100, max_cpu = "off")]
async fn network_faults(cx: Context) -> proofload::Result {
    behind_a_bad_network(cx, millis(500), 100).await
}

/// Twenty seconds of each, and 4000 questions over connections that break.
#[proofload::case(slow, target = "index_server", max_concurrency = 100, max_cpu = "off", time_limit = "10m")]
async fn network_faults_full(cx: Context) -> proofload::Result {
    behind_a_bad_network(cx, seconds(20), 4_000).await
}

async fn behind_a_bad_network(cx: Context, length: Duration, broken: u64) -> proofload::Result {
    let index = VectorIndex::open(cx.scratch_dir(), Options { documents: 500, ..Options::default() })?;
    let server = IndexServer::start(index, PLACES).await?;
    let proxy = cx.proxy_to(server.address()).start()?;
    let network = Network { cx: &cx, proxy: proxy.address(), length };

    network.serves_all("good network").await?;

    let far = proxy.add(Toxic::latency_between(millis(20), millis(30)))?;
    let run = network.serves_all("far away").await?;
    // There and back, at least.
    run.expect("latency.min >= 40ms")?;
    far.heal();

    let breaks = Toxic::reset_after(ByteSize::new(5)).to_client().for_share(Ratio::new(0.67));
    let breaking = proxy.add(breaks)?;
    let before = proxy.counts().cut;
    let retry = Retry::times(30).with_backoff(millis(1), millis(5));
    // By users, who wait for what comes: at a rate, tries that multiply would overload a machine that is busy.
    let load = cx.load(Load::users(4).iterations(broken)).named("connections break").retry(retry).probing();
    network.run(load.expect("success_rate >= 99%")).await?;
    breaking.heal();
    if !cx.is_dry_run() {
        let resets = proxy.counts().cut - before;
        cx.require(
            resets > PLACES as u64,
            format!("{resets} connections were reset, the server has {PLACES} places"),
        );
    }

    let hole = proxy.add(Toxic::black_hole().to_client())?;
    let run = network.run(network.load(50).named("answers vanish").timeout(PATIENCE).probing()).await?;
    // Nobody is told anything, and nobody waits for ever.
    run.expect("timeout_rate == 100%")?;
    hole.heal();

    let run = network.serves_all("good network again").await?;
    if !cx.is_dry_run() {
        let counts = run.total().counts;
        let said =
            format!("once the network is good again, {} of {} questions are answered", counts.ok, counts.due);
        cx.require(counts.ok * 100 >= counts.due * 99, said);
    }
    cx.done()
}

/// The way to the server.
struct Network<'a> {
    cx: &'a Context,
    proxy: SocketAddr,
    length: Duration,
}

impl Network<'_> {
    fn load(&self, rate: u32) -> proofload::LoadBuilder {
        self.cx.load(Load::rate(per_second(rate)).for_duration(self.length))
    }

    async fn run(&self, load: proofload::LoadBuilder) -> proofload::Result<Run> {
        let proxy = self.proxy;
        load.run(move |op| ask(proxy, op.index)).await
    }

    /// All is answered, and right.
    async fn serves_all(&self, name: &str) -> proofload::Result<Run> {
        self.run(self.load(100).named(name).timeout(seconds(5)).expect("success_rate >= 99%")).await
    }
}

/// One question on a connection of its own.
async fn ask(server: SocketAddr, number: u64) -> Outcome {
    match index_server::ask(server, number).await {
        Ok(Ok(())) => Outcome::ok(),
        Ok(Err(Refusal::Busy)) => Outcome::rejected("the index is busy"),
        Ok(Err(Refusal::Wrong(answer))) => Outcome::error(format_args!("answered {answer:?}")),
        Err(error) => Outcome::error(error.kind()),
    }
}
