//! PostgreSQL: rows that come back, and accounts from which concurrent transactions lose nothing.

use std::{
    ops::{Deref, DerefMut},
    path::Path,
    process::Command,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::{Client, Error, IsolationLevel, NoTls, error::SqlState};

use super::{
    Account, Server, Service, ServiceError,
    account::RunAs,
    corner,
    server::{Farewell, Recipe, prepare},
};
use crate::targets::defect;

pub(crate) const SERVICE: Service = Service {
    name: "postgres",
    program: "postgres",
    package: "postgresql",
    variable: "PROOFLOAD_POSTGRES_URL",
    folders: &["/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin"],
};

/// Makes the folder of a server.
const INITDB: Service = Service { program: "initdb", ..SERVICE };

/// What a case asks that needs PostgreSQL.
pub(crate) fn is_there() -> Result<(), ServiceError> {
    SERVICE.is_there().and_then(|()| INITDB.is_there())
}

/// So few that concurrent transactions meet.
const ACCOUNTS: i64 = 2;

/// A transaction that lost against another is tried again so often.
const TRIES: u32 = 8;

/// How to use a [`Postgres`].
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Connections of the pool, at least 2.
    pub(crate) connections: usize,
    /// The twin that loses updates: its transactions do not see that another was faster.
    pub(crate) loses_updates: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { connections: 4, loses_updates: defect::is("services.postgres_loses_updates") }
    }
}

/// Why an operation on PostgreSQL has no right answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LedgerError {
    #[error("postgres: {}", told(.0))]
    Postgres(#[from] Error),
    /// Every try met another transaction: a polite refusal.
    #[error("the account is busy")]
    Busy,
    #[error("wrong answer: row {row} is {got:?}")]
    OtherRow { row: i64, got: Option<String> },
    #[error("wrong answer: two transactions changed the same account, and both were confirmed")]
    NoConflict,
}

/// The client's own text hides what the server said behind "db error".
fn told(error: &Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), |of_server| of_server.to_string())
}

/// PostgreSQL with a ledger in it, behind a pool of connections.
pub(crate) struct Postgres {
    pool: Pool,
    options: Options,
    schema: String,
    confirmed: AtomicU64,
    in_doubt: AtomicU64,
    conflicts: AtomicU64,
    url: String,
    /// Stopped last; none where the server is somebody else's.
    server: Option<Server>,
}

impl Postgres {
    /// Starts a server in `folder`, or uses the one that the variable names.
    pub(crate) async fn open(folder: &Path, options: Options) -> Result<Self, ServiceError> {
        let unusable = |error: Error| SERVICE.unusable(told(&error));
        let (url, server) = match SERVICE.url() {
            Some(url) => (url, None),
            None => {
                let (server, url) = start(folder).await?;
                (url, Some(server))
            }
        };
        let mut clients = Vec::new();
        for _ in 0..options.connections.max(2) {
            clients.push(connect(&url).await.map_err(unusable)?);
        }
        let schema = corner();
        clients[0]
            .batch_execute(&format!(
                "CREATE SCHEMA {schema};
                 CREATE TABLE {schema}.rows (id BIGINT PRIMARY KEY, body TEXT NOT NULL);
                 CREATE TABLE {schema}.accounts (id BIGINT PRIMARY KEY, balance BIGINT NOT NULL);
                 INSERT INTO {schema}.accounts SELECT n, 0 FROM generate_series(0, {ACCOUNTS} - 1) AS n;"
            ))
            .await
            .map_err(unusable)?;
        Ok(Self {
            pool: Pool::of(clients),
            options,
            schema,
            confirmed: AtomicU64::new(0),
            in_doubt: AtomicU64::new(0),
            conflicts: AtomicU64::new(0),
            url,
            server,
        })
    }

    /// Where the server is that was started for this; none where it is somebody else's.
    pub(crate) fn started_at(&self) -> Option<&str> {
        self.server.as_ref().map(|_| self.url.as_str())
    }

