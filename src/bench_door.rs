//! What the benchmarks of this repository reach beside the interface: parts that users only get together.
//!
//! Owns nothing, and no room uses it.

use std::{error::Error, path::Path};

use crate::{
    engine,
    observe::{Ended, Figures, Histogram, Recorder},
    outcome::OutcomeClass,
    report::{self, RunFolder, RunReport},
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
/// `summary.txt` and `report.html`.
///
/// # Errors
/// A file could not be written.
pub fn write_reports(base: &Path, run: RunReport) -> Result<(), Box<dyn Error>> {
    let folder = RunFolder::open(base, &run.run_id)?;
    for case in &run.cases {
        folder.write_case(case)?;
    }
    folder.write_run(run, &["json", "text", "html"].map(str::to_owned))?;
    Ok(())
}

/// What is in `report.html`.
pub fn html_page(run: &RunReport) -> String {
    report::html_page(run)
}
