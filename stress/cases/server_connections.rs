//! How many connections the server holds at the same time, each of an agent that asks now and then. The limit is the
//! bundled server's, whatever `base_url` says.

use proofload::{
    Context, Op, Outcome, Result,
    expect::connections,
    millis, per_second,
    procedure::{ConcurrentConnections, Tcp},
    seconds,
};

use super::server_site::Listener;
use crate::targets::cache_server::{
    CacheServer, Options,
    talk::{House, Manner},
    wire::Request,
    witness::Tokens,
};

/// Agents that share the connections.
const AGENTS: u64 = 10;

/// A server for 150 connections: 100 are served, 200 are not.
#[proofload::case(target = "cache_server", max_concurrency = 200, max_descriptors = 1000, max_cpu = "off")]
async fn server_connections(cx: Context) -> Result {
    let search = ConcurrentConnections::new()
        .from(100)
        .to(200)
        .by(100)
        .to_within(100)
        .repeats(1)
        .opened_at(per_second(1_000))
        .trial(millis(500))
        .think_between(millis(200), millis(400))
        .cool_down(millis(100));
    find(cx, search, 150, 100).await
}

/// A server without a limit in reach: all of 1000 are served. Each is two descriptors, one at each end.
#[proofload::case(
    slow,
    target = "cache_server",
    max_concurrency = 1000,
    max_descriptors = 5000,
    max_cpu = "off",
    time_limit = "5m"
)]
async fn server_connections_full(cx: Context) -> Result {
    // Seldom enough that the connections are what is asked for, not the rate.
    let search = ConcurrentConnections::new()
        .by(100)
        .to_within(50)
        .trial(seconds(5))
        .think_between(seconds(2), seconds(4));
    find(cx, search, 10_000, 1_000).await
}

async fn find(cx: Context, search: ConcurrentConnections, limit: usize, wanted: u64) -> Result {
    // A pool and tokens that leave the connections to be the limit.
    let options = Options { connections: limit, blocks: 1 << 16, bytes_per_token: 8 << 10, ..Options::default() };
    let server = CacheServer::start(&options)?;
    let listener = Listener::new(&cx, Tokens::Of { secret: options.secret });
    let (house, asking) = (House::seeded(cx.seed()), House::seeded(cx.seed()));
    let talks = Tcp::new(
        server.address(),
        move |op| http(&question(&asking, op)),
        move |op, read| answered(read).map(|(status, body)| match status {
            200 => match listener.hear(&question(&house, op), body) {
                Ok(_answer) => Outcome::ok().with_status(status),
                Err(wrong) => Outcome::error(format_args!("wrong answer: {wrong}")).with_status(status),
            },
            429 => Outcome::rejected("the server is full").with_status(status),
            _ => Outcome::error(format_args!("http_{status}")).with_status(status),
        }),
    );
    // A generator that was the limit has shown nothing of the server: that is inconclusive.
    cx.expect(connections().at_least(wanted))?;
    let found = search.run(&cx, talks).await?;
    if !cx.is_dry_run() {
        let holds = found.capacity.holds().unwrap_or(0);
        cx.require(holds <= limit as u64, format!("no more than {limit} connections are let in: {holds} were held"));
    }
    cx.done()
}

fn question(house: &House, op: Op) -> Request {
    house.question(format!("agent {}", op.user % AGENTS), Manner::SHORT, op.index)
}

/// The request as it is sent.
fn http(request: &Request) -> Vec<u8> {
    let body = serde_json::to_string(request).unwrap_or_default();
    let length = body.len();
    format!("POST /v1/messages HTTP/1.1\r\nhost: bundled\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
}

/// Status and body of what was read; `None` while it is not complete.
fn answered(read: &[u8]) -> Option<(u16, &[u8])> {
    let end = read.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let (head, body) = (std::str::from_utf8(&read[..end]).ok()?, &read[end + 4..]);
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    let (_, length) = lines.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"))?;
    (body.len() == length.parse::<usize>().ok()?).then_some((status, body))
}
