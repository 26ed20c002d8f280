use super::{
    alike::{apart, differs, load_differences, remarks},
    figures::{Compared, FINDING, OF_CASE, OF_LOAD},
    saved::{SavedCase, SavedFinding, SavedLoad},
};
use crate::{
    judge::{RegressionRule, RunFigure, Wanted},
    report::{CaseBeside, CaseReport, FigureBeside, RunReport, RunsBeside, SettingReport, run_head},
};

/// Two runs beside each other: every figure that a baseline compares, whether or not the rule can say anything of it.
pub(crate) fn beside(
    runs: [&RunReport; 2],
    rule: &RegressionRule,
    is_asked_for: impl Fn(&str) -> bool,
) -> RunsBeside {
    let [first, second] = runs;
    let around = |run: &'_ RunReport| (run.profile.clone(), run.environment.clone());
    let ((old_profile, old), (new_profile, new)) = (around(first), around(second));
    let differences = apart((&old_profile, &old), (&new_profile, &new));
    let of_run = settings_apart(&first.settings, &second.settings);
    let mut table = Table { rule, is_alike: differences.is_empty(), reasons: Vec::new() };
    let asked = |run: &'_ RunReport| -> Vec<CaseReport> {
        run.cases.iter().filter(|case| is_asked_for(&case.name)).cloned().collect()
    };
    let (before, after) = (asked(first), asked(second));
    let find = |cases: &'_ [CaseReport], name: &str| cases.iter().position(|case| case.name == name);
    let both = after.iter().filter_map(|case| Some((&before[find(&before, &case.name)?], case)));
    let cases = both.map(|(then, now)| table.case(then, now, &of_run)).collect();
    let only = |these: &[CaseReport], those: &[CaseReport]| -> Vec<String> {
        these.iter().filter(|case| find(those, &case.name).is_none()).map(|case| case.name.clone()).collect()
    };
    RunsBeside {
        heads: [run_head(first), run_head(second)],
        differences,
        remarks: remarks(&old, &new).into_iter().chain(of_run.iter().cloned()).collect(),
        cases,
        only: [only(&before, &after), only(&after, &before)],
        reasons: table.reasons,
    }
}

/// Settings that say where to write and what to print, and are another one in each run.
const ASIDE: [&str; 7] =
    ["seed", "report_dir", "report", "stop_file", "progress", "save_baseline", "show_settings"];

/// What was set otherwise, a sentence each.
fn settings_apart(then: &[SettingReport], now: &[SettingReport]) -> Vec<String> {
    let value = |setting: &SettingReport| setting.value.clone().unwrap_or_else(|| "unset".to_owned());
    let of_key = |key: &str| then.iter().find(|setting| setting.key == key).map(value);
    let shown = now.iter().filter(|setting| !ASIDE.contains(&setting.key.as_str()));
    shown.filter_map(|setting| differs(&setting.key, &of_key(&setting.key)?, &value(setting))).collect()
}

struct Table<'a> {
    rule: &'a RegressionRule,
    /// Whether both runs were made under the same conditions.
    is_alike: bool,
    reasons: Vec<String>,
}

/// Whether the rule is asked about a figure.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Judged {
    Yes,
    No,
}

impl Table<'_> {
    fn case(&mut self, then: &CaseReport, now: &CaseReport, of_run: &[String]) -> CaseBeside {
        let mut told = settings_apart(&then.settings, &now.settings);
        told.retain(|sentence| !of_run.contains(sentence));
        for (case, which) in [(then, "first"), (now, "second")] {
            if !case.is_complete() {
                told.push(format!(
                    "in the {which} run the case did not run to its end, so nothing is judged"
                ));
            }
        }
        let is_whole = self.is_alike && then.is_complete() && now.is_complete();
        let judged = if is_whole { Judged::Yes } else { Judged::No };
        let (old, new) = (SavedCase::from(then), SavedCase::from(now));
        let mut rows = Vec::new();
        // The loads of a search differ from run to run; what they came to is compared.
        if old.findings.is_empty() && new.findings.is_empty() {
            self.loads(&old, &new, judged, &mut rows, &mut told);
        }
        self.findings(&old, &new, judged, &mut rows);
        for of in &OF_CASE {
            rows.extend(self.figure(of, "", [Some(&old), Some(&new)], judged));
        }
        CaseBeside { name: now.name.clone(), verdicts: [then.verdict, now.verdict], remarks: told, rows }
    }

    fn loads(
        &mut self,
        old: &SavedCase,
        new: &SavedCase,
        judged: Judged,
        rows: &mut Vec<FigureBeside>,
        told: &mut Vec<String>,
    ) {
        let gone = old.loads.iter().filter(|load| !new.loads.iter().any(|other| other.load == load.load));
        let pairs =
            new.loads.iter().map(|load| (old.loads.iter().find(|other| other.load == load.load), Some(load)));
        for (then, now) in pairs.chain(gone.map(|load| (Some(load), None))) {
            let apart = then.zip(now).map_or_else(Vec::new, |(then, now)| load_differences(then, now));
            let judged = if apart.is_empty() { judged } else { Judged::No };
            told.extend(apart);
            let name = now.or(then).map_or("", |load: &SavedLoad| load.load.as_str());
            rows.extend(OF_LOAD.iter().filter_map(|of| self.figure(of, name, [then, now], judged)));
        }
    }

    fn findings(&mut self, old: &SavedCase, new: &SavedCase, judged: Judged, rows: &mut Vec<FigureBeside>) {
        let in_case = |of: &SavedFinding, case: &'_ SavedCase| -> Option<RunFigure> {
            let found = case.findings.iter().find(|f| (&f.procedure, &f.name) == (&of.procedure, &of.name));
            found.map(|f| RunFigure { value: f.value, is_at_least: f.is_at_least })
        };
        let lost = old.findings.iter().filter(|of| in_case(of, new).is_none());
        for of in new.findings.iter().chain(lost) {
            let values = [in_case(of, old), in_case(of, new)];
            rows.extend(self.row((&of.procedure, &of.name, &of.unit), values, FINDING, judged));
        }
    }

    fn figure<T>(
        &mut self,
        of: &Compared<T>,
        name: &str,
        sides: [Option<&T>; 2],
        judged: Judged,
    ) -> Option<FigureBeside> {
        let values = sides.map(|side| side.and_then(of.of));
        self.row((name, of.name, of.unit), values, (of.wanted, of.floor), judged)
    }

    /// A row; nothing where neither run has the figure.
    fn row(
        &mut self,
        (of, name, unit): (&str, &str, &str),
        values: [Option<RunFigure>; 2],
        (wanted, floor): (Wanted, f64),
        judged: Judged,
    ) -> Option<FigureBeside> {
        let word = match (values, judged) {
            ([None, None], _) => return None,
            ([None, Some(_)], _) => "in the second only".to_owned(),
            ([Some(_), None], _) => "in the first only".to_owned(),
            ([Some(_), Some(_)], Judged::No) => "not comparable".to_owned(),
            ([Some(first), Some(second)], Judged::Yes) => {
                let contrast = self.rule.contrast(&[first], &[second], wanted, floor);
                let large = if contrast.is_large { ", large" } else { "" };
                if !contrast.reason.is_empty() && !self.reasons.contains(&contrast.reason) {
                    self.reasons.push(contrast.reason);
                }
                format!("{}{large}", contrast.change)
            }
        };
        let values = values.map(|side| side.map(|figure| (figure.value, figure.is_at_least)));
        Some(FigureBeside { of: of.to_owned(), name: name.to_owned(), unit: unit.to_owned(), values, word })
    }
}
