use super::Page;
use crate::{
    data::{Complexity, Edge},
    expect::Assertion,
    judge::{
        Aftermath, AlertThresholds, AppliedPressure, Brief, CapacityPlan, CapacitySearch, CeilingCrossing,
        Change, Concurrent, DataCell, DataRow, Degradation, Depth, Detail, Drift, DriftRule, ErrorDrift,
        ExhaustedResource, Exhaustion, FaultyLoads, Finding, InjectedFaults, Leak, LeakRule, LoadLevel,
        LoadSummary, Offered, Peak, Peaks, PhaseSeen, Plateau, PressedLoads, Recovery, RegressionRule,
        Resilience, ResourcePeaks, RunFigure, Search, SearchPlan, Served, Settling, Tolerance, TrialResult,
        UnderPressure, Verdict, Wanted, alerts, judge_findings, made::failing,
    },
    observe::{Counts, Figures, Kind, Observation, Phase, Window},
};

fn judged(page: &mut Page, text: &str, finding: Option<Detail>) {
    let findings: Vec<Finding> =
        finding.into_iter().map(|detail| Finding::new("a procedure", detail)).collect();
    let judgement = judge_findings(&Assertion::parse(text).unwrap(), &findings);
    let found = findings.first().map_or("(nothing found)", |finding| finding.sentence.as_str());
    page.says(format!("{text} -- {found}"), format!("{}: {}", judgement.verdict, judgement.sentence));
}

/// A search to 1000/s of a target that holds up to `limit`, and is unknown from `unknown` on.
fn searched(limit: f64, unknown: f64) -> Detail {
    let mut search = Search::new(SearchPlan::default());
    while let Some(rate) = search.next_rate() {
        let rate = rate.per_second();
        search.tell(match rate {
            rate if rate >= unknown => {
                TrialResult::Unknown { reason: "the load was stopped early".to_owned() }
            }
            rate if rate > limit => {
                TrialResult::Broke { objective: "latency.p95 is 2 s, wanted < 200ms".to_owned() }
            }
            _ => TrialResult::Held,
        });
    }
    Detail::BreakingPoint { found: search.found(), trials: Vec::new(), confidence: search.confidence() }
}

fn capacity(of: Concurrent, limit: u64) -> Detail {
    let mut search = CapacitySearch::new(CapacityPlan::default());
    while let Some(level) = search.next_level() {
        let broke = || TrialResult::Broke { objective: "error_rate is 5%, wanted < 1%".to_owned() };
        search.tell(if level > limit { broke() } else { TrialResult::Held });
    }
    Detail::Capacity { of, found: search.found(), trials: Vec::new(), confidence: search.confidence() }
}

fn offered(loads: &[(f64, f64)]) -> Detail {
    let loads: Vec<Offered> = loads
        .iter()
        .map(|(offered_per_sec, goodput_per_sec)| Offered {
            offered_per_sec: *offered_per_sec,
            goodput_per_sec: *goodput_per_sec,
        })
        .collect();
    Detail::Degradation { found: Degradation::find(&loads), loads }
}

fn recovered(before: &Observation, after: &Observation) -> Detail {
    let found = Recovery::find(&before.total, &after.timeline, 0.0, &Tolerance::default());
    let depth = Depth::find(&before.total, &after.timeline, 0.0, 10.0);
    Detail::Recovery { found, depth, attempts: Vec::new() }
}

fn leak(seconds: u32, per_sec: u64) -> Detail {
    let readings: Vec<(f64, u64)> =
        (0..seconds).map(|s| (f64::from(s), 100_000_000 + per_sec * u64::from(s))).collect();
    Detail::Leak { found: Leak::find(&readings, &LeakRule::default()) }
}

/// Windows of `length_s` whose times rise by so much in each, as a share, and of whose 1000 operations so many more fail.
fn windows(n: u32, length_s: f64, rise: f64, failing: u64) -> Vec<Window> {
    let window = |i: u32| {
        let (us, error) = (10_000.0 * (1.0 + rise * f64::from(i)), failing * u64::from(i));
        let counts = Counts { due: 1_000, ok: 1_000 - error, error, ..Counts::default() };
        Window {
            at_s: f64::from(i) * length_s,
            length_s,
            p50_us: us,
            p99_us: 2.0 * us,
            counts,
            ..Window::default()
        }
    };
    (0..n).map(window).collect()
}

