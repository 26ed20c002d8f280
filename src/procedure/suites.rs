//! The ready-made suites: [`suite!`](crate::suite), and the members that it makes cases of.
//!
//! Each takes the case's context and a function that opens the target, runs one procedure with the terms of the suite,
//! and requires what the target has to do whatever else is expected of it.

use super::{ExhaustionRecovery, FailureInjection, MaximumThroughput, ResourceExhaustion, Severity};
use crate::{
    context::Context,
    engine::Workload,
    error::Result,
    judge::BreakingPoint,
    outcome::Retry,
    units::{ByteSize, Ratio, per_second},
};

/// The ceiling of memory of the comprehensive suite: what an alert is raised at unless set.
const MEMORY: ByteSize = ByteSize::new(2_000_000_000);

/// The ceilings of the peak-load suite.
const PEAK_MEMORY: ByteSize = ByteSize::new(3_000_000_000);
const PEAK_CPU: f64 = 0.95;

/// A target that answers has at least this share of successes.
const ANSWERS: f64 = 0.95;

/// Further attempts of an operation that meets a fault.
const RETRIES: u32 = 3;

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
    found.judge(&cx);
    cx.done()
}

/// 5 % of the operations meet a fault, each tried up to three times again: 95 % of them have to succeed all the same, and
/// the target has to come back to normal afterwards.
///
/// # Errors
/// As [`throughput`].
pub async fn failure_resilience<W, F>(cx: Context, open: impl FnOnce(Context) -> F + Send) -> Result
where
    W: Workload,
    F: Future<Output = Result<W>> + Send,
{
    let workload = open(cx.clone()).await?;
    let found = FailureInjection::new().retry(Retry::times(RETRIES)).run_workload(&cx, workload).await?;
    found.judge(&cx);
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

/// Gives a target a ready-made suite: each member becomes a case of its own, with its name, markers and reports.
///
/// `comprehensive` has the throughput at low and at high severity, memory exhaustion, the resilience to injected failures,
/// and the recovery from an overload;
/// `peak_load` the throughput up to 500/s by 100/s, and the load at which memory reaches 3000 MB or CPU 95 %. What they
/// require is in [`procedure::suites`](crate::procedure::suites); further expectations go into `stress.toml`, such as
/// `breaking_point >= 500/s` for the members that search one. A member that fails stops no other, and after each the machine rests for 2 s.
///
/// The target is opened by a function for each member. In a file of the suite's cases:
///
/// ```
/// use proofload::{Context, Op, Result, Workload, workload};
/// # #[derive(Clone)] struct Index;
/// # impl Index {
/// #     async fn open(_: &std::path::Path) -> Result<Self> { Ok(Self) }
/// #     async fn search(&self, _: u64) {}
/// # }
///
/// async fn open_index(cx: Context) -> Result<impl Workload> {
///     let index = Index::open(cx.scratch_dir()).await?;
///     Ok(workload(move |op: Op| {
///         let index = index.clone();
///         async move { index.search(op.index).await }
///     }))
/// }
///
/// proofload::suite!(comprehensive as index_under_everything, open_index, target = "index");
/// proofload::suite!(peak_load as index_at_the_peak, open_index, [slow, max_memory = "4GiB", max_cpu = "off"]);
/// # fn main() {}
/// ```
///
/// The cases are `index_under_everything::throughput_at_low_severity` and so on. In brackets are the markers and settings
/// of all members, as the attribute of a case takes them, instead of `slow, resource_intensive` and limits that are wide
/// enough. Without brackets, `target = "..."` after the function says what all of them put under stress.
#[macro_export]
macro_rules! suite {
    ($kind:ident as $name:ident, $open:path $(, target = $target:literal)? $(,)?) => {
        $crate::suite!($kind as $name, $open, [
            $(target = $target,)?
            slow,
            resource_intensive,
            time_limit = "20m",
            max_memory = "4GiB",
            max_memory_growth = "off",
            max_cpu = "off",
            max_concurrency = 10_000,
            pause_after = "2s"
        ]);
    };
    (comprehensive as $name:ident, $open:path, [$($terms:tt)*] $(,)?) => {
        mod $name {
            #[allow(unused_imports, reason = "the function may be given by its whole path")]
            use super::*;

            /// The throughput up to half of the usual rates.
            #[$crate::case($($terms)*)]
            async fn throughput_at_low_severity(cx: $crate::Context) -> $crate::Result {
                let severity = $crate::procedure::Severity::Low;
                $crate::procedure::suites::throughput(cx, $open, severity).await
            }

            /// The throughput up to twice the usual rates.
            #[$crate::case($($terms)*)]
            async fn throughput_at_high_severity(cx: $crate::Context) -> $crate::Result {
                let severity = $crate::procedure::Severity::High;
                $crate::procedure::suites::throughput(cx, $open, severity).await
            }

            /// The load at which memory runs out.
            #[$crate::case($($terms)*)]
            async fn memory_exhaustion(cx: $crate::Context) -> $crate::Result {
                $crate::procedure::suites::memory_exhaustion(cx, $open).await
            }

            /// How it fares while operations meet faults.
            #[$crate::case($($terms)*)]
            async fn failure_resilience(cx: $crate::Context) -> $crate::Result {
                $crate::procedure::suites::failure_resilience(cx, $open).await
            }

            /// Whether it comes back from an overload.
            #[$crate::case($($terms)*)]
            async fn overload_recovery(cx: $crate::Context) -> $crate::Result {
                $crate::procedure::suites::overload_recovery(cx, $open).await
            }
        }
    };
    (peak_load as $name:ident, $open:path, [$($terms:tt)*] $(,)?) => {
        mod $name {
            #[allow(unused_imports, reason = "the function may be given by its whole path")]
            use super::*;

            /// The throughput up to 500 operations a second.
            #[$crate::case($($terms)*)]
            async fn throughput_at_the_peak(cx: $crate::Context) -> $crate::Result {
                $crate::procedure::suites::peak_throughput(cx, $open).await
            }

            /// The load at which memory or CPU runs out.
            #[$crate::case($($terms)*)]
            async fn resource_peak(cx: $crate::Context) -> $crate::Result {
                $crate::procedure::suites::resource_peak(cx, $open).await
            }
        }
    };
    ($kind:ident as $($rest:tt)*) => {
        compile_error!(concat!("`", stringify!($kind), "` is no ready-made suite: there are `comprehensive` and `peak_load`"));
    };
}
