//! Stops that are meant for all.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant, UNIX_EPOCH},
};

use rustix::process::Signal;

use crate::{
    broker::Broker,
    cases::{GREEDY, STARTS},
    checks::{is_balanced, three},
    fixture::Left,
};

/// A file in which the operations of all nodes write down when they start.
struct Witness(tempfile::NamedTempFile);

/// A second is promised; the rest is for a machine whose cores have other things to do.
const STOPPED_WITHIN: Duration = Duration::from_millis(2_500);

impl Witness {
    fn new() -> Self {
        Self(tempfile::NamedTempFile::new().expect("a file"))
    }

    fn path(&self) -> &str {
        self.0.path().to_str().expect("a path")
    }

    /// When the last operation of each node started, since 1970: the earliest first.
    fn last_starts(&self) -> Vec<Duration> {
        let text = std::fs::read_to_string(self.0.path()).expect("the nodes have written");
        let mut last: BTreeMap<&str, Duration> = BTreeMap::new();
        for line in text.lines() {
            let (process, at) = line.split_once(' ').expect("two words");
            let at = Duration::from_millis(at.parse().expect("a number"));
            last.entry(process).and_modify(|known| *known = at.max(*known)).or_insert(at);
        }
        let mut last: Vec<Duration> = last.into_values().collect();
        last.sort();
        last
    }

    /// All nodes have stopped, and none went on for much longer than the first that did.
    #[track_caller]
    fn stopped_together(&self, nodes: usize) {
        let last = self.last_starts();
        assert_eq!(last.len(), nodes, "all had begun");
        let went_on = last[nodes - 1] - last[0];
        assert!(went_on < STOPPED_WITHIN, "{went_on:?}");
    }
}

pub(crate) fn interrupted() {
    let broker = Broker::start();
    let witness = Witness::new();
    let nodes = three(&broker, "long", &[(STARTS, witness.path())]);
    nodes.all.iter().for_each(|node| node.until_slices(3));
    let began = Instant::now();
    let at = UNIX_EPOCH.elapsed().expect("a time of day");
    nodes.all[2].signal(Signal::INT);
    let all = nodes.wait();
    assert!(began.elapsed() < Duration::from_secs(9), "{:?}", began.elapsed());
    let went_on = witness.last_starts().last().expect("operations").saturating_sub(at);
    assert!(went_on < STOPPED_WITHIN, "{went_on:?}");
    for left in &all {
        assert_eq!(left.status, Some(130), "{}", left.said);
    }
    let case = all[0].case();
    assert_eq!(case["verdict"], "aborted", "{:#}", case["reasons"]);
    let reasons = case["reasons"].to_string();
    assert!(reasons.contains("node 2 (") && reasons.contains("a person stopped it"), "{reasons}");
    let load = &case["loads"][0];
    assert!(load["total"]["duration_s"].as_f64().expect("a number") < 11.0, "{load:#}");
}

/// A case that is killed at once can say nothing: its supervisor does.
pub(crate) fn emergency() {
    let all = greedy(1);
    let case = all[0].case();
    is_balanced(&case["loads"][0]["total"]["counts"]);
    let share = &case["loads"][0]["nodes"][1];
    assert!(share["counts"]["due"].as_u64() > Some(0), "what it had told counts: {share:#}");
}

/// Nor can it when it is the one that brings the others together.
pub(crate) fn emergency_of_first() {
    let all = greedy(0);
    for left in &all[1..] {
        let shares = left.shares();
        assert_eq!(shares.len(), 1, "its own part is told to its end: {}", left.said);
        assert_eq!(shares[0]["stopped"], "other_node", "{:#}", shares[0]["stopped"]);
    }
}

fn greedy(node: usize) -> Vec<Left> {
    let broker = Broker::start();
    let witness = Witness::new();
    let which = node.to_string();
    let environment = [(STARTS, witness.path()), (GREEDY, &which)];
    let all = three(&broker, "greedy", &environment).wait();
    witness.stopped_together(3);
    let case = all[0].case();
    assert_eq!(case["verdict"], "aborted", "{:#}", case["reasons"]);
    let reasons = case["reasons"].to_string();
    assert!(reasons.contains("max_memory"), "{reasons}");
    assert!(node == 0 || reasons.contains(&format!("node {node} (")), "{reasons}");
    for left in &all {
        assert_eq!(left.status, Some(101), "{}", left.said);
    }
    all
}

pub(crate) fn threshold() {
    let broker = Broker::start();
    let witness = Witness::new();
    let environment = [(STARTS, witness.path())];
    let all = three(&broker, "threshold", &environment).wait();
    witness.stopped_together(3);
    let case = all[0].case();
    assert_eq!(case["verdict"], "fail", "{:#}", case["reasons"]);
    assert_eq!(case["stop"]["reason"], "threshold");
    for left in &all {
        assert_eq!(left.status, Some(101), "{}", left.said);
    }
    for share in &case["loads"][0]["nodes"].as_array().expect("nodes")[..] {
        assert!(share["timeline"].as_array().expect("windows").len() < 40, "{share:#}");
    }
}
