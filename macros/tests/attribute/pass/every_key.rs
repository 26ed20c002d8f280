//! Every key of the table, in the forms that values may have.
#![deny(warnings)]

use proofload::Context;

#[proofload::case(
    slow,
    nightly,
    time_limit = "1m 30s",
    max_memory = "2GiB",
    max_memory_growth = "10MB/s",
    memory_growth_window = "5s",
    memory_growth_warm_up = "0s",
    containment = "hard",
    max_cpu = "90%",
    cpu_window = "500ms",
    max_concurrency = 10_000,
    max_descriptors = 1_000,
    max_threads = 100,
    max_disk_written = "10GiB",
    min_free_memory = "5%",
    min_free_disk = "1GiB",
    max_machine_load = 1.5,
    needs_memory = "60%",
    needs_disk = "10GiB",
    timeout = "250ms",
    drain = "0s",
    workers = "4",
    min_samples = 1_000,
    pause_after = "2s",
    alert_success_rate = "99.9%",
    alert_latency = "250ms",
    alert_cpu = 0.8,
    alert_memory = "4GiB",
    alert_error_rate = 0,
    severity = "critical",
    target = "vector_index",
)]
async fn everything(_cx: Context) {}

#[proofload::case(
    time_limit = "off",
    max_memory = "off",
    max_memory_growth = "off",
    max_cpu = "off",
    max_concurrency = "off",
    max_descriptors = "off",
    max_threads = "off",
    max_disk_written = "off",
    min_free_memory = "off",
    min_free_disk = "off",
    max_machine_load = "off",
    alert_success_rate = "off",
    alert_latency = "off",
    alert_cpu = "off",
    alert_memory = "off",
    alert_error_rate = "off"
)]
async fn no_limits(_cx: Context) {}

#[proofload::case(max_cpu = 0.9)]
async fn a_share(_cx: Context) {}

fn main() {}
