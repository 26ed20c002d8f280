use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{
    barrier::{Barriers, Present, Settled},
    clock::{Offset, Times},
    lease::Lease,
    link::{Inbox, Outbox, Piece},
    merge::Merging,
    message::{
        Arrival, Beat, Down, DownHead, LossRule, Pong, StopWord, Up, UpHead, WhichNode, as_bytes, packet,
        unpacked,
    },
};
use crate::{observe::NodeShare, stop::StopReason};

/// From the moment in which the last node came to the start of a load: all have heard of it by then.
const LEAD_NS: u64 = 100_000_000;

/// And not longer than this, however long a word takes.
const LONGEST_LEAD_NS: u64 = 2_000_000_000;

/// To whom something goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum To {
    All,
    Node(u32),
}

/// Node 0's end of a meeting: hears all, decides, tells all.
#[derive(Debug)]
pub(super) struct Coordinator {
    hosts: Vec<String>,
    rule: LossRule,
    /// From a stop to the end of what is waited for.
    after_stop_ns: u64,
    peers: BTreeMap<u32, Peer>,
    outbox: Outbox,
    barriers: Barriers,
    /// Node 0 itself, and those that are neither lost nor done.
    present: BTreeSet<u32>,
    left: BTreeSet<u32>,
    loads: BTreeMap<String, Merging>,
    /// The first stop, and when it was said.
    stop: Option<(StopWord, u64)>,
    packets: Vec<(To, Vec<u8>)>,
    /// What node 0 is told itself.
    told: Vec<Down>,
}

/// What is known of another node.
#[derive(Debug)]
struct Peer {
    inbox: Inbox,
    lease: Lease,
    /// What has arrived there.
    confirmed: u64,
    offset: Option<Offset>,
    is_lost: bool,
}

impl Coordinator {
    pub(super) fn new(
        hosts: Vec<String>,
        present: &BTreeSet<u32>,
        rule: LossRule,
        after_stop: Duration,
        now_ns: u64,
    ) -> Self {
        let peer = |node: &u32| {
            let lease = Lease::new(now_ns);
            (*node, Peer { inbox: Inbox::default(), lease, confirmed: 0, offset: None, is_lost: false })
        };
        Self {
            hosts,
            rule,
            after_stop_ns: u64::try_from(after_stop.as_nanos()).unwrap_or(u64::MAX >> 1),
            peers: present.iter().filter(|node| **node != 0).map(peer).collect(),
            outbox: Outbox::default(),
            barriers: Barriers::default(),
            present: present.clone(),
            left: BTreeSet::new(),
            loads: BTreeMap::new(),
            stop: None,
            packets: Vec::new(),
            told: Vec::new(),
        }
    }

    /// Takes in what came from another node.
    pub(super) fn hear(&mut self, bytes: &[u8], now: Times) {
        let Some((head, body)) = unpacked::<UpHead>(bytes) else { return };
        let Some(peer) = self.peers.get_mut(&head.node) else { return };
        peer.lease.heard(now.running_ns);
        // Before what is said is taken in, so that the answer to a beat confirms it.
        let word = head.piece.and_then(|number| peer.inbox.take(number, body));
        if let Some(beat) = head.beat {
            self.answer(head.node, beat, now);
        }
        if let Some(word) = word.and_then(|word| serde_json::from_slice(&word).ok()) {
            self.take(head.node, word, now.running_ns);
        }
    }

    fn answer(&mut self, node: u32, beat: Beat, now: Times) {
        let Some(peer) = self.peers.get_mut(&node) else { return };
        peer.confirmed = peer.confirmed.max(beat.confirmed);
        peer.offset = beat.offset.or(peer.offset);
        let pong =
            Pong { sent: beat.sent, theirs: now, confirmed: peer.inbox.taken(), is_lost: peer.is_lost };
        self.packets.push((To::Node(node), packet(&DownHead { pong: Some(pong), piece: None }, &[])));
        // Whoever is gone confirms nothing any more.
        let present = self.peers.iter().filter(|(node, peer)| !peer.is_lost && !self.left.contains(node));
        let arrived = present.map(|(_, peer)| peer.confirmed).min();
        if let Some(arrived) = arrived {
            self.outbox.confirm(arrived, now.running_ns);
        }
    }

