//! Writing the reports of a case that ran for an hour: `case.json`, `timeline.csv`, `report.json`, `summary.txt` and
//! `report.html`, each on the disk when it counts as written, and `latency.hlog`, to memory. Beside it, `serde_json` turning the same report into bytes in memory once.

#[path = "rounds.rs"]
mod rounds;
#[path = "table.rs"]
mod table;

use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};

use proofload::{
    __private::{Recording, html_page, latency_log, write_reports},
    BuildInfo, Containment, Ending, Environment, ResourceWindow, Resources,
    case::Severity,
    judge::{AlertThresholds, Verdict},
    observe::{Counts, Doublings, Figures, Kind, Observation, Phase, Window},
    report::{
        CaseReport, LimitsReport, LoadReport, RunReport, SCHEMA_VERSION, SettingReport, Statistics, Summary,
    },
};
use rounds::Rounds;
use table::{Purpose, Row, Table};

/// An hour by the second.
const WINDOWS: u32 = 3600;

/// Operations a second: what fills the histograms, not what makes them longer.
const RATE: u64 = 1_000;

/// Figures with a long tail and some kinds of failures.
fn figures(operations: u64) -> Figures {
    let recording = Recording::default();
    let mut rng = fastrand::Rng::with_seed(7);
    (0..operations).for_each(|_| recording.operation((1e6 * (1.0 - rng.f64()).powf(-0.5)) as u64));
    let mut figures = recording.figures();
    figures.duration_s = operations as f64 / RATE as f64;
    figures.kinds = (0..20).map(kind).collect();
    figures.statuses = BTreeMap::from([(200, operations), (429, 17), (503, 4)]);
    figures
}

fn kind(n: u64) -> Kind {
    Kind {
        class: "error".to_owned(),
        text: format!("the shard {} did not answer in N ms", ["north", "south"][n as usize % 2]),
        count: 20 - n,
        sample: "the shard did not answer in 250 ms".to_owned(),
        first_s: n as f64,
        last_s: 3599.5,
    }
}

/// Figures that differ from window to window, with as many digits as measured ones have.
fn window(n: u32) -> Window {
    let us = f64::from(n % 97) * 1.234_567 + 1_000.0 / 3.0;
    let done = RATE - u64::from(n % 7);
    Window {
        at_s: f64::from(n) + 0.000_123_4,
        length_s: 1.000_234_5,
        phase: n / 900,
        counts: Counts { due: done, ok: done, ..Counts::default() },
        in_flight: u64::from(n % 13),
        p50_us: us,
        p90_us: us * 2.3,
        p95_us: us * 3.1,
        p99_us: us * 7.7,
        max_us: us * 31.3,
        response_log2_us: doublings(n),
        service_p50_us: us * 0.9,
        service_p90_us: us * 2.2,
        service_p95_us: us * 3.0,
        service_p99_us: us * 7.6,
        service_max_us: us * 31.2,
        lateness_p99_us: us / 9.1,
        memory_bytes: (64 << 20) + u64::from(n) * 4096,
    }
}

/// The times of a window in nine doublings.
fn doublings(n: u32) -> Doublings {
    let counts = (8..17).map(|at: u32| (at.to_string(), 1 + (n + at) % 113));
    serde_json::from_value(counts.collect()).expect("doublings")
}

fn resources(n: u32) -> ResourceWindow {
    ResourceWindow {
        at_s: n,
        cpu_percent: Some(f64::from(n % 89) * 1.01),
        rss_bytes: (64 << 20) + u64::from(n) * 4096,
        rss_min_bytes: 64 << 20,
        threads: 12,
        descriptors: 40 + n % 5,
        machine_cpu_percent: Some(f64::from(n % 83) * 1.02),
        memory_available_bytes: Some(16 << 30),
        network_received_bytes: 1_234,
        network_sent_bytes: 5_678,
        loopback_bytes: 9_012_345,
        context_switches: 4_321,
        read_bytes: 4_096,
        written_bytes: 65_536,
        memory_stall_s: Some(0.0),
        storage_stall_s: Some(0.012),
    }
}

