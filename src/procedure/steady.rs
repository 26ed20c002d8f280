use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::sleep;

use super::sliding::Sliding;
use crate::{
    engine::{Sink, Slice, Started},
    judge::{Depth, Recovery, Tolerance},
    observe::{Figures, Observation},
};

/// Between two readings of the steady load, and between two looks at what was read.
pub(super) const TICK: Duration = Duration::from_millis(100);

/// Operations of the baseline that take longer than this after its end do not hold the overload up.
const SETTLES_WITHIN: Duration = Duration::from_secs(1);

/// The phase of the steady load that is the baseline.
const BEFORE: usize = 0;

/// The steady load of an attempt as it is seen while it runs: it ends once it is known whether the target recovered.
pub(super) struct Steady {
    tolerance: Tolerance,
    /// The longest time to recovery.
    limit: Duration,
    /// The time for which it must last to be one.
    hold: Duration,
    state: Mutex<State>,
}

struct State {
    sliding: Sliding,
    /// Of the steady load, in seconds since the start of the case.
    started_s: f64,
    /// What is normal: the figures of the baseline.
    normal: Figures,
    has_normal_from_before: bool,
    now_s: f64,
    phase: usize,
    overloaded_s: Option<f64>,
    released_s: Option<f64>,
    is_over: bool,
}

/// What an attempt came to.
pub(super) struct Answer {
    pub(super) recovery: Recovery,
    pub(super) depth: Option<Depth>,
    /// What was normal in it.
    pub(super) normal: Figures,
}

impl Steady {
    /// Nothing seen yet. `normal` is the baseline of an earlier attempt, which holds for later ones: a target that gets
    /// slower each time has not recovered.
    pub(super) fn new(
        window: Duration,
        tolerance: Tolerance,
        limit: Duration,
        normal: Option<Figures>,
    ) -> Self {
        let state = State {
            sliding: Sliding::new(window.as_secs_f64()),
            started_s: 0.0,
            has_normal_from_before: normal.is_some(),
            normal: normal.unwrap_or_default(),
            now_s: 0.0,
            phase: BEFORE,
            overloaded_s: None,
            released_s: None,
            is_over: false,
        };
        let hold = window.saturating_mul(tolerance.windows as u32);
        Self { tolerance, limit, hold, state: Mutex::new(state) }
    }

    /// Waits for the end of the baseline and of its operations; `false` when the steady load ended before.
    pub(super) async fn baseline(&self, length: Duration) -> bool {
        loop {
            sleep(TICK / 4).await;
            let mut state = self.state();
            if state.is_over {
                return false;
            }
            let is_settled = state.normal.counts.is_balanced()
                || state.has_normal_from_before
                || state.now_s > (length + SETTLES_WITHIN).as_secs_f64();
            if state.phase > BEFORE && is_settled {
                if !state.has_normal_from_before {
                    state.normal.duration_s = length.as_secs_f64();
                }
                state.overloaded_s = Some(state.now_s);
                return true;
            }
        }
    }

    /// The overload ended, in seconds since the start of the case.
    pub(super) fn released(&self, at_s: f64) {
        let mut state = self.state();
        state.released_s = Some(at_s - state.started_s);
    }

    /// There is nothing more to see.
    pub(super) fn end(&self) {
        self.state().is_over = true;
    }

    /// Waits until it is known whether the target recovered, or nothing more can be known.
    pub(super) async fn decided(self: Arc<Self>) {
        while !self.is_decided() {
            sleep(TICK).await;
        }
    }

    fn is_decided(&self) -> bool {
        let state = self.state();
        let Some(released_s) = state.released_s else { return state.is_over };
        // The windows in a row that begin within the limit end later than it.
        let is_too_late = state.now_s > released_s + (self.limit + self.hold + TICK).as_secs_f64();
        let has_recovered = || matches!(self.recovery(&state, released_s), Recovery::Recovered { .. });
        state.is_over || is_too_late || has_recovered()
    }

    fn recovery(&self, state: &State, released_s: f64) -> Recovery {
        Recovery::find(&state.normal, state.sliding.windows(), released_s, &self.tolerance)
    }

    /// The answer, once the steady load has ended; `stopped` says why the case was stopped, if it was.
    pub(super) fn answer(&self, stopped: Option<String>) -> Answer {
        let state = self.state();
        let unknown = |reason: &str| Recovery::Inconclusive { reason: reason.to_owned() };
        let recovery = match (state.released_s, stopped) {
            (Some(released_s), stopped) => {
                match (self.recovery(&state, released_s).within(self.limit), stopped) {
                    (Recovery::NotWithin { .. } | Recovery::Inconclusive { .. }, Some(reason)) => {
                        unknown(&reason)
                    }
                    (found, _) => found,
                }
            }
            (None, Some(reason)) => unknown(&reason),
            (None, None) => unknown("the overload did not run"),
        };
        let until_s = match (&recovery, state.released_s) {
            (Recovery::Recovered { after }, Some(released_s)) => released_s + after.as_secs_f64(),
            _ => f64::INFINITY,
        };
        let depth = state
            .overloaded_s
            .and_then(|from_s| Depth::find(&state.normal, state.sliding.windows(), from_s, until_s));
        Answer { recovery, depth, normal: state.normal.clone() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for Steady {
    fn started(&self, started: &Started) {
        self.state().started_s = started.started_s;
    }

    fn slice(&self, slice: &Slice) {
        let mut state = self.state();
        state.now_s = slice.at_s;
        state.phase = state.phase.max(slice.phase);
        let is_baseline = slice.phase == BEFORE && state.overloaded_s.is_none();
        if is_baseline && !state.has_normal_from_before {
            state.normal.merge(&slice.figures);
        }
        state.sliding.take(slice);
    }

    fn finished(&self, _observation: &Observation) {
        self.end();
    }
}