    /// Takes in what a node says, node 0 among them.
    pub(super) fn take(&mut self, node: u32, word: Up, now_ns: u64) {
        if self.peers.get(&node).is_some_and(|peer| peer.is_lost) {
            return;
        }
        match word {
            Up::Arrive(arrival) => self.arrive(node, arrival, now_ns),
            Up::Delta(delta) => {
                let load = delta.load.clone();
                if let Some(merging) = self.loads.get_mut(&load) {
                    merging.take(node, *delta);
                }
                self.read(&load, now_ns);
            }
            Up::Finished(finished) => {
                let load = finished.observation.load.clone();
                if let Some(merging) = self.loads.get_mut(&load) {
                    merging.finish(node, *finished);
                }
                self.read(&load, now_ns);
                self.merge(&load, now_ns);
            }
            Up::Stop(word) => self.stop(word, now_ns),
            Up::StopOne { key, word } => self.tell(Down::StopOne { key, word }, now_ns),
            Up::End { load, reason } => self.tell(Down::End { load, reason }, now_ns),
            Up::Left => {
                self.left.insert(node);
                self.loads
                    .values_mut()
                    .for_each(|load| load.lose(node, "its case ended before the load did"));
                self.go_on_without(now_ns);
            }
        }
    }

    fn arrive(&mut self, node: u32, arrival: Arrival, now_ns: u64) {
        if let Some(terms) = arrival.load {
            let present = &self.present;
            let merging = self
                .loads
                .entry(arrival.key.clone())
                .or_insert_with(|| Merging::new(&arrival.key, terms, present.iter().copied()));
            // What any of them wants to hear goes to all.
            merging.wants_readings(terms.wants_readings);
        }
        self.barriers.arrive(node, arrival, now_ns);
        self.settle(now_ns);
    }

    fn settle(&mut self, now_ns: u64) {
        let has_ended = self.stop.as_ref().filter(|(_, at_ns)| now_ns >= at_ns + self.after_stop_ns);
        let present = Present {
            nodes: &self.present,
            left: &self.left,
            refuse: has_ended.map(|(word, _)| word.sentence.as_str()),
            hosts: &self.hosts,
        };
        for Settled { key, outcome } in self.barriers.settle(present, now_ns) {
            let word = match outcome {
                Ok(arrived) => {
                    Down::Go { at_ns: now_ns + self.lead_ns(), told: Settled::told(&arrived), key }
                }
                Err(sentence) => {
                    self.loads.remove(&key);
                    Down::Refused { key, sentence }
                }
            };
            self.tell(word, now_ns);
        }
    }

    /// Until everybody has heard of a start.
    fn lead_ns(&self) -> u64 {
        let bounds = self.peers.values().filter_map(|peer| peer.offset.map(|offset| offset.bound_ns));
        (LEAD_NS + 8 * bounds.max().unwrap_or(0)).min(LONGEST_LEAD_NS)
    }

    /// Tells what has happened on all nodes since the last reading.
    fn read(&mut self, load: &str, now_ns: u64) {
        let Some(merging) = self.loads.get_mut(load) else { return };
        let Some(reading) = merging.reading() else { return };
        match merging.terms().wants_readings {
            true => self.tell(Down::Reading(Box::new(reading)), now_ns),
            false => self.told.push(Down::Reading(Box::new(reading))),
        }
    }

    fn merge(&mut self, load: &str, now_ns: u64) {
        if !self.loads.get(load).is_some_and(Merging::is_complete) {
            return;
        }
        let Some(merging) = self.loads.remove(load) else { return };
        let share = |node: u32| {
            let offset = self.peers.get(&node).and_then(|peer| peer.offset).unwrap_or_default();
            NodeShare {
                node,
                host: self.hosts.get(node as usize).cloned().unwrap_or_default(),
                clock_offset_us: offset.wall_ns as f64 / 1e3,
                clock_bound_us: offset.bound_ns as f64 / 1e3,
                ..NodeShare::default()
            }
        };
        // Without node 0 there is nobody to ask for it.
        let Some(merged) = merging.merged(share) else { return };
        // What each node did in each second is for the report, which node 0 writes.
        let mut for_others = merged.clone();
        for_others.nodes.iter_mut().for_each(|share| share.timeline.clear());
        self.send(&Down::Merged(Box::new(for_others)), now_ns);
        self.told.push(Down::Merged(Box::new(merged)));
    }

