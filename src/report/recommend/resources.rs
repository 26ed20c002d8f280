use super::{Advice, Kind};
use crate::{
    report::{
        CaseReport,
        text::{max_memory, show},
    },
    stop::StopReason,
};

/// Over this share of the cores, in percent, a queue for them grows fast.
const BUSY_CPU_PERCENT: f64 = 85.0;

/// Over this share of the limit a somewhat larger load would have been stopped.
const NEAR_MEMORY: f64 = 0.8;

/// What follows from what the processes used; limits that stopped the case have their own advice.
pub(super) fn advice(case: &CaseReport) -> Vec<Advice> {
    machine(case).into_iter().chain(memory(case)).collect()
}

fn is_stopped_by(case: &CaseReport, reason: StopReason) -> bool {
    case.stop.as_ref().is_some_and(|stop| stop.reason == reason)
}

fn machine(case: &CaseReport) -> Option<Advice> {
    let peak = case.resources.peak_cpu_percent.filter(|peak| *peak > BUSY_CPU_PERCENT)?;
    let mean = case.resources.mean_cpu_percent;
    let mean = mean.map_or(String::new(), |mean| format!(" ({} on average)", show::percent(mean)));
    (!is_stopped_by(case, StopReason::Cpu)).then(|| Advice {
        kind: Kind::Machine,
        topic: String::new(),
        weight: peak,
        figure: format!("CPU reached {} of the cores available{mean}", show::percent(peak)),
        action: "generator and target share them, so these figures are the machine's as much as the target's: use \
                 more cores, or run the target elsewhere"
            .to_owned(),
    })
}

fn memory(case: &CaseReport) -> Option<Advice> {
    let limit = max_memory(case).filter(|limit| limit.bytes() > 0)?;
    let share = case.resources.peak_memory_bytes as f64 / limit.bytes() as f64;
    let is_near = share > NEAR_MEMORY && !is_stopped_by(case, StopReason::Memory);
    is_near.then(|| Advice {
        kind: Kind::MemoryNear,
        topic: String::new(),
        weight: share,
        figure: format!(
            "memory reached {}, {} of max_memory ({limit})",
            show::bytes(case.resources.peak_memory_bytes),
            show::percent(share * 100.0)
        ),
        action: "a larger load would be stopped: bound what the target keeps, or raise max_memory".to_owned(),
    })
}
