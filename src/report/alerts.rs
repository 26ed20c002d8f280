//! Alerts beside the rule itself: where their thresholds come from, what they look at, and who is told.

use serde::{Deserialize, Serialize};

use super::CaseReport;
#[cfg(test)]
use super::SCHEMA_VERSION;
use crate::{
    judge::{Alert, AlertLevel, AlertMetric, AlertThresholds, Peak, Peaks},
    monitor::{ResourceWindow, Resources},
    observe::{Observation, Purpose},
    settings::Resolved,
    supervisor::Record,
};

/// What the clocks of the supervisor and of a case, and the edges of a window, may differ by.
const SLACK_S: f64 = 0.5;

/// An alert, and the case that it is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RunAlert {
    /// The name of the case.
    pub case: String,
    /// The alert.
    #[serde(flatten)]
    pub alert: Alert,
}

impl RunAlert {
    /// The alerts of all cases: the critical first, then by case and metric.
    pub(crate) fn of(cases: &[CaseReport]) -> Vec<Self> {
        let of_case = |case: &CaseReport| {
            let name = case.name.clone();
            case.alerts.clone().into_iter().map(move |alert| Self { case: name.clone(), alert })
        };
        let mut all: Vec<Self> = cases.iter().flat_map(of_case).collect();
        all.sort_by(|a, b| a.order().cmp(&b.order()));
        all
    }

    fn order(&self) -> (AlertLevel, &str, AlertMetric) {
        (self.alert.level, &self.case, self.alert.metric)
    }
}

/// What the command of `on_alert` reads from its standard input: one alert, and where it comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AlertMessage {
    /// The version of this format: that of `report.json`.
    #[cfg_attr(test, schemars(extend("const" = SCHEMA_VERSION)))]
    pub schema_version: u32,
    /// The name of the run's folder.
    pub run_id: String,
    /// The command that repeats the case.
    pub repeat: String,
    /// The folder of the case, with its `case.json`.
    pub folder: String,
    /// The alert and the name of the case.
    #[serde(flatten)]
    pub alert: RunAlert,
}

/// The thresholds of a case.
pub(super) fn thresholds(settings: &Resolved) -> AlertThresholds {
    AlertThresholds {
        success_rate: settings.percent("alert_success_rate").map(|share| share.share()),
        error_rate: settings.percent("alert_error_rate").map(|share| share.share()),
        latency_p95_s: settings.duration("alert_latency").map(|time| time.as_secs_f64()),
        memory_bytes: settings.bytes("alert_memory"),
        // Multiplied, 0.85 would be 85.0 and 0.55 a hair over 55.
        cpu_percent: settings.percent("alert_cpu").map(|share| (share.share() * 1e14).round() / 1e12),
    }
}

/// What the processes of a case used at most while no load probed: to drive the machine to its limits is what probes
/// are for.
pub(super) fn peaks(record: &Record) -> Peaks {
    peaks_beside_probes(&record.gathered.observations, &record.resources)
}

pub(super) fn peaks_beside_probes(loads: &[Observation], used: &Resources) -> Peaks {
    if used.samples == 0 {
        return Peaks::default();
    }
    let probes: Vec<(f64, f64)> =
        loads.iter().filter(|load| load.purpose == Purpose::Probe).map(span).collect();
    let is_beside = |window: &&ResourceWindow| {
        let (from, to) = (f64::from(window.at_s), f64::from(window.at_s + used.window_s));
        probes.iter().all(|(begin, end)| to < begin - SLACK_S || from > end + SLACK_S)
    };
    let windows: Vec<&ResourceWindow> = used.windows.iter().filter(is_beside).collect();
    let peak = |of: &dyn Fn(&ResourceWindow) -> Option<f64>| {
        let values =
            windows.iter().filter_map(|w| Some(Peak { value: of(w)?, at_s: Some(f64::from(w.at_s)) }));
        values.reduce(|worst, one| if one.value > worst.value { one } else { worst })
    };
    let cpu = peak(&|window| window.cpu_percent);
    let memory = peak(&|window| Some(window.rss_bytes as f64));
    if !probes.is_empty() {
        return Peaks { cpu_percent: cpu, memory_bytes: memory };
    }
    // The peaks of the whole case are finer than those of its windows, which say when.
    let at_s = |peak: Option<Peak>| peak.and_then(|peak| peak.at_s);
    Peaks {
        cpu_percent: used.peak_cpu_percent.map(|value| Peak { value, at_s: at_s(cpu) }),
        memory_bytes: Some(Peak { value: used.peak_memory_bytes as f64, at_s: at_s(memory) }),
    }
}

/// From when to when a load ran, its drain included, in seconds from the start of the case. One that never told its
/// end ran until the end.
fn span(load: &Observation) -> (f64, f64) {
    let length = if load.complete { load.process.span_s } else { f64::INFINITY };
    (load.started_s, load.started_s + length)
}
