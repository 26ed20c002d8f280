//! The run for pages that show Markdown: `summary.md`, and the summary of a step in GitHub's CI.
//!
//! Owns the order of that page, its escapes, and how it is shortened. Pure: everything that it shows is in the model.
//! It is a summary: what is cut off is in `report.html` and `report.json`, and the page says so.

mod case;
mod escape;
mod page;
mod shorten;
#[cfg(test)]
mod tests;

pub(crate) use shorten::shortened_markdown;

use self::{
    escape::{block, code, prose},
    page::{Page, Side},
};
use super::{
    CaseReport, IgnoredCase, Recommendation, RunReport,
    key_figures::KeyFigures,
    text::{of_run, outcome, show},
};
use crate::judge::Verdict;

/// Rows of the table: beyond, the page would be too long for the places that show it.
const MOST_ROWS: usize = 1_000;

/// Cases that did not pass and are told of at length.
const MOST_TOLD: usize = 100;

/// Cases told of that have findings or are compared.
const MOST_FOUND: usize = 100;

/// Alerts, as in the text.
const MOST_ALERTS: usize = 20;

/// Names beside a recommendation or a reason.
const MOST_NAMES: usize = 20;

/// The run as Markdown.
pub(crate) fn summary_markdown(run: &RunReport) -> String {
    let mut page = Page::default();
    let mut cases: Vec<&CaseReport> = run.cases.iter().collect();
    // The worst first: that is what a page is opened for.
    cases.sort_by_key(|case| std::cmp::Reverse(case.verdict));
    head(&mut page, run);
    table(&mut page, &cases);
    let bad: Vec<&CaseReport> = cases.iter().filter(|case| case.verdict != Verdict::Pass).copied().collect();
    case::not_passed(&mut page, &bad);
    case::found(&mut page, &run.cases);
    baseline(&mut page, &run.cases);
    alerts(&mut page, run);
    recommendations(&mut page, &run.recommendations);
    left_out(&mut page, &run.ignored);
    if let Some(case) = cases.first().filter(|_| bad.is_empty()) {
        page.heading(3, "One of them again");
        page.part(&block(&case.repeat));
    }
    page.finish()
}

fn head(page: &mut Page, run: &RunReport) {
    page.heading(2, &format!("Stress tests: {}", outcome(run)));
    let of = &run.summary;
    let counts = format!(
        "**{} passed, {} failed, {} inconclusive, {} aborted, {} ignored** · {} · {}",
        of.passed,
        of.failed,
        of.inconclusive,
        of.aborted,
        of.ignored,
        show::counted(of.operations, "operation"),
        show::seconds(run.duration_s)
    );
    page.part(&counts);
    let environment = &run.environment;
    let commit = environment.commit.as_ref().map(|commit| {
        let short: String = commit.chars().take(12).collect();
        format!("commit {}", code(&short))
    });
    let machine = &environment.machine;
    let cores = format!("{} cores", show::number(machine.cores_available));
    let machine = [&machine.cpu_model, &cores, &show::bytes(machine.memory_bytes), &machine.os];
    let about = [
        Some(format!("run {}", code(&run.run_id))),
        Some(format!("profile {}", code(&run.profile))),
        Some(format!("seed {}", run.seed)),
        commit,
        Some(prose(&machine.map(String::as_str).join(", "))),
    ];
    page.part(&about.into_iter().flatten().collect::<Vec<_>>().join(" · "));
    let mut remarks: Vec<String> =
        run.stopped.iter().map(|reason| format!("**stopped**: {}", prose(reason))).collect();
    if !run.bottlenecks.is_empty() {
        let limits = run.bottlenecks.iter().map(|count| format!("{} {}", count.limit, count.cases));
        remarks.push(format!("bottlenecks: {}", prose(&limits.collect::<Vec<_>>().join(", "))));
    }
    remarks.extend(run.warnings.iter().map(|warning| format!("warning: {}", prose(warning))));
    page.list(&remarks);
}

/// What is not known.
const UNKNOWN: &str = "–";

fn cell<T>(value: Option<T>, show: impl Fn(T) -> String) -> String {
    value.map_or_else(|| UNKNOWN.to_owned(), show)
}

