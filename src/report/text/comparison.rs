use super::{lay::Page, show};
use crate::{
    judge::{Change, ComparedFigure, Comparison},
    report::CaseReport,
};

/// The figures of a case beside those of a baseline: what changed in a line each, the others as a number.
pub(super) fn lay(page: &mut Page, indent: usize, comparison: &Comparison) {
    page.groups(indent, &format!("baseline {}: ", comparison.baseline), &of_case(comparison));
    for figure in comparison.figures.iter().filter(|figure| is_notable(figure)) {
        page.prose(indent + 2, &format!("{:<14}", figure.change.words()), &compared_figure(figure));
    }
    for reason in reasons(comparison) {
        page.prose(indent + 2, "cannot tell: ", reason);
    }
    for sentence in &comparison.not_comparable {
        page.prose(indent + 2, "not comparable: ", sentence);
    }
    for remark in &comparison.remarks {
        page.prose(indent + 2, "beside that: ", remark);
    }
}

/// A case beside the baseline: how many figures have each answer, and of how many runs.
pub(in crate::report) fn of_case(comparison: &Comparison) -> Vec<Vec<String>> {
    if comparison.figures.is_empty() {
        return vec![vec![Change::NotComparable.words().to_owned()]];
    }
    let runs = show::counted(comparison.new_runs, "run");
    vec![
        counts(comparison).iter().map(|(n, change)| format!("{n} {change}")).collect(),
        vec![format!("{runs} against {}", comparison.baseline_runs)],
    ]
}

/// How many figures have each answer, the worst first; answers that none has are left out.
fn counts(comparison: &Comparison) -> Vec<(usize, Change)> {
    let order = [Change::Worse, Change::Better, Change::Same, Change::Inconclusive];
    let counted = order.map(|change| (comparison.count(change), change));
    counted.into_iter().filter(|(n, _)| *n > 0).collect()
}

/// Whether a figure is worth a line: it changed, or it would seem so to whoever looked at the two numbers alone.
pub(in crate::report) fn is_notable(figure: &ComparedFigure) -> bool {
    match figure.change {
        Change::Worse | Change::Better => true,
        Change::Same | Change::Inconclusive | Change::NotComparable => figure.is_large,
    }
}

/// The reasons of what cannot be told, each once.
fn reasons(comparison: &Comparison) -> Vec<&str> {
    let mut reasons: Vec<&str> = Vec::new();
    for figure in comparison.figures.iter().filter(|figure| !figure.reason.is_empty()) {
        if !reasons.contains(&figure.reason.as_str()) {
            reasons.push(&figure.reason);
        }
    }
    reasons
}

/// A figure then and now: `load response p95 18.3 ms, was 12.1 ms (+51%, spread 0.2 ms)`.
pub(crate) fn compared_figure(figure: &ComparedFigure) -> String {
    let ComparedFigure { of, name, unit, baseline, baseline_spread, value, is_at_least, .. } = figure;
    let of = if of.is_empty() { String::new() } else { format!("{of} ") };
    let bound = if *is_at_least { ">= " } else { "" };
    let shown = |value: f64| show::figure(value, unit);
    let difference = figure.difference.map_or_else(String::new, |share| format!("{:+.0}%, ", share * 100.0));
    let within = match figure.change {
        // The two medians differ, the runs do not.
        Change::Same if figure.is_large => ", as runs of the baseline were too",
        Change::Same | Change::Better | Change::Worse | Change::Inconclusive | Change::NotComparable => "",
    };
    format!(
        "{of}{} {bound}{}, was {} ({difference}spread {}){within}",
        name.replace('_', " "),
        shown(*value),
        shown(*baseline),
        shown(*baseline_spread)
    )
}

/// All cases of a run beside the baseline, in a line or two.
pub(super) fn lay_run(page: &mut Page, cases: &[CaseReport]) {
    if let Some((baseline, groups)) = of_run(cases) {
        page.groups(0, &format!("baseline {baseline}: "), &groups);
    }
}

/// The name of the baseline, how many figures of all cases have each answer, and what chance alone would bring; `None`
/// where nothing was compared.
pub(in crate::report) fn of_run(cases: &[CaseReport]) -> Option<(&str, [Vec<String>; 2])> {
    let compared: Vec<&Comparison> = cases.iter().filter_map(|case| case.comparison.as_ref()).collect();
    let first = compared.first()?;
    let order = [Change::Worse, Change::Better, Change::Same, Change::Inconclusive];
    let total = |change: Change| compared.iter().map(|one| one.count(change)).sum::<usize>();
    let mut counts: Vec<String> = order
        .into_iter()
        .filter(|change| total(*change) > 0)
        .map(|change| format!("{} {change}", total(change)))
        .collect();
    let apart = compared.iter().filter(|one| one.figures.is_empty()).count() as u64;
    if apart > 0 {
        counts.push(format!("{} not comparable", show::counted(apart, "case")));
    }
    let answered = total(Change::Worse) + total(Change::Better) + total(Change::Same);
    let by_chance = first.level * answered as f64;
    let chance = match total(Change::Worse) + total(Change::Better) > 0 {
        true => vec![format!("by chance alone up to {} worse, as many better", show::number(by_chance))],
        false => Vec::new(),
    };
    Some((&first.baseline, [counts, chance]))
}