fn drift(windows: &[Window]) -> Detail {
    Detail::Drift { found: Drift::find(windows, &DriftRule::default()) }
}

fn error_drift(windows: &[Window]) -> Detail {
    Detail::ErrorDrift { found: ErrorDrift::find(windows, &DriftRule::of_errors()) }
}

fn faulty(kinds: &[(&str, u64)], result: TrialResult, loads: [Option<&Observation>; 3]) -> Detail {
    let injected = InjectedFaults {
        plan: "10% of the operations: error `injected`".to_owned(),
        kinds: Some(kinds.iter().map(|(word, n)| ((*word).to_owned(), *n)).collect()),
        passed: 0,
    };
    let [baseline, faulty, after] = loads;
    let loads = FaultyLoads { baseline, faulty, after };
    Detail::Resilience { found: Resilience::find(Some(injected), loads, result, &Tolerance::default()) }
}

fn broke() -> TrialResult {
    TrialResult::Broke { objective: "success_rate is 90%, wanted >= 95%".to_owned() }
}

#[test]
fn verdicts_on_findings() {
    let mut page = Page::new("findings", "Verdicts on what procedures find");
    page.family("Breaking point");
    judged(&mut page, "breaking_point >= 300/s", Some(searched(330.0, 1e9)));
    judged(&mut page, "breaking_point >= 500/s", Some(searched(330.0, 1e9)));
    judged(&mut page, "breaking_point >= 325/s", Some(searched(330.0, 1e9)));
    judged(&mut page, "breaking_point >= 2000/s", Some(searched(1e9, 1e9)));
    judged(&mut page, "breaking_point >= 5/s", Some(searched(1.0, 1e9)));
    judged(&mut page, "breaking_point >= 500/s", Some(searched(1e9, 300.0)));
    judged(&mut page, "breaking_point >= 500/s", Some(searched(1e9, 1.0)));
    let none = Search::new(SearchPlan::default());
    judged(
        &mut page,
        "breaking_point >= 5/s",
        Some(Detail::BreakingPoint { found: none.found(), trials: Vec::new(), confidence: None }),
    );
    judged(&mut page, "breaking_point >= 500/s", None);
    page.family("Capacity");
    judged(&mut page, "capacity >= 20", Some(capacity(Concurrent::Operations, 24)));
    judged(&mut page, "capacity >= 50", Some(capacity(Concurrent::Operations, 24)));
    judged(&mut page, "connections >= 100", Some(capacity(Concurrent::Connections, 1_000)));
    judged(&mut page, "connections >= 2", Some(capacity(Concurrent::Connections, 0)));
    let mut cut = CapacitySearch::new(CapacityPlan::default());
    cut.cut_short("the case was stopped: the time limit was reached");
    let cut = |search: &CapacitySearch| Detail::Capacity {
        of: Concurrent::Operations,
        found: search.found(),
        trials: Vec::new(),
        confidence: None,
    };
    let mut some = CapacitySearch::new(CapacityPlan::default());
    some.tell(TrialResult::Held);
    some.cut_short("the case was stopped: the time limit was reached");
    judged(&mut page, "capacity >= 20", Some(cut(&some)));
    judged(&mut page, "capacity >= 20", Some(cut(&CapacitySearch::new(CapacityPlan::default()))));
    judged(&mut page, "capacity >= 20", None);
    judged(&mut page, "connections >= 100", None);
    page.family("Saturation");
    let served = |level, goodput_per_sec| Served { level, goodput_per_sec, response_mean_s: Some(0.005) };
    for levels in [
        vec![served(1, 200.0), served(8, 1_600.0), served(32, 1_610.0)],
        vec![served(1, 200.0), served(8, 1_600.0)],
        vec![served(1, 0.0)],
        Vec::new(),
    ] {
        let found = Finding::new(
            "concurrent capacity",
            Detail::Saturation { found: Plateau::find(&levels), levels: levels.clone() },
        );
        page.says(format!("{} levels", levels.len()), found.sentence);
    }
    page.family("Degradation");
    judged(&mut page, "degradation == graceful", Some(offered(&[(100.0, 100.0), (200.0, 195.0)])));
    judged(&mut page, "degradation == graceful", Some(offered(&[(100.0, 100.0), (200.0, 70.0)])));
    judged(&mut page, "degradation != collapse", Some(offered(&[(100.0, 100.0), (200.0, 10.0)])));
    judged(&mut page, "degradation != collapse", Some(offered(&[(100.0, 100.0)])));
    judged(&mut page, "degradation != collapse", Some(offered(&[(100.0, 0.0)])));
    judged(&mut page, "degradation == graceful", None);
    page.family("Recovery");
    judged(&mut page, "recovery_time < 5s", Some(recovered(&failing(0, 0, 10), &failing(0, 0, 10))));
    judged(&mut page, "recovery_time < 5s", Some(recovered(&failing(0, 0, 10), &failing(500, 0, 10))));
    judged(&mut page, "recovery_time < 1m", Some(recovered(&failing(0, 0, 10), &failing(500, 0, 10))));
    judged(&mut page, "recovery_time < 5s", Some(recovered(&Observation::default(), &failing(0, 0, 10))));
    judged(&mut page, "recovery_time < 5s", Some(recovered(&failing(1_000, 0, 10), &failing(0, 0, 10))));
    let short = Observation { timeline: failing(0, 0, 10).timeline[..2].to_vec(), ..failing(0, 0, 10) };
    judged(&mut page, "recovery_time < 5s", Some(recovered(&failing(0, 0, 10), &short)));
    let mut late = failing(500, 0, 10);
    late.timeline.iter_mut().for_each(|window| window.lateness_p99_us = 900_000.0);
    judged(&mut page, "recovery_time < 5s", Some(recovered(&failing(0, 0, 10), &late)));
    judged(&mut page, "recovery_time < 5s", None);
    page.family("Leak");
    judged(&mut page, "no_leak", Some(leak(120, 0)));
    judged(&mut page, "no_leak", Some(leak(120, 200_000)));
    judged(&mut page, "no_leak", Some(leak(120, 2_000_000)));
    judged(&mut page, "no_leak", Some(leak(12, 200_000)));
    judged(&mut page, "no_leak", Some(leak(0, 0)));
    judged(&mut page, "no_leak", None);
    page.family("Drift of latency and of errors");
    judged(&mut page, "no_drift", Some(drift(&windows(120, 1.0, 0.0, 0))));
    judged(&mut page, "no_drift", Some(drift(&windows(120, 1.0, 0.01, 0))));
    judged(&mut page, "no_drift", Some(drift(&windows(20, 1.0, 0.01, 0))));
    judged(&mut page, "no_drift", Some(drift(&windows(60, 0.1, 0.01, 0))));
    judged(&mut page, "no_drift", Some(drift(&[])));
    judged(&mut page, "no_drift", Some(error_drift(&windows(120, 1.0, 0.0, 0))));
    judged(&mut page, "no_drift", Some(error_drift(&windows(120, 1.0, 0.0, 2))));
    judged(&mut page, "no_drift", Some(error_drift(&windows(20, 1.0, 0.0, 2))));
    judged(&mut page, "no_drift", None);
    page.family("Resilience to faults");
    let (calm, ill) = (failing(0, 0, 10), failing(100, 0, 20));
    judged(
        &mut page,
        "fault_leak < 10%",
        Some(faulty(&[("error", 111)], TrialResult::Held, [Some(&calm), Some(&calm), Some(&calm)])),
    );
    judged(
        &mut page,
        "fault_leak < 10%",
        Some(faulty(&[("error", 111)], broke(), [Some(&calm), Some(&ill), Some(&ill)])),
    );
    judged(
        &mut page,
        "fault_leak < 10%",
        Some(faulty(&[("error", 3)], TrialResult::Held, [Some(&calm), Some(&calm), None])),
    );
    judged(
        &mut page,
        "fault_leak < 10%",
        Some(faulty(&[("latency", 111)], TrialResult::Held, [Some(&calm), Some(&calm), Some(&calm)])),
    );
    judged(&mut page, "fault_leak < 10%", None);
    page.check();
}

