use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use super::{
    Access, Bus, BusError, Seat,
    clock::Times,
    coordinator::{Coordinator, To},
    lobby::as_token,
    member::Member,
    message::{Arrival, Delta, Down, Finished, LossRule, StopWord, Up, WhichNode},
};
use crate::{observe::Observation, stop::StopReason};

/// Between two looks at what is due.
const TICK: Duration = Duration::from_millis(20);

/// For the last words to arrive.
const FAREWELL: Duration = Duration::from_millis(2_500);

/// Who meets, and where.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Options {
    pub(crate) access: Access,
    /// What the subjects begin with: nobody else's.
    pub(crate) room: String,
    pub(crate) seat: Seat,
    /// Those that take part; the others were lost before.
    pub(crate) present: BTreeSet<u32>,
    pub(crate) rule: LossRule,
    /// From a stop to the end of what is waited for.
    pub(crate) after_stop: Duration,
}

/// Hears what happens to the cluster, and says why this node wants it to stop. Called from the session's thread.
pub(crate) trait Listener: Send + Sync {
    /// Why all should stop, if this node thinks so.
    fn asked(&self) -> Option<(StopReason, String)>;
    /// All are to stop.
    fn stopped(&self, word: &StopWord);
    /// A node is lost.
    fn lost(&self, node: u32, sentence: &str);
}

/// Hears what happens to one load.
pub(crate) struct LoadEars {
    /// It is to end, early or for a reason.
    pub(crate) ended: Box<dyn Fn(Option<StopReason>) + Send>,
    /// A reading of all nodes.
    pub(crate) reading: Box<dyn Fn(&Delta) + Send>,
}

/// Why a meeting did not take place.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ClusterError(pub(crate) String);

/// Everybody came.
#[derive(Debug, Clone)]
pub(crate) struct Met {
    /// The moment that was agreed on, for what is to begin everywhere at once.
    pub(crate) starts_at: Instant,
    /// What the nodes said: node 0 alone, or all where that was asked for.
    pub(crate) told: BTreeMap<u32, Value>,
}

type Answer<T> = oneshot::Sender<Result<T, ClusterError>>;

enum Command {
    Meet(Box<Arrival>, Option<LoadEars>, Answer<Met>),
    Delta(Box<Delta>),
    End(String, Option<StopReason>),
    Finish(Box<Finished>, Answer<Observation>),
    Close(oneshot::Sender<()>),
}

/// A node among others, while a run or a case lasts. What it does happens on a thread of its own, so that it is alive to
/// the others also when every worker of a case is busy.
pub(crate) struct Cluster {
    seat: Seat,
    commands: mpsc::UnboundedSender<Command>,
}

impl Cluster {
    /// Begins to listen.
    ///
    /// # Errors
    /// The bus cannot be used.
    pub(crate) fn start(options: Options, listener: Arc<dyn Listener>) -> Result<Self, BusError> {
        Self::on(None, options, listener)
    }

    pub(super) fn on(bus: Option<Bus>, options: Options, listener: Arc<dyn Listener>) -> Result<Self, BusError> {
        let (commands, heard) = mpsc::unbounded_channel();
        let (ready, is_ready) = std::sync::mpsc::channel();
        let seat = options.seat.clone();
        let thread = thread::Builder::new().name("proofload-cluster".to_owned());
        let spawned = thread.spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            if let Ok(runtime) = runtime {
                runtime.block_on(serve(bus, options, listener, heard, ready));
            }
        });
        drop(spawned.map_err(BusError::Thread)?);
        let gone = |_| BusError::Thread(std::io::Error::other("it ended before it had begun"));
        is_ready.recv().map_err(gone)??;
        Ok(Self { seat, commands })
    }

    pub(crate) const fn seat(&self) -> &Seat {
        &self.seat
    }

    /// Waits until all nodes have come to the same meeting.
    ///
    /// # Errors
    /// It does not take place: a node is lost, has something else to agree on, or went a different way.
    pub(crate) async fn meet(&self, arrival: Arrival) -> Result<Met, ClusterError> {
        self.ask(|answer| Command::Meet(Box::new(arrival), None, answer)).await
    }

    /// The same for a load.
    ///
    /// # Errors
    /// As [`Cluster::meet`].
    pub(crate) async fn begin(&self, arrival: Arrival, ears: LoadEars) -> Result<Met, ClusterError> {
        self.ask(|answer| Command::Meet(Box::new(arrival), Some(ears), answer)).await
    }

    /// Tells what happened here in a load; numbered on its way.
    pub(crate) fn tell(&self, delta: Delta) {
        let _ended = self.commands.send(Command::Delta(Box::new(delta)));
    }

    /// Ends a load on all nodes, as planned where there is no reason.
    pub(crate) fn end(&self, load: &str, reason: Option<StopReason>) {
        let _ended = self.commands.send(Command::End(load.to_owned(), reason));
    }

    /// This node's part of a load is over: waits for what happened on all.
    ///
    /// # Errors
    /// Node 0 is not there to say so.
    pub(crate) async fn finish(&self, finished: Finished) -> Result<Observation, ClusterError> {
        self.ask(|answer| Command::Finish(Box::new(finished), answer)).await
    }

    async fn ask<T>(&self, command: impl FnOnce(Answer<T>) -> Command) -> Result<T, ClusterError> {
        let (answer, answered) = oneshot::channel();
        let over = || ClusterError("the meeting of the nodes is over".to_owned());
        self.commands.send(command(answer)).map_err(|_| over())?;
        answered.await.unwrap_or_else(|_| Err(over()))
    }

    /// [`Cluster::meet`] for code that is not async.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn meet_here(&self, arrival: Arrival) -> Result<Met, ClusterError> {
        let (answer, answered) = oneshot::channel();
        let over = || ClusterError("the meeting of the nodes is over".to_owned());
        self.commands.send(Command::Meet(Box::new(arrival), None, answer)).map_err(|_| over())?;
        answered.blocking_recv().unwrap_or_else(|_| Err(over()))
    }

    /// Takes leave: what was said has arrived then, as far as anybody is there. Not for async code.
    pub(crate) fn close(&self) {
        let (done, is_done) = oneshot::channel();
        if self.commands.send(Command::Close(done)).is_ok() {
            let _gone = is_done.blocking_recv();
        }
    }
}

