use std::{collections::VecDeque, time::Duration};

use super::status::{Status, Work};
use crate::{
    engine::{Slice, Started},
    journal::{Event, Step},
    observe::{Counts, Figures},
};

/// Rate, percentile and share of errors are of this time: short enough to see a change, long enough to read.
const WINDOW: Duration = Duration::from_secs(5);

/// Slices come five times a second while something happens. Later than this, nothing has happened.
const SLICE_DUE: Duration = Duration::from_millis(300);

/// No rate is told over less than this.
const RATE_OVER_AT_LEAST: Duration = Duration::from_millis(150);

/// What a load is called that nobody named.
const UNNAMED: &str = "load";

/// What the loads of a case do, as its journal tells it. Pure: time, since the start of the case, comes with the events.
#[derive(Debug, Default)]
pub(crate) struct Live {
    loads: Vec<Running>,
    step: Option<Step>,
    /// Whether a load has begun at all.
    has_begun: bool,
    errors: u64,
    dropped: u64,
}

/// A load that runs.
#[derive(Debug)]
struct Running {
    started: Started,
    began: Duration,
    phase: usize,
    in_flight: u64,
    /// What happened in the last seconds: when that was heard, and what.
    recent: VecDeque<(Duration, Figures)>,
    /// All of `recent` together.
    sum: Figures,
    /// Since when `recent` tells what happened: when the last of what is forgotten was heard, or the load began.
    known_since: Duration,
}

impl Live {
    /// Takes in an event that was heard at `at`.
    pub(crate) fn take(&mut self, event: &Event, at: Duration) {
        match event {
            Event::LoadStarted(started) => {
                self.has_begun = true;
                self.loads.retain(|load| load.started.load != started.load);
                self.loads.push(Running::new(started.clone(), at));
            }
            Event::Slice(slice) => self.slice(slice, at),
            Event::LoadFinished(observation) => {
                self.loads.retain(|load| load.started.load != observation.load);
            }
            Event::Step(step) => self.step = Some(step.clone()),
            // What else a case tells is not shown.
            _ => {}
        }
    }

    fn slice(&mut self, slice: &Slice, at: Duration) {
        let Some(load) = self.loads.iter_mut().find(|load| load.started.load == slice.load) else { return };
        self.errors += failed(&slice.figures.counts);
        self.dropped += slice.figures.counts.dropped;
        load.take(slice, at);
    }

    /// Puts what the loads do at `now` into a status.
    pub(crate) fn tell(&mut self, now: Duration, status: &mut Status) {
        self.loads.iter_mut().for_each(|load| load.forget(now));
        status.phase = self.phase(now);
        status.left = self.left(now);
        status.work = (!self.loads.is_empty()).then(|| self.work(now));
        status.errors = self.errors;
        status.dropped = self.dropped;
    }

    fn phase(&self, now: Duration) -> String {
        match (&self.step, self.loads.as_slice()) {
            (Some(step), _) => {
                let of = step.of.map_or_else(String::new, |of| format!(" of {of}"));
                format!("step {}{of}: {}", step.number, step.step)
            }
            (None, []) if self.has_begun => "between loads".to_owned(),
            (None, []) => "preparing".to_owned(),
            (None, [load]) => load.place(now),
            (None, loads) => {
                loads.iter().map(|load| load.started.load.as_str()).collect::<Vec<_>>().join(", ")
            }
        }
    }

    /// The longest of the loads tells when something changes.
    fn left(&self, now: Duration) -> Option<Duration> {
        let left = self.loads.iter().map(|load| load.left(now));
        left.collect::<Option<Vec<_>>>()?.into_iter().max()
    }

    fn work(&self, now: Duration) -> Work {
        let rates: Option<Vec<f64>> = self.loads.iter().map(|load| load.rate(now)).collect();
        let p99 = self.loads.iter().filter_map(|load| load.sum.response_percentile(0.99));
        let sum = |of: fn(&Counts) -> u64| self.loads.iter().map(|load| of(&load.sum.counts)).sum::<u64>();
        let ended = sum(Counts::ended);
        Work {
            loads: self.loads.len(),
            rate_per_sec: rates.map(|rates| rates.iter().sum()),
            // Of two equal ones, the lower bound is the worse.
            p99: p99.max_by_key(|p99| (p99.value, p99.is_at_least)),
            error_share: (ended > 0).then(|| sum(failed) as f64 / ended as f64),
            in_flight: self.loads.iter().map(|load| load.in_flight).sum(),
        }
    }
}

