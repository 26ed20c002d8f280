//! Hand-made reports, for the tests of all forms.

mod alerts;
mod hlog;
mod junit;
mod junit_whole;
mod recommend;
pub(super) mod samples;
mod statistics;
mod text;

use std::collections::BTreeMap;

use super::*;
use crate::{
    case::Severity,
    expect::IntoExpectation,
    journal::Figure,
    judge::{
        AlertThresholds, Bottleneck, Judgement, Limit, LittlesLaw, Peaks, Saturation, Verdict, alerts, judge,
    },
    monitor::{BuildInfo, Environment, MachineInfo, ResourceWindow, Resources},
    observe::{Counter, Counts, Figures, Kind, Model, Observation, Phase, ProcessUse, Window},
    stop::StopReason,
    supervisor::{Containment, Ending, Tier},
};

/// Counts that add up; `due` follows from the others.
pub(crate) fn counts(ok: u64, rejected: u64, error: u64, timeout: u64, dropped: u64) -> Counts {
    Counts {
        due: ok + rejected + error + timeout + dropped,
        ok,
        rejected,
        error,
        timeout,
        unfinished: 0,
        dropped,
    }
}

/// What `counts` make of `seconds`: of those carried out 90 % take 2 ms, 9 % 5 ms and 1 % 9 ms; timeouts took 30 s.
pub(super) fn figures(seconds: f64, counts: Counts) -> Figures {
    let mut figures = Figures { counts, duration_s: seconds, ..Figures::default() };
    let carried = counts.ok + counts.error;
    for (ms, n) in [(2, carried - carried / 10), (5, carried / 10 - carried / 100), (9, carried / 100)] {
        figures.response.record_n(ms * 1_000_000, n);
        figures.service.record_n(ms * 1_000_000, n);
    }
    figures.rejected.record_n(300_000, counts.rejected);
    figures.at_least.record_n(30_000_000_000, counts.timeout);
    figures.lateness.record_n(80_000, counts.due - counts.dropped);
    figures
}

/// An open load at 100/s for 5 s in one phase.
pub(crate) fn observation(load: &str, counts: Counts) -> Observation {
    let total = figures(5.0, counts);
    let phase = Phase {
        name: "100/s for 5 s".into(),
        is_started: true,
        asked_per_sec: Some(100.0),
        figures: total.clone(),
        ..Phase::default()
    };
    let window =
        |n: u64| Window { at_s: n as f64, length_s: 1.0, p50_us: 2e3, p99_us: 9e3, ..Window::default() };
    Observation {
        load: load.to_owned(),
        plan: "100/s for 5 s".to_owned(),
        started_s: 0.1,
        total,
        phases: vec![phase],
        timeline: (0..5).map(window).collect(),
        complete: true,
        timeout_s: 30.0,
        max_in_flight: Some(50),
        process: ProcessUse {
            memory_start_bytes: 40 << 20,
            memory_peak_bytes: 64 << 20,
            memory_end_bytes: 60 << 20,
            cpu_s: 0.6,
            span_s: 5.0,
            workers: 4,
            workers_busy_s: 0.5,
            all_workers_busy_s: 0.0,
        },
        ..Observation::default()
    }
}

/// The same with a phase of 5 s for each number of users, of which `goodput` succeed a second.
pub(super) fn stepped(load: &str, steps: &[(u64, u64)]) -> Observation {
    let mut seen = observation(load, counts(0, 0, 0, 0, 0));
    (seen.model, seen.max_in_flight, seen.phases) = (Model::Closed, None, Vec::new());
    seen.total = Figures::default();
    for (users, goodput) in steps {
        let figures = figures(5.0, counts(5 * goodput, 0, 0, 0, 0));
        seen.total.merge(&figures);
        let name = format!("{users} users for 5 s");
        seen.phases.push(Phase { name, is_started: true, users: Some(*users), figures, ..Phase::default() });
    }
    seen.plan = format!("{} steps", steps.len());
    seen
}

