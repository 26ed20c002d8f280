//! Several kinds of users at once: their patterns, what they do, and their loads side by side.

mod agent;
mod pattern;

pub use agent::Agent;
pub use pattern::Pattern;

use std::time::Duration;

use tokio::task::JoinSet;

use self::{agent::Running, pattern::Kind};
use super::{
    ProcedureError,
    terms::{Terms, judged, setters},
};
use crate::{
    context::{Context, Run},
    error::{Error, Result},
    expect::Expectation,
    judge::{AgentSeen, Brief, Detail, Finding, Verdict},
    units::{Rate, show_duration},
};

const NAME: &str = "mixed agents";

/// What has to hold for each agent unless something else is stated.
const USUAL: [&str; 1] = ["success_rate >= 95%"];

/// Several kinds of users at work at the same time, each with a pattern, an operation and objectives of its own.
///
/// Their loads start together and last equally long. Each objective is judged on the figures of its own users; one that
/// is missed is a failed expectation of the case. The finding has a row for each kind. Users, rates, durations and scales
/// that are set from outside apply to each kind.
///
/// Unless stated otherwise: 60 s, `success_rate >= 95%` for each; the ready-made patterns follow the severity.
///
/// ```no_run
/// # async fn search() {}
/// # async fn report() {}
/// # async fn import() {}
/// use proofload::{Context, Result, procedure::{Agent, MixedAgents, Pattern}, seconds};
///
/// #[proofload::case(max_concurrency = 100)]
/// async fn a_day_in_a_minute(cx: Context) -> Result {
///     let people = Agent::new("people", Pattern::short_frequent(), |_op| search());
///     let office = Agent::new("office", Pattern::long_occasional(), |_op| report());
///     let import = Agent::new("import", Pattern::bursts(50, seconds(10)), |_op| import());
///     let found = MixedAgents::new()
///         .agent(people.objective("latency.p95 <= 100ms"))
///         .agent(office)
///         .agent(import.objective("error_rate <= 5%"))
///         .run(&cx)
///         .await?;
///     assert_eq!(found.agents.len(), 3);
///     cx.done()
/// }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a procedure does nothing before `run`"]
pub struct MixedAgents {
    terms: Terms,
    agents: Vec<Agent>,
    length: Duration,
    users: Option<u32>,
    rate: Option<Rate>,
}

/// How several kinds of users fared beside each other.
#[derive(Clone)]
#[non_exhaustive]
pub struct Mixed {
    /// A row for each kind, in the order in which they were given; those that did not begin are left out.
    pub agents: Vec<AgentSeen>,
    /// Their loads, in the same order.
    pub runs: Vec<Run>,
}

impl Mixed {
    /// The row of the kind called `name`.
    pub fn agent(&self, name: &str) -> Option<&AgentSeen> {
        self.agents.iter().find(|agent| agent.name == name)
    }

    /// The worst verdict of all kinds; inconclusive without any.
    pub fn verdict(&self) -> Verdict {
        self.agents.iter().map(|agent| agent.verdict).reduce(Verdict::worse).unwrap_or(Verdict::Inconclusive)
    }
}

impl Default for MixedAgents {
    fn default() -> Self {
        Self::new()
    }
}

impl MixedAgents {
    /// With the terms above, and nobody yet.
    pub fn new() -> Self {
        Self {
            terms: Terms::new(NAME),
            agents: Vec::new(),
            length: Duration::from_secs(60),
            users: None,
            rate: None,
        }
    }

    setters!();

    /// One more kind of users.
    pub fn agent(mut self, agent: Agent) -> Self {
        self.agents.push(agent);
        self
    }

    /// For how long they are at work.
    pub const fn lasting(mut self, length: Duration) -> Self {
        self.length = length;
        self
    }

    /// So many users in all, instead of what their patterns say: the agents that are users get them by their weights, at
    /// least one each.
    pub const fn users(mut self, users: u32) -> Self {
        self.users = Some(users);
        self
    }

    /// This rate in all, instead of what their patterns say: the agents that have a rate get it by their weights. Bursts
    /// stay as they are.
    pub const fn rate(mut self, rate: Rate) -> Self {
        self.rate = Some(rate);
        self
    }

    /// Runs them.
    ///
    /// # Errors
    /// The terms contradict themselves or ask for more than `max_concurrency`, an objective is malformed, or the case was
    /// stopped before they began. What the target does is never an error.
    pub async fn run(self, cx: &Context) -> Result<Mixed> {
        let patterns = self.patterns();
        self.check(&patterns)?;
        let objectives = self.agents.iter().map(|agent| self.objectives_of(agent));
        let objectives: Vec<Vec<Expectation>> = objectives.collect::<Result<_>>()?;
        self.rise(cx, &patterns).await?;
        self.terms.step(cx, self.names(), 1, Some(1));
        let mut loads = Vec::new();
        for ((agent, pattern), objectives) in self.agents.iter().zip(&patterns).zip(&objectives) {
            let load = pattern.load(self.length);
            let builder = self.terms.load_as_set(cx, load, &agent.name);
            loads.push(
                agent.run(objectives.iter().cloned().fold(builder, |b, objective| b.expect(objective))),
            );
        }
        let (ran, stopped) = together(cx, loads).await?;
        self.terms.settle(cx).await;
        let mut found = Mixed { agents: Vec::new(), runs: Vec::new() };
        for ((agent, objectives), run) in self.agents.iter().zip(&objectives).zip(ran) {
            if let Some(run) = run {
                found.agents.push(row(&agent.name, objectives, &run));
                found.runs.push(run);
            }
        }
        if !cx.is_dry_run() {
            cx.found(Finding::new(NAME, Detail::MixedAgents { agents: found.agents.clone() }));
        }
        stopped.map_or(Ok(found), Err)
    }