fn pressed(
    applied: AppliedPressure,
    cut: Option<&str>,
    result: TrialResult,
    after: Option<&Observation>,
) -> String {
    let (before, under) = (failing(0, 0, 10), failing(20, 0, 25));
    let loads = PressedLoads { baseline: Some(&before), pressed: Some(&under), released: after };
    let found =
        UnderPressure::find(Some(applied), cut.map(str::to_owned), loads, result, &Tolerance::default());
    Finding::new("pressure", Detail::UnderPressure { found }).sentence
}

#[test]
fn sentences_of_findings() {
    let mut page = Page::new("sentences", "What procedures find, in a sentence");
    page.family("Under pressure");
    let memory = |held_bytes| AppliedPressure::Memory { wanted_bytes: 300 << 20, held_bytes };
    let cpu = |burnt_cores| AppliedPressure::Cpu {
        threads: 2,
        wanted_cores: 2.0,
        burnt_cores,
        machine_share: Some(0.5),
    };
    let io = |written| AppliedPressure::Io {
        wanted_bytes_per_sec: 1e8,
        written_bytes_per_sec: written,
        written_bytes: 1 << 30,
        syncs: 40,
        busy_share: 0.3,
    };
    let after = failing(0, 0, 10);
    page.says("memory, held", pressed(memory(300 << 20), None, TrialResult::Held, Some(&after)));
    page.says("memory, broken", pressed(memory(300 << 20), None, broke(), Some(&failing(500, 0, 10))));
    page.says(
        "too little memory",
        pressed(
            memory(80 << 20),
            Some("the machine has 400 MiB of memory left"),
            TrialResult::Held,
            Some(&after),
        ),
    );
    page.says(
        "no memory",
        pressed(
            AppliedPressure::Memory { wanted_bytes: 0, held_bytes: 0 },
            None,
            TrialResult::Held,
            Some(&after),
        ),
    );
    page.says("cores", pressed(cpu(1.8), None, TrialResult::Held, Some(&after)));
    page.says("too few cores", pressed(cpu(0.4), None, TrialResult::Held, None));
    page.says("a disk", pressed(io(9e7), None, TrialResult::Held, Some(&after)));
    page.says("a disk too little", pressed(io(1e7), None, TrialResult::Held, Some(&after)));
    page.family("Exhaustion");
    let (peaks, level) = (
        ResourcePeaks { memory_bytes: 700 << 20, cpu_share: Some(0.4), descriptors: 30 },
        LoadLevel::Users { users: 50 },
    );
    let there = LoadSummary::of(&failing(20, 0, 25).total);
    let reached = |resource, ceiling, seen| Exhaustion::Reached {
        crossing: CeilingCrossing { resource, ceiling, seen, node: None },
        at_s: 12.0,
        level: LoadLevel::Rate { per_sec: 300.0 },
        there: there.clone(),
    };
    let gib = f64::from(1 << 30);
    for (found, after) in [
        (
            reached(ExhaustedResource::Memory, gib, 1.1 * gib),
            Some(Aftermath { load: there.clone(), memory_bytes: 900 << 20 }),
        ),
        (
            reached(ExhaustedResource::Cpu, 0.95, 0.97),
            Some(Aftermath { load: LoadSummary::of(&failing(1_000, 0, 1).total), memory_bytes: 0 }),
        ),
        (
            reached(ExhaustedResource::Descriptors, 900.0, 901.0),
            Some(Aftermath { load: LoadSummary::default(), memory_bytes: 0 }),
        ),
        (Exhaustion::NotReached { peaks, level }, None),
        (Exhaustion::NotReached { peaks: ResourcePeaks::default(), level }, None),
        (Exhaustion::Inconclusive { peaks, reason: "the load did not begin".to_owned() }, None),
    ] {
        let detail = Detail::Exhaustion { found, steps: Vec::new(), after };
        page.says("a ceiling", Finding::new("resource exhaustion", detail).sentence);
    }
    page.family("Kinds of data");
    let cell = |edge| DataCell { size: 1_000, complexity: Complexity::Low, edge };
    let row = |edge, figures: &Figures| DataRow::find(cell(edge), figures, TrialResult::Held);
    let mut panics = failing(10, 0, 5).total;
    panics.kinds = vec![Kind {
        class: "error".into(),
        text: "panic: a NaN".into(),
        sample: "panic: a NaN".into(),
        count: 10,
        ..Kind::default()
    }];
    let hung =
        Figures { counts: Counts { due: 10, ok: 8, timeout: 2, ..Counts::default() }, ..Figures::default() };
    let refused = failing(1_000, 0, 1).total;
    let rows = vec![
        row(None, &failing(0, 0, 5).total),
        row(Some(Edge::Empty), &refused),
        row(None, &panics),
        row(None, &hung),
        row(None, &Figures::default()),
    ];
    page.says("five kinds", Finding::new("extreme data", Detail::ExtremeData { rows }).sentence);
    page.family("Settling of a phase");
    page.says("8 windows", Settling::find(&windows(8, 1.0, 0.0, 0), 0.0));
    page.says("times that double", Settling::find(&windows(8, 1.0, 2.0, 0), 0.0));
    page.says("3 windows", Settling::find(&windows(3, 1.0, 0.0, 0), 0.0));
    let silent: Vec<Window> = windows(8, 1.0, 0.0, 0)
        .into_iter()
        .map(|window| Window { counts: Counts::default(), ..window })
        .collect();
    page.says("silence", Settling::find(&silent, 0.0));
    page.family("Alerts");
    let at = AlertThresholds {
        success_rate: Some(0.95),
        error_rate: Some(0.05),
        latency_p95_s: Some(0.005),
        memory_bytes: Some(1 << 30),
        cpu_percent: Some(85.0),
    };
    let peaks = Peaks {
        cpu_percent: Some(Peak { value: 99.0, at_s: None }),
        memory_bytes: Some(Peak { value: 2e9, at_s: None }),
    };
    for alert in alerts(&at, &[Observation { load: "reads".to_owned(), ..failing(100, 0, 20) }], &peaks) {
        page.says(alert.metric.name(), alert.sentence);
    }
    let mut late = Observation { load: "reads".to_owned(), ..failing(0, 0, 20) };
    let asked = Phase {
        asked_per_sec: Some(200.0),
        is_started: true,
        figures: late.total.clone(),
        ..Phase::default()
    };
    late.phases = vec![asked];
    let at = AlertThresholds { latency_p95_s: Some(0.005), ..AlertThresholds::default() };
    page.says("half of the schedule", alerts(&at, &[late], &Peaks::default())[0].sentence.clone());
    page.family("Rows");
    let phase = PhaseSeen {
        name: "50 users".to_owned(),
        users: 50,
        length_s: 10.0,
        figures: Brief::of(&failing(20, 0, 25).total),
        settling: Settling::After { seconds: 2.0 },
        verdict: Verdict::Fail,
        missed: Vec::new(),
    };
    page.says("one phase", Finding::new("rapid scale", Detail::RapidScale { phases: vec![phase] }).sentence);
    let found = Recovery::NotWithin { watched: std::time::Duration::from_secs(30) };
    let detail = Detail::Recovery { found: found.clone(), depth: None, attempts: vec![found.clone(), found] };
    page.says("two attempts", Finding::new("exhaustion and recovery", detail).sentence);
    page.family("Compared with a baseline");
    let figures = |values: &[f64]| {
        values.iter().map(|value| RunFigure { value: *value, is_at_least: false }).collect::<Vec<_>>()
    };
    let rule = RegressionRule::default();
    let before = figures(&[10.0, 10.2, 9.9, 10.1, 10.0]);
    let contrast = |before: &[RunFigure], after: &[RunFigure]| {
        let contrast = rule.contrast(before, after, Wanted::Low, 1e-4);
        assert_eq!(contrast.change, Change::Inconclusive);
        contrast.reason
    };
    page.says("5 runs against 1", contrast(&before, &figures(&[12.0])));
    page.says("1 run against 30", contrast(&before[..1], &figures(&[12.0; 3])));
    page.says("1 run against 1", RegressionRule { level: 1e-4, ..rule }.too_few(1, 1).unwrap_or_default());
    page.says("no run", contrast(&before, &[]));
    let bounds = [RunFigure { value: 8.0, is_at_least: true }; 2];
    page.says("lower bounds", contrast(&before, &bounds));
    page.says("lower bounds of the baseline", contrast(&bounds.repeat(3), &figures(&[12.0, 12.1])));
    page.check();
}
