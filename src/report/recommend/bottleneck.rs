use super::{Advice, Kind};
use crate::{
    judge::{Bottleneck, Limit},
    report::CaseReport,
};

/// What follows from what limited the target. A limit that ended the case has its own advice.
pub(super) fn advice(case: &CaseReport) -> Option<Advice> {
    let found = limit_of(case)?;
    let action = match found.limit {
        Limit::Cpu => {
            "profile what an operation computes, or give it more cores; generator and target share them, so the target \
             alone may do more"
        }
        Limit::Memory => "bound what the target keeps of each operation, or give it more memory",
        Limit::Descriptors => {
            "close or share what operations open, or raise the limit of descriptors (`ulimit -n`)"
        }
        Limit::Disk => "send less to storage for each operation, in larger pieces, or use faster storage",
        Limit::Network => "send less for each operation, or use a faster link",
        Limit::Lock => "hold what is held for shorter, split it, or do the waiting outside of it",
        Limit::Pool => {
            "give the pool more places, or hold each for shorter; beyond them a load only waits or is refused"
        }
        Limit::Generator => {
            "until then the figures are the generator's; take this limit away before judging the target"
        }
        // Its sentence says what would tell.
        Limit::Nothing | Limit::Inconclusive => return None,
    };
    Some(Advice {
        kind: Kind::Limit,
        topic: found.limit.words().to_owned(),
        weight: found.saturation.as_ref().and_then(|seen| seen.knee_utilisation).unwrap_or(1.0),
        figure: found.sentence.clone(),
        action: action.to_owned(),
    })
}

fn limit_of(case: &CaseReport) -> Option<&Bottleneck> {
    case.bottleneck.as_ref().filter(|found| found.is_reached() && case.stop.is_none())
}

/// Whether the limit says already what advice of a kind would say with less behind it.
pub(super) fn says(case: &CaseReport, kind: Kind) -> bool {
    let Some(found) = limit_of(case) else { return false };
    match kind {
        Kind::Machine => found.limit == Limit::Cpu,
        Kind::MemoryNear => found.limit == Limit::Memory,
        Kind::Rejections => found.limit == Limit::Pool,
        Kind::LateStarts | Kind::Dropped => found.limit == Limit::Generator,
        Kind::Crash
        | Kind::Stop
        | Kind::Deaf
        | Kind::NoRecovery
        | Kind::Leak
        | Kind::Errors
        | Kind::Unfinished
        | Kind::Timeouts
        | Kind::Collapse
        | Kind::FaultsSeen
        | Kind::Limit
        | Kind::BreakingPoint
        | Kind::Capacity
        | Kind::Drift
        | Kind::Tail => false,
    }
}
