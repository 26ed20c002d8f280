use super::{lay::Page, show};
use crate::report::trend::PastRun;

/// Letters of a commit: what git itself shows in a large repository.
const COMMIT: usize = 12;

/// What [`cells`] has in its columns.
const COLUMNS: [&str; 16] = [
    "began",
    "run",
    "commit",
    "verdict",
    "throughput",
    "p50",
    "p95",
    "p99",
    "ok",
    "errors",
    "peak CPU",
    "memory",
    "held",
    "broke",
    "at once",
    "recovered in",
];

/// Past runs as a table: the names of the columns that any run has something in, and a row for each run, with `unknown` for
/// what it does not have.
pub(in crate::report) fn past_runs(runs: &[PastRun], unknown: &str) -> (Vec<&'static str>, Vec<Vec<String>>) {
    let rows: Vec<[Option<String>; 16]> = runs.iter().map(cells).collect();
    let is_told = |column: &usize| rows.iter().any(|row| row[*column].is_some());
    let columns: Vec<usize> = (0..COLUMNS.len()).filter(is_told).collect();
    let cell =
        |row: &[Option<String>; 16], column: usize| row[column].clone().unwrap_or_else(|| unknown.to_owned());
    let rows = rows.iter().map(|row| columns.iter().map(|column| cell(row, *column)).collect());
    (columns.iter().map(|column| COLUMNS[*column]).collect(), rows.collect())
}

/// The first letters of a commit.
pub(in crate::report) fn short(commit: &str) -> String {
    commit.chars().take(COMMIT).collect()
}

fn cells(run: &PastRun) -> [Option<String>; 16] {
    let time = |name: &str, us: Option<f64>| {
        us.map(|us| format!("{}{}", if run.is_at_least(name) { ">= " } else { "" }, show::micros(us)))
    };
    let partly = if run.complete { "" } else { ", cut short" };
    [
        Some(run.started_at.clone()),
        Some(run.run_id.clone()),
        run.commit.as_deref().map(short),
        Some(format!("{}{partly}", run.verdict)),
        run.throughput_per_sec.map(show::rate),
        time("p50", run.response_p50_us),
        time("p95", run.response_p95_us),
        time("p99", run.response_p99_us),
        run.success_rate.map(show::share),
        run.error_rate.map(show::share),
        run.peak_cpu_percent.map(show::percent),
        run.peak_memory_bytes.map(show::bytes),
        run.breaking_point_low_per_sec.map(show::rate),
        run.breaking_point_high_per_sec.map(show::rate),
        run.capacity.map(show::count),
        run.recovery_s.map(show::seconds),
    ]
}

/// What is kept of a case, a line for each run, the newest last: that is where a terminal stops.
pub(crate) fn history_text(case: &str, runs: &[PastRun], skipped: Option<&str>) -> String {
    let mut page = Page::default();
    page.prose(0, "", &format!("{case}: {}", show::counted(runs.len() as u64, "run")));
    if let Some(sentence) = skipped {
        page.prose(2, "! ", sentence);
    }
    let (head, rows) = past_runs(runs, "-");
    let head: Vec<String> = head.into_iter().map(str::to_owned).collect();
    let lines: Vec<&Vec<String>> =
        Some(&head).filter(|_| !rows.is_empty()).into_iter().chain(&rows).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    for line in &lines {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        page.wide(2, &cells.collect::<Vec<_>>().join("  "));
    }
    page.finish() + "\n"
}
