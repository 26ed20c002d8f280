use std::{
    collections::BTreeSet,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{CaseCounter, CaseRatio, LoadBuilder, Terms, counters::Counters, together::CaseListener};
use crate::{
    cluster::Cluster,
    error::{Error, Result},
    expect::{Assertion, Expectation, IntoAssertion, Stated},
    fault::Board,
    journal::{Event, Figure, Step, Writer},
    judge::{Finding, Judgement, Verdict, judge_findings},
    load::Load,
    stop::StopToken,
    traffic::TrafficMeter,
};

/// Pauses are not stretched by more than this.
const LONGEST_SCALE: f64 = 1_000.0;

/// What a case is given: it runs loads, states what it expects, and finds its folder and its seed here. Cheap to
/// clone; every clone is the same case.
#[derive(Clone)]
pub struct Context {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) terms: Terms,
    pub(super) journal: Arc<Writer>,
    pub(super) stop: StopToken,
    pub(super) counters: Counters,
    pub(super) traffic: TrafficMeter,
    /// What the settings expect of every load.
    pub(super) expectations: Vec<Expectation>,
    /// Users of the closed loads that run now.
    pub(super) users: AtomicU64,
    /// The faults that are in force.
    pub(super) faults: Arc<Board>,
    /// The other nodes, if there are any.
    pub(super) cluster: Option<Arc<Cluster>>,
    names: Mutex<BTreeSet<String>>,
    /// Of faults.
    fault_names: Mutex<BTreeSet<String>>,
    /// Of what nodes have met for beside loads.
    meetings: Mutex<BTreeSet<String>>,
    /// What is expected of what the procedures find, by the settings and by the case.
    assertions: Mutex<Vec<Assertion>>,
    findings: Mutex<Vec<Finding>>,
    /// The loads that have run.
    pub(super) ran: Mutex<BTreeSet<String>>,
}

impl Context {
    /// The context of the one case that runs on these terms.
    ///
    /// # Errors
    /// An expectation of the settings is malformed; the other nodes of the case cannot be reached.
    pub(crate) fn new(terms: Terms, journal: Arc<Writer>, stop: StopToken) -> Result<Self> {
        let (mut expectations, mut assertions) = (Vec::new(), Vec::new());
        for text in terms.settings.list("expect") {
            match Stated::parse(&text)? {
                Stated::OfLoads(expectation) => expectations.push(expectation),
                Stated::OfFindings(assertion) => assertions.push(assertion),
            }
        }
        let is_dry_run = terms.is_dry_run;
        let faults = Board::new(journal.began(), {
            let journal = Arc::clone(&journal);
            move |event| {
                if !is_dry_run {
                    journal.write(event);
                }
            }
        });
        let cluster = match terms.cluster.clone().filter(|_| !is_dry_run) {
            None => None,
            Some(options) => {
                let (journal, stop) = (Arc::clone(&journal), stop.clone());
                let listener = CaseListener { journal, stop, rule: options.rule };
                let cluster = Cluster::start(options, Arc::new(listener));
                Some(Arc::new(cluster.map_err(|error| Error::msg(error.to_string()))?))
            }
        };
        Ok(Self {
            inner: Arc::new(Inner {
                terms,
                journal,
                faults,
                stop,
                counters: Counters::default(),
                traffic: TrafficMeter::default(),
                expectations,
                users: AtomicU64::new(0),
                names: Mutex::default(),
                fault_names: Mutex::default(),
                meetings: Mutex::default(),
                cluster,
                ran: Mutex::default(),
                assertions: Mutex::new(assertions),
                findings: Mutex::default(),
            }),
        })
    }

    /// A load to run: name it, bound it, and end with `run`, `run_blocking` or `run_workload`.
    pub fn load(&self, load: impl Into<Load>) -> LoadBuilder {
        LoadBuilder::new(self.clone(), load.into())
    }

    /// An empty folder for this case alone. It is removed when the case has ended, whatever its end.
    pub fn scratch_dir(&self) -> &Path {
        &self.inner.terms.scratch
    }

    /// The seed of this case: the same in every run with the same `--seed`.
    pub fn seed(&self) -> u64 {
        self.inner.terms.seed
    }

