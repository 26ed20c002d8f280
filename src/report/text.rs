use super::{CaseReport, RunReport};

/// One line on a case.
pub(crate) fn case_line(case: &CaseReport) -> String {
    format!("{} {}: {}", case.verdict, case.name, case.reasons.join("; "))
}

/// The summary.
pub(crate) fn summary_text(run: &RunReport) -> String {
    run.cases.iter().map(|case| case_line(case) + "\n").collect()
}
