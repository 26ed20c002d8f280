//! Nodes that are lost, and what carries their words.

use std::{thread, time::Duration};

use libtest_mimic::{Completion, Failed};
use rustix::process::Signal;
use serde_json::Value;

use crate::{
    broker::{Broker, program},
    checks::{is_balanced, passed, start},
    fixture::Start,
    hosts::Hosts,
};

/// The sums over what a node was heard of are no more than what all did.
#[track_caller]
fn is_told_of_loss(case: &Value, node: usize) {
    let lost = &case["loads"][0]["nodes"][node];
    assert!(lost["lost"].as_str().is_some_and(|why| why.contains("was lost")), "{lost:#}");
    assert!(lost["counts"]["due"].as_u64() > Some(0), "what it had told counts: {lost:#}");
    is_balanced(&case["loads"][0]["total"]["counts"]);
}

pub(crate) fn killed() {
    let broker = Broker::start();
    let nodes = start(&broker, "long", 3, &[]);
    nodes.all.iter().for_each(|node| node.until_slices(3));
    // The process of its case goes with it.
    nodes.all[1].signal(Signal::KILL);
    let all = nodes.wait();
    let case = all[0].case();
    assert_eq!(case["verdict"], "inconclusive", "{:#}", case["reasons"]);
    let reasons = case["reasons"].to_string();
    assert!(reasons.contains("node 1 (") && reasons.contains("was lost"), "{reasons}");
    is_told_of_loss(&case, 1);
    assert_eq!((all[0].status, all[2].status), (Some(101), Some(101)), "{}", all[2].said);
}

/// A node that gets a tenth of its time for a while, and is never silent for long.
pub(crate) fn slowed() {
    let broker = Broker::start();
    let nodes = start(&broker, "long", 3, &[]);
    nodes.all.iter().for_each(|node| node.until_slices(3));
    for _ in 0..10 {
        nodes.all[2].signal_case(Signal::STOP);
        thread::sleep(Duration::from_millis(450));
        nodes.all[2].signal_case(Signal::CONT);
        thread::sleep(Duration::from_millis(50));
    }
    let all = nodes.wait();
    let case = all[0].case();
    let load = &case["loads"][0];
    assert_eq!(
        load["total"]["counts"]["due"], 960,
        "nothing is left out, and nothing counts twice: {case:#}"
    );
    let windows = load["timeline"].as_array().expect("windows").iter();
    assert_eq!(windows.map(|window| window["counts"]["due"].as_u64().expect("due")).sum::<u64>(), 960);
    let shares = load["nodes"].as_array().expect("nodes");
    assert!(shares.iter().all(|share| share["lost"].is_null() && share["counts"]["due"] == 320), "{load:#}");
    let late = |node: usize| shares[node]["lateness_p99_us"].as_f64().expect("a number");
    assert!(late(2) > 300_000.0 && late(2) > late(0).max(late(1)), "{} {} {}", late(0), late(1), late(2));
    assert!(shares[2]["doubts"].to_string().contains("late"), "{:#}", shares[2]["doubts"]);
    let warnings = case["warnings"].to_string();
    assert!(warnings.contains("node 2 ("), "the one that is slow is named: {warnings}");
}

pub(crate) fn frozen() {
    let broker = Broker::start();
    let nodes = start(&broker, "long", 3, &[]);
    nodes.all.iter().for_each(|node| node.until_slices(3));
    nodes.all[2].signal_case(Signal::STOP);
    thread::sleep(Duration::from_secs(8));
    nodes.all[2].signal_case(Signal::CONT);
    let all = nodes.wait();
    let case = all[0].case();
    assert_eq!(case["verdict"], "inconclusive", "{:#}", case["reasons"]);
    is_told_of_loss(&case, 2);
    for left in &all {
        assert_eq!(left.status, Some(101), "{}", left.said);
    }
    let woken = all[2].shares();
    assert_eq!(woken.len(), 1, "{}", all[2].said);
    assert_eq!(woken[0]["stopped"], "node_lost", "it stopped its own load: {:#}", woken[0]["stopped"]);
}

pub(crate) fn go_on() {
    let broker = Broker::start();
    let nodes = start(&broker, "long", 3, &["--set", "on_lost_node=continue"]);
    nodes.all.iter().for_each(|node| node.until_slices(3));
    nodes.all[1].signal(Signal::KILL);
    let all = nodes.wait();
    let case = all[0].case();
    assert_eq!(case["verdict"], "pass", "{:#}", case["reasons"]);
    assert!(case["warnings"].to_string().contains("was lost"), "{:#}", case["warnings"]);
    is_told_of_loss(&case, 1);
    let counts = &case["loads"][0]["nodes"][2]["counts"];
    assert_eq!(counts["due"], 320, "the others did all of their part");
    assert_eq!((all[0].status, all[2].status), (Some(0), Some(0)), "{}", all[2].said);
}

pub(crate) fn broker_restarted() {
    let mut broker = Broker::start();
    let nodes = start(&broker, "long", 3, &[]);
    nodes.all.iter().for_each(|node| node.until_slices(3));
    broker.kill();
    thread::sleep(Duration::from_millis(2_000));
    broker.again();
    let all = nodes.wait();
    passed(&all);
    let case = all[0].case();
    assert_eq!(case["verdict"], "pass", "{:#}", case["reasons"]);
    let load = &case["loads"][0];
    assert_eq!(load["total"]["counts"]["due"], 960, "nothing is lost and nothing twice");
    let windows = load["timeline"].as_array().expect("windows").iter();
    assert_eq!(windows.map(|window| window["counts"]["due"].as_u64().expect("due")).sum::<u64>(), 960);
}

pub(crate) fn broker_gone() {
    let mut broker = Broker::start();
    let nodes = start(&broker, "long", 2, &[]);
    nodes.all.iter().for_each(|node| node.until_slices(3));
    broker.kill();
    let all = nodes.wait();
    let case = all[0].case();
    assert_eq!(case["verdict"], "inconclusive", "{:#}", case["reasons"]);
    for left in &all {
        assert_eq!(left.status, Some(101), "{}", left.said);
        let shares = left.shares();
        assert_eq!(shares[0]["stopped"], "node_lost", "it stopped its own load: {:#}", shares[0]["stopped"]);
    }
}

/// Hosts of their own, as far as this machine can make them.
pub(crate) fn unplugged() -> Result<Completion, Failed> {
    if program().is_none() {
        return Ok(Completion::ignored_with("nats-server is not on PATH: install it"));
    }
    let hosts = match Hosts::new(2) {
        Ok(hosts) => hosts,
        Err(reason) => return Ok(Completion::ignored_with(format!("no network namespaces here: {reason}"))),
    };
    let broker = Broker::at(&hosts.address(), &[]);
    let nodes = Start {
        broker: &broker,
        case: "long",
        nodes: 2,
        arguments: &[],
        environment: &[],
        hosts: Some(&hosts),
    };
    let nodes = nodes.all();
    nodes.all.iter().for_each(|node| node.until_slices(3));
    hosts.unplug(1);
    let all = nodes.wait();
    let case = all[0].case();
    assert_eq!(case["verdict"], "inconclusive", "{:#}", case["reasons"]);
    is_told_of_loss(&case, 1);
    for left in &all {
        assert_eq!(left.status, Some(101), "{}", left.said);
    }
    assert_eq!(all[1].shares()[0]["stopped"], "node_lost", "it stopped its own load");
    Ok(Completion::Completed)
}
