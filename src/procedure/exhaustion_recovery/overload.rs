use std::time::Duration;

use crate::{
    context::Context,
    judge::{Depth, Recovery},
};

/// What came of an overload.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct OverloadRecovery {
    /// Whether and when the target recovered: the worst of the attempts.
    pub recovery: Recovery,
    /// How badly it fared until then, the worst of all attempts; `None` without data.
    pub depth: Option<Depth>,
    /// The answer of each attempt, in order.
    pub attempts: Vec<Recovery>,
}

impl OverloadRecovery {
    /// The time from the end of the overload to the recovery, the longest of the attempts; `None` unless each recovered.
    pub const fn recovery_time(&self) -> Option<Duration> {
        match &self.recovery {
            Recovery::Recovered { after } => Some(*after),
            Recovery::NotWithin { .. } | Recovery::Inconclusive { .. } => None,
        }
    }

    /// Whether the target is known to have recovered within `limit` in each attempt.
    pub fn recovered_within(&self, limit: Duration) -> bool {
        self.recovery_time().is_some_and(|after| after <= limit)
    }

    /// Puts a verdict into the report: passed where the target recovered within the procedure's limit in each attempt, with
    /// the time as the figure `recovery_time`, failed where it did not, inconclusive where that cannot be told.
    pub fn judge(&self, cx: &Context) {
        if cx.is_dry_run() {
            return;
        }
        let sentence = format!("the target {}", self.recovery);
        match &self.recovery {
            Recovery::Recovered { after } => {
                cx.figure_duration("recovery_time", *after);
                cx.require(true, sentence);
            }
            Recovery::NotWithin { .. } => cx.require(false, sentence),
            Recovery::Inconclusive { .. } => cx.inconclusive(self.recovery.to_string()),
        }
    }
}
