use crate::{
    case::{CaseInfo, Severity},
    judge::{Alert, AlertLevel, AlertMetric, AlertThresholds, Peak, Peaks, alerts},
    monitor::{ResourceWindow, Resources},
    observe::{Observation, Purpose},
    report::{
        CaseReport, RunAlert,
        alerts::{peaks_beside_probes, thresholds},
        summary_text,
        tests::{case, counts, observation, run},
    },
    settings::{Settings, Sources},
};

/// A case with alerts of this CPU in percent and of a load of which so many of 1000 succeeded.
fn alerted(name: &str, cpu: f64, ok: u64) -> CaseReport {
    let seen = observation("load", counts(ok, 0, 1_000 - ok, 0, 0));
    let peaks = Peaks { cpu_percent: Some(Peak { value: cpu, at_s: Some(2.0) }), memory_bytes: None };
    let at =
        AlertThresholds { success_rate: Some(0.95), cpu_percent: Some(85.0), ..AlertThresholds::default() };
    let mut report = case(name, std::slice::from_ref(&seen));
    report.alerts = alerts(&at, &[seen], &peaks);
    report.alert_thresholds = at;
    report
}

#[test]
fn the_critical_of_all_cases_come_first() {
    let cases = [alerted("a", 99.0, 940), alerted("b", 10.0, 1_000), alerted("c", 86.0, 500)];
    let of = |alert: &RunAlert| {
        (alert.alert.level, alert.case.trim_start_matches("cases::search::").to_owned(), alert.alert.metric)
    };
    let (critical, warning) = (AlertLevel::Critical, AlertLevel::Warning);
    assert_eq!(
        RunAlert::of(&cases).iter().map(of).collect::<Vec<_>>(),
        [
            (critical, "a".to_owned(), AlertMetric::Cpu),
            (critical, "c".to_owned(), AlertMetric::SuccessRate),
            (warning, "a".to_owned(), AlertMetric::SuccessRate),
            (warning, "c".to_owned(), AlertMetric::Cpu),
        ]
    );
}

#[test]
fn they_stand_before_the_recommendations_and_are_bounded() {
    let text = summary_text(&run(vec![alerted("busy", 99.0, 940)], &[]));
    let block = text.split("\n\n").find(|block| block.starts_with("Alerts")).unwrap();
    assert_eq!(
        block.trim_end(),
        "Alerts (no verdicts)\n  \
         CRITICAL cases::search::busy: cpu.peak is 99%, alert at 85%\n  \
         WARNING  cases::search::busy: success_rate is 94%, alert at 95% (load `load`)"
    );
    let many: Vec<CaseReport> = (0..30).map(|n| alerted(&format!("case_{n:02}"), 90.0, 1_000)).collect();
    let text = summary_text(&run(many, &[]));
    let block = text.split("\n\n").find(|block| block.starts_with("Alerts")).unwrap();
    assert_eq!(block.lines().count(), 1 + 20 + 1, "{block}");
    assert_eq!(block.trim_end().lines().last(), Some("  ... 10 more in report.json"));
    assert!(!summary_text(&run(vec![alerted("calm", 10.0, 1_000)], &[])).contains("Alerts"));
}

#[test]
fn thresholds_come_from_the_settings_of_the_case() {
    let info = CaseInfo {
        function: "search",
        module: "stress::cases",
        file: "stress/cases.rs",
        line: 12,
        markers: &[],
        settings: &[
            ("alert_cpu", "55%"),
            ("alert_memory", "4GiB"),
            ("alert_latency", "off"),
            ("alert_error_rate", "0"),
        ],
        severity: Severity::Medium,
        target: None,
        about: "",
    };
    let settings = Settings::load(Sources::default(), &[info]).unwrap().for_case(&info);
    assert_eq!(
        thresholds(&settings),
        AlertThresholds {
            success_rate: Some(0.95),
            error_rate: Some(0.0),
            latency_p95_s: None,
            memory_bytes: Some(4 << 30),
            cpu_percent: Some(55.0),
        }
    );
}

fn window(at_s: u32, cpu: f64, rss_bytes: u64) -> ResourceWindow {
    ResourceWindow { at_s, cpu_percent: Some(cpu), rss_bytes, ..ResourceWindow::default() }
}

#[test]
fn what_was_used_while_a_load_probed_is_no_peak() {
    let used = Resources {
        samples: 500,
        window_s: 1,
        peak_cpu_percent: Some(100.0),
        peak_memory_bytes: 900,
        windows: (0..10)
            .map(|s| window(s, if s == 5 { 97.0 } else { f64::from(s) }, if s == 5 { 800 } else { 100 }))
            .collect(),
        ..Resources::default()
    };
    let load = |purpose, complete| {
        let mut load = observation("load", counts(10, 0, 0, 0, 0));
        (load.purpose, load.complete, load.started_s, load.process.span_s) = (purpose, complete, 4.0, 3.0);
        load
    };
    let seen = |loads: &[Observation]| {
        let peaks = peaks_beside_probes(loads, &used);
        let of = |peak: Option<Peak>| peak.map(|peak| (peak.value, peak.at_s));
        (of(peaks.cpu_percent), of(peaks.memory_bytes))
    };
    assert_eq!(
        seen(&[load(Purpose::Measure, true)]),
        (Some((100.0, Some(5.0))), Some((900.0, Some(5.0)))),
        "the finest figures, and the windows that they are in"
    );
    assert_eq!(seen(&[load(Purpose::Probe, true)]), (Some((9.0, Some(9.0))), Some((100.0, Some(0.0)))));
    assert_eq!(
        seen(&[load(Purpose::Probe, false)]),
        (Some((2.0, Some(2.0))), Some((100.0, Some(0.0)))),
        "one that never told its end ran until the end"
    );
    assert_eq!(peaks_beside_probes(&[], &Resources::default()), Peaks::default(), "nobody looked");
}

#[test]
fn an_older_report_has_none() {
    let mut old = serde_json::to_value(alerted("old", 99.0, 0)).unwrap();
    for key in ["alerts", "alert_thresholds"] {
        assert!(old.as_object_mut().unwrap().remove(key).is_some());
    }
    assert!(old["loads"][0].as_object_mut().unwrap().remove("purpose").is_some());
    let read: CaseReport = serde_json::from_value(old).unwrap();
    assert_eq!((read.alerts, read.alert_thresholds), (Vec::<Alert>::new(), AlertThresholds::default()));
    assert_eq!(read.loads[0].purpose, Purpose::Measure);
}
