use super::{CaseReport, Recommendation};

/// What to do about a case.
pub(crate) fn recommend(_case: &CaseReport) -> Vec<String> {
    Vec::new()
}

/// The recommendations of all cases.
pub(crate) fn without_repeats(_cases: &[CaseReport]) -> Vec<Recommendation> {
    Vec::new()
}
