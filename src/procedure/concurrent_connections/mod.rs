//! How many connections a target serves: what a connection is, users that hold one each, what fails first. Never
//! judges by anything but that and the objectives.

mod connector;
mod failure;
mod held;

pub use connector::{Connector, Tcp, TcpConnection};
pub use failure::{ConnectionEnd, ConnectionFailure};

use std::{sync::Arc, time::Duration};

use self::held::{Held, Seen, Tally};
use super::{
    ProcedureError,
    terms::{Terms, by_objectives, objective_setter, setters},
};
use crate::{
    context::{Context, Run},
    error::Result,
    expect::Expectation,
    judge::{
        Capacity, CapacityPlan, CapacitySearch, CapacitySteps, Concurrent, Detail, Finding, TrialResult,
    },
    load::Load,
    units::Rate,
};

const NAME: &str = "concurrent connections";

/// What has to hold, beside that all connections are there, unless something else is stated.
const USUAL: [&str; 1] = ["success_rate >= 95%"];

/// The step is this part of the highest number, ...
const STEPS: u64 = 20;

/// ... and at least this.
const LEAST_STEP: u64 = 50;

/// The interval is narrowed to this part of the highest number.
const RESOLUTION: u64 = 100;

/// Finds how many open connections a target serves at the same time, and what fails first beyond.
///
/// Connections are opened one after the other at a bounded rate, and each carries out an operation now and then from its
/// opening on. All of a level are then held for a trial's length, and closed. A level holds when each of its connections
/// came about, all were open at the same time, none was lost, and the objectives hold. Levels rise by steps until one
/// breaks; then the interval is halved until it is narrow, and its ends are tried again. A limit of this process (`ulimit
/// -n`, local ports) is none of the target: there the answer is inconclusive. Users that are set from outside do not change
/// the trials; durations and `time_scale` do.
///
/// Unless stated otherwise: 100 to 1000 connections (both times the factor of the severity, and no more than the
/// `max_concurrency` of the case) in steps of a twentieth of the highest number, at least 50, to within a hundredth of it;
/// opened at 500/s, held for 3 s, with 250 to 750 ms between two operations of a connection, each of which may take 5 s;
/// `success_rate >= 95%`.
///
/// ```no_run
/// use proofload::{Context, Outcome, Result, procedure::{ConcurrentConnections, Tcp}};
///
/// #[proofload::case(slow, max_concurrency = 1000)]
/// async fn how_many_connections(cx: Context) -> Result {
///     let address = ([127, 0, 0, 1], 6379).into();
///     let ping = Tcp::new(
///         address,
///         |_op| b"PING\r\n".to_vec(),
///         |_op, read| (read == b"+PONG\r\n").then(Outcome::ok),
///     );
///     let found = ConcurrentConnections::new().run(&cx, ping).await?;
///     cx.require(found.serves_at_least(500), format!("it serves 500 connections: {}", found.capacity));
///     cx.done()
/// }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a procedure does nothing before `run`"]
pub struct ConcurrentConnections {
    terms: Terms,
    from: Option<u32>,
    to: Option<u32>,
    by: Option<u32>,
    within: Option<u32>,
    repeats: u32,
    rate: Rate,
    trial: Duration,
    think: (Duration, Duration),
}

/// What came of a search for the capacity in connections.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ConnectionsAtOnce {
    /// Up to how many are served.
    pub capacity: Capacity,
    /// The most that were open at the same time in any trial.
    pub most_open: u64,
    /// What failed first at the lowest level at which a connection failed; `None` when none did.
    pub first_failure: Option<ConnectionFailure>,
}

impl ConnectionsAtOnce {
    /// Whether it is known to serve `connections` at once.
    pub fn serves_at_least(&self, connections: u64) -> bool {
        self.capacity.holds().is_some_and(|holds| holds >= connections)
    }
}

impl Default for ConcurrentConnections {
    fn default() -> Self {
        Self::new()
    }
}

