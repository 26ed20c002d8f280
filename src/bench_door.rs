//! What the benchmarks of this repository reach beside the interface: parts that users only get together.
//!
//! Owns nothing, and no room uses it.

use std::{error::Error, path::Path};

use crate::{
    engine::{self, Slice, Started},
    journal::{Event, Line},
    observe::{Ended, Figures, Histogram, Model, Purpose, Recorder, Window},
    outcome::OutcomeClass,
    report::{self, LatencyLog, RunFolder, RunReport},
};

/// A recorder that any thread may write to.
pub struct Recording(Recorder);

impl Default for Recording {
    fn default() -> Self {
        Self(Recorder::new())
    }
}

impl Recording {
    /// An operation fell due, started in time and succeeded after `ns` nanoseconds.
    #[inline]
    pub fn operation(&self, ns: u64) {
        self.0.due();
        self.0.ended(Ended {
            class: OutcomeClass::Ok,
            response_ns: ns,
            service_ns: ns,
            retries: 0,
            bytes: 0,
            is_after_phase: false,
            is_after_load: false,
        });
    }

    /// Everything recorded so far.
    pub fn figures(&self) -> Figures {
        self.0.figures()
    }
}

/// What `later` has counted since `earlier`.
pub fn since(later: &Figures, earlier: &Figures) -> Figures {
    later.since(earlier)
}

/// Adds `news` to `total`.
pub fn merge(total: &mut Figures, news: &Figures) {
    total.merge(news);
}

/// Counts a value of `ns` nanoseconds.
pub fn record(histogram: &mut Histogram, ns: u64) {
    histogram.record_n(ns, 1);
}

/// Adds the values of `news` to `total`.
pub fn merge_histograms(total: &mut Histogram, news: &Histogram) {
    total.merge(news);
}

/// A clock as a load has it: nanoseconds since it was made.
pub fn clock() -> impl Fn() -> u64 {
    engine::clock()
}

/// Writes everything that a run of one process writes below `base`: the folder of each case, `report.json`,
/// `summary.txt` and `report.html`; all but `latency.hlog`, which is written while a case runs.
///
/// # Errors
/// A file could not be written.
pub fn write_reports(base: &Path, run: RunReport) -> Result<(), Box<dyn Error>> {
    let folder = RunFolder::open(base, &run.run_id)?;
    for case in &run.cases {
        folder.write_course(case, &["csv".to_owned()])?;
    }
    folder.write_run(run, &["json", "text", "html"].map(str::to_owned))?;
    Ok(())
}

/// What is in `latency.hlog` of a load that told `slice` five times in each of so many windows of a second.
pub fn latency_log(windows: u32, slice: &Figures) -> Vec<u8> {
    let line = |event| Line { t_s: 0.0, event };
    let mut bytes = Vec::new();
    let mut log = LatencyLog::to(&mut bytes);
    log.take(&line(Event::LoadStarted(Started {
        load: "load".to_owned(),
        model: Model::Open,
        purpose: Purpose::Measure,
        plan: String::new(),
        started_s: 0.0,
        phases: vec!["phase".to_owned()],
        warm_up_phases: 0,
        timeout_s: 30.0,
        length_s: Some(f64::from(windows)),
    })));
    let (load, figures) = ("load".to_owned(), slice.clone());
    let slice = line(Event::Slice(Box::new(Slice { load, at_s: 0.0, phase: 0, in_flight: 0, figures })));
    for at in 0..windows {
        (0..5).for_each(|_| log.take(&slice));
        let window = Window { at_s: at.into(), length_s: 1.0, ..Window::default() };
        log.take(&line(Event::Window { load: "load".to_owned(), window: Box::new(window) }));
    }
    log.end();
    drop(log);
    bytes
}

/// What is in `report.html`.
pub fn html_page(run: &RunReport) -> String {
    report::html_page(run)
}
