use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::{
    ClusterError, Listener, LoadEars, Met, Options, Seat,
    clock::Times,
    coordinator::{Coordinator, To},
    member::Member,
    message::{Down, StopWord, Up, WhichNode},
    session::{Answer, Command},
};
use crate::{observe::Observation, stop::StopReason};

/// For the last words to arrive.
const FAREWELL: Duration = Duration::from_millis(2_500);

/// Either end of the meeting.
enum Role {
    First(Box<Coordinator>),
    Other(Box<Member>),
}

/// What this node knows and waits for.
pub(super) struct Here {
    origin: Instant,
    seat: Seat,
    role: Role,
    listener: Arc<dyn Listener>,
    meeting: BTreeMap<String, Answer<Met>>,
    finishing: BTreeMap<String, Answer<Observation>>,
    ears: BTreeMap<String, LoadEars>,
    numbers: BTreeMap<String, u64>,
    /// What is said once the clocks are compared: a start means nothing before.
    held: Vec<Up>,
    packets: Vec<(Option<To>, Vec<u8>)>,
    has_asked: bool,
    stopped_elsewhere: Arc<OnceLock<StopWord>>,
    /// Why nobody can be met any more.
    over: Option<String>,
    /// Until when to wait for the last words, and whom to tell.
    leaving: Option<(Instant, Option<oneshot::Sender<()>>)>,
}

impl Here {
    pub(super) fn new(options: Options, listener: Arc<dyn Listener>) -> Self {
        let Options { seat, present, rule, after_stop, stopped_elsewhere, .. } = options;
        let role = match seat.node {
            0 => Role::First(Box::new(Coordinator::new(seat.hosts.clone(), &present, rule, after_stop, 0))),
            node => Role::Other(Box::new(Member::new(node, 0))),
        };
        Self {
            origin: Instant::now(),
            seat,
            role,
            listener,
            meeting: BTreeMap::new(),
            finishing: BTreeMap::new(),
            ears: BTreeMap::new(),
            numbers: BTreeMap::new(),
            held: Vec::new(),
            packets: Vec::new(),
            has_asked: false,
            stopped_elsewhere,
            over: None,
            leaving: None,
        }
    }

