use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::Value;

use super::{
    arguments::CommandLine,
    selection::{Selection, select},
};
use crate::{
    cluster::{
        Access, Arrival, BusError, Cluster, Hello, JoinError, Joined, Listener, LossRule, Options, StopWord,
        WhichNode, join,
    },
    judge::Verdict,
    report::{CaseReport, NodeEnd, NodeReport},
    safety::Crossing,
    settings::{Resolved, Settings},
    stop::StopReason,
    suite::{Registered, Suite},
    supervisor::Control,
};

/// From a stop of a case to the end of what its nodes wait for: loads drain for 1.2 s at most, and the supervisor gives
/// 2 s in all.
const AFTER_STOP_OF_CASE: Duration = Duration::from_millis(1_600);

/// From a stop of the run to that: every supervisor has ended its case by then.
const AFTER_STOP_OF_RUN: Duration = Duration::from_secs(15);

/// Where schedulers say which of several processes this is: an Indexed Job of Kubernetes, Slurm.
const NUMBERED_BY: [&str; 2] = ["JOB_COMPLETION_INDEX", "SLURM_PROCID"];

/// Why a run of several nodes cannot begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NodesMistake {
    #[error("`nodes` is {0}, and `cluster` names no broker: add --cluster nats://host:4222")]
    NoBroker(u64),
    #[error("several nodes run one case after the other: leave `test_threads` at 1")]
    Parallel,
    #[error(
        "the program of this suite cannot be read, by which nodes know that they are of one build: {0}; see to it that it can"
    )]
    Program(std::io::Error),
    #[error(transparent)]
    Join(#[from] JoinError),
    #[error(transparent)]
    Bus(#[from] BusError),
}

/// The nodes of a run, this one among them.
pub(super) struct Nodes {
    cluster: Cluster,
    access: Access,
    name: String,
    joined: Joined,
    rule: LossRule,
    ears: Arc<Ears>,
    /// Cases that the nodes have begun.
    begun: AtomicU64,
}

/// What the other nodes say about the run.
#[derive(Default)]
struct Ears {
    control: OnceLock<Control>,
    lost: Mutex<BTreeMap<u32, String>>,
    /// Why no further case can begin.
    ended: OnceLock<String>,
    /// The case that is running, and why another node stopped it.
    running: Mutex<(String, Option<StopWord>)>,
    rule: LossRule,
}

impl Listener for Ears {
    fn asked(&self) -> Option<(StopReason, String)> {
        let control = self.control.get()?;
        control.own_reason().map(|reason| (reason, control.sentence(reason)))
    }

    fn stopped(&self, word: &StopWord) {
        match (word.reason, self.control.get()) {
            (StopReason::NodeLost, _) | (_, None) => drop(self.ended.set(word.sentence.clone())),
            (reason, Some(control)) => control.stop_from_afar(reason, &word.sentence),
        }
    }

    fn stopped_one(&self, key: &str, word: &StopWord) {
        let mut running = self.running();
        if running.0 == key {
            running.1.get_or_insert_with(|| word.clone());
        }
    }

    fn lost(&self, node: u32, sentence: &str) {
        eprintln!("warning: {sentence}");
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).insert(node, sentence.to_owned());
        if self.rule == LossRule::Stop {
            let _known = self.ended.set(sentence.to_owned());
        }
    }
}

impl Ears {
    fn running(&self) -> MutexGuard<'_, (String, Option<StopWord>)> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Nodes {
    /// Joins the other nodes, if the settings say that there are any; waits until all are there.
    pub(super) fn of(
        suite: &Suite,
        settings: &Settings,
        arguments: &CommandLine,
        cases: &BTreeMap<String, Registered>,
        (seed, run_id): (u64, &str),
    ) -> Result<Option<Self>, NodesMistake> {
        let run = settings.run();
        let is_for_show = arguments.test.list || arguments.recover.is_some() || run.switch("dry_run");
        let nodes = run.count("nodes").unwrap_or(1);
        let access = match Access::of(run) {
            None if nodes > 1 && !is_for_show => return Err(NodesMistake::NoBroker(nodes)),
            Some(access) if !is_for_show => access,
            _ => return Ok(None),
        };
        if arguments.test.test_threads != Some(1) {
            return Err(NodesMistake::Parallel);
        }
        let name = name_of(suite, run);
        let hello = Hello {
            id: format!("{:016x}", fastrand::u64(..)),
            host: host(),
            wanted: number_of(run),
            came_ns: i64::try_from(std::time::UNIX_EPOCH.elapsed().map_or(0, |d| d.as_nanos())).unwrap_or(0),
            nodes: u32::try_from(nodes).unwrap_or(u32::MAX),
            build: build().map_err(NodesMistake::Program)?,
            cases: selected(cases, settings, arguments),
            stated_seed: run.count("seed"),
            seed,
            run_id: run_id.to_owned(),
        };
        eprintln!("proofload: joining the run `{name}` of {nodes} nodes at {}", access.shown());
        let wait = run.duration("cluster_wait").unwrap_or(Duration::MAX / 4);
        let joined = join(&access, &name, hello, wait)?;
        eprintln!("proofload: this is {} of {nodes}", WhichNode(joined.seat.node, &joined.seat.hosts));
        let rule = match run.text("on_lost_node") {
            Some("continue") => LossRule::Continue,
            _ => LossRule::Stop,
        };
        let ears = Arc::new(Ears { rule, ..Ears::default() });
        let options = Options {
            access: access.clone(),
            room: format!("{name}.{}", joined.run_id),
            seat: joined.seat.clone(),
            present: (0..joined.seat.nodes()).collect(),
            // What a loss means for the run is decided above: a case that is running has to be told to its end.
            rule: LossRule::Continue,
            after_stop: AFTER_STOP_OF_RUN,
            stopped_elsewhere: Arc::default(),
        };
        let cluster = Cluster::start(options, Arc::clone(&ears) as _)?;
        Ok(Some(Self { cluster, access, name, joined, rule, ears, begun: AtomicU64::new(0) }))
    }

