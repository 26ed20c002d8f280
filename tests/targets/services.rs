//! The services: how they are found, started and stopped, and the accounts that their clients keep.
//!
//! Where a program is missing there is nothing to start; with `CI` in the environment that is a failure.

use std::{error::Error, net::TcpStream, path::Path};

use crate::targets::services::{
    Account, Service, ServiceError,
    nats::{self, Nats},
    postgres::{self, LedgerError, Postgres},
    redis::{self, Redis},
};

type Result = std::result::Result<(), Box<dyn Error>>;

#[test]
fn an_account_adds_up_to_what_was_confirmed_or_may_have_been() {
    let account = |found| Account { confirmed: 10, in_doubt: 2, found };
    let adds_up: Vec<u64> = (8..15).filter(|found| account(*found).adds_up()).collect();
    assert_eq!(adds_up, [10, 11, 12]);
    assert_eq!(account(9).to_string(), "10 confirmed, 2 in doubt, 9 found");
}

#[test]
fn ci_is_without_a_service_only_where_that_is_said() {
    let service = redis::SERVICE;
    assert!(!service.required(false, ""));
    assert!(service.required(true, ""));
    assert!(service.required(true, "nats postgres"));
    assert!(!service.required(true, "nats redis"));
}

#[test]
fn a_missing_program_says_what_to_do() {
    let service = Service { program: "no-such-server", folders: &[], ..redis::SERVICE };
    assert_eq!(
        service.program().unwrap_err().to_string(),
        "no-such-server is not on PATH: install it (on Debian: apt-get install redis-server), or set \
         PROOFLOAD_REDIS_URL"
    );
}

#[cfg(unix)]
mod on_unix {
    use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

    use crate::targets::services::{
        account::{RunAs, named},
        program::find_in,
    };

