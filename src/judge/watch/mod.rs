//! Expectations with windows, looked at while their load runs: a state machine that is fed with what happened, told how
//! much time has passed, and asked at the end.

mod lane;
mod streaks;
#[cfg(test)]
mod tests;
mod window;

use std::{ops::Range, time::Duration};

use lane::Lane;

use super::{
    Judgement, Verdict,
    expectation::{Judge, is_pause, worst},
    validity::missing_starts,
};
use crate::{
    expect::{Abort, Expectation, Metric, Scope, Terms, Watching},
    observe::{Figures, Model, Observation, Phase},
    units::show_duration,
};

/// The part of a load that a lane of windows is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Everything but the warm-up.
    Whole,
    /// The phase of this index.
    Phase(usize),
}

/// What a watch needs to know of its load when it begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Watched<'a> {
    pub(crate) model: Model,
    /// The names of the phases, the warm-up among them.
    pub(crate) phases: &'a [String],
    pub(crate) warm_up_phases: usize,
    /// As for [`judge`](super::judge), in each window.
    pub(crate) least_samples: u64,
}

/// One expectation with windows on one load.
#[derive(Debug)]
pub(crate) struct Watch {
    text: String,
    terms: Terms,
    watching: Watching,
    model: Model,
    warm_up_phases: usize,
    least_samples: u64,
    lanes: Vec<Lane>,
    /// Operations that have ended, warm-up excluded.
    ended: u64,
    /// The end of the warm-up.
    measured_from_s: Option<f64>,
    /// Said once.
    has_aborted: bool,
}

/// A threshold that says `abort` was missed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Missed {
    /// What was expected.
    pub(crate) expectation: String,
    /// Seconds from the start of the load.
    pub(crate) at_s: f64,
}

impl Watch {
    /// A watch for `expectation`, if it has windows.
    pub(crate) fn new(expectation: &Expectation, watched: Watched<'_>) -> Option<Self> {
        let terms = expectation.terms().ok()?.clone();
        let watching = terms.watching?;
        let counted = watched.phases.iter().enumerate().skip(watched.warm_up_phases);
        let lanes = match &terms.scope {
            Scope::Whole => vec![Lane::new(Part::Whole)],
            Scope::EachPhase => counted.map(|(index, _)| Lane::new(Part::Phase(index))).collect(),
            Scope::Phase(wanted) => counted
                .filter(|(_, name)| *name == wanted)
                .map(|(index, _)| Lane::new(Part::Phase(index)))
                .collect(),
        };
        Some(Self {
            text: expectation.to_string(),
            terms,
            watching,
            model: watched.model,
            warm_up_phases: watched.warm_up_phases,
            least_samples: watched.least_samples,
            lanes,
            ended: 0,
            measured_from_s: None,
            has_aborted: false,
        })
    }

    /// What has happened to operations of a phase since it was told last.
    pub(crate) fn news(&mut self, phase: usize, figures: &Figures) {
        if phase < self.warm_up_phases || self.is_of_a_tag() {
            return;
        }
        self.ended += figures.counts.ended();
        let metric = &self.terms.metric;
        let is_meant = |lane: &&mut Lane| match lane.part() {
            Part::Whole => true,
            Part::Phase(index) => index == phase,
        };
        self.lanes.iter_mut().filter(is_meant).for_each(|lane| lane.take(metric, figures));
    }

    /// Whether it is about the operations of one tag.
    pub(crate) const fn is_of_a_tag(&self) -> bool {
        self.terms.tag.is_some()
    }

    /// What has happened to operations of a tag, warm-up excluded, since it was told last.
    pub(crate) fn news_of_tag(&mut self, tag: &str, figures: &Figures) {
        if self.terms.tag.as_deref() != Some(tag) {
            return;
        }
        self.ended += figures.counts.ended();
        self.lanes.iter_mut().for_each(|lane| lane.take(&self.terms.metric, figures));
    }

    /// Everything up to `at_s` was told; `spans` says from when to when operations fall due in each phase that has
    /// begun and `end_s` until when in the load, in seconds from its start. Answers when the case is to end early, once.
    pub(crate) fn look(&mut self, at_s: f64, spans: &[Option<Range<f64>>], end_s: f64) -> Option<Missed> {
        let begin = spans.iter().skip(self.warm_up_phases).flatten().next()?.start;
        self.measured_from_s.get_or_insert(begin);
        let rules = Rules::of(&self.terms, &self.watching, self.model, self.least_samples);
        for lane in &mut self.lanes {
            let span = match lane.part() {
                Part::Whole => Some(begin..end_s),
                Part::Phase(index) => spans.get(index).cloned().flatten(),
            };
            if let Some(span) = span {
                lane.look(&rules, at_s, &span);
            }
        }
        let is_missed = self.lanes.iter().any(|lane| lane.streaks().is_being_missed(self.watching.lasting()));
        let is_due = self.watching.abort().is_some_and(|abort| self.is_due(abort, at_s));
        if !(is_missed && is_due) || self.has_aborted {
            return None;
        }
        self.has_aborted = true;
        Some(Missed { expectation: self.text.clone(), at_s })
    }

    /// Whether an abort may come now.
    fn is_due(&self, abort: Abort, at_s: f64) -> bool {
        let measured_s = at_s - self.measured_from_s.unwrap_or(at_s);
        measured_s >= abort.after.as_secs_f64() && self.ended >= abort.from_samples
    }

