use super::{comparison, faults, lay::Page, load, nodes, show, trend};
use crate::{
    case::Severity,
    judge::{Judgement, Verdict},
    report::CaseReport,
    supervisor::Ending,
    units::ByteSize,
};

/// Columns by which the details of a case are moved in.
const INDENT: usize = 6;

/// Loads shown of a case; the others are in `report.json`.
const MOST_LOADS: usize = 8;

/// Expectations shown that were met.
const MOST_MET: usize = 6;

/// Lines shown of what a crashed case printed last.
const OUTPUT_LINES: usize = 5;

/// A case: its verdict, its figures, and all that is not as it should be. No line break at the end.
pub(crate) fn case_line(case: &CaseReport) -> String {
    let mut page = Page::default();
    head(&mut page, case);
    for reason in &case.reasons {
        page.prose(INDENT, "! ", reason);
    }
    for warning in &case.warnings {
        page.prose(INDENT, "warning: ", warning);
    }
    for load in case.loads.iter().take(MOST_LOADS) {
        load::lay(&mut page, INDENT, load);
        faults::lay(&mut page, INDENT + 2, case, &load.load, load.started_s);
    }
    if let Some(more) = case.loads.len().checked_sub(MOST_LOADS).filter(|more| *more > 0) {
        page.prose(INDENT, "", &format!("... {more} more loads in report.json"));
    }
    faults::lay(&mut page, INDENT, case, "", 0.0);
    nodes::lay(&mut page, INDENT, case);
    met(&mut page, case);
    if let Some(bottleneck) = case.bottleneck.as_ref().filter(|found| found.is_reached()) {
        page.prose(INDENT, "limited by: ", &bottleneck.sentence);
    }
    for finding in &case.findings {
        page.prose(INDENT, "found: ", &finding.to_string());
    }
    if let Some(found) = &case.comparison {
        comparison::lay(&mut page, INDENT, found);
    }
    if let Some(runs) = &case.history {
        trend::lay(&mut page, INDENT, runs);
    }
    let figures = case.figures.iter().map(|f| format!("{} {}", f.name, show::figure(f.value, &f.unit)));
    page.groups(INDENT, "", &[figures.collect(), peaks(case)]);
    for note in &case.notes {
        page.prose(INDENT, "note: ", note);
    }
    if case.verdict == Verdict::Aborted {
        page.prose(INDENT, "", &case.containment.sentence);
    }
    if is_crash(&case.ending) {
        output(&mut page, case);
    }
    if case.verdict != Verdict::Pass {
        page.whole(INDENT, &format!("repeat: {}", case.repeat));
    }
    page.finish()
}

fn head(page: &mut Page, case: &CaseReport) {
    let word = case.verdict.words().to_uppercase();
    let mut about = vec![case.name.clone()];
    about.extend(case.target.as_ref().map(|target| format!("target {target}")));
    if case.verdict != Verdict::Pass && case.severity != Severity::default() {
        about.push(format!("severity {}", case.severity));
    }
    let groups: Vec<_> =
        about.into_iter().chain([show::seconds(case.duration_s)]).map(|part| vec![part]).collect();
    page.groups(0, &format!("{word:<width$}", width = INDENT.max(word.len() + 2)), &groups);
}

/// What was expected and held, the observed figure beside each.
fn met(page: &mut Page, case: &CaseReport) {
    let met: Vec<&Judgement> = case.expectations.iter().filter(|e| e.verdict == Verdict::Pass).collect();
    if met.is_empty() {
        return;
    }
    let has_several = case.loads.len() > 1;
    let mut shown: Vec<String> =
        met.iter().take(MOST_MET).map(|judgement| met_one(judgement, has_several)).collect();
    if met.len() > MOST_MET {
        shown.push(format!("{} more", met.len() - MOST_MET));
    }
    page.groups(INDENT, "met: ", &[shown]);
}

fn met_one(judgement: &Judgement, has_several: bool) -> String {
    // What a case states itself belongs to no load.
    let is_named = has_several && !judgement.load.is_empty();
    let load = if is_named { format!("{}: ", judgement.load) } else { String::new() };
    let observed = judgement.observed.as_ref().map_or(String::new(), |seen| format!(" ({})", seen.text));
    format!("{load}{}{observed}", judgement.expectation)
}

fn peaks(case: &CaseReport) -> Vec<String> {
    let used = &case.resources;
    if used.samples == 0 {
        return vec!["CPU and memory not measured".to_owned()];
    }
    let limit = max_memory(case).map_or(String::new(), |limit| format!(" of {limit}"));
    let cpu = used.peak_cpu_percent.map(|peak| format!("peak CPU {}", show::percent(peak)));
    let memory = if cpu.is_some() { "memory" } else { "peak memory" };
    let memory = format!("{memory} {}{limit}", show::bytes(used.peak_memory_bytes));
    cpu.into_iter().chain([memory]).chain(stalls(case)).collect()
}

/// Shares of the time, in percent, from which on waiting for a resource explains figures. Waiting for a core is
/// common where generator and target share a few.
const WAITED_FOR_CORE: f64 = 25.0;
const WAITED_FOR_OTHERS: f64 = 5.0;

/// What the machine's tasks waited for, if that was long.
fn stalls(case: &CaseReport) -> Vec<String> {
    let Some(pressure) = case.resources.machine.pressure else { return Vec::new() };
    let resources = [
        ("a core", pressure.cpu, WAITED_FOR_CORE),
        ("memory", pressure.memory, WAITED_FOR_OTHERS),
        ("storage", pressure.io, WAITED_FOR_OTHERS),
    ];
    let waited = resources.map(|(name, stall, from)| (name, 100.0 * stall.some_s / case.duration_s, from));
    let long = waited.into_iter().filter(|(_, percent, from)| percent >= from);
    long.map(|(name, percent, _)| format!("waiting for {name} {}", show::percent(percent))).collect()
}

/// The limit of memory that the case ran with, if there was one.
pub(in crate::report) fn max_memory(case: &CaseReport) -> Option<ByteSize> {
    case.limits.memory_bytes.map(ByteSize::new)
}

/// Whether the process ended in a way that it may have said more about than the reasons do.
const fn is_crash(ending: &Ending) -> bool {
    match ending {
        Ending::Panicked { .. }
        | Ending::Aborted
        | Ending::StackOverflow
        | Ending::AllocationFailed
        | Ending::OutOfMemory
        | Ending::Signal { .. }
        | Ending::Exited { .. }
        | Ending::Hung
        | Ending::JournalFailed => true,
        Ending::Returned
        | Ending::Failed { .. }
        | Ending::Killed
        | Ending::SupervisorLost
        | Ending::NotRun { .. } => false,
    }
}

fn output(page: &mut Page, case: &CaseReport) {
    let lines: Vec<&str> = case.output_tail.lines().filter(|line| !line.trim().is_empty()).collect();
    if lines.is_empty() {
        return;
    }
    page.prose(INDENT, "", &format!("last of {}/output.log:", case.folder));
    for line in &lines[lines.len().saturating_sub(OUTPUT_LINES)..] {
        page.cut(INDENT, &format!("| {line}"));
    }
}
