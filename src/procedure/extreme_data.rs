use std::{sync::Arc, time::Duration};

use super::{
    ProcedureError,
    terms::{Terms, by_objectives, objective_setter, setters},
};
use crate::{
    IntoOutcome, Op,
    context::Context,
    engine::{Async, Workload},
    error::Result,
    expect::Expectation,
    judge::{Complexity, DataCell, DataRow, Detail, Edge, Finding, TrialResult},
    load::Load,
};

mod datum;

pub use datum::Datum;

const NAME: &str = "extreme data";

/// What has to hold for usual data unless something else is stated.
const USUAL: [&str; 1] = ["success_rate == 100%"];

/// Elements of a datum at most: a gigabyte of text.
const MOST_ELEMENTS: usize = 1 << 30;

/// Huge data are this many times the largest size.
const HUGE: usize = 100;

/// Users that carry out the operations of a cell.
const USERS: u32 = 4;

/// How a target takes data of many sizes and shapes, and data at the edges of what it takes.
///
/// A cell for each size and complexity, then one for each edge (empty, tiny, huge, NaN, malformed), one after the
/// other; each carries out a few operations. The operation is handed a [`Datum`], which makes texts, bytes and vectors of
/// its kind from a seed. For usual data `success_rate == 100%` has to hold, or what is stated instead; and whatever the
/// data, no operation may panic, time out or stay unfinished. At an edge a refusal or an error is an answer.
///
/// Unless stated otherwise: sizes 100, 1 000 and 10 000 (the huge is 100 times the largest), all complexities and edges,
/// 20 operations in each cell (times the factor of the severity), four at once.
///
/// ```no_run
/// # async fn search(_query: &str) -> Result<(), std::io::Error> { Ok(()) }
/// use proofload::{Context, procedure::ExtremeData};
///
/// #[proofload::case]
/// async fn whatever_comes(cx: Context) -> proofload::Result {
///     let found = ExtremeData::new()
///         .sizes([100, 1_000, 150_000])
///         .run(&cx, |datum| async move { search(&datum.text()).await })
///         .await?;
///     found.judge(&cx);
///     cx.done()
/// }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a procedure does nothing before `run`"]
pub struct ExtremeData {
    terms: Terms,
    sizes: Vec<usize>,
    complexities: Vec<Complexity>,
    edges: Vec<Edge>,
    operations: Option<u32>,
}

/// What a target made of extreme data.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DataTable {
    /// A row for each kind of data, in order.
    pub rows: Vec<DataRow>,
}

impl DataTable {
    /// Whether every cell held what it had to.
    pub fn holds(&self) -> bool {
        !self.rows.is_empty() && self.rows.iter().all(|row| row.result == TrialResult::Held)
    }

    /// The cells that broke.
    pub fn broken(&self) -> impl Iterator<Item = &DataRow> {
        self.rows.iter().filter(|row| matches!(row.result, TrialResult::Broke { .. }))
    }

    /// Puts a verdict into the report: passed where every cell held, failed where one broke, inconclusive where that
    /// cannot be told.
    pub fn judge(&self, cx: &Context) {
        let said = Finding::new(NAME, Detail::ExtremeData { rows: self.rows.clone() }).sentence;
        match (self.holds(), self.broken().next()) {
            (true, _) => cx.require(true, said),
            (false, Some(_)) => cx.require(false, said),
            (false, None) if cx.is_dry_run() => {}
            (false, None) => cx.inconclusive(said),
        }
    }
}

impl Default for ExtremeData {
    fn default() -> Self {
        Self::new()
    }
}

impl ExtremeData {
    /// With the terms above.
    pub fn new() -> Self {
        let terms = Terms { cool_down: Duration::ZERO, ..Terms::new(NAME) };
        Self {
            terms,
            sizes: vec![100, 1_000, 10_000],
            complexities: Complexity::ALL.to_vec(),
            edges: Edge::ALL.to_vec(),
            operations: None,
        }
    }

