use std::ops::Range;

use super::{
    Part, Rules, is_of_starts,
    streaks::Streaks,
    window::{Portion, Window},
};
use crate::{
    expect::{Metric, Statistic},
    judge::{
        expectation::{holds, holds_for_all_above},
        judgement::room_of,
        reading::{self, Reading, read_part},
        validity::late_by,
    },
    observe::{Figures, Model},
};

/// The windows of a whole load or of one of its phases.
#[derive(Debug)]
pub(super) struct Lane {
    part: Part,
    state: State,
    /// What happened since the window slid, or after its last.
    pending: Vec<Portion>,
    streaks: Streaks,
    worst: Option<Worst>,
}

#[derive(Debug)]
enum State {
    /// The part has not begun.
    Ahead,
    Running(Box<Window>),
    /// Nothing falls due in the part any more; if it was long enough for a window, this is its last one. What still
    /// ends belongs to it, since a window of stragglers alone would be one of slow operations by choice.
    Over(Option<Box<Last>>),
}

#[derive(Debug)]
struct Last {
    span: Range<f64>,
    covers_s: f64,
    portion: Portion,
}

/// The window that was nearest to the limit, or furthest beyond it.
#[derive(Debug, Clone)]
pub(super) struct Worst {
    pub(super) reading: Reading,
    pub(super) from_s: f64,
    pub(super) to_s: f64,
    room: f64,
}

impl Lane {
    pub(super) fn new(part: Part) -> Self {
        Self { part, state: State::Ahead, pending: Vec::new(), streaks: Streaks::default(), worst: None }
    }

    pub(super) const fn part(&self) -> Part {
        self.part
    }

    pub(super) const fn streaks(&self) -> &Streaks {
        &self.streaks
    }

    pub(super) const fn worst(&self) -> Option<&Worst> {
        self.worst.as_ref()
    }

    /// How many portions are kept.
    #[cfg(test)]
    pub(super) fn portions(&self) -> usize {
        self.pending.len()
            + match &self.state {
                State::Ahead | State::Over(None) => 0,
                State::Running(window) => window.portions(),
                State::Over(Some(_)) => 1,
            }
    }

    /// Something happened to operations of this part.
    pub(super) fn take(&mut self, metric: &Metric, figures: &Figures) {
        self.pending.push(Portion::of(figures, metric));
    }

    /// It is `at_s`; operations fall due within `due`.
    pub(super) fn look(&mut self, rules: &Rules<'_>, at_s: f64, due: &Range<f64>) {
        if matches!(self.state, State::Ahead) {
            self.state = State::Running(Box::default());
        }
        let State::Running(window) = &mut self.state else { return };
        let from_s = window.end_s().unwrap_or(due.start);
        let (to_s, is_over) = (at_s.min(due.end), at_s >= due.end);
        if !is_over && to_s - from_s < rules.step_s {
            return;
        }
        if to_s > from_s {
            let portion = joined(std::mem::take(&mut self.pending), &rules.terms.metric);
            window.push(from_s..to_s, portion, rules.window_s);
        }
        let whole = window.whole(rules.window_s);
        let covers_s = window.last_s();
        if is_over {
            let portion = Portion::of(&window.figures, &rules.terms.metric);
            self.state = State::Over(whole.map(|span| Box::new(Last { span, covers_s, portion })));
        } else if let Some(span) = whole {
            let read = read_window(rules, self.part, &mut window.figures, &span);
            self.note(rules, &span, covers_s, read);
        }
    }

    /// Everything has ended: the last window is looked at.
    pub(super) fn finish(&mut self, rules: &Rules<'_>) {
        let State::Over(Some(last)) = std::mem::replace(&mut self.state, State::Over(None)) else { return };
        let mut figures = Figures::default();
        last.portion.add_to(&mut figures);
        if !is_of_starts(&rules.terms.metric) {
            self.pending.drain(..).for_each(|portion| portion.add_to(&mut figures));
        }
        let read = read_window(rules, self.part, &mut figures, &last.span);
        self.note(rules, &last.span, last.covers_s, read);
    }

