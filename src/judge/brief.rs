use std::fmt;

use serde::{Deserialize, Serialize};

use super::judgement::show;
use crate::{
    expect::Unit,
    observe::{Figures, Percentile},
};

/// The figures of a load or of a part of one, in short.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Brief {
    /// Operations that were due.
    pub due: u64,
    /// Operations carried out per second; `None` without a length.
    pub throughput_per_sec: Option<f64>,
    /// Share that succeeded; `None` when nothing was due, as the next two.
    pub success_rate: Option<f64>,
    /// Share that failed, timed out or did not finish.
    pub error_rate: Option<f64>,
    /// Share that was politely refused.
    pub rejected_rate: Option<f64>,
    /// Response times: the median; `None` without an operation, as the next two.
    pub p50: Option<BriefTime>,
    /// The 95th percentile.
    pub p95: Option<BriefTime>,
    /// The 99th percentile.
    pub p99: Option<BriefTime>,
}

/// A percentile of response times.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BriefTime {
    /// In microseconds.
    pub us: f64,
    /// The true one may be longer: operations without an end are among those it stands for.
    pub is_at_least: bool,
}

impl Brief {
    /// Of these figures.
    pub fn of(figures: &Figures) -> Self {
        let percentile = |q: f64| figures.response_percentile(q).map(BriefTime::from);
        Self {
            due: figures.counts.due,
            throughput_per_sec: figures.throughput(),
            success_rate: figures.success_rate(),
            error_rate: figures.error_rate(),
            rejected_rate: figures.rejected_rate(),
            p50: percentile(0.5),
            p95: percentile(0.95),
            p99: percentile(0.99),
        }
    }
}

impl From<Percentile> for BriefTime {
    fn from(percentile: Percentile) -> Self {
        Self { us: percentile.value.as_secs_f64() * 1e6, is_at_least: percentile.is_at_least }
    }
}

impl fmt::Display for BriefTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.is_at_least { ">= " } else { "" };
        write!(f, "{sign}{}", show(self.us / 1e6, Unit::Seconds))
    }
}

impl fmt::Display for Brief {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(error_rate) = self.error_rate else { return f.write_str("nothing was due") };
        write!(f, "{}", show(self.throughput_per_sec.unwrap_or(0.0), Unit::PerSec))?;
        write!(f, ", {} errors", show(error_rate, Unit::Ratio))?;
        if let Some(rejected) = self.rejected_rate.filter(|rate| *rate > 0.0) {
            write!(f, ", {} rejected", show(rejected, Unit::Ratio))?;
        }
        for (name, time) in [("p50", self.p50), ("p95", self.p95), ("p99", self.p99)] {
            if let Some(time) = time {
                write!(f, ", {name} {time}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::Counts;

    #[test]
    fn figures_in_short() {
        let mut figures = Figures { duration_s: 2.0, ..Figures::default() };
        figures.counts =
            Counts { due: 200, ok: 150, error: 10, rejected: 30, timeout: 10, ..Counts::default() };
        figures.response.record_n(5_000_000, 160);
        figures.at_least.record_n(1_000_000_000, 10);
        assert_eq!(
            Brief::of(&figures).to_string(),
            "80/s, 10% errors, 15% rejected, p50 5 ms, p95 >= 1 s, p99 >= 1 s"
        );
        assert_eq!(Brief::of(&Figures::default()).to_string(), "nothing was due");
    }
}
