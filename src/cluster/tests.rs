//! Nodes as threads on the bus in memory, and many of them on a clock that is made to pass.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use serde_json::Value;

use super::{
    bus::{Bus, MemoryBus},
    *,
};
use crate::{
    observe::{Figures, Observation, Phase},
    stop::StopReason,
};

/// Hears everything.
#[derive(Default)]
struct Ears {
    asked: Mutex<Option<(StopReason, String)>>,
    heard: Mutex<Vec<String>>,
    stopped_elsewhere: Arc<OnceLock<StopWord>>,
}

impl Listener for Ears {
    fn asked(&self) -> Option<(StopReason, String)> {
        self.asked.lock().unwrap().clone()
    }

    fn stopped(&self, word: &StopWord) {
        self.heard.lock().unwrap().push(format!("stop: {}", word.sentence));
    }

    fn stopped_one(&self, key: &str, word: &StopWord) {
        self.heard.lock().unwrap().push(format!("stop of {key}: {}", word.sentence));
    }

    fn lost(&self, _node: u32, sentence: &str) {
        self.heard.lock().unwrap().push(format!("lost: {sentence}"));
    }
}

fn nodes(count: u32) -> Vec<(Cluster, Arc<Ears>)> {
    let bus = MemoryBus::default();
    let hosts: Vec<String> = (0..count).map(|node| format!("host-{node}")).collect();
    let start = |node| {
        let ears = Arc::new(Ears::default());
        let options = Options {
            access: Access::default(),
            room: "test.room".to_owned(),
            seat: Seat { node, hosts: hosts.clone() },
            present: (0..count).collect::<BTreeSet<u32>>(),
            rule: LossRule::Stop,
            after_stop: Duration::from_millis(500),
            stopped_elsewhere: Arc::clone(&ears.stopped_elsewhere),
        };
        let cluster = Cluster::on(Some(Bus::Memory(bus.clone())), options, Arc::clone(&ears) as _);
        (cluster.unwrap(), ears)
    };
    (0..count).map(start).collect()
}

fn arrival(key: &str, agree: &str, told: impl Into<Value>) -> Arrival {
    Arrival { key: key.to_owned(), agree: agree.to_owned(), told: told.into(), ..Arrival::default() }
}