impl Running {
    fn new(started: Started, began: Duration) -> Self {
        Self {
            started,
            began,
            phase: 0,
            in_flight: 0,
            recent: VecDeque::new(),
            sum: Figures::default(),
            known_since: began,
        }
    }

    fn take(&mut self, slice: &Slice, at: Duration) {
        self.phase = self.phase.max(slice.phase);
        self.in_flight = slice.in_flight;
        let news = Figures {
            counts: slice.figures.counts,
            response: slice.figures.response.clone(),
            at_least: slice.figures.at_least.clone(),
            ..Figures::default()
        };
        self.sum.merge(&news);
        self.recent.push_back((at, news));
        self.forget(at);
    }

    /// Until when slices tell what happened. The last one was some time ago, which nothing is known about yet, unless it
    /// is so long ago that nothing happened.
    fn known_until(&self, now: Duration) -> Duration {
        let last = self.recent.back().map_or(self.began, |(at, _)| *at);
        last.max(now.saturating_sub(SLICE_DUE))
    }

    fn forget(&mut self, now: Duration) {
        let since = self.known_until(now).saturating_sub(WINDOW);
        while self.recent.front().is_some_and(|(at, _)| *at <= since) {
            let Some((at, old)) = self.recent.pop_front() else { return };
            self.sum = self.sum.since(&old);
            self.known_since = at;
        }
    }

    /// Operations that ended a second.
    fn rate(&self, now: Duration) -> Option<f64> {
        let until = self.known_until(now);
        // A slice more or less would be 4 % of a rate. Where nothing was heard for long, nothing happened.
        let span = until.saturating_sub(self.known_since).min(WINDOW + SLICE_DUE);
        let counts = &self.sum.counts;
        let ended = counts.ok + counts.rejected + counts.error + counts.timeout;
        (span >= RATE_OVER_AT_LEAST).then(|| ended as f64 / span.as_secs_f64())
    }

    fn left(&self, now: Duration) -> Option<Duration> {
        let length = Duration::try_from_secs_f64(self.started.length_s?).ok()?;
        Some((self.began + length).saturating_sub(now))
    }

    /// In which phase it is.
    fn place(&self, now: Duration) -> String {
        let phases = &self.started.phases;
        let name = match self.left(now) {
            Some(Duration::ZERO) => "draining".to_owned(),
            Some(_) | None => {
                let name = phases.get(self.phase).map_or("", String::as_str);
                let of = if phases.len() > 1 {
                    format!(" ({} of {})", self.phase + 1, phases.len())
                } else {
                    String::new()
                };
                format!("{name}{of}")
            }
        };
        match self.started.load.as_str() {
            UNNAMED => name,
            load => format!("{load}: {name}"),
        }
    }
}