    /// The seed and the name of the run: node 0's, with a number behind the name for the folders of the others.
    pub(super) fn run(&self) -> (u64, String) {
        let Joined { seat, seed, run_id } = &self.joined;
        match seat.node {
            0 => (*seed, run_id.clone()),
            node => (*seed, format!("{run_id}-node-{node}")),
        }
    }

    /// What a command that repeats the run on this node says of the others.
    pub(super) fn again(&self) -> String {
        format!(" --cluster {} --nodes {}", self.access.shown(), self.joined.seat.nodes())
    }

    /// Whether another node judges and reports.
    pub(super) fn holds_back(&self) -> bool {
        self.joined.seat.node != 0
    }

    /// Hears from now on what people say to this node, and tells it what they say to others.
    pub(super) fn heed(&self, control: &Control) {
        let _known = self.ears.control.set(control.clone());
    }

    /// Why the run lost its nodes, or they lost it.
    pub(super) fn lost(&self) -> Option<&str> {
        self.ears.ended.get().map(String::as_str)
    }

    /// Waits until all nodes are ready for a case. On what terms its processes meet, or why it is left out: what one of
    /// them lacks, all do without.
    pub(super) fn begin(&self, case: &str, unfit: Option<String>) -> Result<Options, String> {
        if let Some(lost) = self.lost() {
            return Err(lost.to_owned());
        }
        let number = self.begun.fetch_add(1, Ordering::Relaxed) + 1;
        let key = format!("case {number}");
        *self.ears.running() = (key.clone(), None);
        let told = Value::from(unfit);
        let arrival = Arrival { key, agree: case.to_owned(), told, gathers: true, load: None };
        let met = self.cluster.meet_here(arrival).map_err(|error| error.to_string())?;
        if let Some((node, reason)) = met.told.iter().find_map(|(node, told)| Some((*node, told.as_str()?))) {
            return Err(match node == self.joined.seat.node {
                true => reason.to_owned(),
                false => format!("{}: {reason}", WhichNode(node, &self.joined.seat.hosts)),
            });
        }
        let present: BTreeSet<u32> = met.told.into_keys().collect();
        Ok(Options {
            access: self.access.clone(),
            room: format!("{}.{}.case-{number}", self.name, self.joined.run_id),
            seat: self.joined.seat.clone(),
            present,
            rule: self.rule,
            after_stop: AFTER_STOP_OF_CASE,
            stopped_elsewhere: Arc::default(),
        })
    }

    /// Stops the case that is running on all nodes, for what was seen of it here.
    pub(super) fn stop_case(&self, crossing: &Crossing) {
        let key = self.ears.running().0.clone();
        self.cluster.stop_one(&key, crossing.reason, &crossing.sentence);
    }

    /// Why another node stopped the case that is running, if one did.
    pub(super) fn stopped_elsewhere(&self) -> Option<StopWord> {
        self.ears.running().1.clone().filter(|word| word.node != self.joined.seat.node)
    }

    /// Waits until the case has ended on all nodes. Node 0's report then says what became of it on each; the verdict is
    /// the worst of all, on all.
    pub(super) fn end(&self, mut report: CaseReport) -> (CaseReport, Verdict) {
        let key = format!("end of case {}", self.begun.load(Ordering::Relaxed));
        let told = serde_json::to_value(NodeEnd::of(&report)).unwrap_or_default();
        let arrival = Arrival { key, agree: report.name.clone(), told, gathers: true, load: None };
        let ends: BTreeMap<u32, NodeEnd> = match self.cluster.meet_here(arrival) {
            Ok(met) => {
                let read = |(node, told): (u32, Value)| Some((node, serde_json::from_value(told).ok()?));
                met.told.into_iter().filter_map(read).collect()
            }
            Err(error) => {
                report.verdict = report.verdict.worse(Verdict::Inconclusive);
                report.reasons.push(format!("what became of it on the other nodes is not known: {error}"));
                BTreeMap::from([(self.joined.seat.node, NodeEnd::of(&report))])
            }
        };
        let mut verdict = ends.values().fold(report.verdict, |worst, end| worst.worse(end.verdict));
        let is_missed = ends.len() < self.joined.seat.hosts.len() && self.rule == LossRule::Stop;
        if is_missed {
            verdict = verdict.worse(Verdict::Inconclusive);
        }
        if !self.holds_back() {
            self.tell(&mut report, &ends);
            report.verdict = verdict;
        }
        (report, verdict)
    }