    fn put(folder: &Path, name: &str, mode: u32) {
        fs::create_dir_all(folder).unwrap();
        let file = folder.join(name);
        fs::write(&file, "").unwrap();
        fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn the_path_comes_before_the_newest_of_the_other_folders() {
        let root = tempfile::tempdir().unwrap();
        for version in ["9", "15", "old"] {
            put(&root.path().join(version).join("bin"), "server", 0o755);
        }
        fs::create_dir(root.path().join("16")).unwrap();
        let pattern = format!("{}/*/bin", root.path().display());
        let found = |path: &Path| find_in(path.as_os_str(), "server", &[&pattern]);
        assert_eq!(found(Path::new("")), Some(root.path().join("15/bin/server")));
        assert_eq!(found(Path::new("/nowhere")), Some(root.path().join("15/bin/server")));
        let here = root.path().join("here");
        put(&here, "server", 0o755);
        assert_eq!(found(&here), Some(here.join("server")));
    }

    #[test]
    fn what_cannot_be_run_is_no_program() {
        let root = tempfile::tempdir().unwrap();
        put(root.path(), "server", 0o644);
        fs::create_dir(root.path().join("other")).unwrap();
        let path = root.path().as_os_str();
        assert_eq!(find_in(path, "server", &[]), None);
        assert_eq!(find_in(path, "other", &[]), None);
        assert_eq!(find_in(path, "missing", &["/nowhere/*/bin"]), None);
    }

    #[test]
    fn accounts_are_read_from_their_lines() {
        let users = "root:x:0:0:root:/root:/bin/sh\nbad\npostgres:x:101:104:,,,:/var:/bin/sh\nnobody:x:0:0::/:/bin/sh\n";
        assert_eq!(named(users, "postgres"), Some(RunAs::Other { user: 101, group: 104 }));
        assert_eq!(named(users, "post"), None);
        assert_eq!(named(users, "bad"), None);
        assert_eq!(named(users, "nobody"), None, "root by another name");
    }
}

/// A folder as a case has it: in a temporary one of its own.
fn folder() -> std::io::Result<(tempfile::TempDir, std::path::PathBuf)> {
    let root = tempfile::tempdir()?;
    let work = root.path().join("work");
    std::fs::create_dir(&work)?;
    Ok((root, work))
}

/// Whether there is something to test: says so where not.
fn is_missing(asked: std::result::Result<(), ServiceError>) -> bool {
    asked.inspect_err(|error| eprintln!("left out: {error}")).is_err()
}

/// Requires that nobody answers any more where a server was started.
fn is_gone(started_at: Option<String>) {
    let Some(url) = started_at else { return };
    let address = url.rsplit(['@', '/']).find(|part| part.contains(':')).expect("a URL has an address");
    assert!(TcpStream::connect(address).is_err(), "{url} still answers");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_counts_what_it_confirms_and_is_gone_afterwards() -> Result {
    if is_missing(redis::is_there()) {
        return Ok(());
    }
    let (_root, work) = folder()?;
    let redis = Redis::open(&work, redis::Options { connections: 2, counts_twice: false }).await?;
    for number in 0..20 {
        redis.count(number).await?;
    }
    assert_eq!(redis.settle().await?, Account { confirmed: 20, in_doubt: 0, found: 20 });
    let url = redis.started_at().map(str::to_owned);
    drop(redis);
    is_gone(url);
    let tampered = Redis::open(&work, redis::Options { connections: 1, counts_twice: true }).await?;
    tampered.count(0).await?;
    assert_eq!(tampered.settle().await?, Account { confirmed: 1, in_doubt: 0, found: 2 });
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_answers_and_loses_nothing() -> Result {
    if is_missing(nats::is_there()) {
        return Ok(());
    }
    let (_root, work) = folder()?;
    let nats = Nats::open(&work, nats::Options { loses_messages: false }).await?;
    for number in 0..50 {
        nats.ask(number).await?;
        nats.publish(number).await?;
    }
    assert_eq!(nats.settle().await?, Account { confirmed: 50, in_doubt: 0, found: 50 });
    nats.publish(7).await?;
    nats.publish(1_000).await?;
    assert_eq!(nats.settle().await?.found, 52, "a number that came twice counts too");
    let url = nats.started_at().map(str::to_owned);
    drop(nats);
    is_gone(url);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_keeps_rows_and_refuses_one_of_two() -> Result {
    if is_missing(postgres::is_there()) {
        return Ok(());
    }
    let (_root, work) = folder()?;
    let sound = postgres::Options { connections: 2, loses_updates: false };
    let postgres = Postgres::open(&work, sound).await?;
    for number in 0..5 {
        postgres.keep(number).await?;
        postgres.deposit(number).await?;
    }
    let twice = postgres.keep(3).await.unwrap_err();
    assert!(twice.to_string().contains("duplicate key"), "{twice}");
    postgres.conflict().await?;
    assert_eq!(postgres.settle().await?, Account { confirmed: 5, in_doubt: 0, found: 5 });
    let url = postgres.started_at().map(str::to_owned);
    drop(postgres);
    is_gone(url);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_twin_of_postgres_confirms_both_of_two() -> Result {
    if is_missing(postgres::is_there()) {
        return Ok(());
    }
    let (_root, work) = folder()?;
    let twin = postgres::Options { connections: 2, loses_updates: true };
    let postgres = Postgres::open(&work, twin).await?;
    assert!(matches!(postgres.conflict().await, Err(LedgerError::NoConflict)));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_cannot_start_says_why() -> Result {
    if is_missing(redis::is_there()) || redis::SERVICE.url().is_some() {
        return Ok(());
    }
    let nowhere = Path::new("/nowhere/at/all");
    let error = Redis::open(nowhere, redis::Options { connections: 1, counts_twice: false }).await.err();
    let said = error.expect("there is no such folder").to_string();
    assert!(said.starts_with("redis-server cannot be started: "), "{said}");
    Ok(())
}
