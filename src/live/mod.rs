//! The figures of a run for somebody outside, while it runs: OpenTelemetry metrics, over OTLP/HTTP (feature `otlp`).
//!
//! Owns what is sent and the thread that sends it. Never makes the watch of a case wait, never decides anything for a
//! case, and keeps nothing: what could not be sent is in the reports.

#[cfg(feature = "otlp")]
mod case;
mod endpoint;
#[cfg(feature = "otlp")]
mod sender;
#[cfg(feature = "otlp")]
mod wire;

#[cfg(feature = "otlp")]
mod exporter;
#[cfg(not(feature = "otlp"))]
#[path = "without.rs"]
mod exporter;

pub(crate) use endpoint::LiveError;
pub(crate) use exporter::{Exporter, LiveCase};

/// What the receiver is told of the run.
#[cfg_attr(not(feature = "otlp"), expect(dead_code, reason = "nothing is sent"))]
pub(crate) struct LiveRun<'a> {
    /// The name of the run's folder.
    pub(crate) run_id: &'a str,
    /// The name of the suite's crate.
    pub(crate) suite: &'a str,
    /// The profile of `stress.toml` that is used.
    pub(crate) profile: &'a str,
}