    /// Says when the case should stop. Loads listen to it by themselves; work of the case's own that takes long
    /// should ask it too.
    pub fn stop_token(&self) -> &StopToken {
        &self.inner.stop
    }

    /// The counter called `name`, made at the first call.
    pub fn counter(&self, name: &str) -> CaseCounter {
        self.inner.counters.counter(name)
    }

    /// The rate called `name`, made at the first call.
    pub fn ratio(&self, name: &str) -> CaseRatio {
        self.inner.counters.ratio(name)
    }

    /// Counts the bytes of the streams that it is given; the report shows them for each load. The kernel tells of
    /// files only, and of a whole interface.
    pub fn traffic(&self) -> &TrafficMeter {
        &self.inner.traffic
    }

    /// The service that the setting `base_url` names, for cases that can be pointed at any: `PROOFLOAD_BASE_URL`,
    /// `stress.toml` or `--set base_url=http://127.0.0.1:8080`. `None` where the case is to use its own.
    pub fn base_url(&self) -> Option<&str> {
        self.inner.terms.settings.text("base_url")
    }

    /// Puts a remark into the report.
    pub fn note(&self, text: impl Into<String>) {
        self.inner.journal.write(Event::Note { text: text.into() });
    }

    /// Puts a figure that the case measured into the report; `unit` is `s`, `bytes`, `per_sec`, `count`, `ratio` or
    /// a word of its own.
    pub fn figure(&self, name: impl Into<String>, value: f64, unit: impl Into<String>) {
        let figure = Figure { name: name.into(), value, unit: unit.into() };
        self.inner.journal.write(Event::Figure(figure));
    }

    /// Puts something that a procedure found out into the report.
    pub fn found(&self, finding: Finding) {
        self.inner.journal.write(Event::Found(Box::new(finding.clone())));
        self.inner.findings.lock().unwrap_or_else(PoisonError::into_inner).push(finding);
    }

    /// States what is expected of what the procedures of this case find out, as text (`"breaking_point >= 500/s"`) or in
    /// code (`breaking_point().at_least(per_second(500))`), before them or after. It is judged on everything that was
    /// found when the case has returned; [`Assertion`](crate::expect::Assertion) has the list. What is expected of a load
    /// is stated with the load.
    ///
    /// ```no_run
    /// # async fn case(cx: proofload::Context) -> proofload::Result {
    /// use proofload::{per_second, procedure::MaximumThroughput};
    ///
    /// cx.expect("breaking_point >= 500/s")?.expect("degradation != collapse")?;
    /// let search = MaximumThroughput::new().to(per_second(1_000));
    /// search.run(&cx, |_op| async { Ok::<_, String>(()) }).await?;
    /// # cx.done()
    /// # }
    /// ```
    ///
    /// # Errors
    /// The assertion is malformed.
    pub fn expect(&self, assertion: impl IntoAssertion) -> Result<&Self> {
        let assertion = assertion.into_assertion()?;
        self.inner.assertions.lock().unwrap_or_else(PoisonError::into_inner).push(assertion);
        Ok(self)
    }

    /// Says where a procedure is: the progress and the report show it.
    pub fn step(&self, step: Step) {
        self.inner.journal.write(Event::Step(step));
    }

    /// Waits for `length`, or until the case is told to stop. A setting `time_scale` applies.
    pub async fn pause(&self, length: Duration) {
        let length = length.mul_f64(self.inner.terms.settings.factor("time_scale").min(LONGEST_SCALE));
        tokio::select! {
            () = tokio::time::sleep(length) => {}
            () = self.inner.stop.stopped() => {}
        }
    }

    /// Puts a duration that the case measured into the report.
    pub fn figure_duration(&self, name: impl Into<String>, value: Duration) {
        self.figure(name, value.as_secs_f64(), "s");
    }

    /// Requires something that is no figure of a load: `sentence` says what was found. Like an expectation, it is
    /// recorded, and the case goes on.
    pub fn require(&self, is_met: bool, sentence: impl Into<String>) {
        let verdict = if is_met { Verdict::Pass } else { Verdict::Fail };
        self.judged(Judgement::stated(verdict, sentence.into()));
    }