/// A case that returned, with these loads.
pub(crate) fn case(name: &str, observations: &[Observation]) -> CaseReport {
    CaseReport {
        name: format!("cases::search::{name}"),
        about: "Searches at a steady rate.".to_owned(),
        place: "stress/cases/search.rs:12".to_owned(),
        markers: vec!["slow".to_owned()],
        severity: Severity::Medium,
        target: None,
        verdict: Verdict::Pass,
        reasons: Vec::new(),
        started_at: "2026-11-21T08:15:02Z".to_owned(),
        duration_s: 5.12,
        seed: 42,
        attempt: 1,
        repeat: format!("cargo test --test stress -- --exact cases::search::{name} --seed 42"),
        ending: Ending::Returned,
        ending_sentence: Ending::Returned.to_string(),
        stop: None,
        expectations: Vec::new(),
        loads: observations.iter().map(LoadReport::from).collect(),
        figures: Vec::new(),
        findings: Vec::new(),
        bottleneck: None,
        steps: Vec::new(),
        faults: Vec::new(),
        comparison: None,
        history: None,
        notes: Vec::new(),
        nodes: Vec::new(),
        resources: Resources {
            peak_memory_bytes: 64 << 20,
            peak_cpu_percent: Some(23.4),
            mean_cpu_percent: Some(11.0),
            samples: 250,
            window_s: 1,
            windows: (0..5).map(|n| memory(n, 60 << 20)).collect(),
            ..Resources::default()
        },
        containment: Containment {
            tier: Tier::CgroupV2,
            sentence: "memory is held by a cgroup (version 2) of 1 GiB".to_owned(),
        },
        warnings: Vec::new(),
        recommendations: Vec::new(),
        alerts: Vec::new(),
        alert_thresholds: AlertThresholds::default(),
        limits: LimitsReport { memory_bytes: Some(1 << 30), ..LimitsReport::default() },
        settings: vec![SettingReport {
            key: "max_memory".to_owned(),
            value: Some("1GiB".to_owned()),
            origin: "built-in".to_owned(),
        }],
        output_tail: String::new(),
        folder: format!("cases/cases.search.{name}"),
    }
}

/// An earlier run of a case whose p99 was so many microseconds.
pub(crate) fn past(number: usize, p99_us: f64) -> PastRun {
    let mut case = case("steady", &[observation("load", counts(500, 0, 0, 0, 0))]);
    case.started_at = format!("2026-11-20T{number:02}:00:00Z");
    let run = PastRun::of(&format!("run-{number}"), Some("1a2b3c4d5e6f708192a3"), &case);
    PastRun { response_p99_us: Some(p99_us), ..run }
}

/// A second in which resident memory was `rss_bytes`.
pub(super) fn memory(at_s: u32, rss_bytes: u64) -> ResourceWindow {
    ResourceWindow { at_s, rss_bytes, rss_min_bytes: rss_bytes, ..ResourceWindow::default() }
}

/// A case that ended in another way than by returning.
pub(crate) fn ended(mut case: CaseReport, ending: Ending) -> CaseReport {
    case.verdict = Verdict::Fail;
    case.ending_sentence = ending.to_string();
    case.reasons.push(ending.to_string());
    case.ending = ending;
    case
}

fn judged(expectation: &str, seen: &Observation) -> Judgement {
    judge(&expectation.into_expectation().unwrap(), seen, 1)
}

/// A case with expectations of its first load.
pub(super) fn expecting(name: &str, seen: &Observation, expectations: &[&str]) -> CaseReport {
    let mut case = case(name, std::slice::from_ref(seen));
    case.expectations = expectations.iter().map(|text| judged(text, seen)).collect();
    for judgement in case.expectations.iter().filter(|judgement| judgement.verdict != Verdict::Pass) {
        case.verdict = case.verdict.worse(judgement.verdict);
        case.reasons.push(format!("{}: {}", judgement.load, judgement.sentence));
    }
    case
}

