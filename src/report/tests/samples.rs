//! A run of cases that ended in every way, for the forms that CI servers read.

use std::time::Duration;

use super::{case, counts, ended, expecting, limited, observation, run};
use crate::{
    case::Severity,
    judge::{
        AlertThresholds, BreakingPoint, Change, ComparedFigure, Comparison, Detail, Finding, Limit, Peaks,
        Recovery, Verdict, alerts,
    },
    observe::Kind,
    report::{CaseReport, RunReport, StopReport, recommend},
    stop::StopReason,
    supervisor::Ending,
};

/// What a case must be able to be called.
pub(in crate::report) const EVIL: &str = "<script>|@x";

/// Passed, with findings and a baseline that it is better and worse than.
fn searched() -> CaseReport {
    let mut case = case("searched", &[observation("load", counts(500, 0, 0, 0, 0))]);
    let found = BreakingPoint::Between {
        holds_per_sec: 400.0,
        breaks_per_sec: 450.5,
        objective: "p99 is 2 s".into(),
    };
    let recovered = Recovery::Recovered { after: Duration::from_millis(2_500) };
    case.findings = vec![
        Finding::new(
            "maximum_throughput",
            Detail::BreakingPoint { found, trials: Vec::new(), confidence: None },
        ),
        Finding::new(
            "recovery",
            Detail::Recovery { found: recovered.clone(), depth: None, attempts: vec![recovered] },
        ),
    ];
    let figure = |name: &str, change, value| ComparedFigure {
        of: "load".to_owned(),
        name: name.to_owned(),
        unit: "s".to_owned(),
        change,
        baseline: 0.01,
        baseline_spread: 0.000_2,
        value,
        is_at_least: false,
        difference: Some(value / 0.01 - 1.0),
        chance: 0.02,
        is_large: change != Change::Same,
        reason: String::new(),
    };
    let figures = vec![
        figure("response_p50", Change::Same, 0.01),
        figure("response_p95", Change::Worse, 0.015),
        figure("service_p95", Change::Better, 0.005),
    ];
    case.comparison = Some(Comparison::new("main|@x", 0.05, (5, 1), figures));
    case.bottleneck = Some(limited(Limit::Lock));
    case
}

/// Did not hold, with an error whose text is markup.
fn overloaded() -> CaseReport {
    let mut seen = observation("load", counts(430, 0, 20, 30, 20));
    seen.total.kinds = vec![Kind {
        class: "error".into(),
        text: "<b>`document` N|is gone</b> @team ]]>".into(),
        count: 20,
        sample: "<b>`document` 17|is gone</b> @team ]]>".into(),
        first_s: 2.1,
        last_s: 4.9,
    }];
    let mut case = expecting("overload", &seen, &["success_rate >= 95%", "throughput >= 80/s"]);
    case.severity = Severity::Critical;
    case.recommendations = recommend(&case);
    case.alert_thresholds = AlertThresholds { success_rate: Some(0.97), ..AlertThresholds::default() };
    case.alerts = alerts(&case.alert_thresholds, &[seen], &Peaks::default());
    case.output_tail = "one\r\n\u{1b}[31mtwo\u{1b}[0m ]]> \u{0}\u{7}\u{fffe}three\n".to_owned();
    case
}

fn stopped() -> CaseReport {
    let mut case = case("hungry", &[observation("load", counts(312, 0, 0, 0, 0))]);
    let sentence = "memory was 1010 MiB: over the limit of 1 GiB (max_memory)";
    case.verdict = Verdict::Aborted;
    case.reasons = vec![format!("stopped: {sentence}")];
    case.stop = Some(StopReport {
        reason: StopReason::Memory,
        sentence: sentence.to_owned(),
        at_s: 3.2,
        took_s: 0.02,
        by: "SIGKILL".to_owned(),
    });
    case.ending = Ending::Killed;
    case
}

fn crashed() -> CaseReport {
    let ending = Ending::Panicked {
        message: "assertion failed\n  left: `<1>`\n right: |2|".to_owned(),
        place: "stress/targets/index.rs:88".to_owned(),
    };
    let mut case = ended(case(EVIL, &[]), ending);
    case.recommendations = recommend(&case);
    case.resources.samples = 0;
    case
}

fn undecided() -> CaseReport {
    expecting("few", &observation("load", counts(40, 0, 0, 0, 0)), &["latency.p99 < 100ms"])
}

/// One of each.
pub(in crate::report) fn of_every_kind() -> RunReport {
    let mut elsewhere = case("quick", &[observation("load", counts(500, 0, 0, 0, 0))]);
    elsewhere.name = "cases::memory::quick".to_owned();
    elsewhere.place = "stress/cases/memory.rs:7".to_owned();
    let mut run = run(
        vec![crashed(), elsewhere, undecided(), stopped(), overloaded(), searched()],
        &[
            ("cases::memory::hour", "slow: --include-slow runs it"),
            ("cases::search::hour", "slow: --include-slow runs it"),
            ("alone", "needs <a|b>: @nobody has it"),
        ],
    );
    run.warnings.push("the suite was built without optimisation".to_owned());
    run.stopped = Some("Ctrl-C: the cases that were left did not run".to_owned());
    run
}