impl ConcurrentConnections {
    /// With the terms above.
    pub fn new() -> Self {
        Self {
            terms: Terms::new(NAME),
            from: None,
            to: None,
            by: None,
            within: None,
            repeats: 2,
            rate: Rate::new(500.0),
            trial: Duration::from_secs(3),
            think: (Duration::from_millis(250), Duration::from_millis(750)),
        }
        .timeout(Duration::from_secs(5))
    }

    setters!();
    objective_setter!();

    /// The first number of connections.
    pub const fn from(mut self, connections: u32) -> Self {
        self.from = Some(connections);
        self
    }

    /// The last number of connections.
    pub const fn to(mut self, connections: u32) -> Self {
        self.to = Some(connections);
        self
    }

    /// Each number is the one before plus this.
    pub const fn by(mut self, connections: u32) -> Self {
        self.by = Some(connections);
        self
    }

    /// The search ends when the interval is no wider than this many connections; 1 is the exact number.
    pub const fn to_within(mut self, connections: u32) -> Self {
        self.within = Some(connections);
        self
    }

    /// How often each end of the interval is measured in all.
    pub const fn repeats(mut self, times: u32) -> Self {
        self.repeats = times;
        self
    }

    /// How many connections are opened a second; slower where the ramp-up asks for it.
    pub const fn opened_at(mut self, rate: Rate) -> Self {
        self.rate = rate;
        self
    }

    /// For how long all connections of a level are held.
    pub const fn trial(mut self, length: Duration) -> Self {
        self.trial = length;
        self
    }

    /// The pause of a connection between two operations.
    pub const fn think_between(mut self, least: Duration, most: Duration) -> Self {
        self.think = (least, most);
        self
    }

    /// Runs it with these connections.
    ///
    /// # Errors
    /// The terms contradict themselves or ask for more than `max_concurrency`, an objective is malformed, or the case was
    /// stopped. That the target breaks is no error.
    pub async fn run<C: Connector>(self, cx: &Context, connector: C) -> Result<ConnectionsAtOnce> {
        let plan = self.plan(cx.most_users());
        self.check(&plan)?;
        self.terms.within_limit(cx, plan.to, "connections")?;
        let objectives = self.terms.objectives(&USUAL)?;
        let mut looking = Looking { search: CapacitySearch::new(plan), most_open: 0, failed: None };
        let looked = self.look(cx, &objectives, &Arc::new(connector), &mut looking).await;
        if let Err(error) = &looked {
            looking.search.cut_short(&error.to_string());
        }
        let found = ConnectionsAtOnce {
            capacity: looking.search.found(),
            most_open: looking.most_open,
            first_failure: looking.failed.map(|(_level, failure)| failure),
        };
        if !cx.is_dry_run() {
            let (capacity, trials) = (found.capacity.clone(), looking.search.trials().to_vec());
            let (of, confidence) = (Concurrent::Connections, looking.search.confidence());
            cx.found(Finding::new(NAME, Detail::Capacity { of, found: capacity, trials, confidence }));
        }
        looked.map(|()| found)
    }

    /// Makes the trials; what an error leaves behind is what was found until then.
    async fn look<C: Connector>(
        &self,
        cx: &Context,
        objectives: &[Expectation],
        connector: &Arc<C>,
        looking: &mut Looking,
    ) -> Result<()> {
        while let Some(level) = looking.search.next_level() {
            let tally = Arc::new(Tally::default());
            let held = Held { connector: Arc::clone(connector), tally: Arc::clone(&tally) };
            let name = format!("{level} connections");
            self.terms.step(cx, &name, looking.search.trials().len() + 1, None);
            let run = self.terms.load(cx, self.load(level), name).probing().run_workload(held).await?;
            if cx.is_dry_run() {
                return Ok(());
            }
            let nodes = cx.gather("connections of a level", tally.seen()).await?;
            let missing = u64::from(cx.nodes()).saturating_sub(nodes.len() as u64);
            let seen = Seen::of(nodes);
            looking.note(level, &seen);
            looking.search.tell(result(objectives, level, &run, &seen, missing));
            self.terms.settle(cx).await;
        }
        Ok(())
    }

