use std::collections::{BTreeMap, BTreeSet};

use crate::{
    engine::{Slice, Started},
    journal::{CaseResult, Event, FaultBand, Figure, Line, Losses, MissedThreshold, Planned, Step},
    judge::{Finding, Judgement},
    observe::{Counts, Figures, Model, Observation, Phase, Window},
    safety::InFlight,
    stop::StopReason,
};

/// What a case's journal says, event by event.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gathered {
    pub(crate) observations: Vec<Observation>,
    pub(crate) judgements: Vec<Judgement>,
    pub(crate) figures: Vec<Figure>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) notes: Vec<String>,
    pub(crate) warnings: Vec<String>,
    /// Where injected faults were in force.
    pub(crate) faults: Vec<FaultBand>,
    /// The threshold that ended the case, and seconds from the case's start to that.
    pub(crate) threshold: Option<(MissedThreshold, f64)>,
    /// Why the nodes that carry the case out together stopped it, if they did.
    pub(crate) nodes_stopped: Option<(StopReason, String)>,
    /// The loads that this node did a share of.
    pub(crate) shared: BTreeSet<String>,
    /// The steps of its procedures, each with its beginning in seconds since the start of the case.
    pub(crate) steps: Vec<(f64, Step)>,
    pub(crate) planned: Vec<Planned>,
    /// Message and place of each panic of the case.
    pub(crate) panics: Vec<(String, String)>,
    pub(crate) result: Option<CaseResult>,
    pub(crate) peak_memory_bytes: Option<u64>,
    /// What could not be read: torn by a kill, or cut off.
    pub(crate) losses: Losses,
    running: BTreeMap<String, Salvage>,
    /// Faults whose end has not been told yet, each with its beginning.
    in_force: Vec<FaultBand>,
    /// When the last event was told, in seconds since the start of the case.
    last_s: f64,
    /// Where loads and phases began or ended since somebody asked.
    borders: Vec<String>,
}

/// A load whose end has not been told yet.
#[derive(Debug, Clone)]
struct Salvage {
    started: Started,
    phases: Vec<Figures>,
    timeline: Vec<Window>,
    /// What came since the last window.
    window: Figures,
    in_flight: u64,
    last_s: f64,
    /// The phase of the last slice.
    phase: usize,
}

impl Gathered {
    /// Takes in one event.
    pub(crate) fn take(&mut self, line: Line) {
        self.last_s = self.last_s.max(line.t_s);
        match line.event {
            Event::CaseStarted { .. } => {}
            Event::LoadStarted(started) => {
                let phases = vec![Figures::default(); started.phases.len()];
                let name = started.load.clone();
                self.borders.push(format!("begin of {name}"));
                self.running.insert(name, Salvage::of(started, phases));
            }
            Event::Slice(slice) => self.slice(&slice),
            Event::Window { load, window } => {
                if let Some(salvage) = self.running.get_mut(&load) {
                    salvage.window = Figures::default();
                    salvage.timeline.push(*window);
                }
            }
            Event::LoadFinished(observation) => {
                self.running.remove(&observation.load);
                self.borders.push(format!("end of {}", observation.load));
                self.observations.push(*observation);
            }
            // The load's own end has it with what the others did.
            Event::Share(part) => drop(self.shared.insert(part.load)),
            Event::NodesStopped { reason, sentence } => {
                self.nodes_stopped.get_or_insert((reason, sentence));
            }
            Event::LoadPlanned(planned) => self.planned.push(planned),
            Event::Judged(judgement) => self.judgements.push(judgement),
            Event::ThresholdMissed(missed) => {
                self.threshold.get_or_insert((missed, line.t_s));
            }
            Event::Figure(figure) => self.figures.push(figure),
            Event::Found(finding) => self.findings.push(*finding),
            Event::Note { text } => self.notes.push(text),
            Event::Warning { text } => self.warnings.push(text),
            Event::FaultsBegan { faults, plan, load } => {
                self.in_force.push(FaultBand {
                    faults,
                    plan,
                    load,
                    from_s: line.t_s,
                    ..FaultBand::default()
                });
            }
            Event::FaultsEnded { faults, load, bands } => {
                self.in_force.retain(|band| (&band.faults, &band.load) != (&faults, &load));
                self.faults.extend(bands);
            }
            Event::Step(step) => self.steps.push((line.t_s, step)),
            Event::Panic { message, place } => self.panics.push((message, place)),
            Event::CaseFinished { result, peak_memory_bytes } => {
                self.result = Some(result);
                self.peak_memory_bytes = peak_memory_bytes;
            }
        }
    }

