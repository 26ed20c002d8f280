use serde::{Deserialize, Serialize};

use super::{Counts, ProcessUse};

/// What one node of several contributed to a load.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct NodeShare {
    /// Its number, from 0.
    pub node: u32,
    /// The name of its machine.
    pub host: String,
    /// How its operations ended, the warm-up left out.
    pub counts: Counts,
    /// Operations carried out (`ok` or error) per second.
    pub rate_per_sec: Option<f64>,
    /// Median of its response times, in microseconds.
    pub p50_us: Option<f64>,
    /// Their 99th percentile.
    pub p99_us: Option<f64>,
    /// 99th percentile of how late its starts were, in microseconds.
    pub lateness_p99_us: Option<f64>,
    /// What the process of its case used meanwhile.
    pub process: ProcessUse,
    /// How far its time of day was behind that of node 0, in microseconds; negative where it was ahead.
    pub clock_offset_us: f64,
    /// The most by which `clock_offset_us` can be wrong, and the node's start with it.
    pub clock_bound_us: f64,
    /// Why the node was given up, if it was: its figures end there.
    pub lost: Option<String>,
    /// Why its figures may be its load generator's rather than the target's.
    pub doubts: Vec<String>,
    /// Its windows, as long as those of the load.
    pub timeline: Vec<NodeWindow>,
}

/// A window of the timeline of one node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NodeWindow {
    /// Seconds from the start of the load to the start of the window.
    pub at_s: f64,
    /// The window's length in seconds.
    pub length_s: f64,
    /// Operations that were carried out (`ok` or error) in it.
    pub done: u64,
    /// Those that failed or timed out.
    pub failed: u64,
    /// 99th percentile of the response times, in microseconds.
    pub p99_us: f64,
}
