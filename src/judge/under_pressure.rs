use std::fmt;

use serde::{Deserialize, Serialize};

use super::{LoadSummary, Recovery, Tolerance, TrialResult, load_summary::percent};
use crate::{observe::Observation, units::ByteSize};

/// From this share of what was asked for, pressure counts as applied.
const APPLIED_FROM: f64 = 0.5;

/// A machine or a disk that is busy for this share of the time can give no more, whoever keeps it busy.
const SATURATED_FROM: f64 = 0.9;

/// What a target was put under, asked for and done.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "on", rename_all = "snake_case")]
#[non_exhaustive]
pub enum AppliedPressure {
    /// Memory was held.
    Memory {
        /// What was asked for.
        wanted_bytes: u64,
        /// What was held when the load under pressure ended.
        held_bytes: u64,
    },
    /// Cores were kept busy.
    Cpu {
        /// By so many threads.
        threads: u64,
        /// What was asked for.
        wanted_cores: f64,
        /// The cores' time that they got.
        burnt_cores: f64,
        /// How busy the machine was in all; `None` where it is not told.
        machine_share: Option<f64>,
    },
    /// A disk was written to.
    Io {
        /// What was asked for.
        wanted_bytes_per_sec: f64,
        /// What was written.
        written_bytes_per_sec: f64,
        /// Bytes written in all.
        written_bytes: u64,
        /// How often files were forced to the disk.
        syncs: u64,
        /// The share of the time that was spent waiting for the disk.
        busy_share: f64,
    },
}

impl AppliedPressure {
    /// Why this was not the pressure that was asked for, if it was not. Less of it counts where the machine or the
    /// disk had no more to give: then it is under pressure, whoever caused it.
    pub fn shortfall(&self) -> Option<String> {
        match *self {
            Self::Memory { wanted_bytes: 0, .. } => {
                Some("there was no memory left to be held: free some, or take a larger machine".to_owned())
            }
            Self::Memory { wanted_bytes, held_bytes } => (held_bytes < wanted_bytes).then(|| {
                format!("only {} of {} were held", ByteSize::new(held_bytes), ByteSize::new(wanted_bytes))
            }),
            Self::Cpu { wanted_cores, burnt_cores, machine_share, .. } => {
                let is_saturated = machine_share.is_some_and(|share| share >= SATURATED_FROM);
                (!is_saturated && burnt_cores < APPLIED_FROM * wanted_cores)
                    .then(|| format!("only {burnt_cores:.1} of {wanted_cores:.1} cores were burnt"))
            }
            Self::Io { wanted_bytes_per_sec, written_bytes_per_sec, busy_share, .. } => {
                let is_saturated = busy_share >= SATURATED_FROM;
                (!is_saturated && written_bytes_per_sec < APPLIED_FROM * wanted_bytes_per_sec).then(|| {
                    format!(
                        "only {} of {} a second were written",
                        ByteSize::new(written_bytes_per_sec as u64),
                        ByteSize::new(wanted_bytes_per_sec as u64)
                    )
                })
            }
        }
    }
}

impl fmt::Display for AppliedPressure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Memory { held_bytes, .. } => write!(f, "with {} of ballast", ByteSize::new(held_bytes)),
            Self::Cpu { threads, burnt_cores, machine_share, .. } => {
                let machine = machine_share
                    .map_or(String::new(), |share| format!(" (machine {} busy)", percent(share)));
                let threads = if threads == 1 { "1 thread".to_owned() } else { format!("{threads} threads") };
                write!(f, "with {burnt_cores:.1} cores burnt by {threads}{machine}")
            }
            Self::Io { written_bytes_per_sec, syncs, busy_share, .. } => write!(
                f,
                "with {} a second written to disk ({syncs} syncs, {} of the time waiting for it)",
                ByteSize::new(written_bytes_per_sec as u64),
                percent(busy_share)
            ),
        }
    }
}

/// The three loads that show what pressure does; what was not reached is `None`.
#[derive(Debug, Clone, Copy, Default)]
pub struct PressedLoads<'a> {
    /// Before.
    pub baseline: Option<&'a Observation>,
    /// Under pressure.
    pub pressed: Option<&'a Observation>,
    /// After it was taken away.
    pub released: Option<&'a Observation>,
}

