use serde::{Deserialize, Serialize};

use crate::expect::Unit;

mod find;
#[cfg(test)]
mod tests;

pub use find::alerts;

/// What two figures that are the same may differ by, as a share: shares are not exact in binary.
const HAIR: f64 = 1e-9;

/// From where on there are alerts. `None` is off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AlertThresholds {
    /// The lowest success rate of a load, 0 to 1.
    pub success_rate: Option<f64>,
    /// The highest error rate of a load, 0 to 1.
    pub error_rate: Option<f64>,
    /// The highest p95 of a load's response times, in seconds.
    pub latency_p95_s: Option<f64>,
    /// The most memory of a case's processes.
    pub memory_bytes: Option<u64>,
    /// The most CPU, in percent of the cores available.
    pub cpu_percent: Option<f64>,
}

/// How far a figure is over its threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AlertLevel {
    /// Twice as bad as the threshold or worse; [`AlertMetric::critical`] has the formula of each metric.
    Critical,
    /// Over the threshold.
    Warning,
}

/// A figure that alerts are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum AlertMetric {
    /// The share of a load's operations that succeeded.
    #[serde(rename = "success_rate")]
    SuccessRate,
    /// The share of a load's operations that failed, timed out or did not finish.
    #[serde(rename = "error_rate")]
    ErrorRate,
    /// The 95th percentile of a load's response times.
    #[serde(rename = "latency.p95")]
    Latency,
    /// The most memory of the case's processes.
    #[serde(rename = "memory.peak")]
    Memory,
    /// The busiest stretch of at least 500 ms, as a share of the cores available.
    #[serde(rename = "cpu.peak")]
    Cpu,
}

/// A figure that is over its threshold. No verdict: it never fails a case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Alert {
    /// How far it is over.
    pub level: AlertLevel,
    /// Which figure.
    pub metric: AlertMetric,
    /// The figure, in `unit`.
    pub value: f64,
    /// Whether the true figure may be larger: operations without an end are among those it stands for.
    pub is_at_least: bool,
    /// The threshold, in `unit`.
    pub threshold: f64,
    /// What both count.
    pub unit: Unit,
    /// The load that is the worst; `None` for what the processes used.
    pub load: Option<String>,
    /// Other loads of the case that are over the threshold too.
    pub other_loads: u64,
    /// Seconds from the start of the case to the window of its timeline in which the figure was worst.
    pub at_s: Option<f64>,
    /// The whole in words: ``latency.p95 is 340 ms, alert at 100 ms (load `searches`)``.
    pub sentence: String,
}

/// The most that the processes of a case used of something, its probes left out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    /// The amount.
    pub value: f64,
    /// Seconds from the start of the case to the window it is in, if that is known.
    pub at_s: Option<f64>,
}

/// What the processes of a case used at most. `None` is not measured.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Peaks {
    /// In percent of the cores available.
    pub cpu_percent: Option<Peak>,
    /// In bytes.
    pub memory_bytes: Option<Peak>,
}

impl AlertMetric {
    /// As text: `latency.p95`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SuccessRate => "success_rate",
            Self::ErrorRate => "error_rate",
            Self::Latency => "latency.p95",
            Self::Memory => "memory.peak",
            Self::Cpu => "cpu.peak",
        }
    }

    /// From where on an alert is critical, in the unit of `threshold`.
    ///
    /// Twice the threshold for what has no end: latency, memory, and the error rate. Twice the loss that is allowed for
    /// the success rate, `1 - 2 (1 - threshold)`. Half of what is left of the cores above the threshold for CPU,
    /// `(threshold + 1) / 2`.
    ///
    /// ```
    /// use proofload::judge::AlertMetric;
    /// assert_eq!(AlertMetric::Latency.critical(0.1), 0.2);
    /// assert_eq!(AlertMetric::SuccessRate.critical(0.75), 0.5);
    /// assert_eq!(AlertMetric::Cpu.critical(0.5), 0.75);
    /// ```
    pub const fn critical(self, threshold: f64) -> f64 {
        match self {
            Self::SuccessRate => 1.0 - 2.0 * (1.0 - threshold),
            Self::ErrorRate | Self::Latency | Self::Memory => 2.0 * threshold,
            Self::Cpu => f64::midpoint(threshold, 1.0),
        }
    }

    /// How bad `value` is. At a threshold is not over it.
    ///
    /// ```
    /// use proofload::judge::{AlertLevel, AlertMetric};
    /// assert_eq!(AlertMetric::SuccessRate.level(0.95, 0.95), None);
    /// assert_eq!(AlertMetric::SuccessRate.level(0.94, 0.95), Some(AlertLevel::Warning));
    /// assert_eq!(AlertMetric::SuccessRate.level(0.89, 0.95), Some(AlertLevel::Critical));
    /// ```
    pub fn level(self, value: f64, threshold: f64) -> Option<AlertLevel> {
        match (self.is_over(value, self.critical(threshold)), self.is_over(value, threshold)) {
            (true, _) => Some(AlertLevel::Critical),
            (false, true) => Some(AlertLevel::Warning),
            (false, false) => None,
        }
    }

    fn is_over(self, value: f64, threshold: f64) -> bool {
        let hair = HAIR * threshold.abs();
        match self {
            Self::SuccessRate => value < threshold - hair,
            Self::ErrorRate | Self::Latency | Self::Memory | Self::Cpu => value > threshold + hair,
        }
    }

    /// Larger is worse.
    fn badness(self, value: f64) -> f64 {
        match self {
            Self::SuccessRate => -value,
            Self::ErrorRate | Self::Latency | Self::Memory | Self::Cpu => value,
        }
    }

    const fn unit(self) -> Unit {
        match self {
            Self::SuccessRate | Self::ErrorRate | Self::Cpu => Unit::Ratio,
            Self::Latency => Unit::Seconds,
            Self::Memory => Unit::Bytes,
        }
    }
}

impl AlertLevel {
    /// In capitals: `CRITICAL`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Critical => "CRITICAL",
            Self::Warning => "WARNING",
        }
    }
}