fn table(page: &mut Page, cases: &[&CaseReport]) {
    if cases.is_empty() {
        return;
    }
    let rows: Vec<_> = cases.iter().take(MOST_ROWS).map(|case| row(case)).collect();
    let head = [
        ("verdict", Side::Left),
        ("case", Side::Left),
        ("carried out", Side::Right),
        ("p50", Side::Right),
        ("p95", Side::Right),
        ("p99", Side::Right),
        ("errors", Side::Right),
        ("peak CPU", Side::Right),
        ("peak memory", Side::Right),
    ];
    page.table(head, &rows);
    more(page, cases.len(), MOST_ROWS, "cases");
}

fn row(case: &CaseReport) -> [String; 9] {
    let key = KeyFigures::of(case);
    let [p50, p95, p99] = key.percentiles().map(|(_, time)| {
        cell(time, |(us, is_at_least)| {
            // `>=` is markup nowhere, and an entity in every cell would be hard to read.
            format!("{}{}", if is_at_least { "≥ " } else { "" }, show::micros(us))
        })
    });
    let verdict = match case.verdict {
        Verdict::Pass => "pass".to_owned(),
        bad @ (Verdict::Inconclusive | Verdict::Fail | Verdict::Aborted) => {
            format!("**{}**", bad.words().to_uppercase())
        }
    };
    [
        verdict,
        code(&case.name),
        cell(key.throughput_per_sec, show::rate),
        p50,
        p95,
        p99,
        cell(key.error_rate, show::share),
        cell(key.peak_cpu_percent, show::percent),
        cell(key.peak_memory_bytes, show::bytes),
    ]
}

/// Says how many are not shown.
fn more(page: &mut Page, all: usize, shown: usize, what: &str) {
    if let Some(more) = all.checked_sub(shown).filter(|more| *more > 0) {
        page.part(&format!("... {more} more {what} in `report.html`"));
    }
}

/// The cases beside the baseline of the run.
fn baseline(page: &mut Page, cases: &[CaseReport]) {
    let Some((name, groups)) = of_run(cases) else { return };
    page.heading(3, &format!("Beside the baseline {}", code(name)));
    page.part(&prose(&in_groups(&groups)));
    let told: Vec<String> = cases.iter().filter_map(case::compared).collect();
    page.list(&told[..told.len().min(MOST_FOUND)]);
    more(page, told.len(), MOST_FOUND, "cases");
}

fn in_groups(groups: &[Vec<String>]) -> String {
    let groups = groups.iter().filter(|group| !group.is_empty()).map(|group| group.join(", "));
    groups.collect::<Vec<_>>().join(" · ")
}

fn alerts(page: &mut Page, run: &RunReport) {
    if run.alerts.is_empty() {
        return;
    }
    page.heading(3, "Alerts (no verdicts)");
    let shown = run.alerts.iter().take(MOST_ALERTS).map(|one| {
        format!("**{}** {}: {}", one.alert.level.word(), code(&one.case), prose(&one.alert.sentence))
    });
    page.list(&shown.collect::<Vec<_>>());
    more(page, run.alerts.len(), MOST_ALERTS, "alerts");
}

fn recommendations(page: &mut Page, recommendations: &[Recommendation]) {
    if recommendations.is_empty() {
        return;
    }
    page.heading(3, "Recommendations");
    let shown = recommendations.iter().take(MOST_FOUND);
    page.numbered(
        &shown
            .map(|advice| format!("{} ({})", prose(&advice.sentence), names(&advice.cases)))
            .collect::<Vec<_>>(),
    );
    more(page, recommendations.len(), MOST_FOUND, "recommendations");
}

fn names(cases: &[String]) -> String {
    let names = cases.iter().take(MOST_NAMES).map(|name| code(name)).collect::<Vec<_>>().join(", ");
    match cases.len().saturating_sub(MOST_NAMES) {
        0 => names,
        more => format!("{names} and {more} more"),
    }
}

fn left_out(page: &mut Page, ignored: &[IgnoredCase]) {
    if ignored.is_empty() {
        return;
    }
    let mut by_reason: Vec<(&str, Vec<String>)> = Vec::new();
    for case in ignored {
        match by_reason.iter_mut().find(|(reason, _)| *reason == case.reason) {
            Some((_, names)) => names.push(case.name.clone()),
            None => by_reason.push((&case.reason, vec![case.name.clone()])),
        }
    }
    page.heading(3, &format!("Left out ({})", ignored.len()));
    let shown = by_reason.iter().take(MOST_FOUND);
    page.list(
        &shown.map(|(reason, cases)| format!("{}: {}", prose(reason), names(cases))).collect::<Vec<_>>(),
    );
    more(page, by_reason.len(), MOST_FOUND, "reasons");
}
