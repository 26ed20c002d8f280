//! The run for CI servers: `junit.xml`.
//!
//! A test suite for each module of cases, that is for each file, and a test case for each case. Element order and
//! attributes are those of the schemas that Jenkins (xUnit plugin, junit-10.xsd) and Surefire publish, with what the usual
//! consumers read beyond them: the properties of a test case, and its file and line.

use std::{collections::BTreeMap, time::Duration};

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite, XmlString};

use super::{
    CaseReport, IgnoredCase, RunReport,
    annotations::file_and_line,
    key_figures::{KeyFigures, finding_name, finding_number},
    text::{case_line, plain, shortened},
};
use crate::{judge::Verdict, supervisor::Ending};

/// What cases directly below the suite's `main!` belong to.
const MAIN: &str = "main";

/// Characters of a sentence; a panic may say a whole page. `report.json` has all of it.
const LONGEST_SENTENCE: usize = 4_000;

/// Bytes of the last output of a case that did not pass: what a supervisor keeps of it is shorter.
const LONGEST_OUTPUT: usize = 64 << 10;

/// The run as JUnit XML.
///
/// # Errors
/// What writes XML refuses; none of what it gets here makes it do so.
pub(crate) fn junit_xml(run: &RunReport) -> Result<Vec<u8>, SerializeError> {
    let mut modules = BTreeMap::<&str, (Vec<&CaseReport>, Vec<&IgnoredCase>)>::new();
    for case in &run.cases {
        modules.entry(split(&case.name).0).or_default().0.push(case);
    }
    for case in &run.ignored {
        modules.entry(split(&case.name).0).or_default().1.push(case);
    }
    let mut report = Report::new("proofload");
    report.set_time(length(run.duration_s));
    for (module, (cases, ignored)) in modules {
        report.add_test_suite(suite(run, module, &cases, &ignored));
    }
    let mut xml = Vec::new();
    report.serialize(&mut xml)?;
    Ok(xml)
}

/// The module of a case and its own name.
fn split(name: &str) -> (&str, &str) {
    name.rsplit_once("::").unwrap_or((MAIN, name))
}

fn suite(run: &RunReport, module: &str, cases: &[&CaseReport], ignored: &[&IgnoredCase]) -> TestSuite {
    let mut suite = TestSuite::new(xml(module));
    suite.set_time(length(cases.iter().map(|case| case.duration_s).sum()));
    // Written as it is: RFC 3339, UTC.
    if let Some(began) = cases.iter().map(|case| &case.started_at).min() {
        suite.extra.insert("timestamp".into(), xml(began));
    }
    for (name, value) in of_run(run) {
        suite.add_property((xml(name), xml(&value)));
    }
    suite.add_test_cases(cases.iter().map(|case| test_case(case)));
    suite.add_test_cases(ignored.iter().map(|case| left_out(case)));
    suite
}

fn of_run(run: &RunReport) -> Vec<(&'static str, String)> {
    let environment = &run.environment;
    let (machine, build) = (&environment.machine, &environment.build);
    let mut properties = vec![
        ("run", run.run_id.clone()),
        ("profile", run.profile.clone()),
        ("seed", run.seed.to_string()),
        ("machine", machine.cpu_model.clone()),
        ("cores", machine.cores_available.to_string()),
        ("memory_bytes", machine.memory_bytes.to_string()),
        ("os", machine.os.clone()),
        ("rustc", build.rustc.clone()),
        ("optimised", build.optimised.to_string()),
        ("proofload", build.proofload.clone()),
    ];
    properties.extend(environment.commit.iter().map(|commit| ("commit", commit.clone())));
    properties.extend(run.stopped.iter().map(|reason| ("stopped", reason.clone())));
    properties.extend(run.warnings.iter().map(|warning| ("warning", warning.clone())));
    properties
}

/// A test case of this name that stands where `place` says.
fn named(name: &str, status: TestCaseStatus, place: &str) -> TestCase {
    let (module, function) = split(name);
    let mut test = TestCase::new(xml(function), status);
    test.set_classname(xml(&module.replace("::", ".")));
    if let Some((file, line)) = file_and_line(place) {
        test.extra.insert("file".into(), xml(file));
        test.extra.insert("line".into(), line.to_string().into());
    }
    test
}

fn left_out(case: &IgnoredCase) -> TestCase {
    let mut status = TestCaseStatus::skipped();
    status.set_message(sentence(&case.reason));
    let mut test = named(&case.name, status, "");
    test.set_time(Duration::ZERO);
    test
}

fn test_case(case: &CaseReport) -> TestCase {
    let mut test = named(&case.name, status(case), &case.place);
    test.set_time(length(case.duration_s));
    for (name, value) in of_case(case) {
        test.add_property((xml(name), xml(&value)));
    }
    test.set_system_out(output(case));
    test
}