    fn now(&self) -> Times {
        let wall = std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_nanos());
        Times {
            running_ns: u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX),
            wall_ns: i64::try_from(wall).unwrap_or(i64::MAX),
        }
    }

    fn say(&mut self, word: Up) {
        let now = self.now();
        match &mut self.role {
            Role::First(coordinator) => coordinator.take(0, word, now.running_ns),
            Role::Other(member) if member.offset(now.running_ns).is_none() => self.held.push(word),
            Role::Other(member) => {
                let packets = member.say(&word, now.running_ns);
                self.packets.extend(packets.into_iter().map(|bytes| (None, bytes)));
            }
        }
    }

    pub(super) fn obey(&mut self, command: Command) {
        match command {
            Command::Meet(arrival, ears, answer) => {
                if let Some(sentence) = &self.over {
                    let _gone = answer.send(Err(ClusterError(sentence.clone())));
                    return;
                }
                if let Some(ears) = ears {
                    self.ears.insert(arrival.key.clone(), ears);
                }
                self.meeting.insert(arrival.key.clone(), answer);
                self.say(Up::Arrive(*arrival));
            }
            Command::Delta(mut delta) => {
                let number = self.numbers.entry(delta.load.clone()).or_default();
                *number += 1;
                delta.number = *number;
                self.say(Up::Delta(delta));
            }
            Command::End(load, reason) => self.say(Up::End { load, reason }),
            Command::StopOne { key, reason, sentence } => {
                let word = self.word(reason, &sentence);
                self.say(Up::StopOne { key, word });
            }
            Command::Finish(finished, answer) => {
                if let Some(sentence) = &self.over {
                    let _gone = answer.send(Err(ClusterError(sentence.clone())));
                    return;
                }
                self.finishing.insert(finished.observation.load.clone(), answer);
                self.say(Up::Finished(finished));
            }
            Command::Close(done) => self.leave(Some(done)),
        }
    }

    pub(super) fn leave(&mut self, done: Option<oneshot::Sender<()>>) {
        if self.leaving.is_some() {
            return;
        }
        self.leaving = Some((Instant::now() + FAREWELL, done));
        self.say(Up::Left);
        let now_ns = self.now().running_ns;
        if let Role::First(coordinator) = &mut self.role {
            coordinator.end(now_ns);
        }
    }

    pub(super) fn hear(&mut self, bytes: &[u8]) {
        let now = self.now();
        match &mut self.role {
            Role::First(coordinator) => coordinator.hear(bytes, now),
            Role::Other(member) => {
                let told = member.hear(bytes, now);
                if member.was_given_up() && self.over.is_none() {
                    let which = WhichNode(self.seat.node, &self.seat.hosts).to_string();
                    self.alone(format!("{which} was silent for too long: node 0 has given it up"));
                }
                told.into_iter().for_each(|word| self.told(word));
            }
        }
    }

    fn told(&mut self, word: Down) {
        match word {
            Down::Go { key, at_ns, told } => {
                let starts_at = self.here(at_ns);
                if let Some(answer) = self.meeting.remove(&key) {
                    let _gone = answer.send(Ok(Met { starts_at, told }));
                }
            }
            Down::Refused { key, sentence } => {
                self.ears.remove(&key);
                if let Some(answer) = self.meeting.remove(&key) {
                    let _gone = answer.send(Err(ClusterError(sentence)));
                }
            }
            Down::Reading(reading) => {
                if let Some(ears) = self.ears.get(&reading.load) {
                    (ears.reading)(&reading);
                }
            }
            Down::Merged(observation) => {
                self.ears.remove(&observation.load);
                if let Some(answer) = self.finishing.remove(&observation.load) {
                    let _gone = answer.send(Ok(*observation));
                }
            }
            Down::Stop(word) => self.listener.stopped(&word),
            Down::StopOne { key, word } => self.listener.stopped_one(&key, &word),
            Down::End { load, reason } => {
                if let Some(ears) = self.ears.get(&load) {
                    (ears.ended)(reason);
                }
            }
            Down::Lost { node, sentence } => self.listener.lost(node, &sentence),
            Down::Over => {
                let sentence = format!("the case is over for {}", WhichNode(0, &self.seat.hosts));
                if !self.ears.is_empty() {
                    let sentence = format!("{sentence}, and a load was running");
                    self.listener.stopped(&StopWord { node: 0, reason: StopReason::OtherNode, sentence });
                }
                self.end(sentence);
            }
        }
    }

    /// A moment of node 0's running clock, here.
    fn here(&self, at_ns: u64) -> Instant {
        let now_ns = self.now().running_ns;
        let offset = match &self.role {
            Role::First(_) => None,
            Role::Other(member) => member.offset(now_ns),
        };
        let here_ns = at_ns as i64 - offset.map_or(0, |offset| offset.running_ns);
        self.origin + Duration::from_nanos(here_ns.max(0) as u64)
    }

    /// This node cannot be part of it any more: it stops its own load.
    fn alone(&mut self, sentence: String) {
        let word =
            StopWord { node: self.seat.node, reason: StopReason::NodeLost, sentence: sentence.clone() };
        self.listener.stopped(&word);
        self.end(sentence);
    }

    fn end(&mut self, sentence: String) {
        let error = ClusterError(sentence.clone());
        self.over.get_or_insert(sentence);
        for answer in std::mem::take(&mut self.meeting).into_values() {
            let _gone = answer.send(Err(error.clone()));
        }
        for answer in std::mem::take(&mut self.finishing).into_values() {
            let _gone = answer.send(Err(error.clone()));
        }
    }

    /// Says why all should stop, if there is a reason.
    fn ask(&mut self) {
        if let Some(word) = self.stopped_elsewhere.get().cloned() {
            self.has_asked = true;
            let is_first_gone = word.node == 0 && word.reason.leaves_no_time();
            let sentence = word.sentence.clone();
            self.say(Up::Stop(word));
            if is_first_gone {
                // Nobody is left who could merge anything.
                self.end(sentence);
            }
        } else if let Some((reason, sentence)) = self.listener.asked() {
            self.has_asked = true;
            let word = self.word(reason, &sentence);
            self.say(Up::Stop(word));
        }
    }

    /// What this node says to all.
    fn word(&self, reason: StopReason, sentence: &str) -> StopWord {
        let node = self.seat.node;
        StopWord { node, reason, sentence: format!("{}: {sentence}", WhichNode(node, &self.seat.hosts)) }
    }

    pub(super) fn tick(&mut self) {
        if !self.has_asked {
            self.ask();
        }
        let now = self.now();
        match &mut self.role {
            Role::First(coordinator) => coordinator.tick(now),
            Role::Other(member) => {
                self.packets.extend(member.tick(now).into_iter().map(|bytes| (None, bytes)));
                if self.over.is_none()
                    && self.leaving.is_none()
                    && let Some(silence_ns) = member.silence_ns(now.running_ns)
                {
                    let never = if member.has_heard() { "" } else { " ever" };
                    let which = WhichNode(self.seat.node, &self.seat.hosts);
                    self.alone(format!(
                        "{which} has not heard node 0{never} for {} s: the broker, the network or node 0 is gone",
                        silence_ns / 1_000_000_000
                    ));
                }
            }
        }
        let is_compared = match &self.role {
            Role::First(_) => false,
            Role::Other(member) => member.offset(now.running_ns).is_some(),
        };
        if is_compared {
            std::mem::take(&mut self.held).into_iter().for_each(|word| self.say(word));
        }
    }

    /// What is to be sent; what node 0 told itself is taken in on the way.
    pub(super) fn take_out(&mut self) -> Vec<(Option<To>, Vec<u8>)> {
        if let Role::First(coordinator) = &mut self.role {
            let (packets, told) = coordinator.take_out();
            self.packets.extend(packets.into_iter().map(|(to, bytes)| (Some(to), bytes)));
            told.into_iter().for_each(|word| self.told(word));
        }
        std::mem::take(&mut self.packets)
    }

    /// Whether it is time to go: told if so.
    pub(super) fn is_done(&mut self) -> bool {
        let is_heard = match &self.role {
            Role::First(coordinator) => coordinator.is_heard(),
            Role::Other(member) => self.over.is_some() || (self.held.is_empty() && member.is_heard()),
        };
        let is_done = self.leaving.as_ref().is_some_and(|(until, _)| is_heard || Instant::now() > *until);
        if is_done && let Some((_, Some(done))) = self.leaving.take() {
            let _gone = done.send(());
        }
        is_done
    }
}
