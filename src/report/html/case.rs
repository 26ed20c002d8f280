use super::{
    chart::Chart,
    compared::Compared,
    finding::FindingPart,
    load::{LoadPart, beside},
    nodes,
    table::{Table, cell},
    timeline::Timeline,
    trend::TrendPart,
};
use crate::report::{
    CaseReport, LimitsReport,
    statistics::{response_p95, success_rate, throughput},
    text::show,
};

/// Loads of a case that have a part of their own; all are in the table.
const MOST_LOADS: usize = 24;

/// The part of the page that is about one case.
#[derive(Debug, Clone)]
pub(super) struct CasePart<'a> {
    pub(super) case: &'a CaseReport,
    /// Where links to it go.
    pub(super) id: String,
    pub(super) is_open: Open,
    /// Label and value.
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) timeline: Timeline,
    pub(super) loads: Vec<LoadPart<'a>>,
    pub(super) more_loads: usize,
    pub(super) beside: Table,
    /// What each node did, where several carried the case out.
    pub(super) nodes: Table,
    pub(super) node_charts: Vec<Chart>,
    pub(super) findings: Vec<FindingPart<'a>>,
    pub(super) compared: Option<Compared<'a>>,
    pub(super) trend: Option<TrendPart<'a>>,
    pub(super) steps: Table,
    pub(super) used: Table,
    pub(super) limits: Table,
    pub(super) settings: Table,
}

/// Whether a part can be seen without a click.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Open {
    Open,
    Folded,
}

impl Open {
    /// The attribute of `details`.
    pub(super) const fn attribute(self) -> &'static str {
        match self {
            Self::Open => " open",
            Self::Folded => "",
        }
    }
}

impl<'a> CasePart<'a> {
    /// `number` tells it from the other cases of the page.
    pub(super) fn of(case: &'a CaseReport, number: usize, is_open: Open) -> Self {
        Self {
            case,
            id: id(number),
            is_open,
            facts: facts(case),
            timeline: Timeline::of(case),
            loads: case.loads.iter().take(MOST_LOADS).map(LoadPart::of).collect(),
            more_loads: case.loads.len().saturating_sub(MOST_LOADS),
            beside: if case.loads.len() > 1 { beside(&case.loads) } else { Table::default() },
            nodes: nodes::table(case),
            node_charts: nodes::charts(case),
            findings: case.findings.iter().map(|finding| FindingPart::of(case, finding)).collect(),
            compared: case.comparison.as_ref().map(Compared::of),
            trend: case.history.as_ref().and_then(TrendPart::of),
            steps: steps(case),
            used: used(case),
            limits: limits(&case.limits),
            settings: super::settings(&case.settings),
        }
    }

    pub(super) const fn verdict(&self) -> &'static str {
        self.case.verdict.words()
    }
}

/// The name of a case's place on the page: names of cases may hold anything.
pub(super) fn id(number: usize) -> String {
    format!("case-{}", number + 1)
}

fn facts(case: &CaseReport) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("took", show::seconds(case.duration_s)),
        ("began", case.started_at.clone()),
        ("severity", case.severity.to_string()),
        ("seed", case.seed.to_string()),
        ("at", case.place.clone()),
        ("files", case.folder.clone()),
        ("ended", case.ending_sentence.clone()),
    ];
    if let Some(target) = &case.target {
        facts.push(("target", target.clone()));
    }
    if !case.markers.is_empty() {
        facts.push(("markers", case.markers.join(", ")));
    }
    if case.attempt > 1 {
        facts.push(("try", case.attempt.to_string()));
    }
    if let Some(stop) = &case.stop {
        let (at, took) = (show::seconds(stop.at_s), show::seconds(stop.took_s));
        facts.push(("stopped", format!("{} into it: {}; by {} in {took}", at, stop.sentence, stop.by)));
    }
    for figure in &case.figures {
        // A figure's name is the case's own.
        facts.push(("figure", format!("{} {}", figure.name, show::figure(figure.value, &figure.unit))));
    }
    facts
}

fn steps(case: &CaseReport) -> Table {
    let mut table = Table::new(&["at", "step"]);
    for step in &case.steps {
        table.row([show::seconds(step.at_s), step.step.to_string()]);
    }
    table
}