/// Inconclusive is a failure of its own type: never green, and not taken for a target that is too slow.
fn status(case: &CaseReport) -> TestCaseStatus {
    let (kind, word) = match case.verdict {
        Verdict::Pass => return TestCaseStatus::success(),
        Verdict::Inconclusive => (NonSuccessKind::Failure, "inconclusive"),
        Verdict::Fail if !has_returned(&case.ending) => (NonSuccessKind::Error, "crashed"),
        Verdict::Fail => (NonSuccessKind::Failure, "fail"),
        Verdict::Aborted => (NonSuccessKind::Error, "aborted"),
    };
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(sentence(case.reasons.first().unwrap_or(&case.ending_sentence)));
    status.set_type(word);
    let mut text = case.reasons.iter().map(|reason| sentence(reason)).collect::<Vec<_>>().join("\n");
    if !case.recommendations.is_empty() {
        text.push_str("\n\nWhat to do:");
        case.recommendations.iter().for_each(|advice| text.push_str(&format!("\n- {}", sentence(advice))));
    }
    text.push_str(&format!("\n\nRepeat: {}", sentence(&case.repeat)));
    status.set_description(xml(&text));
    status
}

/// Whether the body of the case came to its end, for good or with an error.
const fn has_returned(ending: &Ending) -> bool {
    matches!(ending, Ending::Returned | Ending::Failed { .. })
}

/// Figures as plain numbers, so that whoever reads them need not take off a unit.
fn of_case(case: &CaseReport) -> Vec<(&'static str, String)> {
    let key = KeyFigures::of(case);
    let number = |name, value: Option<f64>| value.map(|value| (name, rounded(value)));
    let percentiles = key.percentiles();
    let ms = |at: usize| percentiles[at].1.map(|(us, _)| us.round() / 1e3);
    let bounds: Vec<&str> = percentiles
        .iter()
        .filter(|(_, time)| time.is_some_and(|time| time.1))
        .map(|(name, _)| *name)
        .collect();
    let mut properties = vec![
        ("verdict", case.verdict.words().to_owned()),
        ("severity", case.severity.word().to_owned()),
        ("seed", case.seed.to_string()),
        ("attempt", case.attempt.to_string()),
        ("operations", key.operations.to_string()),
    ];
    let figures = [
        number("rate_per_sec", key.throughput_per_sec),
        number("p50_ms", ms(0)),
        number("p95_ms", ms(1)),
        number("p99_ms", ms(2)),
        // Of these the true value may be larger.
        (!bounds.is_empty()).then(|| ("at_least", bounds.join(", "))),
        number("success_rate", key.success_rate),
        number("error_rate", key.error_rate),
        number("peak_cpu_percent", key.peak_cpu_percent),
        key.peak_memory_bytes.map(|bytes| ("peak_memory_bytes", bytes.to_string())),
    ];
    properties.extend(figures.into_iter().flatten());
    for finding in &case.findings {
        properties.push((finding_name(finding), finding.sentence.clone()));
        properties.extend(finding_number(finding).map(|(name, value)| (name, rounded(value))));
    }
    let limit = case.bottleneck.as_ref().filter(|found| found.is_reached());
    properties.extend(limit.map(|found| ("limited_by", found.sentence.clone())));
    properties.extend(case.comparison.as_ref().map(|found| ("baseline", found.change.words().to_owned())));
    properties.push(("folder", case.folder.clone()));
    properties.push(("repeat", case.repeat.clone()));
    properties
}

/// A number with six places at most and none that say nothing.
fn rounded(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The part of the case in `summary.txt`, where its files are, and what it printed last where it did not pass.
fn output(case: &CaseReport) -> XmlString {
    let mut text = format!("\n{}\n\nfolder: {}\n", case_line(case), case.folder);
    if case.verdict != Verdict::Pass && !case.output_tail.trim().is_empty() {
        text.push_str(&format!(
            "\nlast of {}/output.log:\n{}\n",
            case.folder,
            last_of(case.output_tail.trim_end())
        ));
    }
    xml(&text)
}

fn last_of(text: &str) -> &str {
    let from = text.len().saturating_sub(LONGEST_OUTPUT);
    let from = (from..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(from);
    text.get(from..).unwrap_or_default()
}

/// One line.
fn sentence(text: &str) -> String {
    let words = plain(text).split_whitespace().collect::<Vec<_>>().join(" ");
    characters(&shortened(&words, LONGEST_SENTENCE))
}

/// Lines that XML can hold, without what moves a terminal's cursor.
fn xml(text: &str) -> XmlString {
    XmlString::new(
        text.split('\n').map(|line| characters(plain(line).trim_end())).collect::<Vec<_>>().join("\n"),
    )
}

/// Without the two characters that are neither control characters nor allowed in XML.
fn characters(text: &str) -> String {
    text.replace(['\u{fffe}', '\u{ffff}'], "")
}

fn length(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}