/// A run of these cases, on a machine that never changes.
pub(crate) fn run(cases: Vec<CaseReport>, ignored: &[(&str, &str)]) -> RunReport {
    let of = |verdict: Verdict| cases.iter().filter(|case| case.verdict == verdict).count() as u64;
    let ignored =
        ignored.iter().map(|(name, reason)| IgnoredCase { name: (*name).into(), reason: (*reason).into() });
    let ignored: Vec<_> = ignored.collect();
    RunReport {
        schema_version: SCHEMA_VERSION,
        run_id: "20261121-081502-7f3a".to_owned(),
        started_at: "2026-11-21T08:15:02Z".to_owned(),
        duration_s: 151.3,
        profile: "default".to_owned(),
        seed: 42,
        command: vec!["stress".to_owned(), "--seed".to_owned(), "42".to_owned()],
        summary: Summary {
            cases: cases.len() as u64,
            passed: of(Verdict::Pass),
            failed: of(Verdict::Fail),
            inconclusive: of(Verdict::Inconclusive),
            aborted: of(Verdict::Aborted),
            ignored: ignored.len() as u64,
            operations: cases.iter().flat_map(|c| &c.loads).map(|load| load.total.counts.ended()).sum(),
        },
        statistics: Statistics::of(&cases),
        alerts: RunAlert::of(&cases),
        stopped: None,
        warnings: Vec::new(),
        bottlenecks: bottlenecks(&cases),
        recommendations: without_repeats(&cases),
        environment: Environment {
            machine: MachineInfo {
                os: "Debian GNU/Linux 12".to_owned(),
                kernel: "6.1.0-18-amd64".to_owned(),
                architecture: "x86_64".to_owned(),
                cpu_model: "AMD EPYC 7B13".to_owned(),
                cores_available: 2.0,
                cores_total: 2,
                memory_bytes: 16 << 30,
                memory_limit_bytes: None,
            },
            build: BuildInfo {
                rustc: "rustc 1.89.0 (29483883e 2025-08-04)".to_owned(),
                optimised: true,
                debug_assertions: false,
                proofload: "0.1.0".to_owned(),
            },
            commit: Some("1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d".to_owned()),
        },
        settings: Vec::new(),
        cases,
        ignored,
    }
}

/// A limit with figures beside it.
pub(super) fn limited(limit: Limit) -> Bottleneck {
    let saturation = Saturation {
        peak_per_sec: 198.0,
        at: "400/s".to_owned(),
        knee: Some("150/s".to_owned()),
        knee_utilisation: Some(0.76),
        concurrency: Some(1.02),
    };
    let sentence = format!("{limit}: 198/s of 400/s asked were carried out");
    Bottleneck { limit, sentence, saturation: Some(saturation) }
}

/// A run in which everything is there that a report can hold.
pub(super) fn full() -> RunReport {
    let seen = {
        let mut seen = observation("load", counts(480, 10, 6, 3, 1));
        seen.total.kinds = vec![Kind {
            class: "error".into(),
            text: "document N is gone".into(),
            count: 6,
            sample: "document 17 is gone".into(),
            first_s: 2.1,
            last_s: 4.9,
        }];
        seen.total.statuses = BTreeMap::from([(200, 480), (429, 10)]);
        seen.counters.insert("cache_hit".into(), Counter { count: 470, of: Some(480) });
        seen.stopped = Some(StopReason::TimeLimit);
        seen
    };
    let mut stopped = expecting("stopped", &seen, &["latency.p95 < 100ms", "dropped == 0"]);
    stopped.verdict = Verdict::Aborted;
    stopped.stop = Some(StopReport {
        reason: StopReason::TimeLimit,
        sentence: "it ran for 5 s (time_limit)".to_owned(),
        at_s: 5.0,
        took_s: 3.1,
        by: "SIGKILL".to_owned(),
    });
    stopped.loads[0].littles_law =
        Some(LittlesLaw { in_flight: 1.3, per_sec: 98.0, time_s: 0.013, uncertainty: 0.02 });
    stopped.figures.push(Figure { name: "recovery_time".into(), value: 3.0, unit: "s".into() });
    stopped.notes.push("the index held 10 000 documents".to_owned());
    stopped
        .warnings
        .push("2 processes outlived the case and were ended: end in the case what it starts".to_owned());
    stopped.bottleneck = Some(limited(Limit::Lock));
    stopped.recommendations = recommend(&stopped);
    stopped.alert_thresholds = AlertThresholds { success_rate: Some(0.97), ..AlertThresholds::default() };
    stopped.alerts = alerts(&stopped.alert_thresholds, &[seen], &Peaks::default());
    let panicked = Ending::Panicked { message: "boom".into(), place: "stress/cases/search.rs:31".into() };
    let signal = Ending::Signal { number: 9, name: "SIGKILL".into() };
    let crashed = ended(case("crashed", &[]), panicked);
    let killed = ended(case("killed", &[]), signal);
    let mut run =
        run(vec![crashed, killed, stopped], &[("cases::search::hour", "slow: --include-slow runs it")]);
    run.settings.push(SettingReport { key: "rate".into(), value: None, origin: "unset".into() });
    run.stopped = Some("Ctrl-C".to_owned());
    run.warnings.push("the suite was built without optimisation".to_owned());
    run
}

#[test]
fn a_report_survives_being_written_and_read() {
    let text = serde_json::to_string(&full()).unwrap();
    let read: RunReport = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), text);
}