    fn note(&mut self, rules: &Rules<'_>, span: &Range<f64>, covers_s: f64, read: Read) {
        let Read { reading, answer } = read;
        if let (Some(reading), Ok(holds)) = (reading, &answer) {
            let sides = if *holds { 1.0 } else { -1.0 };
            let room = room_of(reading.value, &rules.terms.bound).unwrap_or(sides);
            if self.worst.as_ref().is_none_or(|worst| room < worst.room) {
                self.worst = Some(Worst { reading, from_s: span.start, to_s: span.end, room });
            }
        }
        self.streaks.take(span.end, covers_s, answer);
    }
}

/// Several portions as one, so that a long window has no more of them than a short one.
fn joined(mut portions: Vec<Portion>, metric: &Metric) -> Portion {
    if portions.len() < 2 {
        return portions.pop().unwrap_or_default();
    }
    let mut sum = Figures::default();
    portions.iter().for_each(|portion| portion.add_to(&mut sum));
    Portion::of(&sum, metric)
}

/// What a window says: the figure, and whether the limit holds.
struct Read {
    reading: Option<Reading>,
    answer: Result<bool, String>,
}

fn read_window(rules: &Rules<'_>, part: Part, figures: &mut Figures, span: &Range<f64>) -> Read {
    let real = (figures.counts, figures.after_phase, figures.ok_after_phase);
    if rules.model == Model::Open && figures.counts.due == 0 && figures.counts.ended() == 0 {
        return Read { reading: None, answer: Err("nothing was due in it".to_owned()) };
    }
    // To the nanosecond, so that a rate that is met exactly is met.
    figures.duration_s = ((span.end - span.start) * 1e9).round() / 1e9;
    // Operations end in a later window than they fell due in: a share is one of those that ended here.
    if rules.terms.metric.is_share_of_due() {
        figures.counts.due = figures.counts.ended();
    }
    if part == Part::Whole {
        (figures.after_phase, figures.ok_after_phase) = (figures.after_load, figures.ok_after_load);
    }
    let read = answer(rules, figures);
    (figures.counts, figures.after_phase, figures.ok_after_phase) = real;
    read
}

fn answer(rules: &Rules<'_>, figures: &Figures) -> Read {
    let part = reading::Part { figures, asked: None, phase: None };
    let reading = match read_part(&rules.terms.metric, &part, rules.least_samples) {
        Ok(reading) => reading,
        Err(reason) => return Read { reading: None, answer: Err(reason) },
    };
    let answer = holds(rules.terms, &reading);
    let answer = match (answer, generators_doing(rules, &part)) {
        (Ok(false), Some(reason)) => Err(reason),
        (answer, _) => answer,
    };
    Read { reading: Some(reading), answer }
}

/// Why a miss in this window would say more about the generator than about the target, if it would.
fn generators_doing(rules: &Rules<'_>, part: &reading::Part<'_>) -> Option<String> {
    let late = || late_by(rules.model, part.figures);
    match &rules.terms.metric {
        Metric::Latency(statistic) => late().filter(|_| service_holds(rules, part, *statistic)),
        metric if is_of_starts(metric) && part.figures.counts.dropped == 0 => late(),
        _ => None,
    }
}

/// Whether the limit of a response time would hold for the time without the lateness of the start.
fn service_holds(rules: &Rules<'_>, part: &reading::Part<'_>, statistic: Statistic) -> bool {
    let bound = &rules.terms.bound;
    match read_part(&Metric::ServiceTime(statistic), part, rules.least_samples) {
        Ok(service) if service.is_at_least => holds_for_all_above(bound, service.value) == Some(true),
        Ok(service) => bound.comparison.holds(service.value, bound.limit.number()),
        Err(_) => false,
    }
}
