//! Many nodes in one process, on a clock that is made to pass: what meeting and merging cost node 0.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use super::{
    bus::MemoryBus,
    clock::Times,
    coordinator::{Coordinator, To},
    member::Member,
    message::{Arrival, Delta, Down, Finished, LoadTerms, LossRule, Up},
};
use crate::observe::{Figures, Observation, Phase};

/// The load's name.
const LOAD: &str = "load";

/// Between two rounds of words.
const STEP_NS: u64 = 20_000_000;

/// What a load on so many nodes cost node 0, in time of one core.
#[derive(Debug, Clone)]
pub struct SimulatedCluster {
    /// Nodes, node 0 among them.
    pub nodes: u32,
    /// For one barrier: all arrivals, and the word to go on.
    pub barrier: Duration,
    /// For one reading of one node: decoded, merged, and part of the reading of all.
    pub reading: Duration,
    /// The length of such a word.
    pub reading_bytes: usize,
    /// For the ends of all nodes, until all have the merged observation.
    pub end: Duration,
    /// Operations of the merged observation.
    pub due: u64,
    /// Distinct times in its histogram.
    pub times: usize,
}

/// The nodes and what they say to each other.
struct World {
    now_ns: u64,
    bus: MemoryBus,
    coordinator: Coordinator,
    members: Vec<Member>,
    ears: Vec<super::bus::Ear>,
    up: super::bus::Ear,
    /// Time that node 0 worked.
    worked: Duration,
    /// Words that node 0 told itself.
    told: Vec<Down>,
    /// Words of the others that were heard, by kind.
    heard_go: usize,
    merged: Vec<Observation>,
}

impl World {
    fn of(nodes: u32) -> Self {
        let bus = MemoryBus::default();
        let present: BTreeSet<u32> = (0..nodes).collect();
        let hosts = (0..nodes).map(|node| format!("host-{node}")).collect();
        let after_stop = Duration::from_secs(2);
        Self {
            now_ns: 1_000_000_000,
            coordinator: Coordinator::new(hosts, &present, LossRule::Stop, after_stop, 1_000_000_000),
            members: (1..nodes).map(|node| Member::new(node, 1_000_000_000)).collect(),
            ears: (1..nodes).map(|node| bus.ear(&["all", &format!("to.{node}")])).collect(),
            up: bus.ear(&["up"]),
            bus,
            worked: Duration::ZERO,
            told: Vec::new(),
            heard_go: 0,
            merged: Vec::new(),
        }
    }

    fn now(&self) -> Times {
        Times { running_ns: self.now_ns, wall_ns: self.now_ns as i64 }
    }

    /// A node says something.
    fn say(&mut self, node: u32, word: Up) -> usize {
        let now_ns = self.now_ns;
        match node.checked_sub(1) {
            None => {
                let began = Instant::now();
                self.coordinator.take(0, word, now_ns);
                self.worked += began.elapsed();
                0
            }
            Some(at) => {
                let packets = self.members[at as usize].say(&word, now_ns);
                let bytes = packets.iter().map(Vec::len).sum();
                packets.iter().for_each(|packet| self.bus.send("up", packet));
                bytes
            }
        }
    }

    /// Time passes, and everything that was said arrives.
    fn step(&mut self) {
        self.now_ns += STEP_NS;
        let now = self.now();
        for member in &mut self.members {
            member.tick(now).iter().for_each(|packet| self.bus.send("up", packet));
        }
        let began = Instant::now();
        while let Some(bytes) = self.up.next() {
            self.coordinator.hear(&bytes, now);
        }
        self.coordinator.tick(now);
        let (packets, told) = self.coordinator.take_out();
        self.worked += began.elapsed();
        self.told.extend(told);
        for (to, packet) in packets {
            match to {
                To::All => self.bus.send("all", &packet),
                To::Node(node) => self.bus.send(&format!("to.{node}"), &packet),
            }
        }
        for (member, ear) in self.members.iter_mut().zip(&mut self.ears) {
            while let Some(bytes) = ear.next() {
                match member.hear(&bytes, now) {
                    Some(Down::Go { .. }) => self.heard_go += 1,
                    Some(Down::Merged(merged)) => self.merged.push(*merged),
                    _ => {}
                }
            }
        }
    }

