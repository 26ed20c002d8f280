use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::{LoadSummary, Recovery, ResponseTime, Tolerance, TrialResult, load_summary::percent};
use crate::observe::{Counts, Figures, Observation};

/// With fewer faults than this it is luck whether one of a kind was among those that hurt: of 10 that did no harm the
/// share that does may still be 26 % (the rule of three, Hanley and Lippman-Hand 1983).
const LEAST_MET: u64 = 10;

/// What was injected while a load ran.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct InjectedFaults {
    /// The faults in words.
    pub plan: String,
    /// Attempts, or passages of points, that met one, by what they met; `None` where the faults are the user's own.
    pub kinds: Option<BTreeMap<String, u64>>,
    /// How often the points of the faults were passed; 0 where operations meet them.
    pub passed: u64,
}

/// The three loads that show what faults do; what was not reached is `None`.
#[derive(Debug, Clone, Copy, Default)]
pub struct FaultyLoads<'a> {
    /// Before.
    pub baseline: Option<&'a Observation>,
    /// With faults.
    pub faulty: Option<&'a Observation>,
    /// After their end.
    pub after: Option<&'a Observation>,
}

/// How a target, with the retries around it, fares while a share of its operations meets faults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Resilience {
    /// The faults in words; empty when it did not come to them.
    pub faults: String,
    /// Attempts, or passages of points, that met one; `None` where the faults were the user's own and nobody counted.
    pub met: Option<u64>,
    /// How many of them met what: `error`, `hang`, `panic`, `latency`, `hold`.
    pub kinds: BTreeMap<String, u64>,
    /// Before.
    pub baseline: LoadSummary,
    /// With faults.
    pub faulty: LoadSummary,
    /// After their end.
    pub after: LoadSummary,
    /// Operations that succeeded a second with faults, as a share of the baseline's.
    pub goodput_share: Option<f64>,
    /// The success rate with faults minus the baseline's, in points.
    pub success_change_points: Option<f64>,
    /// The median with faults, as a multiple of the baseline's; a lower bound where the time is one.
    pub p50_ratio: Option<f64>,
    /// The 95th percentile likewise.
    pub p95_ratio: Option<f64>,
    /// The 99th percentile likewise.
    pub p99_ratio: Option<f64>,
    /// Operations that failed beyond what does without faults, as a share of the injected failures (errors, hangs,
    /// panics): 0 when retries hide them all, 1 when each is seen outside, more when one brings others down. `None`
    /// where none was injected or counted.
    pub leaked_share: Option<f64>,
    /// Attempts for each operation with faults, or passages of points where faults are at points.
    pub attempts_per_operation: Option<f64>,
    /// Whether what had to hold with faults held.
    pub result: TrialResult,
    /// Whether it came back to the baseline after their end.
    pub came_back: Recovery,
}

impl Resilience {
    /// Compares the three loads. `result` is what the load with faults came to by its objectives.
    ///
    /// What broke with few faults broke; what held with fewer than 10 has not been shown to hold.
    pub fn find(
        injected: Option<InjectedFaults>,
        loads: FaultyLoads<'_>,
        result: TrialResult,
        tolerance: &Tolerance,
    ) -> Self {
        let row = |load: Option<&Observation>| {
            load.map_or_else(LoadSummary::default, |seen| LoadSummary::of(&seen.total))
        };
        let (baseline, faulty) = (row(loads.baseline), row(loads.faulty));
        let ratio = |of: fn(&LoadSummary) -> Option<ResponseTime>| {
            let (before, with) = (of(&baseline)?, of(&faulty)?);
            (before.us > 0.0 && !before.is_at_least).then(|| with.us / before.us)
        };
        let totals = loads.baseline.zip(loads.faulty).map(|(before, with)| (&before.total, &with.total));
        let came_back = match (loads.baseline, loads.after) {
            (Some(baseline), Some(after)) => Recovery::find(&baseline.total, &after.timeline, 0.0, tolerance),
            (_, _) => {
                Recovery::Inconclusive { reason: "there was no load after the end of the faults".to_owned() }
            }
        };
        let InjectedFaults { plan, kinds, passed } = injected.unwrap_or_default();
        let met = kinds.as_ref().map(|kinds| kinds.values().sum::<u64>());
        let kinds = kinds.unwrap_or_default();
        Self {
            leaked_share: totals.and_then(|(before, with)| leaked(before, with, failing(&kinds))),
            attempts_per_operation: loads.faulty.and_then(|with| attempts(&with.total, passed)),
            goodput_share: totals.and_then(|(before, with)| goodput_share(before, with)),
            p50_ratio: ratio(|row| row.p50),
            p95_ratio: ratio(|row| row.p95),
            p99_ratio: ratio(|row| row.p99),
            success_change_points: faulty
                .success_rate
                .zip(baseline.success_rate)
                .map(|(with, before)| (with - before) * 100.0),
            after: row(loads.after),
            result: with_enough(result, met),
            faults: plan,
            met,
            kinds,
            baseline,
            faulty,
            came_back,
        }
    }

