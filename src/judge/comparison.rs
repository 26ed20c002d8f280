use serde::{Deserialize, Serialize};

use super::Change;

/// How a case compares with a baseline: its saved runs on the one side, this run (and others of the same state, where
/// they are known) on the other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Comparison {
    /// The baseline's name.
    pub baseline: String,
    /// The worst answer of all: worse, not comparable, inconclusive, better, same.
    pub change: Change,
    /// The runs of the baseline that this case could be compared with.
    pub baseline_runs: u64,
    /// The new runs, this one among them.
    pub new_runs: u64,
    /// The chance, 0 to 1, with which a figure that did not change may come out worse; and as much for better.
    pub level: f64,
    /// Figure by figure.
    pub figures: Vec<ComparedFigure>,
    /// What could not be compared and why: a sentence each.
    pub not_comparable: Vec<String>,
    /// What else is different, which may be what is compared: a sentence each.
    pub remarks: Vec<String>,
}

/// One figure of new runs beside that of a baseline. Values are in `unit`: `s`, `ratio`, `per_sec`, `bytes`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ComparedFigure {
    /// The load, or the procedure that found it; empty for figures of the whole case.
    pub of: String,
    /// What it is: `response_p95`.
    pub name: String,
    /// What the values are in.
    pub unit: String,
    /// The answer.
    pub change: Change,
    /// The median of the baseline's runs.
    pub baseline: f64,
    /// Their median absolute deviation.
    pub baseline_spread: f64,
    /// The median of the new runs; with one, what it has.
    pub value: f64,
    /// The true value of a new run may be larger.
    pub is_at_least: bool,
    /// By what share of the baseline's median it is higher (or lower, under zero); `None` for a median of zero.
    pub difference: Option<f64>,
    /// The chance of such an order of runs, if the order means nothing.
    pub chance: f64,
    /// Whether the difference is more than 5 %, than twice the spread and than the figure's floor.
    pub is_large: bool,
    /// Why it cannot be told; empty where it can.
    pub reason: String,
}

impl Comparison {
    /// A comparison of these figures: its answer follows from them.
    pub(crate) fn new(
        baseline: &str,
        level: f64,
        runs: (usize, usize),
        figures: Vec<ComparedFigure>,
    ) -> Self {
        let change = figures.iter().map(|figure| figure.change).max().unwrap_or(Change::Same);
        Self {
            baseline: baseline.to_owned(),
            change,
            baseline_runs: runs.0 as u64,
            new_runs: runs.1 as u64,
            level,
            figures,
            not_comparable: Vec::new(),
            remarks: Vec::new(),
        }
    }

    /// With what could not be compared.
    #[must_use]
    pub(crate) fn without(mut self, not_comparable: Vec<String>) -> Self {
        if !not_comparable.is_empty() {
            self.change = self.change.max(Change::NotComparable);
        }
        self.not_comparable.extend(not_comparable);
        self
    }

    /// How many figures have this answer.
    pub fn count(&self, change: Change) -> usize {
        self.figures.iter().filter(|figure| figure.change == change).count()
    }

    /// The figures that are worse.
    pub fn worse(&self) -> impl Iterator<Item = &ComparedFigure> {
        self.figures.iter().filter(|figure| figure.change == Change::Worse)
    }

    /// Whether it says of any figure that it is worse, better or the same.
    pub fn is_answer(&self) -> bool {
        [Change::Worse, Change::Better, Change::Same].into_iter().any(|change| self.count(change) > 0)
    }
}
