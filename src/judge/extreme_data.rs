use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ResponseTime, TrialResult};
use crate::{
    data::{Complexity, Edge},
    observe::{Counts, Figures},
};

/// What the engine writes before what a panic of an operation said.
const PANIC: &str = "panic: ";

/// Which data a cell of the table is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DataCell {
    /// Elements: bytes of a text, numbers of a vector.
    pub size: u64,
    /// How much structure they have.
    pub complexity: Complexity,
    /// The edge it stands for; `None` for usual data.
    pub edge: Option<Edge>,
}

impl fmt::Display for DataCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.edge {
            Some(edge) => f.write_str(edge.words()),
            None => write!(f, "{} x {}", self.size, self.complexity.words()),
        }
    }
}

/// How the operations of a cell fared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct DataRow {
    /// Which data.
    pub cell: DataCell,
    /// How the operations ended.
    pub counts: Counts,
    /// Those of the errors that were panics.
    pub panics: u64,
    /// The median response time.
    pub p50: Option<ResponseTime>,
    /// The 95th percentile.
    pub p95: Option<ResponseTime>,
    /// The longest that ended, in microseconds.
    pub max_us: Option<f64>,
    /// The first failure or refusal as it was told.
    pub first_error: Option<String>,
    /// Whether what has to hold held.
    pub result: TrialResult,
}

impl DataRow {
    /// The row of a cell. `objectives` is what its operations came to by what was stated for usual data; edges are
    /// judged by the rule alone.
    ///
    /// The rule for every cell: no operation panics, times out or stays unfinished. A refusal or an error is an answer
    /// at an edge.
    pub fn find(cell: DataCell, figures: &Figures, objectives: TrialResult) -> Self {
        let panicked = figures.kinds.iter().filter(|kind| kind.text.starts_with(PANIC));
        let panics = panicked.clone().map(|kind| kind.count).sum();
        let worst = panicked.clone().next();
        let first = figures.kinds.iter().min_by(|a, b| a.first_s.total_cmp(&b.first_s));
        let summary = super::LoadSummary::of(figures);
        let counts = figures.counts;
        let by_rule = by_rule(&counts, panics, worst.map(|kind| kind.sample.as_str()));
        Self {
            cell,
            counts,
            panics,
            p50: summary.p50,
            p95: summary.p95,
            max_us: (!figures.response.is_empty()).then(|| figures.response.max().as_secs_f64() * 1e6),
            first_error: first.map(|kind| kind.sample.clone()),
            result: match (by_rule, cell.edge) {
                (TrialResult::Held, None) => objectives,
                (by_rule, _) => by_rule,
            },
        }
    }
}

fn by_rule(counts: &Counts, panics: u64, panic: Option<&str>) -> TrialResult {
    let hung = counts.timeout + counts.unfinished;
    match (panics, hung, counts.due - counts.dropped.min(counts.due)) {
        (0, 0, 0) => TrialResult::Unknown { reason: "nothing was tried".to_owned() },
        (0, 0, _) => TrialResult::Held,
        (0, hung, _) => {
            TrialResult::Broke { objective: format!("{hung} of {} did not end in time", counts.due) }
        }
        (panics, _, _) => TrialResult::Broke {
            objective: format!("{panics} of {} panicked: {}", counts.due, panic.unwrap_or("without a text")),
        },
    }
}