    fn stop(&mut self, word: StopWord, now_ns: u64) {
        if self.stop.is_none() {
            self.stop = Some((word.clone(), now_ns));
            self.tell(Down::Stop(word), now_ns);
        }
    }

    fn lose(&mut self, node: u32, silence_ns: u64, now_ns: u64) {
        if let Some(peer) = self.peers.get_mut(&node) {
            peer.is_lost = true;
        }
        self.present.remove(&node);
        let which = WhichNode(node, &self.hosts);
        let seconds = silence_ns / 1_000_000_000;
        let sentence = format!("{which} was lost: nothing was heard of it for {seconds} s");
        self.loads.values_mut().for_each(|load| load.lose(node, &sentence));
        self.tell(Down::Lost { node, sentence: sentence.clone() }, now_ns);
        let is_alone = self.present.len() == 1;
        if self.rule == LossRule::Stop || is_alone {
            self.stop(StopWord { node, reason: StopReason::NodeLost, sentence }, now_ns);
        }
        self.go_on_without(now_ns);
    }

    /// Nobody waits any more for a node that was just lost or has left.
    fn go_on_without(&mut self, now_ns: u64) {
        let loads: Vec<String> = self.loads.keys().cloned().collect();
        for load in loads {
            self.read(&load, now_ns);
            self.merge(&load, now_ns);
        }
        self.settle(now_ns);
    }

    /// Looks who is silent, ends what a stop has made pointless, and sends again what has not arrived.
    pub(super) fn tick(&mut self, now: Times) {
        let now_ns = now.running_ns;
        let silent: Vec<(u32, u64)> = self
            .peers
            .iter()
            .filter(|(node, peer)| !peer.is_lost && !self.left.contains(node))
            .filter_map(|(node, peer)| Some((*node, peer.lease.silence_ns(now_ns)?)))
            .collect();
        silent.into_iter().for_each(|(node, silence_ns)| self.lose(node, silence_ns, now_ns));
        if self.stop.as_ref().is_some_and(|(_, at_ns)| now_ns >= at_ns + self.after_stop_ns) {
            self.give_up_waiting(now_ns);
        }
        self.settle(now_ns);
        let again: Vec<Piece> = self.outbox.again(now_ns);
        again.iter().for_each(|piece| self.pack(piece));
    }

    /// A stop leaves no time to wait for those that do not tell their end.
    fn give_up_waiting(&mut self, now_ns: u64) {
        let loads: Vec<String> = self.loads.keys().cloned().collect();
        for load in loads {
            let Some(merging) = self.loads.get_mut(&load) else { continue };
            for node in merging.awaited().into_iter().filter(|node| *node != 0) {
                merging.lose(node, "it had not told its end when the run was stopped");
            }
            self.merge(&load, now_ns);
        }
    }

    /// Tells everybody, node 0 too.
    fn tell(&mut self, word: Down, now_ns: u64) {
        self.send(&word, now_ns);
        self.told.push(word);
    }

    fn send(&mut self, word: &Down, now_ns: u64) {
        if self.peers.values().all(|peer| peer.is_lost) {
            return;
        }
        let pieces = self.outbox.send(&as_bytes(word), now_ns);
        pieces.iter().for_each(|piece| self.pack(piece));
    }

    fn pack(&mut self, piece: &Piece) {
        self.packets
            .push((To::All, packet(&DownHead { pong: None, piece: Some(piece.number) }, &piece.bytes)));
    }

    /// Node 0's case is over: nobody is answered any more.
    pub(super) fn end(&mut self, now_ns: u64) {
        self.send(&Down::Over, now_ns);
    }

    /// Whether everybody who is there has heard everything.
    pub(super) fn is_heard(&self) -> bool {
        let is_gone = |(node, peer): (&u32, &Peer)| peer.is_lost || self.left.contains(node);
        self.outbox.is_empty() || self.peers.iter().all(is_gone)
    }

    /// What is to be sent, and what node 0 is told.
    pub(super) fn take_out(&mut self) -> (Vec<(To, Vec<u8>)>, Vec<Down>) {
        (std::mem::take(&mut self.packets), std::mem::take(&mut self.told))
    }
}
