//! Every key of the table, in the forms that values may have.
#![deny(warnings)]

use proofload::Context;

#[proofload::case(
    slow,
    nightly,
    time_limit = "1m 30s",
    max_memory = "2GiB",
    max_memory_growth = "10MB/s",
    max_cpu = "90%",
    max_concurrency = 10_000,
    timeout = "250ms",
    drain = "0s",
    workers = "4",
    min_samples = 1_000,
    severity = "critical",
)]
async fn everything(_cx: Context) {}

#[proofload::case(
    time_limit = "off",
    max_memory = "off",
    max_memory_growth = "off",
    max_cpu = "off",
    max_concurrency = "off"
)]
async fn no_limits(_cx: Context) {}

#[proofload::case(max_cpu = 0.9)]
async fn a_share(_cx: Context) {}

fn main() {}