/// What a table of cells comes to, in words: how many there are, and the worst of them.
pub(super) fn sentence(rows: &[DataRow]) -> String {
    const NAMED: usize = 3;
    let broke: Vec<String> = rows
        .iter()
        .filter_map(|row| match &row.result {
            TrialResult::Broke { objective } => Some(format!("{} ({objective})", row.cell)),
            TrialResult::Held | TrialResult::Unknown { .. } => None,
        })
        .collect();
    let unknown: Vec<String> = rows
        .iter()
        .filter_map(|row| match &row.result {
            TrialResult::Unknown { reason } => Some(format!("{} ({reason})", row.cell)),
            TrialResult::Held | TrialResult::Broke { .. } => None,
        })
        .collect();
    let held = rows.len() - broke.len() - unknown.len();
    let named = |what: &str, cells: &[String]| match cells.len() {
        0 => String::new(),
        n if n > NAMED => format!("; {what} {n}: {} and {} more", cells[..NAMED].join(", "), n - NAMED),
        n => format!("; {what} {n}: {}", cells.join(", ")),
    };
    let slowest = rows
        .iter()
        .filter(|row| row.max_us.is_some())
        .max_by(|a, b| a.max_us.partial_cmp(&b.max_us).unwrap_or(std::cmp::Ordering::Equal));
    let slowest =
        slowest.and_then(|row| Some((row.cell, row.max_us?))).map_or(String::new(), |(cell, us)| {
            format!("; slowest {cell} with {}", super::load_summary::show_us(us))
        });
    let refused = rows.iter().filter(|row| row.cell.edge.is_some() && row.counts.ok < row.counts.due);
    let refused: Vec<String> =
        refused.filter(|row| row.result == TrialResult::Held).map(|row| row.cell.to_string()).collect();
    let refused =
        if refused.is_empty() { String::new() } else { format!("; refuses {}", refused.join(", ")) };
    format!(
        "{held} of {} kinds of data hold{}{}{refused}{slowest}",
        rows.len(),
        named("broken", &broke),
        named("not known", &unknown)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::Kind;

    const USUAL: DataCell = DataCell { size: 100, complexity: Complexity::High, edge: None };
    const NAN: DataCell = DataCell { size: 100, complexity: Complexity::Medium, edge: Some(Edge::Nan) };

    fn figures(counts: Counts, kinds: &[(&str, u64)]) -> Figures {
        let kind = |(at, (text, count)): (usize, &(&str, u64))| Kind {
            class: "error".to_owned(),
            text: (*text).to_owned(),
            sample: (*text).to_owned(),
            count: *count,
            first_s: at as f64,
            last_s: at as f64,
        };
        let mut figures =
            Figures { counts, kinds: kinds.iter().enumerate().map(kind).collect(), ..Figures::default() };
        figures.response.record_n(3_000_000, counts.ok + counts.error);
        figures
    }

    fn ends(ok: u64, rejected: u64, error: u64, timeout: u64) -> Counts {
        Counts { due: ok + rejected + error + timeout, ok, rejected, error, timeout, ..Counts::default() }
    }

    #[test]
    fn an_edge_may_be_refused_but_not_panic_or_hang() {
        let edge =
            |counts, kinds: &[(&str, u64)]| DataRow::find(NAN, &figures(counts, kinds), TrialResult::Held);
        let refused = edge(ends(0, 5, 5, 0), &[("not a number", 10)]);
        assert_eq!(
            (refused.result, refused.first_error.as_deref()),
            (TrialResult::Held, Some("not a number"))
        );
        let panicked = edge(ends(6, 0, 4, 0), &[("wrong", 1), ("panic: a NaN", 3)]);
        assert_eq!(panicked.panics, 3);
        assert_eq!(
            panicked.result,
            TrialResult::Broke { objective: "3 of 10 panicked: panic: a NaN".to_owned() }
        );
        assert_eq!(
            edge(ends(8, 0, 0, 2), &[("operation timeout", 2)]).result,
            TrialResult::Broke { objective: "2 of 10 did not end in time".to_owned() }
        );
        let nothing = TrialResult::Unknown { reason: "nothing was tried".to_owned() };
        assert_eq!(edge(Counts::default(), &[]).result, nothing);
        assert_eq!(edge(Counts { due: 5, dropped: 5, ..Counts::default() }, &[]).result, nothing);
    }

    #[test]
    fn usual_data_is_judged_by_its_objectives_too() {
        let missed = TrialResult::Broke { objective: "success_rate is 90%, wanted == 100%".to_owned() };
        let row = |result| DataRow::find(USUAL, &figures(ends(9, 0, 1, 0), &[("wrong", 1)]), result);
        assert_eq!(row(missed.clone()).result, missed);
        assert_eq!(row(TrialResult::Held).result, TrialResult::Held);
    }

    #[test]
    fn the_sentence_names_the_worst() {
        let held = DataRow::find(USUAL, &figures(ends(10, 0, 0, 0), &[]), TrialResult::Held);
        let refused = DataRow::find(
            DataCell { edge: Some(Edge::Empty), ..NAN },
            &figures(ends(0, 10, 0, 0), &[("no words", 10)]),
            TrialResult::Held,
        );
        let broke =
            DataRow::find(NAN, &figures(ends(0, 0, 10, 0), &[("panic: a NaN", 10)]), TrialResult::Held);
        assert_eq!(
            sentence(&[held.clone(), refused, broke]),
            "2 of 3 kinds of data hold; broken 1: NaN (10 of 10 panicked: panic: a NaN); refuses empty; slowest NaN \
             with 3 ms"
        );
        assert_eq!(sentence(&[held]), "1 of 1 kinds of data hold; slowest 100 x high with 3 ms");
    }
}
