//! Runs requests, and says in a line what became of them.

use std::time::Duration;

use proofload::{
    Load, Workload, drive_workload_alone,
    http::Prepared,
    observe::{Figures, Observation},
};

/// Longer than anything that a test waits for.
const TIMEOUT: Duration = Duration::from_secs(20);

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

/// What came of `number` requests, one after the other.
pub(crate) fn one_by_one(requests: impl Prepared, number: u64) -> Figures {
    requests.prepared().expect("right requests");
    runtime().block_on(run(Load::users(1).iterations_each(number), TIMEOUT, requests)).total
}

pub(crate) async fn run(load: impl Into<Load>, timeout: Duration, requests: impl Workload) -> Observation {
    let seen = drive_workload_alone(load, timeout, requests).await.expect("a load");
    assert!(seen.total.counts.is_balanced());
    seen
}

/// As [`told`], of requests one after the other.
pub(crate) fn say(requests: impl Prepared, number: u64) -> String {
    told(&one_by_one(requests, number))
}

/// `3 ok, 1 error "closed", 1 timeout; 200 x 3`, in one order.
pub(crate) fn told(figures: &Figures) -> String {
    let mut said = Vec::new();
    if figures.counts.ok > 0 {
        said.push(format!("{} ok", figures.counts.ok));
    }
    said.extend(figures.kinds.iter().map(|kind| format!("{} {} {:?}", kind.count, kind.class, kind.sample)));
    let statuses: Vec<_> = figures.statuses.iter().map(|(code, count)| format!("{code} x {count}")).collect();
    match statuses.is_empty() {
        true => said.join(", "),
        false => format!("{}; {}", said.join(", "), statuses.join(", ")),
    }
}
