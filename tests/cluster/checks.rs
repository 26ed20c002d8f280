//! What the nodes must have done.

use std::{
    collections::BTreeMap,
    io::Write,
    process::ExitCode,
    sync::{Arc, PoisonError, RwLock},
};

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use serde_json::Value;

use crate::{
    access,
    broker::{Broker, is_required, program},
    fixture::{Left, Nodes, Start},
    losses, procedures, stops,
};

/// Whose figures are of the machine has it alone, all others share it.
static MACHINE: RwLock<()> = RwLock::new(());

pub(crate) fn run() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Each test is several processes, which wait most of the time.
    arguments.test_threads.get_or_insert(2);
    let alone: &[(&'static str, fn())] = &[
        ("a_breaking_point_is_found_together", procedures::breaking),
        ("a_recovery_is_seen_together", procedures::recovers),
        ("connections_are_counted_on_all_nodes", procedures::connections),
        ("a_slowed_node_is_seen_and_nothing_is_lost", losses::slowed),
    ];
    let beside: &[(&'static str, fn())] = &[
        ("two_nodes_do_what_one_does", two_nodes),
        ("the_merged_histogram_is_the_sum_of_all_nodes_bucket_by_bucket", merged_exactly),
        ("users_and_iterations_are_shared", closed),
        ("what_is_done_once_is_done_on_one_node", once),
        ("a_ceiling_that_one_node_crosses_is_crossed_for_all", procedures::ceiling),
        ("faults_that_were_met_are_counted_on_all_nodes", procedures::faults),
        ("an_interrupt_on_any_node_stops_all", stops::interrupted),
        ("a_case_that_is_killed_for_memory_stops_all_nodes", stops::emergency),
        ("so_it_does_when_it_is_the_case_of_node_0", stops::emergency_of_first),
        ("a_threshold_over_all_nodes_stops_all", stops::threshold),
        ("a_killed_node_makes_it_inconclusive", losses::killed),
        ("a_frozen_node_is_lost_and_stops_itself", losses::frozen),
        ("the_others_go_on_without_a_lost_node", losses::go_on),
        ("a_broker_that_is_restarted_is_survived", losses::broker_restarted),
        ("without_a_broker_every_node_stops", losses::broker_gone),
        ("another_build_is_refused", other_build),
        ("two_runs_on_one_broker_do_not_meet", two_runs),
        ("nodes_that_want_different_loads_are_told", different),
        ("an_end_that_one_node_is_told_is_the_end_for_all", until),
        ("accounts_and_tokens_are_used_and_not_shown", access::accounts),
        ("a_key_opens_a_broker_with_a_certificate", access::keys),
        ("a_node_shows_a_certificate_of_its_own", access::certificates),
        ("a_file_of_credentials_is_used", access::credentials),
        ("half_of_a_pair_is_a_mistake", access::halves),
    ];
    let trial = |name: &'static str, test: fn(), is_alone: bool| {
        let run = move || {
            let (_alone, _beside) = match is_alone {
                true => (Some(MACHINE.write().unwrap_or_else(PoisonError::into_inner)), None),
                false => (None, Some(MACHINE.read().unwrap_or_else(PoisonError::into_inner))),
            };
            test();
            Ok::<(), Failed>(())
        };
        match program().is_some() || is_required() {
            true => Trial::test(name, run),
            false => Trial::ignorable_test(name, || {
                Ok(Completion::ignored_with("nats-server is not on PATH: install it"))
            }),
        }
    };
    let alone = alone.iter().map(|(name, test)| trial(name, *test, true));
    let beside = beside.iter().map(|(name, test)| trial(name, *test, false));
    let mut trials: Vec<Trial> = alone.chain(beside).collect();
    trials
        .push(Trial::ignorable_test("a_host_whose_cable_is_pulled_is_lost_on_both_sides", losses::unplugged));
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Nodes that carry out one case.
pub(crate) fn start(broker: &Broker, case: &str, nodes: u32, arguments: &[&str]) -> Nodes {
    Start { broker, case, nodes, arguments, environment: &[], hosts: None }.all()
}

/// Three nodes that carry out one case, each with these variables.
pub(crate) fn three(broker: &Broker, case: &str, environment: &[(&str, &str)]) -> Nodes {
    Start { broker, case, nodes: 3, arguments: &[], environment, hosts: None }.all()
}

/// Whether everything that fell due has come to an end of some kind.
#[track_caller]
pub(crate) fn is_balanced(counts: &Value) {
    let ends = ["ok", "rejected", "error", "timeout", "unfinished", "dropped"];
    let ended: u64 = ends.iter().map(|end| counts[*end].as_u64().expect("a count")).sum();
    assert_eq!(counts["due"].as_u64(), Some(ended), "{counts}");
}

pub(crate) fn ended(broker: &Broker, case: &str, nodes: u32, arguments: &[&str]) -> Vec<Left> {
    start(broker, case, nodes, arguments).wait()
}

#[track_caller]
pub(crate) fn passed(all: &[Left]) {
    for left in all {
        assert_eq!(left.status, Some(0), "{}", left.said);
    }
}

/// How often which value was recorded.
fn buckets(histogram: &Value) -> BTreeMap<u64, u64> {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let bytes = STANDARD.decode(histogram.as_str().expect("text")).expect("base64");
    if bytes.is_empty() {
        return BTreeMap::new();
    }
    let read: hdrhistogram::Histogram<u64> = hdrhistogram::serialization::Deserializer::new()
        .deserialize(&mut bytes.as_slice())
        .expect("a histogram");
    read.iter_recorded()
        .map(|bucket| (bucket.value_iterated_to(), bucket.count_since_last_iteration()))
        .collect()
}

/// What the phases of a load counted, the warm-up left out.
fn counts(load: &Value) -> Vec<Value> {
    let phases =
        load["phases"].as_array().expect("phases").iter().filter(|phase| phase["is_warm_up"] == false);
    phases.map(|phase| phase["figures"]["counts"].clone()).collect()
}

fn two_nodes() {
    let broker = Broker::start();
    let alone = ended(&broker, "open", 1, &[]);
    let both = ended(&broker, "open", 2, &[]);
    passed(&alone);
    passed(&both);
    let (one, two) = (alone[0].case(), both[0].case());
    let counted = counts(&two["loads"][0]);
    assert_eq!(counted, counts(&one["loads"][0]), "the same schedule, the same operations, the same ends");
    assert_eq!(counted.iter().map(|counts| counts["due"].as_u64().expect("a count")).sum::<u64>(), 500);
    assert_eq!(two["loads"][0]["total"]["kinds"][0]["count"], one["loads"][0]["total"]["kinds"][0]["count"]);
    assert_eq!(two["loads"][0]["tags"]["sixth"]["counts"], one["loads"][0]["tags"]["sixth"]["counts"]);
    assert_eq!(two["verdict"], "pass");
    let timeline: u64 = two["loads"][0]["timeline"]
        .as_array()
        .expect("windows")
        .iter()
        .map(|window| window["counts"]["due"].as_u64().expect("a count"))
        .sum();
    assert_eq!(timeline, 550, "the windows have all of it, the warm-up included");
    let nodes = two["nodes"].as_array().expect("nodes");
    assert_eq!(nodes.len(), 2);
    for node in nodes {
        assert_eq!(node["counts"]["due"], 250, "{node:#}");
        assert_eq!(node["verdict"], "pass");
        assert!(node["clock_bound_us"].as_f64().expect("a number") < 500_000.0, "{node:#}");
    }
    assert!(both[1].said.contains("node 0 judges and has the report"), "{}", both[1].said);
    let summary = both[0].file("summary.txt");
    assert!(summary.contains("node 1") && summary.contains("by node"), "{summary}");
    let page = both[0].file("report.html");
    assert!(page.contains("by node"), "the page has the nodes");
}

fn merged_exactly() {
    let broker = Broker::start();
    let all = ended(&broker, "open", 4, &[]);
    passed(&all);
    let case = all[0].case();
    let load = &case["loads"][0];
    for (key, of_share) in [("response_histogram", "response"), ("service_histogram", "service")] {
        let mut sum: BTreeMap<u64, u64> = BTreeMap::new();
        for left in &all {
            let shares = left.shares();
            assert_eq!(shares.len(), 1, "{}", left.said);
            for (value, count) in buckets(&shares[0]["total"][of_share]) {
                *sum.entry(value).or_default() += count;
            }
        }
        assert_eq!(buckets(&load[key]), sum, "{key}");
    }
    let due: Vec<u64> =
        all.iter().map(|left| left.shares()[0]["total"]["counts"]["due"].as_u64().expect("due")).collect();
    assert_eq!(due.iter().sum::<u64>(), 500);
    assert!(due.iter().all(|due| (124..=126).contains(due)), "{due:?}");
}

fn closed() {
    let broker = Broker::start();
    let all = ended(&broker, "closed", 3, &[]);
    passed(&all);
    let case = all[0].case();
    let shared = &case["loads"][0];
    assert_eq!(shared["total"]["counts"]["due"], 501);
    assert_eq!(shared["phases"][0]["users"], 10);
    // Every tenth of 0 to 500 that ends in a 3 fails, in a 6 is refused.
    assert_eq!(shared["total"]["counts"]["error"], 50);
    assert_eq!(shared["total"]["counts"]["rejected"], 50);
    let of_each = |load: &Value| -> Vec<u64> {
        let nodes = load["nodes"].as_array().expect("nodes");
        nodes.iter().map(|node| node["counts"]["due"].as_u64().expect("due")).collect()
    };
    // Four users, three and three.
    assert_eq!(of_each(shared), [201, 150, 150]);
    assert_eq!(of_each(&case["loads"][2]), [5, 0, 0]);
    assert_eq!(case["expectations"].as_array().map(Vec::len), Some(1), "node 0 alone judges");
}

fn once() {
    let broker = Broker::start();
    let all = ended(&broker, "once", 3, &[]);
    passed(&all);
    assert_eq!(all[0].case()["loads"][0]["total"]["counts"]["ok"], 4);
}

fn other_build() {
    let broker = Broker::start();
    let home = tempfile::tempdir().expect("a folder");
    let own = std::env::current_exe().expect("a path");
    let other = home.path().join("other");
    std::fs::copy(&own, &other).expect("a copy");
    // What stands behind a program does not change what it does.
    let mut file = std::fs::File::options().append(true).open(&other).expect("a file");
    file.write_all(b"other").expect("room");
    drop(file);
    let arguments = ["--set", "cluster_wait=4s"];
    let start = Start {
        broker: &broker,
        case: "long",
        nodes: 2,
        arguments: &arguments,
        environment: &[],
        hosts: None,
    };
    let whole = Arc::new(home);
    let first = start.node(whole.path(), 0, &own);
    let second = start.node(whole.path(), 1, &other);
    let (first, second) = (first.wait(&whole), second.wait(&whole));
    assert_eq!((first.status, second.status), (Some(2), Some(2)), "{} {}", first.said, second.said);
    let length = std::fs::metadata(&own).expect("it is there").len();
    let (ours, theirs) = (format!("of {length} bytes"), format!("of {} bytes", length + 5));
    assert!(second.said.contains("the build differs"), "{}", second.said);
    assert!(second.said.contains(&ours) && second.said.contains(&theirs), "both are named: {}", second.said);
    assert!(first.said.contains("1 of 2 nodes came"), "{}", first.said);
}

fn two_runs() {
    let broker = Broker::start();
    let one = start(&broker, "open", 2, &["--cluster-run", "one"]);
    let other = start(&broker, "open", 2, &["--cluster-run", "other"]);
    let (one, other) = (one.wait(), other.wait());
    passed(&one);
    passed(&other);
    for all in [one, other] {
        assert_eq!(all[0].case()["loads"][0]["total"]["counts"]["due"], 500);
    }
}

fn different() {
    let broker = Broker::start();
    let all = ended(&broker, "different", 2, &[]);
    let reasons = all[0].case()["reasons"].to_string();
    assert!(
        reasons.contains("`10/s for 1 s") && reasons.contains("`20/s for 1 s"),
        "both are named: {reasons}"
    );
    for left in &all {
        assert_eq!(left.status, Some(101), "{}", left.said);
    }
}

fn until() {
    let broker = Broker::start();
    let all = ended(&broker, "until", 2, &[]);
    passed(&all);
    assert_eq!(all[0].case()["loads"][0]["stopped"], Value::Null);
}