/// The subjects of a room.
struct Subjects {
    /// What nodes say to node 0.
    up: String,
    /// What node 0 says to all.
    all: String,
    room: String,
}

impl Subjects {
    fn of(room: &str) -> Self {
        let room = format!("proofload.{}", room.split('.').map(as_token).collect::<Vec<_>>().join("."));
        Self { up: format!("{room}.up"), all: format!("{room}.all"), room }
    }

    /// What node 0 says to one.
    fn to(&self, node: u32) -> String {
        format!("{}.to.{node}", self.room)
    }
}

async fn serve(
    bus: Option<Bus>,
    options: Options,
    listener: Arc<dyn Listener>,
    mut commands: mpsc::UnboundedReceiver<Command>,
    ready: std::sync::mpsc::Sender<Result<(), BusError>>,
) {
    let subjects = Subjects::of(&options.room);
    let node = options.seat.node;
    let connect = async {
        let bus = match bus {
            Some(bus) => bus,
            None => Bus::connect(&options.access, &format!("proofload {} node {node}", options.room)).await?,
        };
        let [one, other] = match node {
            // It hears nothing of what it tells the others.
            0 => [subjects.up.clone(), subjects.to(0)],
            _ => [subjects.all.clone(), subjects.to(node)],
        };
        Ok((bus.subscribe(&one).await?, bus.subscribe(&other).await?, bus))
    };
    let (mut one, mut other, bus) = match connect.await {
        Ok(connected) => connected,
        Err(error) => return drop(ready.send(Err(error))),
    };
    let _unheard = ready.send(Ok(()));
    let mut here = Here::new(options, listener);
    let mut tick = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            Some(bytes) = one.next() => here.hear(&bytes),
            Some(bytes) = other.next() => here.hear(&bytes),
            command = commands.recv() => match command {
                Some(command) => here.obey(command),
                // Nobody is left who could ask for anything.
                None => here.leave(None),
            },
            _ = tick.tick() => here.tick(),
        }
        for (to, bytes) in here.take_out() {
            let subject = match to {
                None => subjects.up.clone(),
                Some(To::All) => subjects.all.clone(),
                Some(To::Node(node)) => subjects.to(node),
            };
            bus.publish(&subject, bytes).await;
        }
        if here.is_done() {
            bus.flush().await;
            return;
        }
    }
}

/// Either end of the meeting.
enum Role {
    First(Box<Coordinator>),
    Other(Box<Member>),
}

/// What this node knows and waits for.
struct Here {
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
    /// Why nobody can be met any more.
    over: Option<String>,
    /// Until when to wait for the last words, and whom to tell.
    leaving: Option<(Instant, Option<oneshot::Sender<()>>)>,
}

impl Here {
    fn new(options: Options, listener: Arc<dyn Listener>) -> Self {
        let Options { seat, present, rule, after_stop, .. } = options;
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

    fn obey(&mut self, command: Command) {
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

    fn leave(&mut self, done: Option<oneshot::Sender<()>>) {
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

    fn hear(&mut self, bytes: &[u8]) {
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
            Down::End { load, reason } => {
                if let Some(ears) = self.ears.get(&load) {
                    (ears.ended)(reason);
                }
            }
            Down::Lost { node, sentence } => self.listener.lost(node, &sentence),
            Down::Over => self.end("the case is over for node 0".to_owned()),
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
        let word = StopWord { node: self.seat.node, reason: StopReason::NodeLost, sentence: sentence.clone() };
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

    fn tick(&mut self) {
        if !self.has_asked
            && let Some((reason, sentence)) = self.listener.asked()
        {
            self.has_asked = true;
            let node = self.seat.node;
            let sentence = format!("{}: {sentence}", WhichNode(node, &self.seat.hosts));
            self.say(Up::Stop(StopWord { node, reason, sentence }));
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
    fn take_out(&mut self) -> Vec<(Option<To>, Vec<u8>)> {
        if let Role::First(coordinator) = &mut self.role {
            let (packets, told) = coordinator.take_out();
            self.packets.extend(packets.into_iter().map(|(to, bytes)| (Some(to), bytes)));
            told.into_iter().for_each(|word| self.told(word));
        }
        std::mem::take(&mut self.packets)
    }

    /// Whether it is time to go: told if so.
    fn is_done(&mut self) -> bool {
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
