use askama::Template;

use super::{
    case::{CasePart, CaseRow, Open, id},
    chart::rules,
    table::{Table, UNKNOWN, cell},
};
use crate::{
    judge::{Judgement, Verdict},
    report::{
        CaseReport, Extreme, LoadReport, RunReport, Spread,
        text::{outcome, show},
    },
};

/// Cases of a run up to which the parts of all are open.
const FEW_CASES: usize = 2;

/// The style sheet but for the colours of the charts.
const STYLE: &str = include_str!("templates/style.css");

/// Everything on the page, in the order in which it is there.
#[derive(Template)]
#[template(path = "page.html")]
pub(super) struct Page<'a> {
    run: &'a RunReport,
    style: String,
    outcome: &'static str,
    /// The class that colours the outcome: that of the worst verdict.
    worst: &'static str,
    head: Vec<(&'static str, String)>,
    counts: [(u64, &'static str); 5],
    rows: Vec<CaseRow<'a>>,
    /// Reasons and the cases that were left out for them.
    ignored: Vec<(&'a str, Vec<&'a str>)>,
    expectations: Vec<ExpectationRow<'a>>,
    validity: Vec<ValidityRow<'a>>,
    statistics: Table,
    parts: Vec<CasePart<'a>>,
    /// Name and place of a case, for what is said of several.
    machine: Table,
    settings: Table,
    command: String,
}

/// What was expected of a load, and what came of it.
struct ExpectationRow<'a> {
    case: &'a CaseReport,
    id: String,
    judgement: &'a Judgement,
    verdict: &'static str,
    /// Why it is no pass, where the expectation does not say so itself.
    reason: Option<&'a str>,
    observed: &'a str,
    margin: String,
    breach: String,
}

/// Whether the load was the one that was asked for.
struct ValidityRow<'a> {
    case: &'a CaseReport,
    id: String,
    load: &'a LoadReport,
    asked: String,
    achieved: String,
    late_p99: String,
    late_max: String,
    dropped: String,
    cores: String,
    busy: String,
}

impl<'a> Page<'a> {
    pub(super) fn of(run: &'a RunReport) -> Self {
        // The worst first: that is why one opens a report.
        let mut cases: Vec<&CaseReport> = run.cases.iter().collect();
        cases.sort_by(|a, b| b.verdict.cmp(&a.verdict).then_with(|| a.name.cmp(&b.name)));
        let numbered = || cases.iter().copied().enumerate();
        let is_open = |case: &CaseReport| match case.verdict {
            Verdict::Pass if cases.len() > FEW_CASES => Open::Folded,
            Verdict::Pass | Verdict::Inconclusive | Verdict::Fail | Verdict::Aborted => Open::Open,
        };
        let worst = cases.first().map_or(Verdict::Inconclusive, |case| case.verdict);
        Self {
            run,
            style: format!("{STYLE}{}", rules()),
            outcome: outcome(run),
            worst: worst.words(),
            head: head(run),
            counts: counts(run),
            rows: numbered().map(|(n, case)| CaseRow::of(case, n)).collect(),
            ignored: ignored(run),
            expectations: expectations(numbered()),
            validity: numbered().flat_map(|(n, case)| validity(case, n)).collect(),
            statistics: statistics(run),
            parts: numbered().map(|(n, case)| CasePart::of(case, n, is_open(case))).collect(),
            machine: machine(run),
            settings: super::settings(&run.settings),
            command: run.command.join(" "),
        }
    }

    pub(super) fn rendered(&self) -> String {
        self.render().expect("writing to a string does not fail, and a template has no other errors")
    }

    /// Where the part of a case is.
    fn place(&self, name: &str) -> &str {
        self.rows.iter().find(|row| row.case.name == name).map_or("", |row| row.id.as_str())
    }
}

fn head(run: &RunReport) -> Vec<(&'static str, String)> {
    vec![
        ("run", run.run_id.clone()),
        ("began", run.started_at.clone()),
        ("took", show::seconds(run.duration_s)),
        ("profile", run.profile.clone()),
        ("seed", run.seed.to_string()),
        ("operations", show::count(run.summary.operations)),
    ]
}