    fn names(&self) -> String {
        self.agents.iter().map(|agent| agent.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    fn objectives_of(&self, agent: &Agent) -> Result<Vec<Expectation>> {
        let stated = Terms { objectives: agent.objectives.clone(), ..self.terms.clone() };
        stated.objectives(&USUAL)
    }

    /// All rise to their levels together; nothing of that is judged.
    async fn rise(&self, cx: &Context, patterns: &[Pattern]) -> Result<()> {
        if self.terms.ramp_up.is_zero() {
            return Ok(());
        }
        let mut loads = Vec::new();
        for (agent, pattern) in self.agents.iter().zip(patterns) {
            if let Some(rising) = pattern.rising(self.terms.ramp_up) {
                let name = format!("ramp-up of {}", agent.name);
                loads.push(agent.run(self.terms.load_as_set(cx, rising, name)));
            }
        }
        let (_ran, stopped) = together(cx, loads).await?;
        stopped.map_or(Ok(()), Err)
    }

    /// The pattern of each agent, at the level that is asked for.
    fn patterns(&self) -> Vec<Pattern> {
        let is_users = |agent: &&Agent| matches!(agent.pattern.kind, Kind::Users { .. });
        let is_rate = |agent: &&Agent| matches!(agent.pattern.kind, Kind::Rate { .. });
        let weights = |is: &dyn Fn(&&Agent) -> bool| -> Vec<f64> {
            self.agents.iter().filter(is).map(|agent| agent.weight).collect()
        };
        let user_weights = weights(&is_users);
        let mut users = self.users.map(|all| shares(all, &user_weights).into_iter());
        let all_rates: f64 = weights(&is_rate).iter().sum();
        let pattern = |agent: &Agent| {
            let mut pattern = agent.pattern.harder(self.terms.factor());
            match &mut pattern.kind {
                Kind::Users { users: own, .. } => {
                    *own = users.as_mut().and_then(Iterator::next).unwrap_or(*own);
                }
                Kind::Rate { rate: own, .. } => {
                    *own = self.rate.map_or(*own, |all| all.scaled(agent.weight / all_rates));
                }
                Kind::Bursts { .. } => {}
            }
            pattern
        };
        self.agents.iter().map(pattern).collect()
    }

    fn check(&self, patterns: &[Pattern]) -> std::result::Result<(), ProcedureError> {
        let wrong = |reason: String| Err(self.terms.wrong(reason));
        if self.agents.is_empty() {
            return wrong("it has no agents: add them with `agent`".to_owned());
        }
        if self.length.is_zero() {
            return wrong("it lasts 0 s: give `lasting` a longer duration".to_owned());
        }
        for (number, agent) in self.agents.iter().enumerate() {
            if self.agents[..number].iter().any(|other| other.name == agent.name) {
                return wrong(format!("two agents are called {:?}: give each a name of its own", agent.name));
            }
            if !(agent.weight.is_finite() && agent.weight > 0.0) {
                return wrong(format!(
                    "the weight of {:?} is {}: it must be over 0",
                    agent.name, agent.weight
                ));
            }
        }
        let of_users = patterns.iter().filter(|pattern| matches!(pattern.kind, Kind::Users { .. })).count();
        if let Some(all) = self.users
            && (all as usize) < of_users
        {
            return wrong(format!("{all} users cannot be shared by {of_users} kinds: raise `users`"));
        }
        let mistakes = self.agents.iter().zip(patterns).filter_map(|(agent, pattern)| {
            Some(format!("the agent {:?}: {}", agent.name, pattern.mistake(self.length)?))
        });
        match mistakes.into_iter().next() {
            Some(mistake) => wrong(mistake),
            None if self.length < self.terms.ramp_up => wrong(format!(
                "it rises for {}, longer than the {} that it lasts: lower the ramp-up, or let it last longer",
                show_duration(self.terms.ramp_up),
                show_duration(self.length)
            )),
            None => Ok(()),
        }
    }
}

/// Runs loads side by side: what came of each, and why not all of them ran if the case was stopped. Any other error ends
/// them all.
async fn together(cx: &Context, loads: Vec<Running>) -> Result<(Vec<Option<Run>>, Option<Error>)> {
    let mut ran: Vec<Option<Run>> = loads.iter().map(|_| None).collect();
    let mut stopped = None;
    let mut tasks = JoinSet::new();
    for (number, load) in loads.into_iter().enumerate() {
        tasks.spawn(async move { (number, load.await) });
    }
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok((number, Ok(run))) => ran[number] = Some(run),
            Ok((_, Err(error))) if cx.stop_token().is_stopped() => stopped = Some(error),
            Ok((_, Err(error))) => return Err(error),
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // The runtime is shutting down, and this future with it.
            Err(_) => return std::future::pending().await,
        }
    }
    Ok((ran, stopped))
}

