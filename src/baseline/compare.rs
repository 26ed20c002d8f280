use super::{
    alike::{differences, load_differences, remarks},
    figures::{Compared, FINDING, OF_CASE, OF_LOAD},
    saved::{SavedCase, SavedFinding, SavedLoad, SavedRun},
};
use crate::{
    judge::{ComparedFigure, Comparison, Contrast, RegressionRule, RunFigure, Wanted},
    report::{CaseReport, RunReport},
};

/// A baseline, ready to have cases compared with it.
#[derive(Debug)]
pub(crate) struct Comparer {
    /// The baseline's name.
    name: String,
    /// Its runs, the oldest first.
    baseline: Vec<SavedRun>,
    /// Runs of the same state as the one that goes on now.
    further: Vec<SavedRun>,
    rule: RegressionRule,
}

/// A case in the runs of one side.
type Cases<'a> = Vec<&'a SavedCase>;

impl Comparer {
    /// The baseline `name` with its runs; `further` are earlier runs of what is compared with it.
    pub(crate) fn new(
        name: &str,
        baseline: Vec<SavedRun>,
        further: Vec<SavedRun>,
        rule: RegressionRule,
    ) -> Self {
        Self { name: name.to_owned(), baseline, further, rule }
    }

    /// The baseline's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Compares a case of a run with what the baseline has of it.
    pub(crate) fn compare(&self, run: &RunReport, case: &CaseReport) -> Comparison {
        let now = SavedRun::of(run, [case]);
        let nothing = || Comparison::new(&self.name, self.rule.level, (0, 0), Vec::new());
        if !case.is_complete() {
            return nothing().without(vec!["the case did not run to its end".to_owned()]);
        }
        // Another process of this run, or an earlier try, may have saved its part already.
        let others = || self.baseline.iter().filter(|run| run.run_id != now.run_id);
        if !others().any(|run| run.case(&case.name).is_some()) {
            return nothing().without(vec!["the baseline does not have this case".to_owned()]);
        }
        let having = || others().filter(|run| run.case(&case.name).is_some());
        let alike: Vec<&SavedRun> = having().filter(|run| differences(run, &now).is_empty()).collect();
        let Some(newest) = alike.last() else {
            let newest = having().next_back().map_or_else(Vec::new, |run| differences(run, &now));
            return nothing().without(newest);
        };
        let before: Cases<'_> = alike.iter().filter_map(|run| run.case(&case.name)).collect();
        let further = self.further.iter().filter(|run| is_same_state(run, &now));
        let after: Cases<'_> = further.chain([&now]).filter_map(|run| run.case(&case.name)).collect();
        let (figures, not_comparable) = self.sides(&before, &after);
        let mut compared = Comparison::new(&self.name, self.rule.level, (before.len(), after.len()), figures)
            .without(not_comparable);
        compared.remarks = remarks(&newest.environment, &now.environment);
        let left_out = having().filter(|run| !differences(run, &now).is_empty());
        let left_out: Vec<&SavedRun> = left_out.collect();
        if let Some(newest) = left_out.last() {
            let (n, why) = (left_out.len(), differences(newest, &now).join(", "));
            compared
                .remarks
                .push(format!("runs of the baseline that were left out: {n}; of the newest, {why}"));
        }
        compared
    }

    /// Compares a case in the runs of both sides; this run is the last.
    fn sides(&self, before: &Cases<'_>, after: &Cases<'_>) -> (Vec<ComparedFigure>, Vec<String>) {
        let mut figures = Vec::new();
        let mut not_comparable = Vec::new();
        let Some(now) = after.last() else { return (figures, not_comparable) };
        // The loads of a search differ from run to run; what they came to is compared.
        let is_search = before.iter().chain(after).any(|case| !case.findings.is_empty());
        let loads = if is_search { &[] } else { now.loads.as_slice() };
        for load in loads {
            match loads_like(load, before) {
                Ok(then) => {
                    let new: Vec<&SavedLoad> = loads_like(load, after).unwrap_or_else(|_alone| vec![load]);
                    figures.extend(OF_LOAD.iter().filter_map(|of| self.figure(of, &load.load, &then, &new)));
                }
                Err(sentences) => not_comparable.extend(sentences),
            }
        }
        figures.extend(now.findings.iter().filter_map(|finding| self.finding(finding, before, after)));
        let lost =
            before.last().into_iter().flat_map(|then| &then.findings).filter(|f| in_case(f, now).is_none());
        not_comparable
            .extend(lost.map(|f| format!("{}: this run does not tell its {}", f.procedure, f.name)));
        figures.extend(OF_CASE.iter().filter_map(|of| self.figure(of, "", before, after)));
        (figures, not_comparable)
    }

