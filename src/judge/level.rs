use std::{fmt, time::Duration};

use crate::{
    observe::{Figures, Observation, Phase, Window},
    units::Rate,
};

/// Levels with fewer operations say nothing.
const LEAST_DUE: u64 = 20;

/// A phase is a ramp when its last third has this many times what its first has, or the other way around.
const RAMP: f64 = 1.5;

/// A ramp is looked at in so many parts of at least [`PART_WINDOWS`].
const PARTS: usize = 4;
const PART_WINDOWS: usize = 2;

/// How much was asked of a target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Amount {
    /// Operations due per second.
    PerSec(f64),
    /// Users that loop; of a ramp their mean.
    Users(f64),
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PerSec(rate) => write!(f, "{}", shown(*rate)),
            Self::Users(users) if *users <= 1.0 => f.write_str("1 user"),
            Self::Users(users) => write!(f, "{users:.0} users"),
        }
    }
}

/// A rate with the figures that matter.
pub(super) fn shown(per_sec: f64) -> Rate {
    Rate::new(if per_sec >= 10.0 { per_sec.round() } else { (per_sec * 100.0).round() / 100.0 })
}

/// A stretch of a load with one amount: a phase, or a part of a ramp. Times in seconds.
#[derive(Debug)]
pub(super) struct Level<'a> {
    pub(super) load: &'a Observation,
    pub(super) amount: Amount,
    /// Operations that were carried out per second.
    pub(super) carried_per_sec: f64,
    /// The share of those due that was refused.
    pub(super) refused: f64,
    /// The share of those due that timed out, never started, or was left behind beyond what is always on its way.
    pub(super) behind: f64,
    /// The share of those due that never started, at the cap of operations in flight.
    pub(super) dropped: f64,
    /// Mean service time of those carried out; in a part of a ramp the median of the windows' medians.
    pub(super) time_s: Option<f64>,
    /// What the quickest tenth took: those that found the target free, if any did.
    pub(super) quick_s: Option<f64>,
    /// Median response time.
    pub(super) response_s: Option<f64>,
    /// Median response time of refusals.
    pub(super) refusal_s: Option<f64>,
    /// Where it lies in the case.
    pub(super) from_s: f64,
    pub(super) to_s: f64,
}

impl<'a> Level<'a> {
    /// The levels of all loads, in their order. Warm-ups and what has too few operations are left out.
    pub(super) fn all(observations: &'a [Observation]) -> Vec<Self> {
        observations.iter().flat_map(Self::of).collect()
    }

    fn of(load: &'a Observation) -> Vec<Self> {
        let mut from_s = load.started_s;
        let mut levels = Vec::new();
        for (index, phase) in load.phases.iter().enumerate() {
            let to_s = from_s + phase.figures.duration_s;
            if phase.is_started && !phase.is_warm_up {
                let windows = || load.timeline.iter().filter(|window| window.phase as usize == index);
                let windows: Vec<&Window> = windows().collect();
                match is_ramp(&windows, phase) {
                    true => levels.extend(parts(load, phase, &windows)),
                    false => levels.extend(whole(load, phase, from_s, to_s)),
                }
            }
            from_s = to_s;
        }
        levels
    }

    /// Whether two levels are of the same load, or of loads that differ in numbers only, as the trials of a procedure:
    /// `trial at 400/s`. Other work may take its users another time.
    pub(super) fn is_of_kind(&self, other: &Self) -> bool {
        self.load.model == other.load.model && kind(&self.load.load) == kind(&other.load.load)
    }

    /// Whether another load ran at the same time.
    pub(super) fn is_shared(&self, all: &[Self]) -> bool {
        all.iter().any(|other| {
            !std::ptr::eq(other.load, self.load) && other.from_s < self.to_s && self.from_s < other.to_s
        })
    }
}

/// A load's name without its numbers.
fn kind(name: &str) -> String {
    name.chars().filter(|c| !c.is_ascii_digit() && *c != '.').collect()
}

fn due_per_sec(window: &Window) -> f64 {
    window.counts.due as f64 / window.length_s
}

/// What a window was asked for.
fn asked(window: &Window, phase: &Phase) -> f64 {
    match phase.users {
        Some(_) => window.in_flight as f64,
        None => due_per_sec(window),
    }
}

fn is_ramp(windows: &[&Window], phase: &Phase) -> bool {
    if windows.len() < PARTS * PART_WINDOWS {
        return false;
    }
    let third = windows.len() / 3;
    let mean = |of: &[&Window]| of.iter().map(|window| asked(window, phase)).sum::<f64>() / of.len() as f64;
    let (first, last) = (mean(&windows[..third]), mean(&windows[windows.len() - third..]));
    // Users that the stage has from its beginning are no ramp, whatever they wait for.
    first > 0.0 && last > 0.0 && !(1.0 / RAMP..=RAMP).contains(&(last / first))
}