/// As in a report's share of errors: refusing politely is none.
const fn failed(counts: &Counts) -> u64 {
    counts.error + counts.timeout + counts.unfinished
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        observe::{Histogram, Model, Observation, Purpose},
        units::{millis, seconds},
    };

    fn started(load: &str, phases: &[&str], length_s: Option<f64>) -> Event {
        Event::LoadStarted(Started {
            load: load.into(),
            model: Model::Open,
            purpose: Purpose::Measure,
            plan: String::new(),
            started_s: 0.0,
            phases: phases.iter().map(|&name| name.to_owned()).collect(),
            warm_up_phases: 0,
            timeout_s: 30.0,
            length_s,
        })
    }

    /// `ok` operations of `ms` each, and some that failed after it.
    fn slice(load: &str, phase: usize, ok: u64, ms: u64, error: u64) -> Event {
        let mut response = Histogram::default();
        response.record_n(ms * 1_000_000, ok + error);
        let counts = Counts { due: ok + error, ok, error, ..Counts::default() };
        let figures = Figures { counts, response, ..Figures::default() };
        Event::Slice(Box::new(Slice { load: load.into(), at_s: 0.0, phase, in_flight: 3, figures }))
    }

    fn finished(load: &str) -> Event {
        Event::LoadFinished(Box::new(Observation { load: load.into(), ..Observation::default() }))
    }

    fn told(live: &mut Live, ms: u64) -> Status {
        let mut status = Status::default();
        live.tell(millis(ms), &mut status);
        status
    }

    /// Slices every 200 ms from `from` to `to`, both in ms.
    fn busy(live: &mut Live, from: u64, to: u64, event: &Event) {
        (from..=to).step_by(200).for_each(|ms| live.take(event, millis(ms)));
    }

    #[test]
    fn figures_are_of_the_last_five_seconds() {
        let mut live = Live::default();
        live.take(&started("load", &["20/s for 1m"], Some(60.0)), millis(1_000));
        busy(&mut live, 1_200, 11_000, &slice("load", 0, 4, 10, 0));
        let before = told(&mut live, 11_000);
        assert_eq!((before.left, before.phase.as_str()), (Some(seconds(50)), "20/s for 1m"));
        let work = before.work.unwrap();
        assert_eq!((work.rate_per_sec, work.error_share, work.in_flight), (Some(20.0), Some(0.0), 3));
        assert_eq!(work.p99.map(|p99| (p99.value.as_millis(), p99.is_at_least)), Some((10, false)));

        busy(&mut live, 11_200, 13_400, &slice("load", 0, 1, 300, 1));
        let mixed = told(&mut live, 13_400);
        let work = mixed.work.unwrap();
        // 13 of the old slices and 12 of the new ones are younger than 5 s.
        assert_eq!(work.rate_per_sec, Some((13.0 * 4.0 + 12.0 * 2.0) / 5.0));
        assert_eq!((work.error_share, mixed.errors), (Some(12.0 / 76.0), 12));
        assert_eq!(work.p99.unwrap().value.as_millis(), 300);

        busy(&mut live, 13_600, 18_400, &slice("load", 0, 4, 10, 0));
        let after = told(&mut live, 18_400);
        assert_eq!(after.work.unwrap().p99.unwrap().value.as_millis(), 10);
        assert_eq!((after.work.unwrap().error_share, after.errors), (Some(0.0), 12), "the total stays");
    }

    #[test]
    fn a_target_that_stalls_comes_to_a_rate_of_nothing() {
        let mut live = Live::default();
        live.take(&started("load", &["a"], None), millis(0));
        assert_eq!(told(&mut live, 100).work.unwrap().rate_per_sec, None, "too early to tell");
        busy(&mut live, 200, 1_000, &slice("load", 0, 2, 10, 0));
        assert_eq!(
            told(&mut live, 1_100).work.unwrap().rate_per_sec,
            Some(10.0),
            "the next slice is not due yet"
        );
        let rate = told(&mut live, 4_300).work.unwrap().rate_per_sec;
        assert_eq!(rate, Some(2.5), "10 in 4 s");
        let nothing = told(&mut live, 7_000).work.unwrap();
        assert_eq!((nothing.rate_per_sec, nothing.p99, nothing.error_share), (Some(0.0), None, None));
    }

    #[test]
    fn loads_beside_each_other_add_up() {
        let mut live = Live::default();
        live.take(&started("reads", &["a"], Some(10.0)), millis(0));
        live.take(&started("writes", &["b"], Some(20.0)), millis(0));
        busy(&mut live, 200, 5_000, &slice("reads", 0, 2, 10, 0));
        busy(&mut live, 200, 5_000, &slice("writes", 0, 1, 70, 0));
        let both = told(&mut live, 5_000);
        let work = both.work.unwrap();
        assert_eq!((both.phase.as_str(), work.loads, both.left), ("reads, writes", 2, Some(seconds(15))));
        assert_eq!((work.rate_per_sec, work.in_flight), (Some(15.0), 6));
        assert_eq!(work.p99.unwrap().value.as_millis(), 70);
        live.take(&finished("writes"), millis(5_000));
        let one = told(&mut live, 5_000);
        assert_eq!((one.phase.as_str(), one.work.unwrap().loads), ("reads: a", 1));
    }

    #[test]
    fn a_case_says_where_it_is() {
        let mut live = Live::default();
        assert_eq!((told(&mut live, 0).phase, told(&mut live, 0).work), ("preparing".to_owned(), None));
        live.take(&started("load", &["calm", "peak"], Some(2.0)), millis(500));
        assert_eq!(told(&mut live, 600).phase, "calm (1 of 2)");
        live.take(&slice("load", 1, 1, 1, 0), millis(1_600));
        live.take(&slice("load", 0, 1, 1, 0), millis(1_600));
        assert_eq!(told(&mut live, 1_700).phase, "peak (2 of 2)");
        let drain = told(&mut live, 2_500);
        assert_eq!((drain.phase.as_str(), drain.left), ("draining", Some(Duration::ZERO)));
        live.take(&finished("load"), millis(2_600));
        let between = told(&mut live, 2_700);
        assert_eq!((between.phase.as_str(), between.left, between.work), ("between loads", None, None));
        let step = Step { procedure: "capacity".into(), step: "8 users".into(), number: 3, of: Some(9) };
        live.take(&Event::Step(step), millis(2_800));
        assert_eq!(told(&mut live, 2_900).phase, "step 3 of 9: 8 users");
    }
}
