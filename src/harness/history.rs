use std::{path::Path, process::ExitCode};

use super::{compare::print, exit, place, trials::Shared};
use crate::{
    case::nearest,
    history::{KeptRun, Store, trend},
    report::{CaseReport, PastRun, RunReport, history_text},
    suite::Suite,
};

impl Shared {
    /// The case with its last runs, among which it is kept from now on. What goes wrong with that is a warning of the run.
    pub(super) fn with_history(&self, case: CaseReport) -> CaseReport {
        let (case, warning) = kept(&store(&self.suite, &self.reports()), &self.run_report(), case);
        self.results().warnings.extend(warning);
        case
    }
}

/// The history of a suite; `reports` is the folder that the folders of runs are in.
pub(super) fn store(suite: &Suite, reports: &Path) -> Store {
    Store::new(&place::shown(reports), suite.package, suite.crate_name)
}

/// Keeps a case of a run, and returns it with its trend, and a warning where it could not be kept.
pub(super) fn kept(store: &Store, run: &RunReport, mut case: CaseReport) -> (CaseReport, Option<String>) {
    let now = KeptRun::of(run, &case);
    let kept = store.keep(&now);
    case.history = Some(trend(&kept, &now));
    (case, kept.trouble)
}

/// Prints what is kept of each case whose name has `text` in it; nothing is run and nothing is written.
pub(super) fn show(store: &Store, cases: &[&str], text: &str) -> ExitCode {
    let meant: Vec<&&str> = cases.iter().filter(|case| case.contains(text)).collect();
    if meant.is_empty() {
        let nearest = nearest(text, cases.iter().copied());
        let nearest = nearest.map_or_else(String::new, |name| format!("; did you mean {name:?}?"));
        eprintln!("error: --history: no case is called like {text:?}{nearest} (--list has their names)");
        return ExitCode::from(exit::USAGE);
    }
    let mut pages = Vec::new();
    for case in meant {
        let kept = store.read(case);
        if let Some(trouble) = kept.trouble {
            eprintln!("error: --history: {trouble}");
            return ExitCode::from(exit::USAGE);
        }
        let runs: Vec<PastRun> = kept.runs.into_iter().map(|run| run.run).collect();
        pages.push(history_text(case, &runs, kept.skipped.as_deref()));
    }
    print(&pages.join("\n"));
    ExitCode::from(exit::PASSED)
}
