//! Stress tests that live inside `cargo test`: each case runs in a process of its own under safety limits, against an
//! honest load, and ends in a verdict with the figures that it rests on.
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
//! # Map
//!
//! - [`case`](macro@case) registers a case, [`main!`] makes the suite's `main`, [`harness`] is its command line.
//! - [`Context`] is what a case gets: [`Context::load`] runs a [`Load`], open (a rate) or closed (users).
//! - An operation ends in an [`Outcome`]; what a load did is an [`observe::Observation`].
//! - [`expect`] states thresholds as text or in code, [`judge`] decides about them.
//! - [`procedure`] has sequences of loads that answer one question, [`pressure`] what a machine can be put under meanwhile.
//! - [`fault`] makes operations fail, hang or wait on purpose, as often as is asked for.
//! - [`data`] has what to put to a target.
//! - `http`, with the feature of that name, has requests over HTTP.
//! - [`report`] is the model of `report.json`.
//! - [`units`] has rates, sizes and shares.

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
#[cfg(feature = "http")]
pub mod http;
mod journal;
pub mod judge;
pub mod load;
mod monitor;
pub mod observe;
mod outcome;
pub mod pressure;
pub mod procedure;
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
        bench_door::{Recording, clock, html_page, merge, merge_histograms, record, since, write_reports},
        cluster::{SimulatedCluster, simulate_cluster},
        harness::main,
        monitor::{SamplingCost, sampling_cost},
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
