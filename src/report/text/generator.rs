use super::{lay::Page, show};
use crate::report::LoadReport;

/// An achieved rate further from what was asked is worth saying.
const NOTED: f64 = 0.001;

/// What the load generator did: whether the load was the one that was asked for, and what making it cost.
pub(super) fn lay(page: &mut Page, indent: usize, load: &LoadReport) {
    let groups = [asked(load), lateness(load), used(load)];
    if groups.iter().any(|group| !group.is_empty()) {
        page.groups(indent, "generator: ", &groups);
    }
}

/// The rate that an open load asked for and the one that it achieved.
fn asked(load: &LoadReport) -> Vec<String> {
    let (Some(asked), Some(started)) = (load.asked_per_sec, load.total.started_per_sec) else {
        return Vec::new();
    };
    let short = load.achieved_rate.filter(|share| (share - 1.0).abs() > NOTED);
    let achieved = short.map_or(String::new(), |share| format!(" ({})", show::share(share)));
    vec![
        format!("asked {}", show::rate(asked)),
        format!("started {}{achieved}", show::rate(started)),
        format!("{} dropped", show::count(load.total.counts.dropped)),
    ]
}

fn lateness(load: &LoadReport) -> Vec<String> {
    let late = &load.total.lateness;
    match (load.asked_per_sec, late.p99_us, late.max_us) {
        (Some(_), Some(p99), Some(max)) => {
            vec![format!("late p99 {}", show::micros(p99)), format!("max {}", show::micros(max))]
        }
        _ => Vec::new(),
    }
}

fn used(load: &LoadReport) -> Vec<String> {
    let cores = load.process.cores().map(|cores| format!("{} cores", show::number(cores)));
    let busy = load.process.workers_busy().map(|busy| format!("workers {:.0}% busy", busy * 100.0));
    cores.into_iter().chain(busy).collect()
}
