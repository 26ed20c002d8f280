use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, OnceLock},
    thread,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use super::{
    Access, Bus, BusError, Seat,
    coordinator::To,
    here::Here,
    lobby::as_token,
    message::{Arrival, Delta, Finished, LossRule, StopWord},
};
use crate::{observe::Observation, stop::StopReason};

/// Between two looks at what is due.
const TICK: Duration = Duration::from_millis(20);

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
    /// What stopped the others, for one who cannot hear it of them: whoever hears it by another way puts it here.
    #[serde(skip)]
    pub(crate) stopped_elsewhere: Arc<OnceLock<StopWord>>,
}

/// Hears what happens to the cluster, and says why this node wants it to stop. Called from the session's thread.
pub(crate) trait Listener: Send + Sync {
    /// Why all should stop, if this node thinks so.
    fn asked(&self) -> Option<(StopReason, String)>;
    /// All are to stop.
    fn stopped(&self, word: &StopWord);
    /// All are to stop what was met for under this key.
    fn stopped_one(&self, _key: &str, _word: &StopWord) {}
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

pub(super) type Answer<T> = oneshot::Sender<Result<T, ClusterError>>;

pub(super) enum Command {
    Meet(Box<Arrival>, Option<LoadEars>, Answer<Met>),
    Delta(Box<Delta>),
    End(String, Option<StopReason>),
    StopOne { key: String, reason: StopReason, sentence: String },
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

    pub(super) fn on(
        bus: Option<Bus>,
        options: Options,
        listener: Arc<dyn Listener>,
    ) -> Result<Self, BusError> {
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

    /// Tells all to stop what was met for under this key, and why.
    pub(crate) fn stop_one(&self, key: &str, reason: StopReason, sentence: &str) {
        let (key, sentence) = (key.to_owned(), sentence.to_owned());
        let _ended = self.commands.send(Command::StopOne { key, reason, sentence });
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