    /// Whether what had to hold with faults held; `false` also when that cannot be told.
    pub fn held(&self) -> bool {
        self.result == TrialResult::Held
    }

    /// Whether the target is known to have come back to the baseline after the faults.
    pub const fn recovered(&self) -> bool {
        match self.came_back {
            Recovery::Recovered { .. } => true,
            Recovery::NotWithin { .. } | Recovery::Inconclusive { .. } => false,
        }
    }
}

/// What held with too few faults has not been shown to.
fn with_enough(result: TrialResult, met: Option<u64>) -> TrialResult {
    match (result, met) {
        (TrialResult::Held, Some(met)) if met < LEAST_MET => TrialResult::Unknown {
            reason: format!(
                "{met} faults were met, and {LEAST_MET} are needed to tell: raise the share, the load or its length"
            ),
        },
        (result, _) => result,
    }
}

/// Of what was met, what fails whoever meets it and does not try again.
fn failing(kinds: &BTreeMap<String, u64>) -> u64 {
    ["error", "hang", "panic"].iter().filter_map(|word| kinds.get(*word)).sum()
}

const fn failed(counts: &Counts) -> u64 {
    counts.error + counts.timeout + counts.unfinished
}

/// The failures beyond those of the baseline, as a share of those injected.
fn leaked(before: &Figures, with: &Figures, injected: u64) -> Option<f64> {
    let usual = before.error_rate()? * with.counts.due as f64;
    (injected > 0).then(|| (failed(&with.counts) as f64 - usual).max(0.0) / injected as f64)
}

fn attempts(with: &Figures, passed: u64) -> Option<f64> {
    let started = with.counts.due.saturating_sub(with.counts.dropped);
    let attempts = if passed > 0 { passed } else { started + with.retries };
    (started > 0).then(|| attempts as f64 / started as f64)
}

fn goodput_share(before: &Figures, with: &Figures) -> Option<f64> {
    let (before, with) = (before.goodput()?, with.goodput()?);
    (before > 0.0).then(|| with / before)
}

impl fmt::Display for Resilience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.result {
            TrialResult::Held => f.write_str("holds")?,
            TrialResult::Broke { objective } => write!(f, "breaks ({objective})")?,
            TrialResult::Unknown { reason } => write!(f, "cannot be told ({reason})")?,
        }
        if !self.faults.is_empty() {
            write!(f, " with {}", self.faults)?;
        }
        if let Some(met) = self.met {
            let kinds: Vec<String> = self.kinds.iter().map(|(word, n)| format!("{n} {word}")).collect();
            write!(f, " ({met} met{}{})", if kinds.is_empty() { "" } else { ": " }, kinds.join(", "))?;
        }
        if let (Some(success), Some(change)) = (self.faulty.success_rate, self.success_change_points) {
            write!(f, "; success {} ({change:+.1} points)", percent(success))?;
        }
        if let Some(share) = self.goodput_share {
            write!(f, ", goodput {} of the baseline's", percent(share))?;
        }
        if let Some(leaked) = self.leaked_share {
            write!(f, ", {} of the injected failures seen outside", percent(leaked))?;
        }
        if let Some(attempts) = self.attempts_per_operation {
            write!(f, ", {attempts:.2} attempts an operation")?;
        }
        let times = [
            ("p50", self.faulty.p50, self.p50_ratio),
            ("p95", self.faulty.p95, self.p95_ratio),
            ("p99", self.faulty.p99, self.p99_ratio),
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