    /// One figure; nothing where neither side has it.
    fn figure<T>(&self, of: &Compared<T>, name: &str, before: &[&T], after: &[&T]) -> Option<ComparedFigure> {
        let read = |side: &[&T]| -> Vec<RunFigure> { side.iter().filter_map(|one| (of.of)(one)).collect() };
        let new = read(after);
        let contrast = self.contrast(&read(before), &new, of.wanted, of.floor)?;
        Some(row((name, of.name, of.unit), contrast, &new))
    }

    /// What a procedure found.
    fn finding(&self, of: &SavedFinding, before: &Cases<'_>, after: &Cases<'_>) -> Option<ComparedFigure> {
        let read = |side: &Cases<'_>| -> Vec<RunFigure> {
            let same = side.iter().filter_map(|case| in_case(of, case));
            same.map(|f| RunFigure { value: f.value, is_at_least: f.is_at_least }).collect()
        };
        let new = read(after);
        let (wanted, floor) = FINDING;
        let contrast = self.contrast(&read(before), &new, wanted, floor)?;
        Some(row((&of.procedure, &of.name, &of.unit), contrast, &new))
    }

    /// What is on one side only is not compared: a percentile of a load that had the samples for it once.
    fn contrast(
        &self,
        before: &[RunFigure],
        after: &[RunFigure],
        wanted: Wanted,
        floor: f64,
    ) -> Option<Contrast> {
        let is_on_both = !before.is_empty() && !after.is_empty();
        is_on_both.then(|| self.rule.contrast(before, after, wanted, floor))
    }
}

/// The finding of the same name in a case; of several by one procedure the first.
fn in_case<'a>(finding: &SavedFinding, case: &'a SavedCase) -> Option<&'a SavedFinding> {
    case.findings.iter().find(|f| (&f.procedure, &f.name) == (&finding.procedure, &finding.name))
}

/// Whether a saved run is one of the same state as the one that goes on: the commit is the same, as far as it is known,
/// and so is all around it.
fn is_same_state(run: &SavedRun, now: &SavedRun) -> bool {
    run.run_id != now.run_id
        && run.environment.commit == now.environment.commit
        && differences(run, now).is_empty()
        && remarks(&run.environment, &now.environment).is_empty()
}

/// The load of the same name and kind in each of the cases, or why there is none in any.
fn loads_like<'a>(load: &SavedLoad, cases: &Cases<'a>) -> Result<Vec<&'a SavedLoad>, Vec<String>> {
    let of_name = || cases.iter().filter_map(|case| case.loads.iter().find(|other| other.load == load.load));
    let alike: Vec<&SavedLoad> = of_name().filter(|other| load_differences(other, load).is_empty()).collect();
    match (alike.is_empty(), of_name().next_back()) {
        (false, _) => Ok(alike),
        (true, Some(newest)) => Err(load_differences(newest, load)),
        (true, None) => Err(vec![format!("{}: the baseline does not have this load", load.load)]),
    }
}

fn row((of, name, unit): (&str, &str, &str), contrast: Contrast, new: &[RunFigure]) -> ComparedFigure {
    let Contrast { change, baseline_median, baseline_deviation, new_median, chance, is_large, reason } =
        contrast;
    let difference = (baseline_median != 0.0).then(|| new_median / baseline_median - 1.0);
    ComparedFigure {
        of: of.to_owned(),
        name: name.to_owned(),
        unit: unit.to_owned(),
        change,
        baseline: baseline_median,
        baseline_spread: baseline_deviation,
        value: new_median,
        is_at_least: new.iter().any(|figure| figure.is_at_least),
        difference,
        chance,
        is_large,
        reason,
    }
}