    setters!();
    objective_setter!();

    /// The sizes: bytes of a text, numbers of a vector.
    pub fn sizes(mut self, sizes: impl IntoIterator<Item = usize>) -> Self {
        self.sizes = sizes.into_iter().collect();
        self
    }

    /// The complexities of usual data.
    pub fn complexities(mut self, complexities: impl IntoIterator<Item = Complexity>) -> Self {
        self.complexities = complexities.into_iter().collect();
        self
    }

    /// The edges; none for usual data alone.
    pub fn edges(mut self, edges: impl IntoIterator<Item = Edge>) -> Self {
        self.edges = edges.into_iter().collect();
        self
    }

    /// Operations in each cell.
    pub const fn operations(mut self, n: u32) -> Self {
        self.operations = Some(n);
        self
    }

    /// Runs it with an operation on a datum.
    ///
    /// # Errors
    /// The terms contradict themselves, an objective is malformed, or the case was stopped; the rows until then are in
    /// the report. That the target breaks is no error.
    pub async fn run<F, T>(self, cx: &Context, operation: F) -> Result<DataTable>
    where
        F: Fn(Datum) -> T + Send + Sync + 'static,
        T: Future<Output: IntoOutcome> + Send + 'static,
    {
        self.check()?;
        let objectives = self.terms.objectives(&USUAL)?;
        let operation = Arc::new(operation);
        let mut rows = Vec::new();
        let ended = self.run_cells(cx, &objectives, &operation, &mut rows).await;
        if !cx.is_dry_run() && !rows.is_empty() {
            cx.found(Finding::new(NAME, Detail::ExtremeData { rows: rows.clone() }));
        }
        ended.map(|()| DataTable { rows })
    }

    async fn run_cells<F, T>(
        &self,
        cx: &Context,
        objectives: &[Expectation],
        operation: &Arc<F>,
        rows: &mut Vec<DataRow>,
    ) -> Result<()>
    where
        F: Fn(Datum) -> T + Send + Sync + 'static,
        T: Future<Output: IntoOutcome> + Send + 'static,
    {
        let cells = self.cells();
        let of_cell = |cell: DataCell| {
            let operation = Arc::clone(operation);
            Arc::new(Async(move |op: Op| operation(Datum::new(cell, &op))))
        };
        if let Some(first) = cells.first() {
            let rising = Load::users(0).ramp_to(self.users(), self.terms.ramp_up);
            self.terms.ramp(cx, rising, &of_cell(*first)).await?;
        }
        for (number, cell) in cells.iter().enumerate() {
            self.terms.step(cx, cell.to_string(), number + 1, Some(cells.len()));
            rows.extend(self.row(cx, objectives, *cell, of_cell(*cell)).await?);
            self.terms.settle(cx).await;
        }
        Ok(())
    }

    /// The row of one cell; `None` in a dry run.
    async fn row<W: Workload>(
        &self,
        cx: &Context,
        objectives: &[Expectation],
        cell: DataCell,
        workload: W,
    ) -> Result<Option<DataRow>> {
        let load = Load::users(self.users()).iterations(u64::from(self.count()));
        let run = self.terms.load(cx, load, cell.to_string()).run_workload(workload).await?;
        if cx.is_dry_run() {
            return Ok(None);
        }
        let result = match run.observation().stopped {
            None => by_objectives(objectives, &run),
            Some(reason) => TrialResult::Unknown { reason: format!("stopped: {reason}") },
        };
        Ok(Some(DataRow::find(cell, run.total(), result)))
    }

    fn count(&self) -> u32 {
        self.operations.unwrap_or((20.0 * self.terms.factor()) as u32)
    }

    fn users(&self) -> u32 {
        self.count().min(USERS)
    }