    /// The time that node 0 has worked since it was asked last.
    fn work(&mut self) -> Duration {
        std::mem::take(&mut self.worked)
    }
}

/// What a node did between two readings: times as a target gives them, in some hundred buckets.
fn figures(node: u32, reading: u32, operations: u64) -> Figures {
    let mut figures = Figures::default();
    figures.counts.due = operations;
    figures.counts.ok = operations;
    for operation in 0..operations {
        let spread = (operation * 37 + u64::from(node) * 11 + u64::from(reading) * 5) % 400;
        let ns = 2_000_000 + spread * spread * 120;
        figures.response.record_n(ns, 1);
        figures.service.record_n(ns, 1);
        figures.lateness.record_n(20_000 + spread * 100, 1);
    }
    figures
}

/// A load of `readings` fifths of a second on `nodes` nodes, each with so many operations in a reading.
///
/// # Panics
/// When the nodes do not come to the same end: that would be a mistake of ours.
pub fn simulate_cluster(nodes: u32, readings: u32, operations: u64) -> SimulatedCluster {
    let mut world = World::of(nodes);
    (0..30).for_each(|_| world.step());
    world.work();
    let terms = LoadTerms { window_s: 1.0, tick_s: 0.2, wants_readings: false };
    for node in 0..nodes {
        let arrival = Arrival {
            key: LOAD.to_owned(),
            agree: "100/s for 10 s".to_owned(),
            load: Some(terms),
            ..Arrival::default()
        };
        world.say(node, Up::Arrive(arrival));
    }
    while world.heard_go < nodes as usize - 1 {
        world.step();
    }
    let barrier = world.work();
    let (mut reading_bytes, mut wholes) = (0, vec![Figures::default(); nodes as usize]);
    for reading in 1..=readings {
        for node in 0..nodes {
            let figures = figures(node, reading, operations);
            wholes[node as usize].merge(&figures);
            let at_s = f64::from(reading) * 0.2;
            let end_s = f64::from(readings) * 0.2;
            reading_bytes = reading_bytes.max(world.say(
                node,
                Up::Delta(Box::new(Delta {
                    load: LOAD.to_owned(),
                    number: reading.into(),
                    at_s,
                    in_flight: 3,
                    phases: vec![(0, figures)],
                    tags: Vec::new(),
                    spans: vec![Some((0.0, Some(end_s)))],
                    end_s: Some(end_s),
                })),
            ));
        }
        world.step();
    }
    let merging = world.work();
    for (node, whole) in (0..nodes).zip(wholes) {
        let phase = Phase { is_started: true, figures: whole.clone(), ..Phase::default() };
        let observation = Observation {
            load: LOAD.to_owned(),
            total: whole,
            phases: vec![phase],
            complete: true,
            ..Observation::default()
        };
        world.say(node, Up::Finished(Box::new(Finished { observation, doubts: Vec::new() })));
    }
    while world.merged.len() < nodes as usize - 1 {
        world.step();
    }
    let end = world.work();
    let merged = world.told.into_iter().find_map(|word| match word {
        Down::Merged(merged) => Some(merged),
        _ => None,
    });
    let merged = merged.expect("node 0 is told what all are told");
    assert!(
        world.merged.iter().all(|other| other.total.response == merged.total.response),
        "all have the same"
    );
    SimulatedCluster {
        nodes,
        barrier,
        reading: merging / (nodes * readings).max(1),
        reading_bytes,
        end,
        due: merged.total.counts.due,
        times: merged.total.response.recorded().len(),
    }
}