    /// Puts what the nodes told into the report.
    fn tell(&self, report: &mut CaseReport, ends: &BTreeMap<u32, NodeEnd>) {
        let hosts = &self.joined.seat.hosts;
        for (node, end) in ends.iter().filter(|(node, _)| **node != 0) {
            let news: Vec<&String> =
                end.reasons.iter().filter(|reason| !report.reasons.contains(reason)).collect();
            let news: Vec<String> =
                news.into_iter().map(|reason| format!("{}: {reason}", WhichNode(*node, hosts))).collect();
            report.reasons.extend(news);
            end.add_faults(&mut report.faults);
        }
        let nodes =
            hosts.iter().zip(0..).map(|(host, node)| NodeReport::of(node, host, ends.get(&node), report));
        let mut nodes: Vec<NodeReport> = nodes.collect();
        let lost = self.ears.lost.lock().unwrap_or_else(PoisonError::into_inner);
        for node in nodes.iter_mut().filter(|node| node.verdict.is_none()) {
            node.lost = node.lost.take().or_else(|| lost.get(&node.node).cloned());
            let sentence = node.lost.clone().unwrap_or_else(|| {
                format!("{} did not say how the case ended there", WhichNode(node.node, hosts))
            });
            let is_said = report.reasons.iter().any(|reason| reason.contains(&sentence));
            match self.rule {
                LossRule::Stop if !is_said => report.reasons.push(sentence),
                LossRule::Continue if !report.warnings.contains(&sentence) => report.warnings.push(sentence),
                LossRule::Stop | LossRule::Continue => {}
            }
        }
        let doubts = report.loads.iter().flat_map(|load| {
            let of = |share: &crate::observe::NodeShare| {
                let which = WhichNode(share.node, hosts).to_string();
                share.doubts.iter().map(move |doubt| format!("{which}: {doubt}")).collect::<Vec<_>>()
            };
            load.nodes.iter().flat_map(of).collect::<Vec<_>>()
        });
        report.warnings.extend(doubts.collect::<Vec<_>>());
        report.nodes = nodes;
    }

    /// Takes leave of the others.
    pub(super) fn leave(&self) {
        self.cluster.close();
    }
}

/// What the run is called on the broker: two runs of the same suite at the same time have to be told apart.
fn name_of(suite: &Suite, run: &Resolved) -> String {
    let of_slurm = || std::env::var("SLURM_JOB_ID").ok().map(|id| format!("{}-{id}", suite.crate_name));
    let stated = run.text("cluster_run").map(str::to_owned);
    stated.or_else(of_slurm).unwrap_or_else(|| suite.crate_name.to_owned())
}

/// The number that this node was given, by the settings or by a scheduler.
fn number_of(run: &Resolved) -> Option<u32> {
    let stated = run.count("node").and_then(|node| u32::try_from(node).ok());
    let scheduled = || NUMBERED_BY.into_iter().find_map(|name| std::env::var(name).ok()?.parse().ok());
    stated.or_else(scheduled)
}

fn host() -> String {
    sysinfo::System::host_name().unwrap_or_else(|| "unknown".to_owned())
}

/// Tells this program from others: a sum over its file, and its length.
fn build() -> std::io::Result<String> {
    let program = fs::read(std::env::current_exe()?)?;
    Ok(format!("{:08x} of {} bytes", crc32fast::hash(&program), program.len()))
}

/// The cases that this command line runs.
fn selected(
    cases: &BTreeMap<String, Registered>,
    settings: &Settings,
    arguments: &CommandLine,
) -> Vec<String> {
    let test = &arguments.test;
    let is_meant = |name: &str, text: &str| if test.exact { name == text } else { name.contains(text) };
    let is_selected = |name: &str, case: &Registered| {
        let is_chosen = select(&case.info, settings) == Selection::Runs || arguments.asks_for_ignored();
        let is_named = test.filter.as_ref().is_none_or(|filter| is_meant(name, filter));
        is_chosen && is_named && !test.skip.iter().any(|skip| is_meant(name, skip))
    };
    cases.iter().filter(|(name, case)| is_selected(name, case)).map(|(name, _)| name.clone()).collect()
}
