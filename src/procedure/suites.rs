//! The members of the ready-made suites, as [`suite!`](crate::suite) makes cases of them.
//!
//! Each takes the case's context and a function that opens the target, runs one procedure with the terms of the suite,
//! and requires what the target has to do whatever else is expected of it.

use super::{ExhaustionRecovery, MaximumThroughput, ResourceExhaustion, Severity};
use crate::{
    context::Context,
    engine::Workload,
    error::Result,
    judge::{BreakingPoint, Recovery},
    units::{ByteSize, Ratio, per_second},
};

/// The ceiling of memory of the comprehensive suite: what an alert is raised at unless set.
const MEMORY: ByteSize = ByteSize::new(2_000_000_000);

/// The ceilings of the peak-load suite.
const PEAK_MEMORY: ByteSize = ByteSize::new(3_000_000_000);
const PEAK_CPU: f64 = 0.95;

/// A target that answers has at least this share of successes.
const ANSWERS: f64 = 0.95;

/// The maximum throughput up to what `severity` asks for. The target has to hold at the lowest rate.
///
/// # Errors
/// The target could not be opened, or the case was stopped.
pub async fn throughput<W, F>(
    cx: Context,
    open: impl FnOnce(Context) -> F + Send,
    severity: Severity,
) -> Result
where
    W: Workload,
    F: Future<Output = Result<W>> + Send,
{
    let workload = open(cx.clone()).await?;
    search(&cx, MaximumThroughput::new().severity(severity), workload).await
}

/// The throughput at the peak: 100/s to 500/s by 100/s.
///
/// # Errors
/// As [`throughput`].
pub async fn peak_throughput<W, F>(cx: Context, open: impl FnOnce(Context) -> F + Send) -> Result
where
    W: Workload,
    F: Future<Output = Result<W>> + Send,
{
    let workload = open(cx.clone()).await?;
    let rates = MaximumThroughput::new().from(per_second(100)).to(per_second(500)).by(per_second(100));
    search(&cx, rates, workload).await
}

/// Load until memory reaches 2000 MB, or no load that is tried takes so much. The target has to answer afterwards.
///
/// # Errors
/// As [`throughput`]; and the case may use less than that.
pub async fn memory_exhaustion<W, F>(cx: Context, open: impl FnOnce(Context) -> F + Send) -> Result
where
    W: Workload,
    F: Future<Output = Result<W>> + Send,
{
    let workload = open(cx.clone()).await?;
    exhaust(&cx, ResourceExhaustion::new().memory(MEMORY), workload).await
}

/// Load until memory reaches 3000 MB or CPU 95 %. The target has to answer afterwards.
///
/// # Errors
/// As [`memory_exhaustion`].
pub async fn resource_peak<W, F>(cx: Context, open: impl FnOnce(Context) -> F + Send) -> Result
where
    W: Workload,
    F: Future<Output = Result<W>> + Send,
{
    let workload = open(cx.clone()).await?;
    let ceilings = ResourceExhaustion::new().memory(PEAK_MEMORY).cpu(Ratio::new(PEAK_CPU));
    exhaust(&cx, ceilings, workload).await
}

/// An overload, and whether the target comes back from it within 60 s: it has to, three times.
///
/// # Errors
/// As [`throughput`].
pub async fn overload_recovery<W, F>(cx: Context, open: impl FnOnce(Context) -> F + Send) -> Result
where
    W: Workload,
    F: Future<Output = Result<W>> + Send,
{
    let workload = open(cx.clone()).await?;
    let found = ExhaustionRecovery::new().run_workload(&cx, workload).await?;
    if cx.is_dry_run() {
        return cx.done();
    }
    match &found.recovery {
        Recovery::Inconclusive { .. } => cx.inconclusive(found.recovery.to_string()),
        Recovery::Recovered { .. } => cx.require(true, format!("the target {}", found.recovery)),
        Recovery::NotWithin { .. } => cx.require(false, format!("the target {}", found.recovery)),
    }
    cx.done()
}

async fn search<W: Workload>(cx: &Context, search: MaximumThroughput, workload: W) -> Result {
    let found = search.run_workload(cx, workload).await?;
    let point = &found.breaking_point;
    match point {
        _ if cx.is_dry_run() => {}
        BreakingPoint::Inconclusive { .. } => cx.inconclusive(point.to_string()),
        BreakingPoint::Between { .. } | BreakingPoint::AtLeast { .. } => cx.require(true, point.to_string()),
        BreakingPoint::Under { .. } => cx.require(false, point.to_string()),
    }
    cx.done()
}

async fn exhaust<W: Workload>(cx: &Context, exhaustion: ResourceExhaustion, workload: W) -> Result {
    let found = exhaustion.run_workload(cx, workload).await?;
    if let Some(after) = found.after.filter(|_| !cx.is_dry_run()) {
        match after.load.success_rate {
            Some(share) => cx.require(
                share >= ANSWERS,
                format!("afterwards {:.1}% of the operations succeed: {}", share * 100.0, found.exhaustion),
            ),
            None => cx.inconclusive("nothing was due afterwards"),
        }
    }
    cx.done()
}
