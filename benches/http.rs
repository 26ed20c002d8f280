//! Requests a second over HTTP/1.1 on one core, 50 connections on loopback: proofload's workload beside a loop written by
//! hand with hyper, and beside `wrk` and `oha` where they are on PATH.
//!
//! The server is a process of its own on one core, each client one on another (by `taskset`, where that is there; without
//! it all share the machine, and the title says so). All ways run in turns, so that a busy machine slows all of them.

#[path = "http/clients.rs"]
mod clients;
#[path = "http/server.rs"]
mod server;
#[path = "table.rs"]
mod table;

use std::time::Duration;

use clients::Way;
use server::Server;
use table::{Purpose, Row, Table};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.get(1).map(String::as_str) {
        Some(server::CHILD) => server::serve(),
        Some(clients::CHILD) => clients::measure(&arguments[2..]),
        _ => compare(Purpose::of_this_run()),
    }
}

fn compare(purpose: Purpose) {
    let length = purpose.choose(Duration::from_secs(3), Duration::from_millis(100));
    let server = Server::start();
    let place =
        if server::can_pin() { "one core, the server on another" } else { "on the cores of the server" };
    let title = format!("HTTP/1.1, {} connections on loopback, {place}", clients::CONNECTIONS);
    let table = Table::begin(purpose, &title);
    let ways = Way::all(purpose);
    let mut seen = vec![Vec::new(); ways.len()];
    for _ in 0..purpose.choose(5, 1) {
        for (way, seen) in ways.iter().zip(&mut seen) {
            let per_second = way.per_second(&server.url(), length);
            eprintln!("{}: {per_second:.0}/s", way.name());
            seen.push(per_second);
        }
    }
    let (ours, others) = seen.split_first().expect("ways");
    for (way, theirs) in ways.iter().skip(1).zip(others) {
        let ratio = median(ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs));
        table.row(Row {
            what: "requests a second, timed and recorded",
            ours: format!("{:.1} k/s", median(ours.iter().copied()) / 1e3),
            yardstick: format!("{}: {:.1} k/s", way.name(), median(theirs.iter().copied()) / 1e3),
            ratio: Some(ratio),
            budget: way.budget().map(|budget| (ratio, budget)),
        });
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
