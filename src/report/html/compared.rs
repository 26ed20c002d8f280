use super::table::Table;
use crate::{
    judge::{Change, Comparison},
    report::text::show,
};

/// A case beside a baseline.
#[derive(Debug, Clone)]
pub(super) struct Compared<'a> {
    pub(super) head: String,
    pub(super) table: Table,
    pub(super) not_comparable: &'a [String],
    pub(super) remarks: &'a [String],
}

impl<'a> Compared<'a> {
    pub(super) fn of(comparison: &'a Comparison) -> Self {
        let runs = show::counted(comparison.new_runs, "run");
        let head = format!(
            "Baseline {}: {}, {runs} against {}",
            comparison.baseline, comparison.change, comparison.baseline_runs
        );
        Self {
            head,
            table: table(comparison),
            not_comparable: &comparison.not_comparable,
            remarks: &comparison.remarks,
        }
    }
}

/// Each figure, the worst first.
fn table(comparison: &Comparison) -> Table {
    let mut table = Table::new(&["figure", "change", "now", "baseline", "difference", "spread", "why"]);
    for change in [Change::Worse, Change::NotComparable, Change::Inconclusive, Change::Better, Change::Same] {
        for figure in comparison.figures.iter().filter(|figure| figure.change == change) {
            let sign = if figure.is_at_least { ">= " } else { "" };
            let shown = |value: f64| show::figure(value, &figure.unit);
            table.row([
                format!("{} {}", figure.of, figure.name.replace('_', " ")).trim().to_owned(),
                change.words().to_owned(),
                format!("{sign}{}", shown(figure.value)),
                shown(figure.baseline),
                figure.difference.map_or_else(String::new, |share| format!("{:+.1}%", share * 100.0)),
                shown(figure.baseline_spread),
                figure.reason.clone(),
            ]);
        }
    }
    table
}