    /// Says that something could not be decided, and why: the case does not pass.
    pub fn inconclusive(&self, sentence: impl Into<String>) {
        self.judged(Judgement::stated(Verdict::Inconclusive, sentence.into()));
    }

    /// The end of a case that has nothing more to say.
    ///
    /// # Errors
    /// None; it is there so that a case can end with `cx.done()`.
    pub fn done(&self) -> Result {
        Ok(())
    }

    /// Waits for `future` in a case that is a plain function. An async case just awaits.
    ///
    /// # Panics
    /// When it is called from async code.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        tokio::runtime::Handle::current().block_on(future)
    }

    /// Whether this is a dry run: loads say what they would do, and do nothing.
    pub fn is_dry_run(&self) -> bool {
        self.inner.terms.is_dry_run
    }

    /// The body has returned: judges what was expected of its findings, and says which loads never ran.
    pub(crate) fn conclude(&self) {
        // A guard may have gone to a task that goes on.
        self.inner.faults.end_all();
        if self.holds_back() {
            return;
        }
        let ran = self.inner.ran.lock().unwrap_or_else(PoisonError::into_inner);
        let never = |expectation: &&Expectation| expectation.load().is_some_and(|load| !ran.contains(load));
        for expectation in self.inner.expectations.iter().filter(never) {
            self.judged(Judgement::of_no_load(expectation, &ran));
        }
        let assertions = self.inner.assertions.lock().unwrap_or_else(PoisonError::into_inner);
        let findings = self.inner.findings.lock().unwrap_or_else(PoisonError::into_inner);
        assertions.iter().for_each(|assertion| self.judged(judge_findings(assertion, &findings)));
    }

    /// Takes leave of the other nodes. Not for async code.
    pub(crate) fn leave(&self) {
        self.inner.cluster.iter().for_each(|cluster| cluster.close());
    }

    /// The users that all closed loads together may have, over all nodes, each of which may have as many as the limit says;
    /// `None` where there is none.
    pub(crate) fn most_users(&self) -> Option<u64> {
        let here = self.inner.terms.settings.count("max_concurrency");
        here.map(|most| most.saturating_mul(self.nodes().into()))
    }

    /// The terms on which the case runs.
    pub(crate) fn terms(&self) -> &Terms {
        &self.inner.terms
    }

    pub(super) fn judged(&self, judgement: Judgement) {
        if !self.is_dry_run() {
            self.inner.journal.write(Event::Judged(judgement));
        }
    }

    pub(super) fn has_run(&self, load: &str) {
        self.inner.ran.lock().unwrap_or_else(PoisonError::into_inner).insert(load.to_owned());
    }

    /// `wanted`, or with a number behind it where another load has that name.
    pub(super) fn unique_name(&self, wanted: &str) -> String {
        unique(&self.inner.names, wanted)
    }

    /// The same for the name of faults.
    pub(super) fn unique_fault_name(&self, wanted: &str) -> String {
        unique(&self.inner.fault_names, wanted)
    }

    /// The same for what nodes meet for, which is told from a load's name.
    pub(super) fn unique_meeting(&self, wanted: &str) -> String {
        unique(&self.inner.meetings, &format!("meeting: {wanted}"))
    }

    /// Counts `users` as running until the guard is dropped; `Err` with the number already there when that is more
    /// than `limit`.
    pub(super) fn reserve(&self, users: u64, limit: u64) -> std::result::Result<Reserved, u64> {
        let before = self.inner.users.fetch_add(users, Ordering::AcqRel);
        let reserved = Reserved { context: self.clone(), users };
        match before + users <= limit {
            true => Ok(reserved),
            false => Err(before),
        }
    }
}

fn unique(names: &Mutex<BTreeSet<String>>, wanted: &str) -> String {
    let mut names = names.lock().unwrap_or_else(PoisonError::into_inner);
    let mut name = wanted.to_owned();
    let mut number = 1;
    while !names.insert(name.clone()) {
        number += 1;
        name = format!("{wanted} {number}");
    }
    name
}

/// Users that count as running.
#[must_use = "dropping it says that the users are gone"]
pub(super) struct Reserved {
    context: Context,
    users: u64,
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.context.inner.users.fetch_sub(self.users, Ordering::AcqRel);
    }
}
