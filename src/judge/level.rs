use std::{fmt, time::Duration};

use crate::{
    observe::{Figures, Observation, Phase, Window},
    units::Rate,
};

/// Levels with fewer operations say nothing.
const LEAST_DUE: u64 = 20;

/// A phase is a ramp when its last third has this many times what its first has, or the other way around.
const RAMP: f64 = 1.5;

/// Two counts of the same rate hardly ever lie so many of their standard deviations apart.
const SCATTER: f64 = 4.0;

/// A ramp is looked at in so many parts of at least [`PART_WINDOWS`].
const PARTS: usize = 4;
const PART_WINDOWS: usize = 2;

/// Windows end when somebody looks, which is a little late.
const WINDOW_DRIFT: f64 = 0.01;

/// How much was asked of a target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Amount {
    /// Operations due per second.
    PerSec(f64),
    /// Users that loop; of a ramp the most.
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
    /// The service time that is usual: between the mean, which a few delays of a busy machine lengthen, and the median,
    /// which is short where times are skewed.
    pub(super) usual_s: Option<f64>,
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
        for phase in &load.phases {
            let to_s = from_s + phase.figures.duration_s;
            if phase.is_started && !phase.is_warm_up {
                let windows = inside(load, from_s - load.started_s, to_s - load.started_s);
                match is_ramp(&windows, phase) {
                    true => levels.extend(parts(load, &windows)),
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

/// The windows that lie within a stretch: one that reaches into the drain, or into another phase, has figures of both.
fn inside(load: &Observation, from_s: f64, to_s: f64) -> Vec<&Window> {
    let lies_inside = |window: &&Window| {
        window.at_s >= from_s - WINDOW_DRIFT && window.at_s + window.length_s <= to_s + WINDOW_DRIFT
    };
    load.timeline.iter().filter(lies_inside).collect()
}

/// Whether the rate of an open load rises or falls in these windows of a phase. Of users nothing says how many there
/// were at a moment: a ramp of them is one level.
fn is_ramp(windows: &[&Window], phase: &Phase) -> bool {
    if windows.len() < PARTS * PART_WINDOWS || phase.users.is_some() {
        return false;
    }
    let third = windows.len() / 3;
    let due = |of: &[&Window]| of.iter().map(|window| window.counts.due).sum::<u64>() as f64;
    let (first, last) = (due(&windows[..third]), due(&windows[windows.len() - third..]));
    // Poisson arrivals scatter by the root of their number.
    let is_no_scatter = (last - first).abs() > SCATTER * (first + last).sqrt();
    is_no_scatter && !(1.0 / RAMP..=RAMP).contains(&(last / first))
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
    let quick_s = figures.service.percentile(0.1).map_or(0.0, |time| time.as_secs_f64());
    let lost = (counts.timeout + counts.unfinished + counts.dropped) as f64;
    let behind = lost + left_behind(figures.after_phase, carried_per_sec, quick_s);
    let mean_s = figures.service.mean().as_secs_f64();
    let seconds = |time: Duration| Some(time.as_secs_f64()).filter(|time| *time > 0.0);
    Some(Level {
        load,
        amount,
        carried_per_sec,
        refused: share(counts.rejected as f64, counts.due),
        behind: share(behind, counts.due),
        dropped: share(counts.dropped as f64, counts.due),
        time_s: Some(mean_s).filter(|mean| *mean > 0.0),
        usual_s: figures.service.percentile(0.5).and_then(seconds).map(|median| (median * mean_s).sqrt()),
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
fn parts<'a>(load: &'a Observation, windows: &[&Window]) -> Vec<Level<'a>> {
    let each = windows.len().div_ceil(PARTS);
    windows.chunks(each).filter_map(|windows| part(load, windows)).collect()
}

fn part<'a>(load: &'a Observation, windows: &[&Window]) -> Option<Level<'a>> {
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
    let quick_s = medians.first().copied().unwrap_or(0.0);
    let before =
        load.timeline.iter().rfind(|window| window.at_s < first.at_s).map_or(0, |window| window.in_flight);
    let more = last.in_flight.saturating_sub(before);
    let more = left_behind(more, carried_per_sec, quick_s);
    Some(Level {
        load,
        amount: Amount::PerSec(due as f64 / span_s),
        carried_per_sec,
        refused: share(sum(|window| window.counts.rejected) as f64, due),
        behind: share((dropped + lost) as f64 + more, due),
        dropped: share(dropped as f64, due),
        time_s: middle,
        usual_s: middle,
        response_s: middle,
        refusal_s: None,
        from_s: load.started_s + first.at_s,
        to_s: load.started_s + last.at_s + last.length_s,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{judge::made::open, observe::Counts};

    /// A load of 16 s in one phase of which `due(second)` fall due, and at most 500 are carried out in a second; the
    /// drain has a window of its own.
    fn windowed(due: impl Fn(u64) -> u64) -> Observation {
        let total: u64 = (0..16).map(&due).sum();
        let mut load = open("load", total / 10, total / 10, 5);
        load.phases[0].figures.duration_s = 16.0;
        let mut waiting = 0;
        for second in 0..17 {
            let due = if second < 16 { due(second) } else { 0 };
            let ok = (waiting + due).min(if second < 16 { 500 } else { u64::MAX });
            waiting = waiting + due - ok;
            load.timeline.push(Window {
                at_s: second as f64,
                length_s: 1.0,
                counts: Counts { due, ok, ..Counts::default() },
                in_flight: waiting,
                p50_us: 5_000.0,
                ..Window::default()
            });
        }
        load
    }

    #[test]
    fn a_steady_phase_is_one_level_whatever_its_drain_looks_like() {
        let steady = [windowed(|_| 100)];
        let levels = Level::all(&steady);
        assert_eq!((levels.len(), levels[0].amount), (1, Amount::PerSec(100.0)));
        assert_eq!((levels[0].from_s, levels[0].to_s, levels[0].behind), (0.0, 16.0, 0.0));
    }

    #[test]
    fn a_ramp_is_looked_at_in_parts() {
        let ramp = [windowed(|second| 60 * second + 30)];
        let levels = Level::all(&ramp);
        let amounts: Vec<_> = levels.iter().map(|level| level.amount.to_string()).collect();
        assert_eq!(amounts, ["120/s", "360/s", "600/s", "840/s"]);
        let carried: Vec<_> = levels.iter().map(|level| level.carried_per_sec).collect();
        assert_eq!(carried, [120.0, 360.0, 500.0, 500.0]);
        let behind: Vec<_> = levels.iter().map(|level| level.behind > 0.05).collect();
        assert_eq!(behind, [false, false, true, true]);
        assert_eq!((levels[2].from_s, levels[2].to_s), (8.0, 12.0));
        let scattered = [windowed(|second| if second < 6 { 1 } else { 3 })];
        assert_eq!(Level::all(&scattered).len(), 1, "few arrivals scatter");
    }
}
