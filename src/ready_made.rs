/// Gives a target a ready-made suite: each member becomes a case of its own, with its name, markers and reports.
///
/// `comprehensive` has the throughput at low and at high severity, memory exhaustion, and the recovery from an overload;
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
/// proofload::suite!(comprehensive as index_under_everything, open_index);
/// proofload::suite!(peak_load as index_at_the_peak, open_index, [slow, max_memory = "4GiB", max_cpu = "off"]);
/// # fn main() {}
/// ```
///
/// The cases are `index_under_everything::throughput_at_low_severity` and so on. In brackets are the markers and settings
/// of all members, as the attribute of a case takes them, instead of `slow, resource_intensive` and limits that are wide
/// enough.
#[macro_export]
macro_rules! suite {
    ($kind:ident as $name:ident, $open:path $(,)?) => {
        $crate::suite!($kind as $name, $open, [
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