/// The same on each node, at the same time.
async fn on_all<T>(nodes: &[(Cluster, Arc<Ears>)], of: impl AsyncFn(u32, &Cluster) -> T) -> Vec<T> {
    let mut answers = Vec::new();
    let mut running: Vec<_> =
        (0..).zip(nodes).map(|(node, (cluster, _))| Box::pin(of(node, cluster))).collect();
    // Each has sent its question before any is waited for.
    std::future::poll_fn(|cx| {
        running.retain_mut(|asked| match asked.as_mut().poll(cx) {
            std::task::Poll::Ready(answer) => {
                answers.push(answer);
                false
            }
            std::task::Poll::Pending => true,
        });
        if running.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    answers
}

#[tokio::test]
async fn nodes_meet_and_hear_what_was_said() {
    let nodes = nodes(4);
    let met = on_all(&nodes, async |node, cluster: &Cluster| {
        let arrival = Arrival { gathers: true, ..arrival("all", "", node) };
        cluster.meet(arrival).await.unwrap()
    });
    for met in met.await {
        assert_eq!(met.told.values().map(|told| told.as_u64().unwrap()).collect::<Vec<_>>(), [0, 1, 2, 3]);
    }
    let met =
        on_all(&nodes, async |node, cluster: &Cluster| cluster.meet(arrival("one", "", node)).await.unwrap());
    let met = met.await;
    let starts: Vec<_> = met.iter().map(|met| met.starts_at).collect();
    let apart = starts.iter().max().unwrap().duration_since(*starts.iter().min().unwrap());
    assert!(apart < Duration::from_millis(500), "{apart:?}");
    assert!(met.iter().all(|met| met.told.len() == 1 && met.told[&0] == 0));
    let refused = on_all(&nodes, async |node, cluster: &Cluster| {
        let agree = if node == 2 { "20/s" } else { "10/s" };
        cluster.meet(arrival("load", agree, Value::Null)).await.unwrap_err().0
    });
    for sentence in refused.await {
        assert!(sentence.contains("`10/s`") && sentence.contains("node 2 (host-2) has `20/s`"), "{sentence}");
    }
}

#[tokio::test]
async fn a_load_is_merged_and_a_stop_reaches_all() {
    let nodes = nodes(3);
    let merged = on_all(&nodes, async |node, cluster: &Cluster| {
        let terms = LoadTerms { window_s: 1.0, tick_s: 0.2, wants_readings: node == 1 };
        let arrival = Arrival { load: Some(terms), ..arrival("load", "", Value::Null) };
        let ears = LoadEars { ended: Box::new(|_| {}), reading: Box::new(|_| {}) };
        cluster.begin(arrival, ears).await.unwrap();
        let mut figures = Figures::default();
        figures.counts.due = u64::from(node) + 1;
        figures.counts.ok = figures.counts.due;
        figures.response.record_n(1_000_000 * (u64::from(node) + 1), figures.counts.due);
        cluster.tell(Delta {
            load: "load".to_owned(),
            at_s: 0.2,
            phases: vec![(0, figures.clone())],
            ..Delta::default()
        });
        let phase = Phase { figures: figures.clone(), is_started: true, ..Phase::default() };
        let observation = Observation {
            load: "load".to_owned(),
            total: figures,
            phases: vec![phase],
            complete: true,
            ..Observation::default()
        };
        cluster.finish(Finished { observation, doubts: Vec::new() }).await.unwrap()
    });
    for merged in merged.await {
        assert_eq!((merged.total.counts.due, merged.nodes.len(), merged.complete), (6, 3, true));
    }
    *nodes[2].1.asked.lock().unwrap() = Some((StopReason::Memory, "the memory limit was reached".to_owned()));
    all_hear(&nodes, "stop: node 2 (host-2): the memory limit was reached").await;
    close(nodes).await;
}

#[tokio::test]
async fn a_stop_of_one_thing_reaches_all_and_what_was_heard_elsewhere_too() {
    let nodes = nodes(3);
    nodes[1].0.stop_one("case 4", StopReason::Memory, "too much");
    all_hear(&nodes, "stop of case 4: node 1 (host-1): too much").await;
    let word =
        StopWord { node: 1, reason: StopReason::Memory, sentence: "node 1 (host-1): too much".to_owned() };
    nodes[2].1.stopped_elsewhere.set(word).unwrap();
    all_hear(&nodes, "stop: node 1 (host-1): too much").await;
    close(nodes).await;
}

/// Without node 0 nobody merges: whoever hears that it is gone does not wait for it.
#[tokio::test]
async fn nobody_waits_for_a_node_0_that_was_killed() {
    let nodes = nodes(3);
    let word = StopWord { node: 0, reason: StopReason::Memory, sentence: "node 0: too much".to_owned() };
    let waiting = nodes[1].0.meet(arrival("never", "", Value::Null));
    nodes[1].1.stopped_elsewhere.set(word).unwrap();
    let answer = tokio::time::timeout(Duration::from_secs(3), waiting).await;
    assert_eq!(answer.expect("at once").unwrap_err().to_string(), "node 0: too much");
    close(nodes).await;
}

/// Waits until all have heard this.
async fn all_hear(nodes: &[(Cluster, Arc<Ears>)], sentence: &str) {
    let has_heard = |ears: &Ears| ears.heard.lock().unwrap().iter().any(|heard| heard == sentence);
    for _wait in 0..500 {
        if nodes.iter().all(|(_, ears)| has_heard(ears)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!(
        "{sentence}: {:?}",
        nodes.iter().map(|(_, ears)| ears.heard.lock().unwrap().clone()).collect::<Vec<_>>()
    );
}

async fn close(nodes: Vec<(Cluster, Arc<Ears>)>) {
    tokio::task::spawn_blocking(move || {
        let close = |(cluster, ears): (Cluster, Arc<Ears>)| {
            std::thread::spawn(move || {
                cluster.close();
                drop(ears);
            })
        };
        let closing: Vec<_> = nodes.into_iter().map(close).collect();
        closing.into_iter().for_each(|thread| thread.join().unwrap());
    })
    .await
    .unwrap();
}

#[test]
fn a_hundred_nodes_come_to_the_same_end() {
    let seen = simulate_cluster(100, 4, 20);
    assert_eq!((seen.nodes, seen.due), (100, 100 * 4 * 20));
    assert!(seen.times > 50 && seen.reading_bytes > 100, "{seen:?}");
}
