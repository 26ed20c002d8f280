//! A closed loop over an empty operation: ours and the loop by hand beside rlt, in turns on equal runtimes.
//!
//! rlt has no interface below its command line, so it is started as `--quiet --output json` would: without a terminal
//! interface, its report in a file. It sends a message for each operation to one collector through an unbounded
//! channel, so a number of operations bounds its memory; the time counts until the collector has seen the last.

#[path = "../loops.rs"]
mod loops;
#[path = "../rounds.rs"]
mod rounds;
#[path = "../table.rs"]
mod table;

use std::time::{Duration, Instant};

use async_trait::async_trait;
use clap::Parser as _;
use loops::{USERS, WORKERS, by_hand, by_load, operation, runtime, show};
use rlt::{IterInfo, IterReport, StatelessBenchSuite, Status, cli::BenchCli};
use rounds::Rounds;
use table::{Purpose, Row, Table};

/// The empty operation, timed with two `Instant::now` as rlt's own examples do.
#[derive(Clone)]
struct Empty;

#[async_trait]
impl StatelessBenchSuite for Empty {
    async fn bench(&mut self, _: &IterInfo) -> anyhow::Result<IterReport> {
        let start = Instant::now();
        operation().await;
        Ok(IterReport { duration: start.elapsed(), status: Status::success(0), bytes: 0, items: 1 })
    }
}

/// Operations per second.
fn by_rlt(operations: u64) -> f64 {
    let report = tempfile::NamedTempFile::new().expect("a temporary file");
    let path = report.path().to_str().expect("a path in UTF-8");
    let (users, operations_text) = (USERS.to_string(), operations.to_string());
    let arguments =
        ["rlt", "--quiet", "-c", &users, "-n", &operations_text, "--output", "json", "--output-file", path];
    let options = BenchCli::try_parse_from(arguments).expect("options of rlt");
    let began = Instant::now();
    runtime().block_on(rlt::cli::run(options, Empty)).expect("a run of rlt");
    let took = began.elapsed().as_secs_f64();
    let text = std::fs::read_to_string(path).expect("rlt's report");
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(json["summary"]["iters"]["total"], operations, "rlt did something else: {text}");
    operations as f64 / took
}

fn main() {
    let purpose = Purpose::of_this_run();
    let length = purpose.choose(Duration::from_secs(2), Duration::from_millis(50));
    let operations = purpose.choose(2_000_000, 10_000);
    let title = format!("Closed loop beside rlt, empty async operation, {USERS} users, {WORKERS} workers");
    let table = Table::begin(purpose, &title);
    let rounds: Vec<[f64; 3]> = (0..purpose.choose(3, 1))
        .map(|_| {
            let round = [by_load(length), by_hand(length), by_rlt(operations)];
            let [load, hand, rlt] = round.map(show);
            eprintln!("proofload {load}; by hand {hand}; rlt {rlt}");
            round
        })
        .collect();
    for (name, theirs, budget) in [("by hand", 1, Some(">= 1.00")), ("rlt 0.5", 2, None)] {
        let seen = Rounds::of(rounds.iter().map(|round| (round[0], round[theirs])));
        table.row(Row {
            what: "operations timed and recorded, ours with a timeout",
            ours: show(seen.ours),
            yardstick: format!("{name}: {}", show(seen.theirs)),
            ratio: Some(seen.ratio),
            budget: budget.map(|budget| (seen.ratio, budget)),
        });
    }
}
