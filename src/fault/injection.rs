use std::{collections::BTreeMap, ops::Deref, pin::Pin, sync::Arc};

use super::{Board, FaultError, Faults, Injected, core::Core, plan::Plan};
use crate::{IntoOutcome, Op, Outcome, Workload, pressure::Bounds, units::Ratio};

/// An operation that may meet a fault.
pub type BoxedOperation = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// Faults in force. All of them end when this is dropped, when the case is told to stop, and when it ends: nothing is
/// injected any more, what hangs or is delayed goes on, and what is held is given back within moments.
///
/// Operations meet them [`around`](Injector::around) themselves, or where they ask [`before`](Injector::before) something;
/// faults [`at`](Faults::at) points are met there.
#[derive(Debug)]
#[must_use = "dropping the guard heals the fault"]
pub struct Injection {
    injector: Injector,
}

/// A handle of faults that are in force, for operations to meet them. Cheap to clone; once the [`Injection`] is gone it
/// does nothing.
#[derive(Debug, Clone)]
pub struct Injector {
    core: Arc<Core>,
}

/// From outside of the faults: seed and limits of the case, and what is set.
pub(crate) struct Circumstances {
    pub(crate) seed: u64,
    /// Faults end with their token.
    pub(crate) bounds: Bounds,
    /// Replaces the share of the operations that meet one.
    pub(crate) share: Option<Ratio>,
    /// Multiplies the times of the schedule.
    pub(crate) time_scale: f64,
}

impl Injection {
    /// Puts `faults` in force.
    ///
    /// # Errors
    /// They contradict themselves.
    pub(crate) fn begin(
        mut faults: Faults,
        board: &Arc<Board>,
        terms: Circumstances,
    ) -> Result<Self, FaultError> {
        let plan = faults.checked(terms.share)?;
        faults.schedule = faults.schedule.scaled(terms.time_scale);
        let words = match terms.share {
            Some(share) => format!("{faults} (set from outside: {share} in all)"),
            None => faults.to_string(),
        };
        Ok(Self::enter(faults, plan, words, board, terms))
    }

    /// Says that something of the user's own, called `name`, is broken from now on: the report has a band for it.
    pub(crate) fn mark(name: String, board: &Arc<Board>, terms: Circumstances) -> Self {
        Self::enter(Faults::new().named(name), Plan::default(), String::new(), board, terms)
    }

    fn enter(faults: Faults, plan: Plan, words: String, board: &Arc<Board>, terms: Circumstances) -> Self {
        let core = Core::enter(faults, plan, words, board, terms.seed, terms.bounds);
        Self { injector: Injector { core } }
    }

    /// A handle for operations.
    pub fn injector(&self) -> Injector {
        self.injector.clone()
    }
}

impl Drop for Injection {
    fn drop(&mut self) {
        self.injector.core.end();
    }
}

impl Deref for Injection {
    type Target = Injector;

    fn deref(&self) -> &Injector {
        &self.injector
    }
}

impl Injector {
    /// The operation, which may meet a fault before it begins: for [`LoadBuilder::run`](crate::LoadBuilder::run).
    ///
    /// ```no_run
    /// # async fn search() -> Result<(), String> { Ok(()) }
    /// # async fn case(cx: proofload::Context) -> proofload::Result {
    /// use proofload::{Load, Retry, fault::Faults, per_second, percent, seconds};
    ///
    /// let faults = cx.inject(Faults::share(percent(10)).error("injected"))?;
    /// let load = cx.load(Load::rate(per_second(50)).for_duration(seconds(10))).retry(Retry::times(2));
    /// load.expect("success_rate >= 99%").run(faults.around(|_op| search())).await?;
    /// # cx.done()
    /// # }
    /// ```
    pub fn around<F, T>(
        &self,
        operation: F,
    ) -> impl Fn(Op) -> BoxedOperation + Send + Sync + 'static + use<F, T>
    where
        F: Fn(Op) -> T + Send + Sync + 'static,
        T: Future<Output: IntoOutcome> + Send + 'static,
    {
        let (core, operation) = (Arc::clone(&self.core), Arc::new(operation));
        move |op| match core.meets(&op) {
            None => {
                let running = operation(op);
                Box::pin(async move { running.await.into_outcome() })
            }
            Some(meeting) => {
                let (core, operation) = (Arc::clone(&core), Arc::clone(&operation));
                Box::pin(async move {
                    match meeting.endure(&core).await {
                        Ok(()) => operation(op).await.into_outcome(),
                        Err(injected) => injected.into(),
                    }
                })
            }
        }
    }

    /// The same for [`LoadBuilder::run_blocking`](crate::LoadBuilder::run_blocking).
    pub fn around_blocking<F, R>(
        &self,
        operation: F,
    ) -> impl Fn(Op) -> Outcome + Send + Sync + 'static + use<F, R>
    where
        F: Fn(Op) -> R + Send + Sync + 'static,
        R: IntoOutcome,
    {
        let injector = self.clone();
        move |op| match injector.before_blocking(&op) {
            Ok(()) => operation(op).into_outcome(),
            Err(injected) => injected.into(),
        }
    }

    /// The same for a workload, such as what a procedure runs.
    pub fn around_workload<W: Workload>(&self, workload: W) -> impl Workload + use<W> {
        Around { workload, injector: self.clone() }
    }

    /// The place in an operation at which it may meet a fault. One call for each attempt: a second one meets the same.
    ///
    /// # Errors
    /// The fault is an error.
    pub async fn before(&self, op: &Op) -> Result<(), Injected> {
        match self.core.meets(op) {
            Some(meeting) => meeting.endure(&self.core).await,
            None => Ok(()),
        }
    }

    /// As [`Injector::before`], for operations that block their thread: so do hangs and delays.
    ///
    /// # Errors
    /// The fault is an error.
    pub fn before_blocking(&self, op: &Op) -> Result<(), Injected> {
        match self.core.meets(op) {
            Some(meeting) => meeting.endure_blocking(&self.core),
            None => Ok(()),
        }
    }

    /// The faults in words, as they are in force.
    pub fn plan(&self) -> &str {
        self.core.words()
    }

    /// How many have met a fault so far.
    pub fn met(&self) -> u64 {
        self.core.met().values().sum()
    }

    /// The same by what they met: `error`, `hang`, `panic`, `latency`, `hold`.
    pub fn met_by_kind(&self) -> BTreeMap<String, u64> {
        self.core.met()
    }

    /// How often the points were passed that the faults are at.
    pub fn passed(&self) -> u64 {
        self.core.passages()
    }

    /// Whether the faults are in force: neither ended nor stopped.
    pub fn is_in_force(&self) -> bool {
        self.core.is_in_force()
    }
}

/// A workload whose operations may meet faults.
struct Around<W> {
    workload: W,
    injector: Injector,
}

impl<W: Workload> Workload for Around<W> {
    type User = W::User;

    fn user(&self, number: u64) -> W::User {
        self.workload.user(number)
    }

    async fn operation(&self, user: &mut W::User, op: Op) -> Outcome {
        match self.injector.before(&op).await {
            Ok(()) => self.workload.operation(user, op).await,
            Err(injected) => injected.into(),
        }
    }
}