/// What the processes of the case used.
fn used(case: &CaseReport) -> Table {
    let mut table = Table::new(&["resource", ""]);
    let used = &case.resources;
    if used.samples == 0 {
        return table;
    }
    let cpu = |percent: Option<f64>| cell(percent, show::percent);
    let rows = [
        ("peak CPU, of the cores available", cpu(used.peak_cpu_percent)),
        ("mean CPU", cpu(used.mean_cpu_percent)),
        ("CPU time", show::seconds(used.cpu_seconds)),
        ("cores available", cell(used.cores_available, show::number)),
        ("peak CPU of the machine", cpu(used.machine_peak_cpu_percent)),
        ("peak memory", show::bytes(used.peak_memory_bytes)),
        ("least memory to spare on the machine", cell(used.machine_memory_available_min_bytes, show::bytes)),
        (
            "memory growth",
            cell(used.memory_growth_bytes_per_sec, |n| format!("{} KiB/s", show::number(n / 1024.0))),
        ),
        ("peak threads", used.peak_threads.to_string()),
        ("peak descriptors", used.peak_descriptors.to_string()),
        ("peak processes", used.peak_processes.to_string()),
        ("read from storage", show::bytes(used.read_bytes)),
        ("written to storage", show::bytes(used.written_bytes)),
        ("received by the machine", show::bytes(used.network_received_bytes)),
        ("sent by the machine", show::bytes(used.network_sent_bytes)),
        ("loopback", show::bytes(used.loopback_bytes)),
        (
            "samples",
            format!("{}, at most {} ms apart", show::count(used.samples), show::number(used.longest_gap_ms)),
        ),
    ];
    rows.into_iter().for_each(|(name, value)| table.row([name.to_owned(), value]));
    table
}

/// The limits that the case ran under.
fn limits(limits: &LimitsReport) -> Table {
    let mut table = Table::new(&["limit", ""]);
    let growth = limits.memory_growth_bytes_per_sec.map(|bytes| {
        let window = show::seconds(limits.memory_growth_window_s);
        format!("{}/s over {window}", show::bytes(bytes))
    });
    let cpu = limits
        .cpu_percent
        .map(|percent| format!("{} over {}", show::percent(percent), show::seconds(limits.cpu_window_s)));
    let rows = [
        ("time", limits.time_s.map(show::seconds)),
        ("memory", limits.memory_bytes.map(show::bytes)),
        ("memory growth", growth),
        ("CPU", cpu),
        ("operations in flight", limits.concurrency.map(show::count)),
        ("descriptors", limits.descriptors.map(show::count)),
        ("threads", limits.threads.map(show::count)),
        ("written to storage", limits.disk_written_bytes.map(show::bytes)),
        ("memory that stays free", limits.free_memory_bytes.map(show::bytes)),
        ("disk that stays free", limits.free_disk.clone()),
    ];
    for (name, value) in rows {
        table.row([name.to_owned(), value.unwrap_or_else(|| "off".to_owned())]);
    }
    table
}

/// A row of the table of verdicts.
#[derive(Debug, Clone)]
pub(super) struct CaseRow<'a> {
    pub(super) case: &'a CaseReport,
    pub(super) id: String,
    pub(super) verdict: &'static str,
    /// As the statistics over cases have them: operations, success rate, throughput of the fastest load, p95 of the
    /// slowest that was no probe, peak CPU, peak memory.
    pub(super) figures: [String; 6],
    pub(super) limited_by: String,
}

impl<'a> CaseRow<'a> {
    pub(super) fn of(case: &'a CaseReport, number: usize) -> Self {
        let operations: u64 = case.loads.iter().map(|load| load.total.counts.ended()).sum();
        let p95 = |(us, is_at_least): (f64, bool)| {
            format!("{}{}", if is_at_least { ">= " } else { "" }, show::micros(us))
        };
        let used = Some(&case.resources).filter(|used| used.samples > 0);
        let figures = [
            show::count(operations),
            cell(success_rate(case), show::share),
            cell(throughput(case), show::rate),
            cell(response_p95(case), p95),
            cell(used.and_then(|used| used.peak_cpu_percent), show::percent),
            cell(used, |used| show::bytes(used.peak_memory_bytes)),
        ];
        let limited = case.bottleneck.as_ref().filter(|found| found.is_reached());
        Self {
            case,
            id: id(number),
            verdict: case.verdict.words(),
            figures,
            limited_by: limited.map_or_else(String::new, |found| found.limit.to_string()),
        }
    }
}