    fn cells(&self) -> Vec<DataCell> {
        let cell = |size: usize, complexity, edge| DataCell { size: size as u64, complexity, edge };
        let usual = self
            .sizes
            .iter()
            .flat_map(|size| self.complexities.iter().map(move |complexity| cell(*size, *complexity, None)));
        let (middle, largest) = (self.sizes[self.sizes.len() / 2], self.largest());
        let edges = self.edges.iter().map(|edge| {
            let size = match edge {
                Edge::Empty => 0,
                Edge::Tiny => 1,
                Edge::Huge => largest.saturating_mul(HUGE),
                Edge::Nan | Edge::Malformed => middle,
            };
            cell(size, Complexity::Medium, Some(*edge))
        });
        usual.chain(edges).collect()
    }

    fn largest(&self) -> usize {
        self.sizes.iter().copied().max().unwrap_or(0)
    }

    fn check(&self) -> std::result::Result<(), ProcedureError> {
        let wrong = |reason: String| Err(self.terms.wrong(reason));
        if self.sizes.is_empty() {
            return wrong("it has no size: give `sizes` at least one".to_owned());
        }
        if self.sizes.contains(&0) {
            return wrong("a size is 0: `sizes` wants 1 or more, and `edges` has the empty one".to_owned());
        }
        let most = match self.edges.contains(&Edge::Huge) {
            true => MOST_ELEMENTS / HUGE,
            false => MOST_ELEMENTS,
        };
        if self.largest() > most {
            return wrong(format!(
                "a size is {}: {most} is the most{}",
                self.largest(),
                if most < MOST_ELEMENTS { " with the huge edge, which is 100 times as large" } else { "" }
            ));
        }
        if self.complexities.is_empty() && self.edges.is_empty() {
            return wrong("it has no complexity and no edge, so no data: give it at least one".to_owned());
        }
        match self.count() {
            0 => wrong("each cell has 0 operations: give `operations` at least 1".to_owned()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Severity;

    fn refused(procedure: ExtremeData) -> String {
        procedure.check().unwrap_err().to_string()
    }

    #[test]
    fn what_contradicts_itself_is_refused_with_the_reason() {
        let new = ExtremeData::new;
        assert_eq!(
            refused(new().sizes([])),
            "the procedure `extreme data` cannot run: it has no size: give `sizes` at least one"
        );
        assert!(refused(new().sizes([0, 5])).contains("a size is 0"));
        assert!(refused(new().sizes([usize::MAX])).contains("10737418 is the most with the huge edge"));
        assert!(refused(new().sizes([usize::MAX]).edges([])).ends_with("1073741824 is the most"));
        assert!(refused(new().complexities([]).edges([])).contains("no complexity and no edge"));
        assert!(refused(new().operations(0)).contains("each cell has 0 operations"));
        assert_eq!(new().check(), Ok(()));
        assert_eq!(new().edges([]).check(), Ok(()));
    }

    #[test]
    fn each_size_meets_each_complexity_and_each_edge_has_a_cell() {
        let cells = ExtremeData::new().cells();
        let names: Vec<String> = cells.iter().map(DataCell::to_string).collect();
        assert_eq!(
            names,
            [
                "100 x low",
                "100 x medium",
                "100 x high",
                "1000 x low",
                "1000 x medium",
                "1000 x high",
                "10000 x low",
                "10000 x medium",
                "10000 x high",
                "empty",
                "tiny",
                "huge",
                "NaN",
                "malformed"
            ]
        );
        let sizes: Vec<u64> = cells[9..].iter().map(|cell| cell.size).collect();
        assert_eq!(sizes, [0, 1, 1_000_000, 1_000, 1_000]);
    }

    #[test]
    fn severity_moves_what_was_not_stated() {
        let count = |severity| ExtremeData::new().severity(severity).count();
        assert_eq!([Severity::Low, Severity::Medium, Severity::Critical].map(count), [10, 20, 80]);
        assert_eq!(ExtremeData::new().severity(Severity::High).operations(3).count(), 3);
    }
}