fn observation(windows: u32) -> Observation {
    let mut seen = Observation::default();
    seen.load = "load".to_owned();
    seen.plan = "4 stages".to_owned();
    seen.complete = true;
    seen.timeout_s = 30.0;
    seen.total = figures(u64::from(windows) * RATE);
    seen.timeline = (0..windows).map(window).collect();
    for name in ["1000/s for 15 m", "a", "b", "c"] {
        let mut phase = Phase::default();
        phase.name = name.to_owned();
        phase.is_started = true;
        phase.asked_per_sec = Some(RATE as f64);
        phase.figures = figures(u64::from(windows) * RATE / 4);
        seen.phases.push(phase);
    }
    seen
}

fn case(windows: u32) -> CaseReport {
    CaseReport {
        name: "cases::search::an_hour".to_owned(),
        about: "Searches at a steady rate for an hour.".to_owned(),
        place: "stress/cases/search.rs:12".to_owned(),
        markers: vec!["slow".to_owned()],
        severity: Severity::default(),
        target: Some("vector_index".to_owned()),
        verdict: Verdict::Pass,
        reasons: Vec::new(),
        started_at: "2026-01-01T10:00:00Z".to_owned(),
        duration_s: f64::from(windows),
        seed: 42,
        attempt: 1,
        repeat: "cargo test --test stress -- --exact cases::search::an_hour --seed 42".to_owned(),
        ending: Ending::Returned,
        ending_sentence: Ending::Returned.to_string(),
        stop: None,
        expectations: Vec::new(),
        loads: vec![LoadReport::from(&observation(windows))],
        figures: Vec::new(),
        findings: Vec::new(),
        bottleneck: None,
        steps: Vec::new(),
        faults: Vec::new(),
        comparison: None,
        history: None,
        nodes: Vec::new(),
        notes: Vec::new(),
        resources: Resources {
            window_s: 1,
            windows: (0..windows).map(resources).collect(),
            ..Resources::default()
        },
        alerts: Vec::new(),
        alert_thresholds: AlertThresholds::default(),
        limits: LimitsReport::default(),
        containment: Containment::default(),
        warnings: Vec::new(),
        recommendations: Vec::new(),
        settings: (0..40).map(setting).collect(),
        output_tail: "a line of output\n".repeat(50),
        folder: "cases/cases.search.an_hour".to_owned(),
    }
}

fn setting(n: u32) -> SettingReport {
    SettingReport { key: format!("key_{n}"), value: Some("1GiB".to_owned()), origin: "built-in".to_owned() }
}

fn run(windows: u32) -> RunReport {
    RunReport {
        schema_version: SCHEMA_VERSION,
        run_id: "run".to_owned(),
        started_at: "2026-01-01T10:00:00Z".to_owned(),
        duration_s: f64::from(windows),
        profile: "default".to_owned(),
        seed: 42,
        command: vec!["stress".to_owned()],
        summary: Summary::default(),
        statistics: Statistics::default(),
        alerts: Vec::new(),
        stopped: None,
        warnings: Vec::new(),
        bottlenecks: Vec::new(),
        recommendations: Vec::new(),
        environment: Environment::read(BuildInfo::default()),
        settings: Vec::new(),
        cases: vec![case(windows)],
        ignored: Vec::new(),
    }
}

/// The lengths of what was written.
#[derive(Clone, Copy, Default)]
struct Sizes {
    json: u64,
    text: u64,
    html: u64,
    csv: u64,
}

