use std::time::Duration;

use super::*;
use crate::observe::{Counts, Figures, Observation, Phase, Purpose, Window};

const USUAL: AlertThresholds = AlertThresholds {
    success_rate: Some(0.95),
    error_rate: Some(0.05),
    latency_p95_s: Some(0.1),
    memory_bytes: Some(2_000_000_000),
    cpu_percent: Some(85.0),
};

/// A load of which `ok` of 1000 operations succeed and the others fail, all of them after `ms`.
fn load(name: &str, ok: u64, ms: u64) -> Observation {
    let counts = Counts { due: 1_000, ok, error: 1_000 - ok, ..Counts::default() };
    let mut total = Figures { counts, duration_s: 10.0, ..Figures::default() };
    total.response.record_n(ms * 1_000_000, 1_000);
    Observation { load: name.to_owned(), total, complete: true, ..Observation::default() }
}

fn used(cpu_percent: f64, memory_bytes: f64) -> Peaks {
    let peak = |value| Some(Peak { value, at_s: Some(3.0) });
    Peaks { cpu_percent: peak(cpu_percent), memory_bytes: peak(memory_bytes) }
}

/// What the alerts say, the level in front.
fn said(loads: &[Observation], peaks: &Peaks) -> Vec<String> {
    let alerts = alerts(&USUAL, loads, peaks);
    alerts.iter().map(|alert| format!("{} {}", alert.level.word(), alert.sentence)).collect()
}

#[test]
fn at_the_threshold_there_is_none_and_twice_as_bad_is_no_more_than_a_warning() {
    use AlertMetric::{Cpu, ErrorRate, Latency, Memory, SuccessRate};
    // Metric, threshold, a hair over it, where critical begins, a hair over that.
    for (metric, threshold, over, twice, critical) in [
        (SuccessRate, 0.95, 0.949_999, 0.9, 0.899_999),
        (ErrorRate, 0.05, 0.050_001, 0.1, 0.100_001),
        (Latency, 0.1, 0.100_001, 0.2, 0.200_001),
        (Memory, 2e9, 2e9 + 4096.0, 4e9, 4e9 + 4096.0),
        (Cpu, 0.85, 0.850_001, 0.925, 0.925_001),
    ] {
        let levels = [threshold, over, twice, critical].map(|value| metric.level(value, threshold));
        let (warning, critical) = (Some(AlertLevel::Warning), Some(AlertLevel::Critical));
        assert_eq!(levels, [None, warning, warning, critical], "{}", metric.name());
    }
}

#[test]
fn shares_that_are_not_exact_in_binary_are_at_their_threshold() {
    for percent in 1..=100_u32 {
        let threshold = f64::from(percent) / 100.0;
        let (part, whole) = (u64::from(percent) * 7, 700_u64);
        let seen = part as f64 / whole as f64;
        assert_eq!(AlertMetric::SuccessRate.level(seen, threshold), None, "{percent}%");
        assert_eq!(AlertMetric::ErrorRate.level(seen, threshold), None, "{percent}%");
        let lost = 1.0 - 2.0 * (1.0 - threshold);
        assert_eq!(
            AlertMetric::SuccessRate.level(lost, threshold),
            (percent < 100).then_some(AlertLevel::Warning)
        );
    }
}

#[test]
fn without_any_loss_allowed_each_one_is_critical() {
    let critical = Some(AlertLevel::Critical);
    assert_eq!(AlertMetric::SuccessRate.level(0.999_99, 1.0), critical);
    assert_eq!(AlertMetric::ErrorRate.level(0.000_01, 0.0), critical);
    assert_eq!(AlertMetric::ErrorRate.level(0.0, 0.0), None);
    assert_eq!(AlertMetric::SuccessRate.level(1.0, 1.0), None);
    assert_eq!(
        AlertMetric::SuccessRate.level(0.0, 0.4),
        Some(AlertLevel::Warning),
        "no rate is twice as bad"
    );
}

#[test]
fn a_case_within_its_thresholds_has_none() {
    assert_eq!(said(&[load("load", 950, 99)], &used(85.0, 2e9)), [""; 0]);
    assert_eq!(said(&[], &Peaks::default()), [""; 0]);
    assert_eq!(said(&[Observation::default()], &Peaks::default()), [""; 0], "nothing was due");
}

#[test]
fn each_metric_has_its_sentence_the_critical_first() {
    assert_eq!(
        said(&[load("searches", 930, 340)], &used(97.2, 2.345e9)),
        [
            "CRITICAL latency.p95 is 340 ms, alert at 100 ms (load `searches`)",
            "CRITICAL cpu.peak is 97.2%, alert at 85%",
            "WARNING success_rate is 93%, alert at 95% (load `searches`)",
            "WARNING error_rate is 7%, alert at 5% (load `searches`)",
            "WARNING memory.peak is 2345 MB, alert at 2000 MB",
        ]
    );
}