    /// Connections one after the other, then all of them for the trial.
    fn load(&self, connections: u64) -> Load {
        let opening = Duration::from_secs_f64(connections as f64 / self.rate.per_second());
        let opening = opening.max(self.terms.ramp_up);
        let held = Load::users(0)
            .ramp_to(connections as u32, opening)
            .called("opening")
            .for_duration(self.trial)
            .called("holding");
        match self.think {
            (_, Duration::ZERO) => held.into(),
            (least, most) => held.think_between(least, most).into(),
        }
    }

    /// The search with what was not stated filled in by the severity and the limit of the case.
    fn plan(&self, limit: Option<u64>) -> CapacityPlan {
        let harder = |usual: f64| (usual * self.terms.factor()) as u64;
        let within = |usual: u64| usual.min(limit.unwrap_or(u64::MAX));
        let to = self.to.map_or(within(harder(1_000.0)), u64::from);
        let from = self.from.map_or(harder(100.0).min(to), u64::from);
        let step = self.by.map_or((to / STEPS).max(LEAST_STEP), u64::from);
        let mut plan = CapacityPlan::default();
        (plan.from, plan.to, plan.steps) = (from, to, CapacitySteps::By(step));
        plan.resolution = self.within.map_or((to / RESOLUTION).max(1), u64::from);
        plan.repeats = self.repeats;
        plan
    }

    fn check(&self, plan: &CapacityPlan) -> std::result::Result<(), ProcedureError> {
        let wrong = |reason: String| Err(self.terms.wrong(reason));
        let (from, to) = (plan.from, plan.to);
        let (least, most) = self.think;
        if from == 0 {
            return wrong("it begins with 0 connections: `from` wants at least 1".to_owned());
        }
        if from > to {
            return wrong(format!(
                "it begins with {from} connections, over its end of {to}: exchange the two"
            ));
        }
        if plan.steps == CapacitySteps::By(0) {
            return wrong("its steps do not grow: `by` wants at least 1 connection".to_owned());
        }
        if plan.resolution == 0 {
            return wrong("`to_within` wants at least 1 connection".to_owned());
        }
        if plan.repeats == 0 {
            return wrong("`repeats` wants at least 1".to_owned());
        }
        if !(self.rate.per_second().is_finite() && self.rate.per_second() > 0.0) {
            return wrong(format!("connections are opened at {}: it must be over 0", self.rate));
        }
        if least > most {
            return wrong("the pause of `think_between` ends before it begins: exchange the two".to_owned());
        }
        match self.trial.is_zero() {
            true => wrong("connections are held for 0 s: give `trial` a longer duration".to_owned()),
            false => Ok(()),
        }
    }
}

/// A search under way.
struct Looking {
    search: CapacitySearch,
    most_open: u64,
    /// The lowest level at which a connection failed, and what failed first there.
    failed: Option<(u64, ConnectionFailure)>,
}

impl Looking {
    fn note(&mut self, level: u64, seen: &Seen) {
        self.most_open = self.most_open.max(seen.most);
        let is_lower = self.failed.as_ref().is_none_or(|(failed, _)| level < *failed);
        if let Some(first) = seen.failures.first.clone().filter(|_| is_lower) {
            self.failed = Some((level, first));
        }
    }
}

/// What a level came to: by its connections, then by its objectives. `missing` nodes did not say what they saw.
fn result(objectives: &[Expectation], level: u64, run: &Run, seen: &Seen, missing: u64) -> TrialResult {
    match (run.observation().stopped, of_connections(level, seen)) {
        // A load that is stopped loses connections itself.
        (Some(reason), _) => TrialResult::Unknown { reason: format!("the load was stopped early: {reason}") },
        // And so does a node that is lost.
        (None, _) if missing > 0 => {
            TrialResult::Unknown { reason: format!("{missing} of its nodes are lost") }
        }
        (None, TrialResult::Held) => by_objectives(objectives, run),
        (None, result) => result,
    }
}

fn of_connections(level: u64, Seen { most, failures }: &Seen) -> TrialResult {
    if let Some((own, reason)) =
        failures.own.as_ref().and_then(|own| Some((own, own.end.generators_limit()?)))
    {
        let reason = own.node.map_or_else(|| reason.clone(), |node| format!("node {node}: {reason}"));
        return TrialResult::Unknown { reason };
    }
    match &failures.first {
        Some(first) => TrialResult::Broke {
            objective: format!("{first}; {} of {level} connections failed", failures.count),
        },
        None if *most < level => {
            TrialResult::Broke { objective: format!("only {most} of {level} were open at the same time") }
        }
        None => TrialResult::Held,
    }
}