    fn slice(&mut self, slice: &Slice) {
        let Some(salvage) = self.running.get_mut(&slice.load) else { return };
        salvage.in_flight = slice.in_flight;
        salvage.last_s = slice.at_s;
        if slice.phase > salvage.phase {
            salvage.phase = slice.phase;
            let phase = salvage.started.phases.get(slice.phase).map_or("", String::as_str);
            self.borders.push(format!("begin of {}, {phase}", slice.load));
        }
        if let Some(figures) = salvage.phases.get_mut(slice.phase) {
            figures.merge(&slice.figures);
            salvage.window.merge(&slice.figures);
        }
    }

    /// Operations in flight in all loads, as of the last slices.
    pub(crate) fn in_flight(&self) -> InFlight {
        let in_flight = self.running.values().map(|load| load.in_flight).sum();
        match self.running.values().any(|load| load.started.model == Model::Open) {
            true => InFlight::WithArrivals(in_flight),
            false => InFlight::OfUsers(in_flight),
        }
    }

    /// Where loads and phases began or ended since the last call, in words.
    pub(crate) fn take_borders(&mut self) -> Vec<String> {
        std::mem::take(&mut self.borders)
    }

    /// No more events come: loads that never told their end become what is known of them. Operations that were in
    /// flight are unfinished.
    pub(crate) fn finish(&mut self, losses: Losses) {
        self.losses = losses;
        let running = std::mem::take(&mut self.running);
        self.observations.extend(running.into_values().map(Salvage::into_observation));
        self.observations.sort_by(|a, b| a.started_s.total_cmp(&b.started_s));
        let until_s = self.last_s;
        self.faults.extend(self.in_force.drain(..).map(|band| FaultBand { until_s, ..band }));
        self.faults.sort_by(|a, b| a.from_s.total_cmp(&b.from_s));
    }
}

impl Salvage {
    fn of(started: Started, phases: Vec<Figures>) -> Self {
        let (timeline, window) = (Vec::new(), Figures::default());
        Self { started, phases, timeline, window, in_flight: 0, last_s: 0.0, phase: 0 }
    }

    /// The windows, and what was told after the last of them as one more.
    fn timeline(&mut self) -> Vec<Window> {
        let mut timeline = std::mem::take(&mut self.timeline);
        if self.window.counts != Counts::default() {
            let from_s = timeline.last().map_or(0.0, |last| last.at_s + last.length_s);
            let last = Window::of(&self.window, from_s, self.last_s.max(from_s));
            timeline.push(Window { phase: self.phase as u32, in_flight: self.in_flight, ..last });
        }
        timeline
    }