#[test]
fn figures_that_read_like_their_threshold_say_on_which_side_they_are() {
    let at = AlertThresholds { memory_bytes: Some(1 << 30), ..USUAL };
    let seen = alerts(&at, &[], &used(85.01, (1_u64 << 30) as f64 + 4096.0));
    let sentences: Vec<&str> = seen.iter().map(|alert| alert.sentence.as_str()).collect();
    assert_eq!(
        sentences,
        ["memory.peak is just over 1 GiB, alert at 1 GiB", "cpu.peak is just over 85%, alert at 85%"]
    );
}

#[test]
fn off_is_off() {
    let bad = [load("load", 0, 60_000)];
    assert_eq!(alerts(&AlertThresholds::default(), &bad, &used(100.0, 1e12)), []);
    let one = AlertThresholds { latency_p95_s: None, cpu_percent: None, ..USUAL };
    let metrics: Vec<&str> = alerts(&one, &bad, &used(100.0, 1e12)).iter().map(|a| a.metric.name()).collect();
    assert_eq!(metrics, ["success_rate", "error_rate", "memory.peak"]);
}

#[test]
fn of_several_loads_the_worst_is_named_and_the_others_are_counted() {
    let loads = [
        load("calm", 1_000, 5),
        load("busy", 1_000, 150),
        load("worst", 1_000, 190),
        load("slow", 1_000, 120),
    ];
    let seen = alerts(&USUAL, &loads, &Peaks::default());
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].sentence, "latency.p95 is 190 ms, alert at 100 ms (load `worst` and 2 more)");
    assert_eq!((seen[0].load.as_deref(), seen[0].other_loads), (Some("worst"), 2));
}

#[test]
fn a_load_that_probes_raises_none() {
    let probe = Observation { purpose: Purpose::Probe, ..load("trial at 900/s", 10, 5_000) };
    assert_eq!(said(std::slice::from_ref(&probe), &Peaks::default()), [""; 0]);
    let said = said(&[probe, load("after", 1_000, 150)], &Peaks::default());
    assert_eq!(said, ["WARNING latency.p95 is 150 ms, alert at 100 ms (load `after`)"]);
}

#[test]
fn a_percentile_of_a_few_operations_raises_none() {
    let of = |n: u64| {
        let mut few = load("load", 1_000, 1);
        few.total = Figures { counts: Counts { due: n, ok: n, ..Counts::default() }, ..Figures::default() };
        few.total.response.record_n(10_000_000_000, n);
        said(&[few], &Peaks::default()).len()
    };
    assert_eq!((of(58), of(59)), (0, 1));
}

#[test]
fn a_lower_bound_over_the_threshold_is_certain_and_one_below_it_is_told_by_the_success_rate() {
    let with_timeouts = |waited: Duration| {
        let mut seen = load("load", 900, 1);
        let counts = Counts { due: 1_000, ok: 900, timeout: 100, ..Counts::default() };
        seen.total = Figures { counts, ..Figures::default() };
        seen.total.response.record_n(1_000_000, 900);
        seen.total.at_least.record_n(waited.as_nanos() as u64, 100);
        said(&[seen], &Peaks::default())
    };
    assert_eq!(
        with_timeouts(Duration::from_secs(30)),
        [
            "CRITICAL latency.p95 is at least 30 s, alert at 100 ms (load `load`)",
            "WARNING success_rate is 90%, alert at 95% (load `load`)",
            "WARNING error_rate is 10%, alert at 5% (load `load`)",
        ]
    );
    let early = with_timeouts(Duration::from_millis(20));
    assert!(early.len() == 2 && early.iter().all(|said| !said.contains("latency")), "{early:?}");
}

#[test]
fn late_starts_of_the_generator_are_named() {
    let mut late = load("load", 1_000, 190);
    late.total.lateness.record_n(150_000_000, 1_000);
    assert_eq!(
        said(&[late], &Peaks::default()),
        ["WARNING latency.p95 is 190 ms, alert at 100 ms (load `load`); the load generator may be the cause"]
    );
}

#[test]
fn the_worst_window_says_when_and_the_warm_up_is_none() {
    let window = |at: u32, phase: u32, ok: u64, p95_us: f64| {
        let counts = Counts { due: 100, ok, error: 100 - ok, ..Counts::default() };
        Window { at_s: f64::from(at), length_s: 1.0, phase, counts, p95_us, ..Window::default() }
    };
    let mut seen = load("load", 930, 340);
    seen.started_s = 10.0;
    seen.phases = vec![Phase { is_warm_up: true, ..Phase::default() }, Phase::default()];
    seen.timeline = vec![
        window(0, 0, 0, 9e6),
        window(1, 1, 99, 2e5),
        window(2, 1, 80, 3e5),
        window(3, 1, 95, 9e5),
        window(4, 1, 80, 3e5),
    ];
    let when: Vec<_> =
        alerts(&USUAL, &[seen], &used(99.0, 0.0)).iter().map(|a| (a.metric.name(), a.at_s)).collect();
    assert_eq!(
        when,
        [
            ("latency.p95", Some(13.0)),
            ("cpu.peak", Some(3.0)),
            ("success_rate", Some(12.0)),
            ("error_rate", Some(12.0)),
        ]
    );
}
