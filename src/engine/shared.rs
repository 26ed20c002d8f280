use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use super::{
    Op, Workload,
    attempt::{Deadline, Terms, carry_out},
    clock::Clock,
    flight::{Flight, Slot},
    pacer::Nudge,
    phase::PhaseState,
    tag::{Tag, Tags},
};
use crate::{
    observe::{Ended, Recorder},
    outcome::{Ending, Outcome, OutcomeClass, Retry},
    stop::StopToken,
};

/// The time in which an operation that has just ended gets to count itself, however busy the machine is.
const SETTLING: Duration = Duration::from_secs(5);

/// What the tasks of a load share.
pub(super) struct Shared<W> {
    pub(super) workload: W,
    pub(super) clock: Clock,
    pub(super) stop: StopToken,
    pub(super) nudge: Nudge,
    pub(super) flight: Flight,
    pub(super) phases: Arc<[PhaseState]>,
    pub(super) tags: Tags,
    pub(super) is_over: AtomicBool,
    pub(super) end_ns: AtomicU64,
    pub(super) timeout: Duration,
    pub(super) retry: Retry,
    pub(super) load: u32,
    pub(super) seed: u64,
}

/// An operation that is about to start.
pub(super) struct Start {
    pub(super) slot: Slot,
    pub(super) phase: usize,
    pub(super) intended_ns: u64,
    pub(super) index: u64,
    pub(super) user: u64,
    pub(super) iteration: u64,
}

impl<W: Workload> Shared<W> {
    pub(super) fn deadline(&self) -> Deadline {
        Deadline::new(self.timeout)
    }

    /// Whether operations may still start.
    pub(super) fn is_going_on(&self) -> bool {
        !self.is_over.load(Ordering::Acquire) && !self.stop.is_stopped()
    }

    /// Random numbers for a user's pause after an operation.
    pub(super) fn user_rng(&self, user: u64, iteration: u64) -> fastrand::Rng {
        Op { index: iteration, user, iteration, stage: 0, attempt: 0, load: self.load, seed: self.seed }.rng()
    }

    pub(super) fn begin_phase(&self, phase: usize) {
        let state = &self.phases[phase];
        let now = self.clock.now_ns();
        let _began = state.began_ns.compare_exchange(u64::MAX, now, Ordering::AcqRel, Ordering::Acquire);
    }

    /// Carries out one operation and counts it, with `is_ours` saying whether it is still to be counted.
    pub(super) async fn operate(
        &self,
        user: &mut W::User,
        start: Start,
        deadline: &mut Deadline,
        is_ours: impl FnOnce(Slot) -> bool,
    ) {
        let actual_ns = self.clock.now_ns();
        let op = self.op(start.index, start.user, start.iteration, start.phase);
        let terms = self.terms(actual_ns);
        let finished = carry_out(&self.workload, user, op, deadline, &terms).await;
        let ended_ns = self.clock.now_ns();
        if is_ours(start.slot) {
            let times = Times { intended_ns: start.intended_ns, actual_ns, ended_ns };
            self.count(start.phase, times, finished.outcome.as_ref(), finished.retries, finished.tag);
        }
    }

    /// Counts an operation that could not even be tried.
    pub(super) fn fail(&self, start: &Start, outcome: Outcome, is_ours: impl FnOnce(Slot) -> bool) {
        if is_ours(start.slot) {
            let now = self.clock.now_ns();
            let times = Times { intended_ns: start.intended_ns, actual_ns: now, ended_ns: now };
            self.count(start.phase, times, Some(&outcome), 0, None);
        }
    }

    #[inline]
    pub(super) const fn op(&self, index: u64, user: u64, iteration: u64, stage: usize) -> Op {
        Op { index, user, iteration, stage, attempt: 0, load: self.load, seed: self.seed }
    }

    /// What bounds an operation that starts at `started_ns`.
    #[inline]
    pub(super) fn terms(&self, started_ns: u64) -> Terms<'_> {
        Terms { clock: self.clock, started_ns, retry: &self.retry, stop: &self.stop }
    }

    /// Counts an operation that ended, `None` standing for its timeout.
    #[inline]
    pub(super) fn count(
        &self,
        phase: usize,
        times: Times,
        outcome: Option<&Outcome>,
        retries: u32,
        tag: Option<Tag>,
    ) {
        let phase = &self.phases[phase];
        let class = match outcome {
            Some(Outcome { ending: Ending::Ok, status: None, .. }) => OutcomeClass::Ok,
            outcome => note(&phase.recorder, outcome, times.ended_ns),
        };
        let ended = Ended {
            class,
            response_ns: times.ended_ns.saturating_sub(times.intended_ns),
            service_ns: times.ended_ns.saturating_sub(times.actual_ns),
            retries,
            bytes: outcome.map_or(0, |o| o.bytes),
            is_after_phase: times.ended_ns > phase.end_ns.load(Ordering::Relaxed),
            is_after_load: times.ended_ns > self.end_ns.load(Ordering::Relaxed),
        };
        // Before the phase: once its counts add up, those of the tags do.
        if let Some(tag) = tag.filter(|_| !phase.is_warm_up()) {
            self.count_tagged(tag, ended, outcome, times.ended_ns);
        }
        phase.recorder.ended(ended);
    }

    #[cold]
    fn count_tagged(&self, tag: Tag, ended: Ended, outcome: Option<&Outcome>, at_ns: u64) {
        if !matches!(outcome, Some(Outcome { ending: Ending::Ok, status: None, .. })) {
            note(self.tags.recorder(tag), outcome, at_ns);
        }
        self.tags.count(tag, ended);
    }

    /// Nothing falls due any more: closes the phases that were still open.
    pub(super) fn end_schedule(&self) {
        let now = self.clock.now_ns();
        self.end_ns.fetch_min(now, Ordering::AcqRel);
        for phase in &*self.phases {
            phase.end_ns.fetch_min(now, Ordering::AcqRel);
        }
        self.is_over.store(true, Ordering::Release);
    }

    /// What still runs at the end of the drain is unfinished. Waits for operations that are just being counted.
    pub(super) fn close(&self) {
        let now = self.clock.now_ns();
        self.flight.close(|intended_ns, phase| {
            self.phases[phase].recorder.unfinished(now.saturating_sub(intended_ns));
        });
        let until = Instant::now() + SETTLING;
        while !self.phases.iter().all(|p| p.recorder.counts().is_balanced()) && Instant::now() < until {
            std::thread::sleep(Duration::from_micros(200));
        }
    }
}

/// When an operation should have started, did start, and ended.
#[derive(Clone, Copy)]
pub(super) struct Times {
    pub(super) intended_ns: u64,
    pub(super) actual_ns: u64,
    pub(super) ended_ns: u64,
}

/// Notes what is more to an outcome than that it was ok.
#[cold]
fn note(recorder: &Recorder, outcome: Option<&Outcome>, at_ns: u64) -> OutcomeClass {
    let tally = &recorder.tally;
    let Some(outcome) = outcome else {
        tally.failure(OutcomeClass::Timeout, "operation timeout", at_ns);
        return OutcomeClass::Timeout;
    };
    if let Some(status) = outcome.status {
        tally.status(status);
    }
    let (class, text) = match &outcome.ending {
        Ending::Ok => return OutcomeClass::Ok,
        Ending::Rejected(reason) => (OutcomeClass::Rejected, reason.as_deref().unwrap_or("rejected")),
        Ending::Error(kind) => (OutcomeClass::Error, &**kind),
    };
    tally.failure(class, text, at_ns);
    class
}

/// A workload that could not make a user.
pub(super) struct UserPanicked {
    pub(super) panic: String,
}
