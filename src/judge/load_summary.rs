use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{observe::Figures, units::show_duration};

/// A load, or a phase of one, in a row.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct LoadSummary {
    /// Operations that were due.
    pub due: u64,
    /// Share of them that succeeded; `None` when none was due.
    pub success_rate: Option<f64>,
    /// The median response time.
    pub p50: Option<ResponseTime>,
    /// The 95th percentile.
    pub p95: Option<ResponseTime>,
    /// The 99th percentile.
    pub p99: Option<ResponseTime>,
}

/// A response time, or a lower bound of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ResponseTime {
    /// In microseconds.
    pub us: f64,
    /// The true time may be longer: operations without an end are among those it stands for.
    pub is_at_least: bool,
}

impl LoadSummary {
    /// Of what was counted.
    pub fn of(figures: &Figures) -> Self {
        let time = |q| {
            let found = figures.response_percentile(q)?;
            Some(ResponseTime { us: found.value.as_secs_f64() * 1e6, is_at_least: found.is_at_least })
        };
        Self {
            due: figures.counts.due,
            success_rate: figures.success_rate(),
            p50: time(0.5),
            p95: time(0.95),
            p99: time(0.99),
        }
    }

    /// `99.2% of 500 succeeded, p95 12.3 ms`.
    pub(super) fn words(&self) -> String {
        let Some(success) = self.success_rate else { return "nothing was due".to_owned() };
        let p95 = self.p95.map_or(String::new(), |time| format!(", p95 {}", time.words()));
        format!("{} of {} succeeded{p95}", percent(success), self.due)
    }
}

impl ResponseTime {
    pub(super) fn words(self) -> String {
        let sign = if self.is_at_least { ">= " } else { "" };
        format!("{sign}{}", show_us(self.us))
    }
}

/// Microseconds for people.
pub(super) fn show_us(us: f64) -> String {
    show_duration(Duration::try_from_secs_f64(us / 1e6).unwrap_or(Duration::MAX))
}

/// A share in percent, with a digit where it is not whole; 99.96 % must not read as 100 %.
pub(super) fn percent(share: f64) -> String {
    let tenths = (share * 1000.0).round() / 10.0;
    match (tenths >= 100.0 && share < 1.0, tenths.fract() == 0.0) {
        (true, _) => "over 99.9%".to_owned(),
        (false, true) => format!("{tenths:.0}%"),
        (false, false) => format!("{tenths:.1}%"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::Counts;

    #[test]
    fn a_row_in_words() {
        let mut figures = Figures { duration_s: 1.0, ..Figures::default() };
        assert_eq!(LoadSummary::of(&figures).words(), "nothing was due");
        figures.counts = Counts { due: 100, ok: 97, timeout: 3, ..Counts::default() };
        figures.response.record_n(2_000_000, 97);
        figures.at_least.record_n(5_000_000_000, 3);
        let row = LoadSummary::of(&figures);
        assert_eq!(row.words(), "97% of 100 succeeded, p95 2 ms");
        assert!(row.p99.is_some_and(|p99| p99.is_at_least && p99.words() == ">= 5 s"), "{row:?}");
    }

    #[test]
    fn shares_read_well() {
        assert_eq!(
            [1.0, 0.999_9, 0.992, 0.5, 0.0].map(percent),
            ["100%", "over 99.9%", "99.2%", "50%", "0%"]
        );
    }
}