fn row(name: &str, objectives: &[Expectation], run: &Run) -> AgentSeen {
    let seen = run.observation();
    let (verdict, missed) = judged(objectives, seen);
    AgentSeen {
        name: name.to_owned(),
        plan: seen.plan.clone(),
        figures: Brief::of(&seen.total),
        verdict,
        missed,
    }
}

/// `all` in proportion to the weights, by largest remainders; at least one each, as far as they go round.
fn shares(all: u32, weights: &[f64]) -> Vec<u32> {
    let sum: f64 = weights.iter().sum();
    let others = f64::from(all.saturating_sub(weights.len() as u32));
    let exact: Vec<f64> = weights.iter().map(|weight| others * weight / sum).collect();
    let mut shares: Vec<u32> = exact.iter().map(|exact| 1 + exact.floor() as u32).collect();
    let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
    by_remainder.sort_by(|a, b| exact[*b].fract().total_cmp(&exact[*a].fract()));
    let left = all.saturating_sub(shares.iter().sum());
    by_remainder.into_iter().take(left as usize).for_each(|number| shares[number] += 1);
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        case::Severity,
        units::{millis, per_second, seconds},
    };

    fn agent(name: &str, pattern: Pattern) -> Agent {
        Agent::new(name, pattern, |_op| async {})
    }

    fn refused(procedure: &MixedAgents) -> String {
        procedure.check(&procedure.patterns()).unwrap_err().to_string()
    }

    #[test]
    fn what_contradicts_itself_is_refused_with_the_reason() {
        let new = MixedAgents::new;
        let (short, bursty) =
            (|| agent("short", Pattern::short_frequent()), || agent("job", Pattern::bursty()));
        assert_eq!(
            refused(&new()),
            "the procedure `mixed agents` cannot run: it has no agents: add them with `agent`"
        );
        assert!(refused(&new().agent(short()).agent(short())).contains("two agents are called \"short\""));
        assert!(refused(&new().agent(short().weight(0.0))).contains("the weight of \"short\" is 0"));
        assert!(refused(&new().agent(short().weight(f64::NAN))).contains("must be over 0"));
        assert!(refused(&new().agent(short()).lasting(Duration::ZERO)).contains("it lasts 0 s"));
        assert!(refused(&new().agent(short()).users(0)).contains("0 users cannot be shared by 1 kinds"));
        assert!(
            refused(&new().agent(bursty()).lasting(seconds(4)))
                .contains("the agent \"job\": its first burst")
        );
        let rising = new().agent(short()).lasting(seconds(4)).ramp_up(seconds(5));
        assert!(refused(&rising).contains("it rises for 5 s, longer than the 4 s"));
        let valid = new().agent(short()).agent(bursty()).users(5);
        assert_eq!(valid.check(&valid.patterns()), Ok(()));
    }

    #[test]
    fn totals_are_shared_by_weight() {
        let think = (millis(10), millis(20));
        let users = Pattern::users(1, think.0, think.1);
        let procedure = MixedAgents::new()
            .agent(agent("many", users).weight(3.0))
            .agent(agent("job", Pattern::bursts(7, seconds(2))))
            .agent(agent("few", users))
            .agent(agent("steady", Pattern::rate(per_second(1))).weight(9.0))
            .agent(agent("rare", Pattern::independent(per_second(1))));
        let plans = |procedure: &MixedAgents| -> Vec<String> {
            procedure.patterns().iter().map(|pattern| pattern.load(seconds(2)).describe()).collect()
        };
        let burst = "pause for 1.9 s, 70/s for 100 ms";
        assert_eq!(
            plans(&procedure.clone().users(12).rate(per_second(100))),
            [
                "9 users for 2 s, thinking 10 ms to 20 ms",
                burst,
                "3 users for 2 s, thinking 10 ms to 20 ms",
                "90/s for 2 s",
                "10/s for 2 s, Poisson"
            ]
        );
        let hard = plans(&procedure.severity(Severity::Critical));
        assert_eq!(hard[0], "1 user for 2 s, thinking 10 ms to 20 ms", "what is stated stands");
    }

    #[test]
    fn shares_add_up_and_nobody_is_left_out() {
        assert_eq!(shares(10, &[1.0, 1.0, 1.0]), [4, 3, 3]);
        assert_eq!(shares(100, &[1e-9, 1.0]), [1, 99]);
        for all in 3..50 {
            assert_eq!(shares(all, &[5.0, 0.1, 2.5]).iter().sum::<u32>(), all);
        }
        assert_eq!(shares(5, &[]), [0; 0]);
    }
}
