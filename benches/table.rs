//! How the benchmarks say what they saw: one table for each program, on standard output, in Markdown; everything else
//! goes to standard error. `cargo bench > table.md` is the whole.

use std::fmt::Write as _;

/// What the program was started for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// `cargo bench`: figures.
    Measure,
    /// `cargo test --benches`: only whether everything runs.
    Check,
}

impl Purpose {
    /// Cargo says `--bench` to a benchmark that is to measure.
    pub(crate) fn of_this_run() -> Self {
        match std::env::args().any(|argument| argument == "--bench") {
            true => Self::Measure,
            false => Self::Check,
        }
    }

    /// `whole` when measuring, `part` when only checking.
    pub(crate) fn choose<T>(self, whole: T, part: T) -> T {
        match self {
            Self::Measure => whole,
            Self::Check => part,
        }
    }
}

/// A table that is printed row by row.
pub(crate) struct Table {
    purpose: Purpose,
}

/// One row. What `ours` and `yardstick` mean stands in `what`.
pub(crate) struct Row<'a> {
    pub(crate) what: &'a str,
    pub(crate) ours: String,
    /// Who it is compared with, and their figure.
    pub(crate) yardstick: String,
    /// How many times better ours is: over 1 is better than the yardstick.
    pub(crate) ratio: Option<f64>,
    /// The value that the budget is about, and the budget: `>= 1.00` or `<= 50 us`.
    pub(crate) budget: Option<(f64, &'a str)>,
}

impl Table {
    pub(crate) fn begin(purpose: Purpose, title: &str) -> Self {
        let table = Self { purpose };
        table.print(&format!("\n### {title}\n"));
        if let Some(busy) = others_at_work() {
            table.print(&format!("Not a quiet machine: {busy}.\n"));
        }
        table.print(&line(["what", "proofload", "yardstick", "ratio", "budget", ""]));
        table.print("|---|---|---|---|---|---|");
        table
    }

    pub(crate) fn row(&self, row: Row<'_>) {
        let ratio = row.ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.2}"));
        let (budget, is_met) = match row.budget {
            None => ("-", "-"),
            Some((value, budget)) => (budget, if is_within(value, budget) { "ok" } else { "**short**" }),
        };
        self.print(&line([row.what, &row.ours, &row.yardstick, &ratio, budget, is_met]));
    }

    /// A check prints nothing: the figures of a short run of a program that is not optimised are none.
    fn print(&self, text: &str) {
        match self.purpose {
            Purpose::Measure => println!("{text}"),
            Purpose::Check => {}
        }
    }
}

/// Whether `value` is within `budget`, which starts with `<=` or `>=` and a number in the unit of `value`.
fn is_within(value: f64, budget: &str) -> bool {
    let mut words = budget.split_whitespace();
    let (bound, limit) = (words.next(), words.next().and_then(|limit| limit.parse::<f64>().ok()));
    match (bound, limit) {
        (Some("<="), Some(limit)) => value <= limit,
        (Some(">="), Some(limit)) => value >= limit,
        _ => panic!("`{budget}` is no budget: it starts with `<=` or `>=` and a number"),
    }
}

/// As wide as most rows need, so that the table can be read where it is printed.
const WIDTHS: [usize; 6] = [58, 30, 40, 6, 11, 5];

fn line(cells: [&str; 6]) -> String {
    let mut text = "|".to_owned();
    for (cell, width) in cells.into_iter().zip(WIDTHS) {
        let _written = write!(text, " {cell:<width$} |");
    }
    text
}

/// A remark when something else kept the machine busy in the minute before; `None` where that is not known.
fn others_at_work() -> Option<String> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    let load: f64 = text.split_whitespace().next()?.parse().ok()?;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    (load > 0.5).then(|| format!("the load average was {load} on {cores} cores, this benchmark included"))
}
