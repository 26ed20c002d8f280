use serde::{Deserialize, Serialize};

use super::CaseReport;
use crate::{
    journal::FaultBand,
    judge::Verdict,
    observe::{Counts, NodeShare},
};

/// What became of one node of several that carried out a case together, and what it contributed to all of its loads.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NodeReport {
    /// Its number, from 0; node 0 judges.
    pub node: u32,
    /// The name of its machine.
    pub host: String,
    /// How the case ended there; `None` for a node that was lost.
    pub verdict: Option<Verdict>,
    /// Why it was given up, if it was.
    pub lost: Option<String>,
    /// How its operations ended, in all loads.
    pub counts: Counts,
    /// The largest 99th percentile of the response times of its loads, in microseconds.
    pub p99_us: Option<f64>,
    /// The largest 99th percentile of how late its starts were, in microseconds.
    pub lateness_p99_us: Option<f64>,
    /// How far its time of day was behind that of node 0, in microseconds, as the last load found it.
    pub clock_offset_us: f64,
    /// The most by which that can be wrong, and the node's starts with it.
    pub clock_bound_us: f64,
    /// User and system time of all of its processes, in seconds of one core.
    pub cpu_seconds: Option<f64>,
    /// Its busiest stretch, in percent of the cores available there.
    pub peak_cpu_percent: Option<f64>,
    /// The most memory of all of its processes.
    pub peak_memory_bytes: Option<u64>,
}

/// What a node tells of a case that has ended there.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct NodeEnd {
    pub(crate) verdict: Verdict,
    pub(crate) reasons: Vec<String>,
    pub(crate) cpu_seconds: f64,
    pub(crate) peak_cpu_percent: Option<f64>,
    pub(crate) peak_memory_bytes: u64,
    pub(crate) faults: Vec<FaultBand>,
}

impl NodeEnd {
    /// What is to be told of this case.
    pub(crate) fn of(case: &CaseReport) -> Self {
        Self {
            verdict: case.verdict,
            reasons: case.reasons.clone(),
            cpu_seconds: case.resources.cpu_seconds,
            peak_cpu_percent: case.resources.peak_cpu_percent,
            peak_memory_bytes: case.resources.peak_memory_bytes,
            faults: case.faults.clone(),
        }
    }

    /// Adds what met faults on this node to what did on others: the nodes put the same faults in force, each when it came
    /// to them.
    pub(crate) fn add_faults(&self, bands: &mut Vec<FaultBand>) {
        let mut known: Vec<bool> = vec![false; bands.len()];
        for band in &self.faults {
            let is_same = |other: &FaultBand| {
                (&other.faults, &other.plan, &other.load) == (&band.faults, &band.plan, &band.load)
            };
            let at = (0..known.len()).find(|at| !known[*at] && is_same(&bands[*at]));
            match at {
                Some(at) => {
                    known[at] = true;
                    let whole = &mut bands[at];
                    whole.met = whole.met.into_iter().chain(band.met).reduce(|one, other| one + other);
                    for (kind, met) in &band.kinds {
                        *whole.kinds.entry(kind.clone()).or_default() += met;
                    }
                    whole.first_s = whole.first_s.into_iter().chain(band.first_s).reduce(f64::min);
                    whole.last_s = whole.last_s.into_iter().chain(band.last_s).reduce(f64::max);
                }
                None => bands.push(band.clone()),
            }
        }
    }
}

impl NodeReport {
    /// A node of `host`, with what it told at its end and what it contributed to the loads of the case.
    pub(crate) fn of(node: u32, host: &str, end: Option<&NodeEnd>, case: &CaseReport) -> Self {
        let shares = || case.loads.iter().flat_map(|load| &load.nodes).filter(|share| share.node == node);
        let mut counts = Counts::default();
        shares().for_each(|share| counts.merge(&share.counts));
        let largest = |of: fn(&NodeShare) -> Option<f64>| shares().filter_map(of).reduce(f64::max);
        let last = shares().next_back();
        Self {
            node,
            host: host.to_owned(),
            verdict: end.map(|end| end.verdict),
            lost: shares().find_map(|share| share.lost.clone()),
            counts,
            p99_us: largest(|share| share.p99_us),
            lateness_p99_us: largest(|share| share.lateness_p99_us),
            clock_offset_us: last.map_or(0.0, |share| share.clock_offset_us),
            clock_bound_us: last.map_or(0.0, |share| share.clock_bound_us),
            cpu_seconds: end.map(|end| end.cpu_seconds),
            peak_cpu_percent: end.and_then(|end| end.peak_cpu_percent),
            peak_memory_bytes: end.map(|end| end.peak_memory_bytes),
        }
    }
}