/// Writes into a folder of its own.
fn written(run: &RunReport, times: usize) -> (Duration, Sizes) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut took = Duration::ZERO;
    for _ in 0..times {
        let run = run.clone();
        let began = Instant::now();
        write_reports(folder.path(), run).expect("reports");
        took = began.elapsed();
    }
    let length = |name: &str| bytes(&folder.path().join("run").join(name));
    let csv = length(&format!("{}/timeline.csv", run.cases[0].folder));
    let sizes =
        Sizes { json: length("report.json"), text: length("summary.txt"), html: length("report.html"), csv };
    (took, sizes)
}

fn bytes(path: &Path) -> u64 {
    path.metadata().expect("it was written").len()
}

/// The last of `times` writings into the same folder, beside the yardstick.
fn row(table: &Table, what: &str, run: &RunReport, rounds: usize, times: usize) -> Sizes {
    let mut sizes = Sizes::default();
    let ours = || {
        let (took, written) = written(run, times);
        sizes = written;
        took.as_secs_f64()
    };
    beside_json(table, what, run, rounds, ours);
    sizes
}

/// What `ours` takes beside the yardstick.
fn beside_json(table: &Table, what: &str, run: &RunReport, rounds: usize, mut ours: impl FnMut() -> f64) {
    let theirs = || {
        let began = Instant::now();
        std::hint::black_box(serde_json::to_vec_pretty(run).expect("a report"));
        began.elapsed().as_secs_f64()
    };
    let seen = Rounds::of((0..rounds).map(|_| (ours(), theirs())));
    table.row(Row {
        what,
        ours: format!("{:.1} ms", seen.ours * 1e3),
        yardstick: format!("serde_json, once, to memory: {:.1} ms", seen.theirs * 1e3),
        ratio: Some(1.0 / seen.ratio),
        budget: Some((seen.ours, "<= 1 s")),
    });
}

fn main() {
    let purpose = Purpose::of_this_run();
    let (windows, rounds) = (purpose.choose(WINDOWS, 20), purpose.choose(9, 1));
    let run = run(windows);
    let table = Table::begin(purpose, "Reports of a case of an hour, 3600 windows, 1000 operations a second");
    let sizes =
        row(&table, "case.json, timeline.csv, report.json, summary.txt, report.html", &run, rounds, 1);
    row(&table, "the same over an earlier one of the same run", &run, rounds, 2);
    beside_json(&table, "report.html alone, to memory", &run, rounds, || {
        let began = Instant::now();
        std::hint::black_box(html_page(&run));
        began.elapsed().as_secs_f64()
    });
    // The same second again and again is as long a log, and takes as long.
    let slice = figures(RATE / 5);
    let mut log_bytes = 0;
    beside_json(&table, "latency.hlog, all of it, while the case runs", &run, rounds, || {
        let began = Instant::now();
        log_bytes = std::hint::black_box(latency_log(windows, &slice)).len();
        began.elapsed().as_secs_f64()
    });
    let timeline = serde_json::to_vec(&run.cases[0].loads[0].timeline).expect("windows").len() as f64;
    let in_memory = size_of::<Window>() as f64;
    table.row(Row {
        what: "a window of the timeline, in memory",
        ours: format!("{in_memory:.0} B"),
        yardstick: format!("its JSON: {:.0} B", timeline / f64::from(windows)),
        ratio: None,
        budget: Some((in_memory, "<= 2048 B")),
    });
    table.row(Row {
        what: "report.json",
        ours: format!(
            "{:.2} MB, summary.txt {} B, timeline.csv {:.2} MB, latency.hlog {:.2} MB",
            sizes.json as f64 / 1e6,
            sizes.text,
            sizes.csv as f64 / 1e6,
            log_bytes as f64 / 1e6
        ),
        yardstick: "-".to_owned(),
        ratio: None,
        budget: None,
    });
    let html = sizes.html as f64;
    table.row(Row {
        what: "report.html",
        ours: format!("{:.2} MB", html / 1e6),
        yardstick: "-".to_owned(),
        ratio: None,
        budget: Some((html, "<= 2000000 B")),
    });
}
