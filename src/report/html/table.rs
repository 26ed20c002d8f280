use crate::report::{FiguresReport, TimesReport, text::show};

/// A table of text; the first column is what a row is about.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    pub(super) head: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(head: &[&str]) -> Self {
        Self { head: head.iter().map(|name| (*name).to_owned()).collect(), rows: Vec::new() }
    }

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// What is not known.
pub(super) const UNKNOWN: &str = "–";

/// A figure that may be missing.
pub(super) fn cell<T>(value: Option<T>, show: impl Fn(T) -> String) -> String {
    value.map_or_else(|| UNKNOWN.to_owned(), show)
}

/// The times of each kind, a row each.
pub(super) fn times(figures: &FiguresReport) -> Table {
    let mut table =
        Table::new(&["", "samples", "mean", "σ", "min", "p50", "p90", "p95", "p99", "p99.9", "max"]);
    let kinds = [
        ("response", &figures.response),
        ("service", &figures.service),
        ("rejected", &figures.rejected),
        ("lateness", &figures.lateness),
    ];
    for (name, times) in kinds.into_iter().filter(|(_, times)| times.count > 0) {
        let named = [
            ("p50", times.p50_us),
            ("p90", times.p90_us),
            ("p95", times.p95_us),
            ("p99", times.p99_us),
            ("p999", times.p999_us),
            ("max", times.max_us),
        ];
        let ended = [times.mean_us, times.stddev_us, times.min_us].map(|us| cell(us, show::micros));
        let percentiles = named.map(|(name, us)| bounded(times, name, us));
        table.row([name.to_owned(), show::count(times.count)].into_iter().chain(ended).chain(percentiles));
    }
    table
}

/// A percentile, with a sign where it is a lower bound.
pub(super) fn bounded(times: &TimesReport, name: &str, us: Option<f64>) -> String {
    let sign = if times.lower_bounds.iter().any(|bound| bound == name) { ">= " } else { "" };
    cell(us, |us| format!("{sign}{}", show::micros(us)))
}

/// What [`brief`] has in its columns.
pub(super) const BRIEF: [&str; 9] =
    ["due", "ok", "errors", "rejected", "carried out", "p50", "p95", "p99", "max"];

/// The figures that one looks at first.
pub(super) fn brief(figures: &FiguresReport) -> [String; 9] {
    let times = &figures.response;
    [
        show::count(figures.counts.due),
        cell(figures.success_rate, show::share),
        cell(figures.error_rate, show::share),
        cell(figures.rejected_rate, show::share),
        cell(figures.throughput_per_sec, show::rate),
        bounded(times, "p50", times.p50_us),
        bounded(times, "p95", times.p95_us),
        bounded(times, "p99", times.p99_us),
        bounded(times, "max", times.max_us),
    ]
}
