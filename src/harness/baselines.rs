use std::path::PathBuf;

use super::trials::Shared;
use crate::{
    baseline::{BaselineError, Comparer, SavedRun, Store},
    judge::{Change, ComparedFigure, RegressionRule, Verdict},
    report::{CaseReport, RunReport, compared_figure},
    settings::Resolved,
};

/// What a run has to do with baselines.
pub(super) struct Baselines {
    store: Store,
    against: Option<Comparer>,
    save_as: Option<String>,
    on_regression: OnRegression,
}

/// What a figure that got worse does to its case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OnRegression {
    Tell,
    Fail,
}

/// Why the baselines that the settings name cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum BaselineMistake {
    #[error("{origin}: {source}")]
    Unusable { origin: String, source: BaselineError },
    #[error(
        "{origin}: fail_on_regression has nothing to compare with: name a baseline with --baseline NAME or \
         PROOFLOAD_BASELINE"
    )]
    NothingToCompare { origin: String },
    #[error(
        "{origin}: regression_level = {level}: from 50% on, every order of runs would mean something; 5% is usual"
    )]
    Level { origin: String, level: String },
}

/// At this chance either direction is as likely as not.
const HIGHEST_LEVEL: f64 = 0.5;

impl Baselines {
    /// None, for what runs no case.
    pub(super) fn unused() -> Self {
        Self {
            store: Store::new(PathBuf::new()),
            against: None,
            save_as: None,
            on_regression: OnRegression::Tell,
        }
    }

    /// What the settings say, with the saved runs read; `beside` is the folder that the folders of runs are in.
    pub(super) fn of(run: &Resolved, beside: PathBuf) -> Result<Self, BaselineMistake> {
        let store =
            Store::new(run.text("baseline_dir").map_or_else(|| beside.join("baselines"), PathBuf::from));
        let unusable = |key: &str| {
            let origin = run.origin(key).to_string();
            move |source| BaselineMistake::Unusable { origin, source }
        };
        let (against, save_as) = (run.text("baseline"), run.text("save_baseline"));
        let rule = rule(run)?;
        // What is saved under another name than it is compared with is more of what is new.
        let further = match save_as {
            Some(name) if against != save_as => {
                store.load_if_there(name).map_err(unusable("save_baseline"))?
            }
            Some(name) => Store::check_name(name).map(|()| Vec::new()).map_err(unusable("save_baseline"))?,
            None => Vec::new(),
        };
        let comparer = |name: &str| {
            // The first run of a baseline that each run joins has nothing to compare with yet.
            let runs = if save_as == Some(name) { store.load_if_there(name) } else { store.load(name) };
            let runs = runs.map_err(unusable("baseline"))?;
            Ok::<_, BaselineMistake>(Comparer::new(name, runs, further.clone(), rule))
        };
        let against = against.map(comparer).transpose()?;
        let on_regression = match (run.switch("fail_on_regression"), &against) {
            (false, _) => OnRegression::Tell,
            (true, Some(_)) => OnRegression::Fail,
            (true, None) => {
                let origin = run.origin("fail_on_regression").to_string();
                return Err(BaselineMistake::NothingToCompare { origin });
            }
        };
        Ok(Self { save_as: save_as.map(str::to_owned), store, against, on_regression })
    }

    /// The case with its comparison. Where that is asked for, one that got worse fails by it.
    pub(super) fn compared(&self, run: impl FnOnce() -> RunReport, mut case: CaseReport) -> CaseReport {
        let Some(against) = &self.against else { return case };
        let comparison = against.compare(&run(), &case);
        if self.on_regression == OnRegression::Fail && comparison.change == Change::Worse {
            let sentence = |figure: &ComparedFigure| {
                format!("worse than baseline {}: {}", against.name(), compared_figure(figure))
            };
            case.reasons.extend(comparison.worse().map(sentence));
            case.verdict = case.verdict.worse(Verdict::Fail);
        }
        case.comparison = Some(comparison);
        case
    }

    /// A warning about cases that a run which is to fail on regressions says nothing of.
    pub(super) fn unanswered(&self, cases: &[CaseReport]) -> Option<String> {
        let against = self.against.as_ref().filter(|_| self.on_regression == OnRegression::Fail)?;
        let unanswered =
            |case: &&CaseReport| case.comparison.as_ref().is_some_and(|found| !found.is_answer());
        let names: Vec<&str> = cases.iter().filter(unanswered).map(|case| case.name.as_str()).collect();
        (!names.is_empty()).then(|| {
            format!(
                "baseline {} does not tell whether these got worse, so fail_on_regression let them pass: {}",
                against.name(),
                names.join(", ")
            )
        })
    }

    /// Whether a case is saved under `name`: where it passed, or failed by the comparison alone. Without the latter, what
    /// is new would be known by its better runs only. A baseline itself does not take in what it calls worse.
    fn is_kept(&self, name: &str, case: &CaseReport) -> bool {
        let is_of_another = self.against.as_ref().is_none_or(|against| against.name() != name);
        let by_comparison = case.comparison.as_ref().map_or(0, |found| found.worse().count());
        let failed_by_it = case.verdict == Verdict::Fail && case.reasons.len() == by_comparison;
        case.verdict == Verdict::Pass || is_of_another && failed_by_it
    }

    /// Saves the cases that passed, if that is asked for, and says what was saved.
    pub(super) fn save(&self, run: &RunReport) -> Result<Option<String>, BaselineError> {
        let Some(name) = &self.save_as else { return Ok(None) };
        let (passed, others): (Vec<&CaseReport>, Vec<&CaseReport>) =
            run.cases.iter().partition(|case| self.is_kept(name, case));
        let left_out: Vec<String> =
            others.iter().map(|case| format!("{} ({})", case.name, case.verdict.words())).collect();
        let left_out = match left_out.is_empty() {
            true => String::new(),
            false => format!("; only what passes is saved, so not {}", left_out.join(", ")),
        };
        if passed.is_empty() {
            return Ok(Some(format!("nothing was saved as baseline {name}{left_out}")));
        }
        let path = self.store.save(name, SavedRun::of(run, passed.iter().copied()))?;
        let (count, path) = (passed.len(), super::place::shown(&path));
        let cases = if count == 1 { "case" } else { "cases" };
        Ok(Some(format!("saved {count} {cases} as baseline {name}: {}{left_out}", path.display())))
    }
}

/// The rule as the settings have it.
pub(super) fn rule(run: &Resolved) -> Result<RegressionRule, BaselineMistake> {
    let mut rule = RegressionRule::default();
    if let Some(level) = run.percent("regression_level") {
        rule.level = level.share();
    }
    match rule.level < HIGHEST_LEVEL {
        true => Ok(rule),
        false => Err(BaselineMistake::Level {
            origin: run.origin("regression_level").to_string(),
            level: run.text("regression_level").unwrap_or_default().to_owned(),
        }),
    }
}

impl Shared {
    /// The case with how it compares with the baseline of the run.
    pub(super) fn compared(&self, case: CaseReport) -> CaseReport {
        self.baselines.compared(|| self.run_report(), case)
    }
}