    /// The load has ended and everything was told.
    pub(crate) fn finish(mut self, observation: &Observation) -> Judgement {
        let rules = Rules::of(&self.terms, &self.watching, self.model, self.least_samples);
        self.lanes.iter_mut().for_each(|lane| lane.finish(&rules));
        let judge = Judge { terms: &self.terms, observation, least_samples: self.least_samples };
        let judgement = match judge.selection() {
            Err(reason) => judge.unknown(None, &reason),
            Ok(selection) => {
                let doubt = Doubt {
                    of_passes: selection.doubt.or_else(|| judge.doubt_of_passes()),
                    missing_starts: missing_starts(observation),
                };
                let counted = self.lanes.iter().filter(|lane| self.is_counted(lane, observation));
                let judged = counted.map(|lane| {
                    let phase = match lane.part() {
                        Part::Whole => None,
                        Part::Phase(index) => observation.phases.get(index).map(|p| p.name.as_str()),
                    };
                    self.lane(lane, phase, &doubt, observation)
                });
                judged.reduce(worst).unwrap_or_else(|| judge.unknown(None, "no phase was measured"))
            }
        };
        Judgement { expectation: self.text.clone(), load: observation.load.clone(), ..judgement }
    }

    /// Whether the lane's part ran, and asked for operations where every phase is meant.
    fn is_counted(&self, lane: &Lane, observation: &Observation) -> bool {
        let is_meant = |phase: &Phase| {
            phase.is_started && !(matches!(self.terms.scope, Scope::EachPhase) && is_pause(phase))
        };
        match lane.part() {
            Part::Whole => true,
            Part::Phase(index) => observation.phases.get(index).is_some_and(is_meant),
        }
    }

    fn lane(&self, lane: &Lane, phase: Option<&str>, doubt: &Doubt, observation: &Observation) -> Judgement {
        let bound = &self.terms.bound;
        let window = show_duration(self.watching.window());
        let phase = phase.map_or(String::new(), |phase| format!(" in phase {phase:?}"));
        let tag = self.terms.tag.as_ref().map_or(String::new(), |tag| format!(" with tag {tag:?}"));
        let subject = format!("{} over {window}{tag}{phase}", self.terms.metric);
        let (streaks, lasting) = (lane.streaks(), self.watching.lasting());
        let Some(worst) = lane.worst() else {
            let reason = match streaks.unjudged() {
                None => format!("it was too short for a window of {window}"),
                Some(reason) => format!("no window could be judged, the last one because {reason}"),
            };
            return Judgement::of((&subject, bound), Verdict::Inconclusive, None, Some(&reason));
        };
        let (verdict, reason) = if streaks.is_missed(lasting) {
            match self.generators_doing(doubt, observation) {
                Some(reason) => (Verdict::Inconclusive, Some(reason)),
                None => (Verdict::Fail, None),
            }
        } else if let Some(reason) = streaks.may_be_missed(lasting) {
            (
                Verdict::Inconclusive,
                Some(format!("windows beside those that missed it are unknown: {reason}")),
            )
        } else {
            let missing = doubt.missing_starts.clone().filter(|_| !self.is_of_starts());
            let missing = missing.map(|missing| format!("the generator was the limit: {missing}"));
            match doubt.of_passes.clone().or(missing) {
                Some(reason) => (Verdict::Inconclusive, Some(reason)),
                None => (Verdict::Pass, None),
            }
        };
        let place = format!("{subject}, at its worst from {} to {},", shown(worst.from_s), shown(worst.to_s));
        let judgement = Judgement::of((&place, bound), verdict, Some(&worst.reading), reason.as_deref());
        let Some(breach) = streaks.breach() else { return judgement };
        let wanted = match lasting.is_zero() {
            true => String::new(),
            false => format!(" ({} make it missed)", show_duration(lasting)),
        };
        let (first, longest) = (shown(breach.first_s), shown(breach.longest_s));
        let missed = format!("first missed at {first}, for at most {longest} in a row{wanted}");
        Judgement { sentence: format!("{}; {missed}", judgement.sentence), breach: Some(breach), ..judgement }
    }

    /// Why a miss says more about the generator than about the target, if it does.
    fn generators_doing(&self, doubt: &Doubt, observation: &Observation) -> Option<String> {
        // At the cap of operations in flight it is the target that is behind.
        let is_the_targets = !self.is_of_starts() || observation.total.counts.dropped > 0;
        let missing = doubt.missing_starts.as_ref().filter(|_| !is_the_targets);
        missing.map(|missing| format!("the generator was the limit: {missing}"))
    }

    /// Whether what was never started is missing in the figure.
    fn is_of_starts(&self) -> bool {
        is_of_starts(&self.terms.metric)
    }
}

/// What speaks against a verdict from outside of the windows.
struct Doubt {
    of_passes: Option<String>,
    missing_starts: Option<String>,
}

/// How windows are read and compared.
struct Rules<'a> {
    terms: &'a Terms,
    window_s: f64,
    /// Windows slide by this at least: a hundredth of their length, so that memory is bounded by as many portions.
    step_s: f64,
    model: Model,
    least_samples: u64,
}

impl<'a> Rules<'a> {
    fn of(terms: &'a Terms, watching: &Watching, model: Model, least_samples: u64) -> Self {
        let window_s = watching.window().as_secs_f64();
        Self { terms, window_s, step_s: window_s / 100.0, model, least_samples }
    }
}

fn is_of_starts(metric: &Metric) -> bool {
    matches!(metric, Metric::Throughput | Metric::Goodput | Metric::StartedRate)
}

fn shown(seconds: f64) -> String {
    if seconds < 1e-3 {
        return "0 s".to_owned();
    }
    show_duration(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}
