//! How many connections the index's server holds at the same time, all asking now and then.

use proofload::{
    Context, Outcome, Result,
    expect::connections,
    millis, per_second,
    procedure::{ConcurrentConnections, Tcp},
};

use crate::targets::{
    index_server::{self, IndexServer, Refusal},
    vector_index::{Options, VectorIndex},
};

/// A server for 150 connections: 100 are served, 200 are not.
#[proofload::case(target = "index_server", max_concurrency = 200, max_descriptors = 1000, max_cpu = "off")]
async fn concurrent_connections(cx: Context) -> Result {
    let search = ConcurrentConnections::new()
        .to(200)
        .to_within(25)
        .repeats(1)
        .opened_at(per_second(1_000))
        .trial(millis(600))
        .think_between(millis(100), millis(200))
        .cool_down(millis(300));
    find(cx, search, 150, 100).await
}

/// A server without a limit in reach: all of 1000 are served. Each is two descriptors, one at each end.
#[proofload::case(
    slow,
    target = "index_server",
    max_concurrency = 1000,
    max_descriptors = 5000,
    max_cpu = "off",
    time_limit = "5m"
)]
async fn concurrent_connections_full(cx: Context) -> Result {
    find(cx, ConcurrentConnections::new(), 10_000, 1_000).await
}

async fn find(cx: Context, search: ConcurrentConnections, limit: usize, wanted: u64) -> Result {
    let index = VectorIndex::open(cx.scratch_dir(), Options::default())?;
    let server = IndexServer::start(index, limit).await?;
    let questions = Tcp::new(
        server.address(),
        |op| index_server::request(op.index),
        |op, read| {
            Some(match index_server::answer(op.index, read)? {
                Ok(()) => Outcome::ok(),
                Err(Refusal::Busy) => Outcome::rejected("the index is busy"),
                Err(Refusal::Wrong(answer)) => Outcome::error(format_args!("answered {answer:?}")),
            })
        },
    );
    // A generator that was the limit has shown nothing of the server: that is inconclusive.
    cx.expect(connections().at_least(wanted))?;
    let found = search.run(&cx, questions).await?;
    if !cx.is_dry_run() {
        let holds = found.capacity.holds().unwrap_or(0);
        cx.require(holds <= limit as u64, format!("no more than {limit} connections are let in: {holds} were held"));
    }
    cx.done()
}