fn counts(run: &RunReport) -> [(u64, &'static str); 5] {
    let of = &run.summary;
    [
        (of.passed, "passed"),
        (of.failed, "failed"),
        (of.inconclusive, "inconclusive"),
        (of.aborted, "aborted"),
        (of.ignored, "ignored"),
    ]
}

fn ignored(run: &RunReport) -> Vec<(&str, Vec<&str>)> {
    let mut by_reason: Vec<(&str, Vec<&str>)> = Vec::new();
    for case in &run.ignored {
        match by_reason.iter_mut().find(|(reason, _)| *reason == case.reason) {
            Some((_, names)) => names.push(&case.name),
            None => by_reason.push((&case.reason, vec![&case.name])),
        }
    }
    by_reason
}

/// Those that were missed first, then in the order of the cases.
fn expectations<'a>(cases: impl Iterator<Item = (usize, &'a CaseReport)>) -> Vec<ExpectationRow<'a>> {
    let of_case = |(n, case): (usize, &'a CaseReport)| {
        case.expectations.iter().map(move |judgement| ExpectationRow {
            case,
            id: id(n),
            judgement,
            verdict: judgement.verdict.words(),
            reason: Some(judgement.sentence.as_str())
                .filter(|sentence| judgement.verdict != Verdict::Pass && *sentence != judgement.expectation),
            observed: judgement.observed.as_ref().map_or(UNKNOWN, |seen| seen.text.as_str()),
            margin: judgement.margin.map_or_else(String::new, |share| format!("{:+.0}%", share * 100.0)),
            breach: breach(judgement),
        })
    };
    let mut rows: Vec<ExpectationRow<'a>> = cases.flat_map(of_case).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.judgement.verdict));
    rows
}

fn breach(judgement: &Judgement) -> String {
    judgement.breach.map_or_else(String::new, |breach| {
        let (first, longest) = (show::seconds(breach.first_s), show::seconds(breach.longest_s));
        format!("{first} into the load, for {longest} at most")
    })
}

fn validity<'a>(case: &'a CaseReport, number: usize) -> Vec<ValidityRow<'a>> {
    let row = |load: &'a LoadReport| {
        let LoadReport { asked_per_sec, achieved_rate, total, process, .. } = load;
        // A closed load asks for no rate, so that nothing can be late.
        let is_open = asked_per_sec.is_some();
        let late = |us: Option<f64>| cell(us.filter(|_| is_open), show::micros);
        ValidityRow {
            case,
            id: id(number),
            load,
            asked: cell(*asked_per_sec, show::rate),
            achieved: cell(total.started_per_sec, |rate| {
                let share =
                    achieved_rate.map_or_else(String::new, |share| format!(" ({})", show::share(share)));
                format!("{}{share}", show::rate(rate))
            }),
            late_p99: late(total.lateness.p99_us),
            late_max: late(total.lateness.max_us),
            dropped: show::count(total.counts.dropped),
            cores: cell(process.cores(), show::number),
            busy: cell(process.workers_busy(), |share| show::percent(share * 100.0)),
        }
    };
    case.loads.iter().map(row).collect()
}

/// The cases beside each other, once there are two.
fn statistics(run: &RunReport) -> Table {
    let mut table = Table::new(&["", "best", "worst", "mean of the cases", "median"]);
    if run.cases.len() < 2 {
        return table;
    }
    let of = &run.statistics;
    let mut row = |name: &str, spread: &Option<Spread>, show: fn(f64) -> String| {
        let Some(spread) = spread else { return };
        let sign = |is_at_least: bool| if is_at_least { ">= " } else { "" };
        let one = |end: &Extreme| format!("{}{} {}", sign(end.is_at_least), show(end.value), end.case);
        let middle = |value: f64| format!("{}{}", sign(spread.is_at_least), show(value));
        table.row([
            name.to_owned(),
            one(&spread.best),
            one(&spread.worst),
            middle(spread.mean),
            middle(spread.median),
        ]);
    };
    row("throughput", &of.throughput_per_sec, show::rate);
    row("p95 response time", &of.response_p95_us, show::micros);
    row("success rate", &of.success_rate, show::share);
    row("peak CPU", &of.peak_cpu_percent, show::percent);
    row("peak memory", &of.peak_memory_bytes, |bytes| show::bytes(bytes as u64));
    table
}

fn machine(run: &RunReport) -> Table {
    let (machine, build) = (&run.environment.machine, &run.environment.build);
    let memory = match machine.memory_limit_bytes {
        Some(limit) => format!("{} of {}", show::bytes(limit), show::bytes(machine.memory_bytes)),
        None => show::bytes(machine.memory_bytes),
    };
    let assertions = if build.debug_assertions { ", with debug assertions" } else { "" };
    let optimised = if build.optimised { "optimised" } else { "not optimised" };
    let mut table = Table::new(&["environment", ""]);
    let rows = [
        ("processor", machine.cpu_model.clone()),
        ("cores available", format!("{} of {}", show::number(machine.cores_available), machine.cores_total)),
        ("memory", memory),
        ("system", format!("{}, kernel {}, {}", machine.os, machine.kernel, machine.architecture)),
        ("compiler", build.rustc.clone()),
        ("build", format!("{optimised}{assertions}")),
        ("commit", run.environment.commit.clone().unwrap_or_else(|| "unknown".to_owned())),
        ("proofload", build.proofload.clone()),
    ];
    rows.into_iter().for_each(|(name, value)| table.row([name.to_owned(), value]));
    table
}