#[cfg(test)]
mod tests {
    use super::{held::Failures, *};
    use crate::{case::Severity, units::per_second, units::seconds};

    fn refused(procedure: &ConcurrentConnections) -> String {
        procedure.check(&procedure.plan(None)).unwrap_err().to_string()
    }

    #[test]
    fn what_contradicts_itself_is_refused_with_the_reason() {
        let new = ConcurrentConnections::new;
        assert_eq!(
            refused(&new().from(200).to(100)),
            "the procedure `concurrent connections` cannot run: it begins with 200 connections, over its end of 100: exchange the two"
        );
        assert!(refused(&new().from(0)).contains("`from` wants at least 1"));
        assert!(refused(&new().by(0)).contains("`by` wants at least 1"));
        assert!(refused(&new().to_within(0)).contains("`to_within` wants at least 1"));
        assert!(refused(&new().repeats(0)).contains("`repeats` wants at least 1"));
        assert!(refused(&new().opened_at(per_second(0))).contains("opened at 0/s: it must be over 0"));
        assert!(refused(&new().opened_at(per_second(f64::NAN))).contains("must be over 0"));
        assert!(refused(&new().think_between(seconds(2), seconds(1))).contains("ends before it begins"));
        assert!(refused(&new().trial(Duration::ZERO)).contains("held for 0 s"));
        assert_eq!(new().check(&new().plan(None)), Ok(()));
    }

    #[test]
    fn the_step_follows_from_the_highest_number() {
        let plan = |procedure: ConcurrentConnections, limit| {
            let plan = procedure.plan(limit);
            (plan.from, plan.to, plan.steps, plan.resolution)
        };
        let by = CapacitySteps::By;
        assert_eq!(plan(ConcurrentConnections::new(), None), (100, 1_000, by(50), 10));
        assert_eq!(plan(ConcurrentConnections::new().to(5_000), None), (100, 5_000, by(250), 50));
        assert_eq!(
            plan(ConcurrentConnections::new().severity(Severity::Critical), None),
            (400, 4_000, by(200), 40)
        );
        assert_eq!(plan(ConcurrentConnections::new(), Some(50)), (50, 50, by(50), 1), "what the case may");
    }

    #[test]
    fn connections_come_one_after_the_other() {
        let procedure = ConcurrentConnections::new();
        assert_eq!(
            procedure.load(100).describe(),
            "0 users to 100 users in 200 ms, 100 users for 3 s, thinking 250 ms to 750 ms"
        );
        let slow = procedure.ramp_up(seconds(9)).think_between(Duration::ZERO, Duration::ZERO);
        assert_eq!(slow.load(100).describe(), "0 users to 100 users in 9 s, 100 users for 3 s");
    }

    #[test]
    fn every_connection_counts() {
        let failure = |end| ConnectionFailure { end, open: 120, node: None, text: "eof".to_owned() };
        let seen = |most, failures: &Failures| Seen { most, failures: failures.clone() };
        let closed = failure(ConnectionEnd::Closed);
        let failures = Failures { count: 2, first: Some(closed.clone()), own: None };
        assert_eq!(
            of_connections(122, &seen(120, &failures)),
            TrialResult::Broke {
                objective:
                    "with 120 open a connection was closed by the target (eof); 2 of 122 connections failed"
                        .to_owned()
            }
        );
        assert_eq!(of_connections(122, &seen(122, &Failures::default())), TrialResult::Held);
        assert_eq!(
            of_connections(122, &seen(121, &Failures::default())),
            TrialResult::Broke { objective: "only 121 of 122 were open at the same time".to_owned() }
        );
        let own = Some(failure(ConnectionEnd::NoDescriptors));
        let failures = Failures { count: 3, first: Some(closed), own };
        assert!(matches!(of_connections(122, &seen(122, &failures)), TrialResult::Unknown { .. }));
    }
}