/// How a target fares under pressure against how it fares without.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct UnderPressure {
    /// What it was put under; `None` when it did not come to that.
    pub applied: Option<AppliedPressure>,
    /// Before.
    pub baseline: LoadSummary,
    /// Under pressure.
    pub pressed: LoadSummary,
    /// After it was taken away.
    pub released: LoadSummary,
    /// The median under pressure, as a multiple of the baseline's; a lower bound where the time is one.
    pub p50_ratio: Option<f64>,
    /// The 95th percentile likewise.
    pub p95_ratio: Option<f64>,
    /// The 99th percentile likewise.
    pub p99_ratio: Option<f64>,
    /// The success rate under pressure minus the baseline's, in points.
    pub success_change_points: Option<f64>,
    /// Whether what had to hold under pressure held.
    pub result: TrialResult,
    /// Whether it came back to the baseline after the release.
    pub came_back: Recovery,
}

impl UnderPressure {
    /// Compares the three loads. `result` is what the load under pressure came to by its objectives, `cut` why less
    /// pressure was applied than asked for, where that is known.
    ///
    /// What broke under less pressure than asked for broke; what held under less has not been shown to hold.
    pub fn find(
        applied: Option<AppliedPressure>,
        cut: Option<String>,
        loads: PressedLoads<'_>,
        result: TrialResult,
        tolerance: &Tolerance,
    ) -> Self {
        let row = |load: Option<&Observation>| {
            load.map_or_else(LoadSummary::default, |o| LoadSummary::of(&o.total))
        };
        let (baseline, pressed) = (row(loads.baseline), row(loads.pressed));
        let ratio = |of: fn(&LoadSummary) -> Option<super::ResponseTime>| {
            let (before, under) = (of(&baseline)?, of(&pressed)?);
            (before.us > 0.0 && !before.is_at_least).then(|| under.us / before.us)
        };
        let came_back = match (loads.baseline, loads.released) {
            (Some(baseline), Some(released)) => {
                Recovery::find(&baseline.total, &released.timeline, 0.0, tolerance)
            }
            (_, _) => Recovery::Inconclusive { reason: "there was no load after the release".to_owned() },
        };
        let shortfall = applied.as_ref().and_then(AppliedPressure::shortfall);
        let shortfall = match (shortfall, cut) {
            (Some(shortfall), Some(cut)) => Some(format!("{shortfall}: {cut}")),
            (shortfall, cut) => shortfall.or(cut),
        };
        let result = match (result, shortfall) {
            (TrialResult::Held, Some(reason)) => TrialResult::Unknown { reason },
            (result, _) => result,
        };
        Self {
            applied,
            p50_ratio: ratio(|row| row.p50),
            p95_ratio: ratio(|row| row.p95),
            p99_ratio: ratio(|row| row.p99),
            success_change_points: pressed
                .success_rate
                .zip(baseline.success_rate)
                .map(|(under, before)| (under - before) * 100.0),
            released: row(loads.released),
            baseline,
            pressed,
            result,
            came_back,
        }
    }

    /// Whether what had to hold under pressure held; `false` also when that cannot be told.
    pub fn held(&self) -> bool {
        self.result == TrialResult::Held
    }
}

impl fmt::Display for UnderPressure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.result {
            TrialResult::Held => f.write_str("holds")?,
            TrialResult::Broke { objective } => write!(f, "breaks ({objective})")?,
            TrialResult::Unknown { reason } => write!(f, "cannot be told ({reason})")?,
        }
        if let Some(applied) = &self.applied {
            write!(f, " {applied}")?;
        }
        if let (Some(success), Some(change)) = (self.pressed.success_rate, self.success_change_points) {
            write!(f, "; success {} ({change:+.1} points)", percent(success))?;
        }
        let times = [
            ("p50", self.pressed.p50, self.p50_ratio),
            ("p95", self.pressed.p95, self.p95_ratio),
            ("p99", self.pressed.p99, self.p99_ratio),
        ];
        for (name, time, ratio) in times {
            if let (Some(time), Some(ratio)) = (time, ratio) {
                write!(f, ", {name} {} (x{ratio:.1})", time.words())?;
            }
        }
        write!(f, "; {}", self.came_back)
    }
}

#[cfg(test)]
mod tests;