    /// Inserts row `number` and reads it back by its key.
    pub(crate) async fn keep(&self, number: u64) -> Result<(), LedgerError> {
        let client = self.pool.lease().await;
        let row = number as i64;
        let body = format!("row {number}, {}", "x".repeat((number % 512) as usize));
        let schema = &self.schema;
        client.execute(&format!("INSERT INTO {schema}.rows VALUES ($1, $2)"), &[&row, &body]).await?;
        let found =
            client.query_opt(&format!("SELECT body FROM {schema}.rows WHERE id = $1"), &[&row]).await?;
        let got: Option<String> = found.map(|found| found.get(0));
        match got.as_ref() == Some(&body) {
            true => Ok(()),
            false => Err(LedgerError::OtherRow { row, got }),
        }
    }

    /// Adds one to an account, by reading and writing it in a transaction, again if another one was faster.
    pub(crate) async fn deposit(&self, number: u64) -> Result<(), LedgerError> {
        let mut client = self.pool.lease().await;
        for _ in 0..TRIES {
            // In doubt until it is answered, also when this is cut off here.
            self.in_doubt.fetch_add(1, Ordering::AcqRel);
            let done = self.transaction(&mut client, number as i64 % ACCOUNTS).await;
            if matches!(&done, Err(error) if error.as_db_error().is_none()) {
                // Nobody can say how it ended.
                return Ok(done?);
            }
            self.in_doubt.fetch_sub(1, Ordering::AcqRel);
            match done {
                Ok(()) => {
                    self.confirmed.fetch_add(1, Ordering::AcqRel);
                    return Ok(());
                }
                Err(error) if is_conflict(&error) => {
                    self.conflicts.fetch_add(1, Ordering::AcqRel);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(LedgerError::Busy)
    }

    async fn transaction(&self, client: &mut Client, account: i64) -> Result<(), Error> {
        let schema = &self.schema;
        let transaction = client.build_transaction().isolation_level(self.isolation()).start().await?;
        let read = format!("SELECT balance FROM {schema}.accounts WHERE id = $1");
        let balance: i64 = transaction.query_one(&read, &[&account]).await?.get(0);
        let write = format!("UPDATE {schema}.accounts SET balance = $2 WHERE id = $1");
        transaction.execute(&write, &[&account, &(balance + 1)]).await?;
        transaction.commit().await
    }

    /// Two transactions that read the same account and both write it: the second one to write has to be refused.
    pub(crate) async fn conflict(&self) -> Result<(), LedgerError> {
        let schema = &self.schema;
        let (mut first, mut second) = (self.pool.lease().await, self.pool.lease().await);
        let mine = first.build_transaction().isolation_level(self.isolation()).start().await?;
        let theirs = second.build_transaction().isolation_level(self.isolation()).start().await?;
        let read = format!("SELECT balance FROM {schema}.accounts WHERE id = 0");
        let write = format!("UPDATE {schema}.accounts SET balance = balance WHERE id = 0");
        mine.query_one(&read, &[]).await?;
        theirs.query_one(&read, &[]).await?;
        theirs.execute(&write, &[]).await?;
        theirs.commit().await?;
        match mine.execute(&write, &[]).await {
            Err(error) if is_conflict(&error) => Ok(()),
            Err(error) => Err(error.into()),
            Ok(_) => Err(LedgerError::NoConflict),
        }
    }

    /// The conflicts so far.
    pub(crate) fn conflicts(&self) -> u64 {
        self.conflicts.load(Ordering::Acquire)
    }

    /// The sum of the accounts beside what was confirmed, to be asked when nothing runs. Removes everything.
    pub(crate) async fn settle(&self) -> Result<Account, LedgerError> {
        let client = self.pool.lease().await;
        let schema = &self.schema;
        let sum = format!("SELECT SUM(balance)::BIGINT FROM {schema}.accounts");
        let found: i64 = client.query_one(&sum, &[]).await?.get(0);
        client.batch_execute(&format!("DROP SCHEMA {schema} CASCADE")).await?;
        Ok(Account {
            confirmed: self.confirmed.load(Ordering::Acquire),
            in_doubt: self.in_doubt.load(Ordering::Acquire),
            found: found as u64,
        })
    }

    fn isolation(&self) -> IsolationLevel {
        match self.options.loses_updates {
            true => IsolationLevel::ReadCommitted,
            false => IsolationLevel::RepeatableRead,
        }
    }
}

/// Another transaction was faster.
fn is_conflict(error: &Error) -> bool {
    error.code() == Some(&SqlState::T_R_SERIALIZATION_FAILURE)
}

/// So many connections and no more: who comes when all are taken waits.
struct Pool {
    clients: Arc<Mutex<Vec<Client>>>,
    places: Arc<Semaphore>,
}

impl Pool {
    fn of(clients: Vec<Client>) -> Self {
        Self { places: Arc::new(Semaphore::new(clients.len())), clients: Arc::new(Mutex::new(clients)) }
    }

    async fn lease(&self) -> Lease {
        let place = Arc::clone(&self.places).acquire_owned().await.expect("the pool is never closed");
        let client = lock(&self.clients).pop().expect("a place is a connection");
        Lease { client: Some(client), clients: Arc::clone(&self.clients), _place: place }
    }
}

/// A connection that goes back to its pool.
struct Lease {
    /// Gone only while this is dropped.
    client: Option<Client>,
    clients: Arc<Mutex<Vec<Client>>>,
    _place: OwnedSemaphorePermit,
}

impl Deref for Lease {
    type Target = Client;

    fn deref(&self) -> &Client {
        self.client.as_ref().expect("it goes back only when it is dropped")
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut Client {
        self.client.as_mut().expect("it goes back only when it is dropped")
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        lock(&self.clients).extend(self.client.take());
    }
}

fn lock(clients: &Mutex<Vec<Client>>) -> std::sync::MutexGuard<'_, Vec<Client>> {
    clients.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn start(folder: &Path) -> Result<(Server, String), ServiceError> {
    let (program, initdb) = (SERVICE.program()?, INITDB.program()?);
    let data = folder.join("postgres");
    let account = RunAs::but_not_root(SERVICE.program)?;
    account.make(&data).map_err(|source| ServiceError::Start { program: SERVICE.program, source })?;
    let mut making = Command::new(initdb);
    making.arg("-D").arg(&data).args([
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--no-locale",
        "--no-sync",
    ]);
    account.run(&mut making);
    prepare(INITDB.program, making, &folder.join("initdb.log")).await?;
    let log = folder.join("postgres.log");
    let command = |port| serving(&program, &data, port, account);
    let recipe = Recipe { program: SERVICE.program, log: &log, farewell: Farewell::Quit, command: &command };
    let url = |address| format!("postgres://postgres@{address}/postgres");
    let connect = |address| {
        let url = url(address);
        async move { connect(&url).await.map_err(|error| told(&error)) }
    };
    let (server, address, _connection) = Server::start(recipe, connect).await?;
    Ok((server, url(address)))
}

/// The server of the folder `data`, for this machine only.
fn serving(program: &Path, data: &Path, port: u16, account: RunAs) -> Command {
    let mut command = Command::new(program);
    command.arg("-D").arg(data).args(["-p", &port.to_string()]);
    for setting in [
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        // In the folder, so that a killed server leaves nothing elsewhere.
        "dynamic_shared_memory_type=mmap",
        "shared_buffers=16MB",
        // Waiting for this machine's disk is not what is tested.
        "fsync=off",
    ] {
        command.args(["-c", setting]);
    }
    account.run(&mut command);
    command
}

/// A connection, which a task of its own keeps going until it is dropped.
async fn connect(url: &str) -> Result<Client, Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    // How it ended is told to whoever uses the client.
    tokio::spawn(async move { connection.await.unwrap_or_default() });
    Ok(client)
}
