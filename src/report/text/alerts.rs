use super::lay::Page;
use crate::report::RunAlert;

/// Alerts shown; the others are in `report.json`.
const MOST_ALERTS: usize = 20;

/// What was over its threshold, the critical first.
pub(super) fn alerts(page: &mut Page, alerts: &[RunAlert]) {
    if alerts.is_empty() {
        return;
    }
    page.gap();
    page.prose(0, "", "Alerts (no verdicts)");
    for one in alerts.iter().take(MOST_ALERTS) {
        let word = one.alert.level.word();
        page.prose(2, &format!("{word:<8} "), &format!("{}: {}", one.case, one.alert.sentence));
    }
    if let Some(more) = alerts.len().checked_sub(MOST_ALERTS).filter(|more| *more > 0) {
        page.prose(2, "", &format!("... {more} more in report.json"));
    }
}
