use super::{generator, lay::Page, show};
use crate::report::{CounterReport, FiguresReport, LoadReport, PhaseReport, TimesReport};

/// Phases shown of a load; the others are in `report.json`.
const MOST_PHASES: usize = 12;

/// Tags shown of a load.
const MOST_TAGS: usize = 8;

/// Kinds of failures shown of a load.
const MOST_KINDS: usize = 2;

/// The widest column of phase names.
const WIDEST_NAME: usize = 40;

/// A load in one line, or a few: figures, phases, counters, failures.
pub(super) fn lay(page: &mut Page, indent: usize, load: &LoadReport) {
    let counts = &load.total.counts;
    let phases = counted_phases(load);
    // With a line for each phase, the plan would say them twice.
    let plan = if phases.len() > 1 { format!("{} phases", phases.len()) } else { load.plan.clone() };
    let mut what = vec![plan];
    if let Some(reason) = load.stopped {
        what.push(format!("cut short: {reason}"));
    }
    if !load.complete {
        what.push("incomplete: from the journal".to_owned());
    }
    let mut ends = vec![format!("{} due", show::count(counts.due))];
    ends.extend(load.total.success_rate.map(|ok| format!("{} ok", show::share(ok))));
    let others = [
        (counts.rejected, "rejected"),
        (counts.error, "failed"),
        (counts.timeout, "timed out"),
        (counts.unfinished, "unfinished"),
        (counts.dropped, "dropped"),
    ];
    ends.extend(
        others.into_iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{} {word}", show::count(n))),
    );
    ends.extend(load.total.throughput_per_sec.map(show::rate));
    let times = times(&load.total.response, &["p50", "p95", "p99", "max"]);
    page.groups(indent, &format!("{}: ", load.load), &[what, ends, times]);
    generator::lay(page, indent + 2, load);
    lay_phases(page, indent + 2, &phases);
    lay_tags(page, indent + 2, load);
    counters(page, indent + 2, load);
    traffic(page, indent + 2, load);
    kinds(page, indent + 2, &load.total);
    statuses(page, indent + 2, &load.total);
}

/// The percentiles called `names`: `p99 4 ms`, or `p99 >= 30 s` for a lower bound.
fn times(times: &TimesReport, names: &[&str]) -> Vec<String> {
    let known = [
        ("p50", times.p50_us),
        ("p90", times.p90_us),
        ("p95", times.p95_us),
        ("p99", times.p99_us),
        ("p999", times.p999_us),
        ("max", times.max_us),
    ];
    let wanted = known.into_iter().filter(|(name, _)| names.contains(name));
    let figures = wanted.filter_map(|(name, us)| {
        let bound = if times.lower_bounds.iter().any(|bound| bound == name) { ">= " } else { "" };
        Some(format!("{name} {bound}{}", show::micros(us?)))
    });
    figures.collect()
}

fn counted_phases(load: &LoadReport) -> Vec<&PhaseReport> {
    load.phases.iter().filter(|phase| !phase.is_warm_up).collect()
}

/// A line for each phase, where there is more than one to tell apart.
fn lay_phases(page: &mut Page, indent: usize, phases: &[&PhaseReport]) {
    if phases.len() < 2 {
        return;
    }
    let widest = phases.iter().map(|phase| phase.name.chars().count()).max().unwrap_or(0).min(WIDEST_NAME);
    for phase in phases.iter().take(MOST_PHASES) {
        page.groups(indent, &format!("{:<widest$}  ", phase.name), &[phase_figures(phase)]);
    }
    if let Some(more) = phases.len().checked_sub(MOST_PHASES).filter(|more| *more > 0) {
        page.prose(indent, "", &format!("... {more} more phases in report.json"));
    }
}

/// A line for each thing that operations called themselves.
fn lay_tags(page: &mut Page, indent: usize, load: &LoadReport) {
    for (tag, figures) in load.tags.iter().take(MOST_TAGS) {
        let mut shown = vec![format!("{} ended", show::count(figures.counts.ended()))];
        shown.extend(figures.success_rate.map(|ok| format!("{} ok", show::share(ok))));
        shown.extend(figures.throughput_per_sec.map(show::rate));
        shown.extend(times(&figures.response, &["p50", "p95", "p99"]));
        page.groups(indent, &format!("{tag}: "), &[shown]);
    }
    if let Some(more) = load.tags.len().checked_sub(MOST_TAGS).filter(|more| *more > 0) {
        page.prose(indent, "", &format!("... {more} more tags in report.json"));
    }
}

fn phase_figures(phase: &PhaseReport) -> Vec<String> {
    if !phase.is_started {
        return vec!["not started".to_owned()];
    }
    // A name in words, `10 users for 30 s`, already says the level; a name of the user's own does not.
    let users = phase.users.map(|users| show::counted(users, "user"));
    let asked = phase.asked_per_sec.map(|asked| format!("asked {}", show::rate(asked)));
    let is_said = phase.name.contains(" users")
        || phase.name.contains(" user ")
        || phase.name.contains("/s ") && !phase.name.contains(" to ");
    let mut shown: Vec<String> = users.or(asked).filter(|_| !is_said).into_iter().collect();
    let figures = &phase.figures;
    if figures.counts.due == 0 {
        shown.push("nothing due".to_owned());
        return shown;
    }
    shown.extend(figures.success_rate.map(|ok| format!("{} ok", show::share(ok))));
    shown.extend(figures.throughput_per_sec.map(show::rate));
    shown.extend(times(&figures.response, &["p95"]));
    shown
}

fn counters(page: &mut Page, indent: usize, load: &LoadReport) {
    let shown: Vec<String> =
        load.counters.iter().map(|(name, counter)| format!("{name} {}", counted(counter))).collect();
    if !shown.is_empty() {
        page.groups(indent, "counters: ", &[shown]);
    }
}

fn traffic(page: &mut Page, indent: usize, load: &LoadReport) {
    if !load.traffic.is_empty() {
        let sent = format!("{} sent", show::bytes(load.traffic.sent_bytes));
        let received = format!("{} received", show::bytes(load.traffic.received_bytes));
        page.groups(indent, "streams: ", &[vec![sent, received]]);
    }
}

fn counted(counter: &CounterReport) -> String {
    match (counter.of, counter.value) {
        (Some(of), Some(value)) => {
            format!("{} ({} of {})", show::share(value), show::count(counter.count), show::count(of))
        }
        (Some(_), None) => "never asked".to_owned(),
        (None, _) => show::count(counter.count),
    }
}

/// What failed most; refusals are no failures.
fn kinds(page: &mut Page, indent: usize, figures: &FiguresReport) {
    let failures: Vec<_> = figures.kinds.iter().filter(|kind| kind.class != "rejected").collect();
    for kind in failures.iter().take(MOST_KINDS) {
        let lead = format!("{} x {}: ", show::count(kind.count), kind.class);
        page.prose(indent, &lead, &format!("{} (first at {})", kind.sample, show::seconds(kind.first_s)));
    }
    if failures.len() > MOST_KINDS {
        page.prose(indent, "", &format!("... {} more kinds in report.json", failures.len() - MOST_KINDS));
    }
}

/// Status codes, where not all of them say that it went well.
fn statuses(page: &mut Page, indent: usize, figures: &FiguresReport) {
    if figures.statuses.keys().all(|code| (200..300).contains(code)) {
        return;
    }
    let shown = figures.statuses.iter().map(|(code, n)| format!("{code} x {}", show::count(*n)));
    page.groups(indent, "statuses: ", &[shown.collect()]);
}
