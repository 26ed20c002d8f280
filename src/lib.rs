//! Stress tests that live inside `cargo test`: each case runs in a process of its own under safety limits, against an
//! honest load, and ends in a verdict with the figures that it rests on.
//!
//! A case is an async (or plain) function. It puts a load on something and says what it expects of it:
//!
//! ```no_run
//! # fn main() {}
//! use proofload::{Context, Load, per_second, seconds};
//!
//! #[proofload::case(time_limit = "2m", max_memory = "512MiB")]
//! async fn answers_quickly(cx: Context) -> proofload::Result {
//!     cx.load(Load::rate(per_second(100)).for_duration(seconds(30)))
//!         .expect("success_rate >= 99%")
//!         .expect("latency.p95 < 50ms")
//!         .run(|op| async move { answer(op.index).await })
//!         .await?;
//!     cx.done()
//! }
//!
//! async fn answer(question: u64) -> Result<u64, std::io::Error> {
//!     Ok(question)
//! }
//! ```
//!
//! Cases stand in the files of a folder, `stress/cases/`, and the suite is a test target without libtest's harness: one
//! line, `proofload::main!("cases");`, in `stress/main.rs`, and this in `Cargo.toml`:
//!
//! ```toml
//! [[test]]
//! name = "stress"
//! path = "stress/main.rs"
//! harness = false
//! test = false            # `cargo test` leaves it out
//!
//! [profile.test]
//! opt-level = 2
//! debug = "line-tables-only"
//! ```
//!
//! `cargo test --test stress` runs it, Ctrl-C stops it, and `target/stress/latest/report.html` shows what it found. The guide
//! in the repository, `docs/guide/`, has a chapter for each question: which load, where it breaks, whether it
//! recovers, whether it leaks, what a report says and what to do about it.
//!
//! # Map
//!
//! | to | see |
//! |---|---|
//! | register a case, make the suite's `main` | [`case`](macro@case), [`main!`], [`suite!`]; [`harness`] is the command line with its exit status |
//! | run a load in a case | [`Context`], which a case gets, [`Context::load`], [`LoadBuilder`] |
//! | say when operations start | [`Load`] and the module [`load`]: a rate (open) or users (closed), in stages |
//! | write an operation | [`Op`], [`Outcome`], [`Rejected`], [`Retry`]; [`Workload`] for users that keep something |
//! | state what is expected | [`expect`]: thresholds as text or in code |
//! | have a question answered | [`procedure`]: breaking point, capacity, recovery, leaks and nine more |
//! | break something on purpose | [`fault`] for operations, network, disk and descriptors; [`pressure`] for memory, cores and disk |
//! | make data | [`data`]: payloads, texts, keys and malformed input, from a seed |
//! | send requests over HTTP | `http`, with the feature of that name |
//! | read what was seen and decided | [`observe`], [`judge`], and [`report`], the model of `report.json` |
//! | write rates, sizes and shares | [`units`], whose short names ([`per_second`], [`seconds`], [`mib`], [`percent`]) stand here too |

mod baseline;
mod bench_door;
pub mod case;
mod cluster;
mod context;
pub mod data;
mod engine;
mod error;
pub mod expect;
pub mod fault;
pub mod harness;
mod history;
#[cfg(feature = "http")]
pub mod http;
mod journal;
pub mod judge;
mod live;
pub mod load;
#[cfg(test)]
mod messages;
mod monitor;
pub mod observe;
mod outcome;
pub mod pressure;
pub mod procedure;
mod progress;
pub mod report;
mod safety;
mod settings;
mod stop;
mod suite;
mod supervisor;
mod traffic;
pub mod units;

pub use baseline::{SAVED_RUN_VERSION, SavedCase, SavedFinding, SavedLoad, SavedRun};
pub use context::{CaseCounter, CaseRatio, Context, LoadBuilder, Run, RunError};
pub use engine::{DriveAloneError, Op, Workload, drive_alone, drive_workload_alone, workload};
pub use error::{Error, Result};
pub use history::{HISTORY_VERSION, KeptRun};
pub use journal::{FaultBand, Figure, Step};
pub use load::Load;
pub use monitor::{
    BuildInfo, Environment, InterfaceUse, MachineInfo, MachineUse, PressureUse, ResourceWindow, Resources,
    SharedMemory, StallUse,
};
pub use outcome::{IntoOutcome, Outcome, OutcomeClass, Rejected, Retry};
pub use proofload_macros::{case, main};
pub use stop::{StopReason, StopToken};
pub use supervisor::{Containment, Ending, Tier};
pub use traffic::{Counted, Traffic, TrafficMeter};
pub use units::{gib, hours, mib, millis, minutes, per_minute, per_second, percent, seconds};

/// What most cases use.
pub mod prelude {
    pub use crate::{
        Context, Load, Op, Outcome, Rejected, Retry, Workload,
        expect::{error_rate, latency, success_rate, throughput},
        gib, hours, mib, millis, minutes, per_minute, per_second, percent, seconds,
    };
}

/// What the macros expand to, and what only the benchmarks use. No part of the interface.
#[doc(hidden)]
pub mod __private {
    pub use inventory;

    pub use crate::{
        bench_door::{
            Recording, clock, html_page, latency_log, merge, merge_histograms, record, since, write_reports,
        },
        cluster::{SimulatedCluster, simulate_cluster},
        harness::main,
        monitor::{SamplingCost, sampling_cost, waking_cost},
        suite::{Body, IntoCaseResult, Registered, Suite, met},
    };
}

/// The examples of the README and of the guide compile.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../README.md")]
    struct ReadMe;

    #[doc = include_str!("../docs/guide/writing-a-case.md")]
    struct WritingACase;

    #[doc = include_str!("../docs/guide/choosing-a-load.md")]
    struct ChoosingALoad;

    #[doc = include_str!("../docs/guide/breaking-point.md")]
    struct BreakingPoint;

    #[doc = include_str!("../docs/guide/recovery.md")]
    struct Recovery;

    #[doc = include_str!("../docs/guide/leaks.md")]
    struct Leaks;

    #[doc = include_str!("../docs/guide/troubleshooting.md")]
    struct Troubleshooting;

    #[doc = include_str!("../docs/guide/loads.md")]
    struct Loads;

    #[doc = include_str!("../docs/guide/expectations.md")]
    struct Expectations;

    #[doc = include_str!("../docs/guide/faults.md")]
    struct Faults;

    #[doc = include_str!("../docs/guide/limits.md")]
    struct Limits;

    #[doc = include_str!("../docs/guide/procedures.md")]
    struct Procedures;

    #[doc = include_str!("../docs/guide/network-faults.md")]
    struct NetworkFaults;

    #[doc = include_str!("../docs/guide/data.md")]
    struct Data;

    #[doc = include_str!("../docs/guide/cluster.md")]
    struct Cluster;

    #[cfg(feature = "http")]
    #[doc = include_str!("../docs/guide/http.md")]
    struct Http;
}