fn share(n: f64, of: u64) -> f64 {
    (n / of as f64).clamp(0.0, 1.0)
}

/// What ended after it and beyond what is always on its way: an operation that takes as long as at the end of any
/// other second.
fn left_behind(after: u64, carried_per_sec: f64, time_s: f64) -> f64 {
    (after as f64 - carried_per_sec * time_s).max(0.0)
}

fn whole<'a>(load: &'a Observation, phase: &Phase, from_s: f64, to_s: f64) -> Option<Level<'a>> {
    let figures = &phase.figures;
    let counts = &figures.counts;
    let carried_per_sec = figures.throughput()?;
    if counts.due < LEAST_DUE {
        return None;
    }
    let amount = match phase.users {
        Some(users) => Amount::Users(users as f64),
        None => Amount::PerSec(counts.due as f64 / figures.duration_s),
    };
    let quick_s = figures.service.percentile(0.1).map(|time| time.as_secs_f64());
    let lost = (counts.timeout + counts.unfinished + counts.dropped) as f64;
    let behind = lost + left_behind(figures.after_phase, carried_per_sec, quick_s.unwrap_or(0.0));
    let seconds = |time: Duration| Some(time.as_secs_f64()).filter(|time| *time > 0.0);
    Some(Level {
        load,
        amount,
        carried_per_sec,
        refused: share(counts.rejected as f64, counts.due),
        behind: share(behind, counts.due),
        dropped: share(counts.dropped as f64, counts.due),
        time_s: seconds(figures.service.mean()),
        quick_s,
        response_s: median(figures),
        refusal_s: figures.rejected.percentile(0.5).and_then(seconds),
        from_s,
        to_s,
    })
}

fn median(figures: &Figures) -> Option<f64> {
    figures.response_percentile(0.5).map(|p| p.value.as_secs_f64()).filter(|time| *time > 0.0)
}

/// A ramp in parts, from its windows.
fn parts<'a>(load: &'a Observation, phase: &Phase, windows: &[&'a Window]) -> Vec<Level<'a>> {
    let each = windows.len().div_ceil(PARTS);
    let before =
        |n: usize| n.checked_sub(1).and_then(|n| windows.get(n)).map_or(0, |window| window.in_flight);
    let parts = windows.chunks(each).enumerate();
    parts.filter_map(|(n, windows)| part(load, phase, windows, before(n * each))).collect()
}

fn part<'a>(load: &'a Observation, phase: &Phase, windows: &[&Window], before: u64) -> Option<Level<'a>> {
    let (first, last) = (windows.first()?, windows.last()?);
    let span_s = last.at_s + last.length_s - first.at_s;
    let sum = |of: fn(&Window) -> u64| windows.iter().map(|window| of(window)).sum::<u64>();
    let due = sum(|window| window.counts.due);
    if due < LEAST_DUE || span_s <= 0.0 {
        return None;
    }
    let carried_per_sec = sum(|window| window.counts.ok + window.counts.error) as f64 / span_s;
    let mut medians: Vec<f64> =
        windows.iter().map(|window| window.p50_us / 1e6).filter(|p50| *p50 > 0.0).collect();
    medians.sort_by(f64::total_cmp);
    let middle = medians.get(medians.len() / 2).copied();
    let (dropped, lost) =
        (sum(|window| window.counts.dropped), sum(|window| window.counts.timeout + window.counts.unfinished));
    // What more is on its way at the end than at the beginning is behind, but for what follows from the rate.
    let quick_s = medians.first().copied();
    let more = last.in_flight.saturating_sub(before);
    let more = left_behind(more, carried_per_sec, quick_s.unwrap_or(0.0));
    let users = windows.iter().map(|window| window.in_flight as f64).sum::<f64>() / windows.len() as f64;
    Some(Level {
        load,
        amount: phase.users.map_or(Amount::PerSec(due as f64 / span_s), |_| Amount::Users(users)),
        carried_per_sec,
        refused: share(sum(|window| window.counts.rejected) as f64, due),
        behind: share((dropped + lost) as f64 + more, due),
        dropped: share(dropped as f64, due),
        time_s: middle,
        quick_s,
        response_s: middle,
        refusal_s: None,
        from_s: load.started_s + first.at_s,
        to_s: load.started_s + last.at_s + last.length_s,
    })
}