    fn into_observation(mut self) -> Observation {
        let timeline = self.timeline();
        let warm_up = self.started.warm_up_phases;
        let last_phase = self.phases.iter().rposition(|f| f.counts.due > 0);
        let mut total = Figures::default();
        let mut phases = Vec::new();
        for (index, (mut figures, name)) in self.phases.into_iter().zip(self.started.phases).enumerate() {
            let counts = &mut figures.counts;
            counts.unfinished = counts.due.saturating_sub(counts.ended());
            let is_warm_up = index < warm_up;
            if !is_warm_up {
                total.merge(&figures);
            }
            let is_started = last_phase.is_some_and(|last| index <= last);
            phases.push(Phase { name, is_warm_up, is_started, figures, ..Phase::default() });
        }
        total.duration_s = self.last_s;
        Observation {
            load: self.started.load,
            model: self.started.model,
            purpose: self.started.purpose,
            plan: self.started.plan,
            started_s: self.started.started_s,
            total,
            phases,
            timeline,
            complete: false,
            timeout_s: self.started.timeout_s,
            ..Observation::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::Purpose;

    fn started() -> Event {
        Event::LoadStarted(Started {
            load: "load".into(),
            model: Model::Open,
            purpose: Purpose::Measure,
            plan: "10/s for 5 s".into(),
            started_s: 0.5,
            phases: vec!["10/s for 5 s".into()],
            warm_up_phases: 0,
            timeout_s: 30.0,
            length_s: Some(5.0),
        })
    }

    fn slice(at_s: f64, due: u64, ok: u64) -> Event {
        let counts = Counts { due, ok, ..Counts::default() };
        let figures = Figures { counts, ..Figures::default() };
        Event::Slice(Box::new(Slice { load: "load".into(), at_s, phase: 0, in_flight: due - ok, figures }))
    }

    fn gathered(events: impl IntoIterator<Item = Event>) -> Gathered {
        let mut gathered = Gathered::default();
        events.into_iter().for_each(|event| gathered.take(Line { t_s: 0.0, event }));
        gathered
    }

    #[test]
    fn users_in_flight_are_told_from_arrivals() {
        let of = |model| {
            let Event::LoadStarted(started) = started() else { panic!("that is what it makes") };
            let started = Event::LoadStarted(Started { model, ..started });
            gathered([started, slice(0.2, 4, 1)]).in_flight()
        };
        assert_eq!(of(Model::Closed), InFlight::OfUsers(3));
        assert_eq!(of(Model::Open), InFlight::WithArrivals(3));
    }

    #[test]
    fn a_load_without_its_end_is_put_together_from_its_slices() {
        let mut gathered = gathered([started(), slice(0.2, 4, 2), slice(0.4, 3, 3)]);
        assert_eq!(gathered.in_flight(), InFlight::WithArrivals(0));
        assert_eq!(gathered.take_borders(), ["begin of load"]);
        gathered.finish(Losses { unreadable_lines: 1, was_cut: false });
        let observation = &gathered.observations[0];
        assert_eq!(observation.total.counts, Counts { due: 7, ok: 5, unfinished: 2, ..Counts::default() });
        assert!(!observation.complete && observation.phases[0].is_started);
        assert_eq!((observation.total.duration_s, gathered.losses.unreadable_lines), (0.4, 1));
    }

    #[test]
    fn a_load_without_its_end_keeps_its_windows() {
        let window = Window { at_s: 0.0, length_s: 0.4, in_flight: 2, ..Window::default() };
        let told = Event::Window { load: "load".into(), window: Box::new(window) };
        let mut gathered = gathered([started(), slice(0.2, 4, 2), told, slice(0.6, 3, 3), slice(0.7, 2, 1)]);
        gathered.finish(Losses::default());
        let timeline = &gathered.observations[0].timeline;
        assert_eq!((timeline.len(), timeline[0]), (2, window));
        let rest = Counts { due: 5, ok: 4, ..Counts::default() };
        assert_eq!((timeline[1].at_s, timeline[1].counts, timeline[1].in_flight), (0.4, rest, 1));
        assert!((timeline[1].length_s - 0.3).abs() < 1e-9, "{timeline:?}");
    }

    #[test]
    fn each_phase_is_a_border_once() {
        let Event::LoadStarted(two) = started() else { panic!("it is") };
        let two = Event::LoadStarted(Started { phases: vec!["calm".into(), "spike".into()], ..two });
        let in_phase = |phase| match slice(0.2, 1, 1) {
            Event::Slice(slice) => Event::Slice(Box::new(Slice { phase, ..*slice })),
            other => other,
        };
        let mut gathered = gathered([two, in_phase(0), in_phase(1), in_phase(1), in_phase(0)]);
        assert_eq!(gathered.take_borders(), ["begin of load", "begin of load, spike"]);
    }

    #[test]
    fn faults_without_their_end_lasted_until_the_last_event() {
        let began = |load: &str| Event::FaultsBegan {
            faults: "faults".into(),
            plan: "5% of the operations: hang".into(),
            load: load.into(),
        };
        let told = FaultBand { load: "first".into(), met: Some(7), until_s: 3.0, ..FaultBand::default() };
        let ended = Event::FaultsEnded { faults: "faults".into(), load: "first".into(), bands: vec![told] };
        let mut gathered = Gathered::default();
        for (t_s, event) in
            [(0.0, began("first")), (3.0, ended), (4.0, began("second")), (6.5, slice(1.0, 1, 1))]
        {
            gathered.take(Line { t_s, event });
        }
        gathered.finish(Losses::default());
        let seen: Vec<_> =
            gathered.faults.iter().map(|b| (b.load.as_str(), b.from_s, b.until_s, b.met)).collect();
        assert_eq!(seen, [("first", 0.0, 3.0, Some(7)), ("second", 4.0, 6.5, None)]);
    }

    #[test]
    fn a_load_with_its_end_is_that() {
        let told = Observation { load: "load".into(), complete: true, ..Observation::default() };
        let mut gathered = gathered([started(), slice(0.2, 4, 2), Event::LoadFinished(Box::new(told))]);
        assert_eq!(gathered.take_borders(), ["begin of load", "end of load"]);
        assert_eq!(gathered.take_borders(), [""; 0]);
        gathered.finish(Losses::default());
        assert_eq!(gathered.observations.len(), 1);
        assert!(gathered.observations[0].complete);
    }
}
