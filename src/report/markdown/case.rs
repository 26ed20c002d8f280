use super::{
    MOST_FOUND, MOST_TOLD,
    escape::{block, code, prose},
    in_groups, more,
    page::Page,
};
use crate::{
    case::Severity,
    judge::Change,
    report::{
        CaseReport,
        text::{compared_figure, is_notable, of_case},
    },
};

/// Reasons, warnings and pieces of advice told of a case.
const MOST_LINES: usize = 12;

/// Figures told of a case beside its baseline.
const MOST_FIGURES: usize = 12;

/// The cases that did not pass: why, and what to do about it.
pub(super) fn not_passed(page: &mut Page, bad: &[&CaseReport]) {
    if bad.is_empty() {
        return;
    }
    page.heading(3, "What did not pass");
    for case in bad.iter().take(MOST_TOLD) {
        told(page, case);
    }
    more(page, bad.len(), MOST_TOLD, "cases that did not pass");
}

fn told(page: &mut Page, case: &CaseReport) {
    page.heading(4, &format!("{}: {}", case.verdict.words().to_uppercase(), code(&case.name)));
    let severity = match case.severity {
        Severity::Medium => String::new(),
        other @ (Severity::Low | Severity::High | Severity::Critical) => format!("severity {other} · "),
    };
    page.part(&format!("{severity}{} · files in {}", code(&case.place), code(&case.folder)));
    let mut reasons = case.reasons.clone();
    if reasons.is_empty() {
        reasons.push(case.ending_sentence.clone());
    }
    let mut lines = lines(&reasons, "");
    lines.extend(self::lines(&case.warnings, "warning: "));
    page.list(&lines);
    if !case.recommendations.is_empty() {
        page.part("What to do:");
        page.numbered(&self::lines(&case.recommendations, ""));
    }
    page.part(&block(&case.repeat));
}

fn lines(texts: &[String], lead: &str) -> Vec<String> {
    let mut lines: Vec<String> =
        texts.iter().take(MOST_LINES).map(|text| format!("{lead}{}", prose(text))).collect();
    if texts.len() > MOST_LINES {
        lines.push(format!("... {} more in `report.html`", texts.len() - MOST_LINES));
    }
    lines
}

/// What the procedures of the cases found out, and what limited their targets.
pub(super) fn found(page: &mut Page, cases: &[CaseReport]) {
    let mut items = Vec::new();
    for case in cases {
        let found = case.findings.iter().map(|finding| prose(&finding.to_string()));
        let limit = case.bottleneck.as_ref().filter(|found| found.is_reached());
        let limited = limit.map(|found| format!("limited by {}", prose(&found.sentence)));
        let of_case: Vec<String> = found.chain(limited).map(|text| format!("\n  - {text}")).collect();
        if !of_case.is_empty() {
            items.push(format!("{}{}", code(&case.name), of_case.concat()));
        }
    }
    if items.is_empty() {
        return;
    }
    page.heading(3, "Found");
    page.list(&items[..items.len().min(MOST_FOUND)]);
    more(page, items.len(), MOST_FOUND, "cases");
}

/// A case beside its baseline, with what changed; `None` for one that was not compared.
pub(super) fn compared(case: &CaseReport) -> Option<String> {
    let comparison = case.comparison.as_ref()?;
    let mut lines = vec![format!("{}: {}", code(&case.name), prose(&in_groups(&of_case(comparison))))];
    let notable: Vec<_> = comparison.figures.iter().filter(|figure| is_notable(figure)).collect();
    for figure in notable.iter().take(MOST_FIGURES) {
        let word = figure.change.words();
        let word = if figure.change == Change::Worse { format!("**{word}**") } else { word.to_owned() };
        lines.push(format!("{word}: {}", prose(&compared_figure(figure))));
    }
    if notable.len() > MOST_FIGURES {
        lines.push(format!("... {} more in `report.html`", notable.len() - MOST_FIGURES));
    }
    lines.extend(self::lines(&comparison.not_comparable, "not comparable: "));
    lines.extend(self::lines(&comparison.remarks, "beside that: "));
    Some(lines.join("\n  - "))
}
