//! Redis, and counters in it that must add up.

use std::{
    path::Path,
    process::Command,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use redis::{AsyncCommands as _, AsyncConnectionConfig, Client, RedisError, aio::MultiplexedConnection};

use super::{
    Account, Server, Service, ServiceError, corner,
    server::{Farewell, Recipe},
};
use crate::targets::defect;

pub(crate) const SERVICE: Service = Service {
    name: "redis",
    program: "redis-server",
    package: "redis-server",
    variable: "PROOFLOAD_REDIS_URL",
    folders: &[],
};

/// What a case asks that needs Redis.
pub(crate) fn is_there() -> Result<(), ServiceError> {
    SERVICE.is_there()
}

/// A connection without an answer for so long is broken; the client's own half a second is less than a busy machine takes.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// A key that was left behind is gone after this many seconds.
const EXPIRES_S: u64 = 120;

/// So many counters are shared by all operations.
const COUNTERS: u64 = 8;

/// How to use a [`Redis`].
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Connections that operations share.
    pub(crate) connections: u64,
    /// The twin on which somebody else counts too: every hundredth operation counts twice and tells of it once.
    pub(crate) counts_twice: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { connections: 4, counts_twice: defect::is("services.redis_counts_twice") }
    }
}

/// Why an operation on Redis has no right answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CounterError {
    #[error("redis: {0}")]
    Redis(#[from] RedisError),
    #[error("wrong answer: a key that was set to {set:?} has {got:?}")]
    OtherValue { set: String, got: Option<String> },
    #[error("wrong answer: the counter fell from {before} or more to {now}")]
    Fell { before: u64, now: u64 },
}

/// Redis with counters in it: each operation sets a key, reads it back and counts itself.
pub(crate) struct Redis {
    connections: Vec<MultiplexedConnection>,
    options: Options,
    corner: String,
    /// The highest answer of each counter, and how many there were.
    highest: [AtomicU64; COUNTERS as usize],
    confirmed: AtomicU64,
    in_doubt: AtomicU64,
    url: String,
    /// Stopped last; none where the server is somebody else's.
    server: Option<Server>,
}

impl Redis {
    /// Starts a server in `folder`, or uses the one that the variable names.
    pub(crate) async fn open(folder: &Path, options: Options) -> Result<Self, ServiceError> {
        let unusable = |error| SERVICE.unusable(error);
        let (url, server) = match SERVICE.url() {
            Some(url) => (url, None),
            None => {
                let (server, url) = start(folder).await?;
                (url, Some(server))
            }
        };
        let mut connections = Vec::new();
        for _ in 0..options.connections.max(1) {
            connections.push(connect(&url).await.map_err(unusable)?);
        }
        Ok(Self {
            connections,
            options,
            corner: corner(),
            highest: Default::default(),
            confirmed: AtomicU64::new(0),
            in_doubt: AtomicU64::new(0),
            url,
            server,
        })
    }

    /// Where the server is that was started for this; none where it is somebody else's.
    pub(crate) fn started_at(&self) -> Option<&str> {
        self.server.as_ref().map(|_| self.url.as_str())
    }

    /// Operation `number`: a key that comes back as it was set, and one more on a counter.
    pub(crate) async fn count(&self, number: u64) -> Result<(), CounterError> {
        let mut connection = self.connections[(number % self.connections.len() as u64) as usize].clone();
        let key = format!("{}:key:{number}", self.corner);
        let value = format!("value of {number}, {}", "x".repeat((number % 512) as usize));
        let _: () = connection.set_ex(&key, &value, EXPIRES_S).await?;
        let got: Option<String> = connection.get(&key).await?;
        if got.as_ref() != Some(&value) {
            return Err(CounterError::OtherValue { set: value, got });
        }
        let counter = number % COUNTERS;
        let highest = &self.highest[counter as usize];
        let before = highest.load(Ordering::Acquire);
        let key = self.counter(counter);
        if self.options.counts_twice && number.is_multiple_of(100) {
            let _untold: u64 = connection.incr(&key, 1).await?;
        }
        // In doubt until it is answered, also when this is cut off here.
        self.in_doubt.fetch_add(1, Ordering::AcqRel);
        let now: u64 = connection.incr(&key, 1).await?;
        self.in_doubt.fetch_sub(1, Ordering::AcqRel);
        self.confirmed.fetch_add(1, Ordering::AcqRel);
        highest.fetch_max(now, Ordering::AcqRel);
        match now > before {
            true => Ok(()),
            false => Err(CounterError::Fell { before, now }),
        }
    }

    /// The sum of the counters beside what was confirmed, to be asked when nothing runs. Removes them.
    pub(crate) async fn settle(&self) -> Result<Account, CounterError> {
        let mut connection = self.connections[0].clone();
        let keys: Vec<String> = (0..COUNTERS).map(|number| self.counter(number)).collect();
        let counts: Vec<Option<u64>> = connection.mget(&keys).await?;
        let _removed: u64 = connection.del(&keys).await?;
        Ok(Account {
            confirmed: self.confirmed.load(Ordering::Acquire),
            in_doubt: self.in_doubt.load(Ordering::Acquire),
            found: counts.into_iter().flatten().sum(),
        })
    }

    fn counter(&self, number: u64) -> String {
        format!("{}:counter:{number}", self.corner)
    }
}

async fn start(folder: &Path) -> Result<(Server, String), ServiceError> {
    let program = SERVICE.program()?;
    let log = folder.join("redis.log");
    let command = |port: u16| {
        let mut command = Command::new(&program);
        // Nothing of it is kept: no snapshots, no log of changes, and its working folder is the case's.
        command.args([
            "--port",
            &port.to_string(),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        ]);
        command.arg("--dir").arg(folder);
        command
    };
    let recipe = Recipe { program: SERVICE.program, log: &log, farewell: Farewell::Kill, command: &command };
    let connect = |address| async move { connect(&format!("redis://{address}")).await };
    let (server, address, _connection) = Server::start(recipe, connect).await?;
    Ok((server, format!("redis://{address}")))
}

/// A connection that has been answered.
async fn connect(url: &str) -> Result<MultiplexedConnection, RedisError> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(ANSWER_WITHIN))
        .set_response_timeout(Some(ANSWER_WITHIN));
    let mut connection = Client::open(url)?.get_multiplexed_async_connection_with_config(&config).await?;
    redis::cmd("PING").query_async::<()>(&mut connection).await?;
    Ok(connection)
}
