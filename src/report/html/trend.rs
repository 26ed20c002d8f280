use super::{
    chart::Ink,
    table::{Table, UNKNOWN},
};
use crate::{
    judge::Verdict,
    report::{
        text::{past_runs, short, show},
        trend::{Course, PastRun, Trend},
    },
};

/// Pixels of a line before the page scales it.
const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 64.0;

/// Pixels around the line, so that dots are whole.
const MARGIN: f64 = 7.0;

/// The last runs of a case.
#[derive(Debug, Clone)]
pub(super) struct TrendPart<'a> {
    pub(super) head: String,
    pub(super) sparks: Vec<Spark>,
    /// The class of the colour of each verdict that is there, and its name.
    pub(super) keys: Vec<(&'static str, &'static str)>,
    pub(super) left_out: &'a [String],
    /// Each run with all of its figures, the newest first.
    pub(super) table: Table,
}

/// A small line with a dot for each run. The template draws it, so that all text in it is escaped.
#[derive(Debug, Clone)]
pub(super) struct Spark {
    pub(super) title: &'static str,
    /// This run beside the median of those before.
    pub(super) sentence: String,
    /// All values, for who cannot see the line.
    pub(super) label: String,
    pub(super) width: f64,
    pub(super) height: f64,
    /// The points of each stretch without a gap.
    pub(super) lines: Vec<String>,
    pub(super) line: String,
    /// How far down the median is.
    pub(super) median: Option<String>,
    pub(super) grid: String,
    pub(super) dots: Vec<Dot>,
}

/// A run.
#[derive(Debug, Clone)]
pub(super) struct Dot {
    pub(super) x: String,
    pub(super) y: String,
    pub(super) radius: &'static str,
    pub(super) colour: String,
    /// Filled where there is a value.
    pub(super) fill: String,
    pub(super) title: String,
}

impl<'a> TrendPart<'a> {
    /// Nothing for a case that has no run but this one, of which nothing is left out either.
    pub(super) fn of(trend: &'a Trend) -> Option<Self> {
        let is_alone = trend.runs.len() < 2;
        if is_alone && trend.left_out.is_empty() {
            return None;
        }
        let courses = [trend.throughput(), trend.percentile(), trend.found()];
        let order = [Verdict::Pass, Verdict::Inconclusive, Verdict::Fail, Verdict::Aborted];
        let has = |verdict: &Verdict| trend.runs.iter().any(|run| run.verdict == *verdict);
        let shown: Vec<Verdict> = order.into_iter().filter(has).collect();
        Some(Self {
            head: match is_alone {
                true => "Trend".to_owned(),
                false => format!("Trend over the last {} runs", trend.runs.len()),
            },
            sparks: courses.iter().flatten().map(|course| Spark::of(course, &trend.runs)).collect(),
            keys: shown.iter().map(|verdict| (ink(*verdict).class(), verdict.words())).collect(),
            left_out: &trend.left_out,
            table: if is_alone { Table::default() } else { table(&trend.runs) },
        })
    }
}

impl Spark {
    fn of(course: &Course, runs: &[PastRun]) -> Self {
        let last = course.points.len().saturating_sub(1).max(1) as f64;
        let x = |n: usize| MARGIN + (WIDTH - 2.0 * MARGIN) * n as f64 / last;
        let y = |value: f64| MARGIN + (HEIGHT - 2.0 * MARGIN) * (1.0 - course.height(value));
        let mut lines: Vec<Vec<String>> = vec![Vec::new()];
        for (n, point) in course.points.iter().enumerate() {
            match (point, lines.last_mut()) {
                (Some((value, _)), Some(line)) => line.push(format!("{:.1},{:.1}", x(n), y(*value))),
                (Some(_), None) | (None, _) => lines.push(Vec::new()),
            }
        }
        let dots = course.points.iter().zip(runs).enumerate().map(|(n, (point, run))| {
            let colour = ink(run.verdict).hex();
            Dot {
                x: format!("{:.1}", x(n)),
                y: format!("{:.1}", point.map_or(HEIGHT - MARGIN, |(value, _)| y(value))),
                // What did not pass is larger too: colours are not for everybody.
                radius: if run.verdict == Verdict::Pass { "3" } else { "4.5" },
                fill: if point.is_some() { colour.clone() } else { "none".to_owned() },
                colour,
                title: format!(
                    "{}: {}, {}, run {}",
                    course.name,
                    words(course, *point),
                    run.verdict,
                    about(run)
                ),
            }
        });
        let values: Vec<String> = course.points.iter().map(|point| words(course, *point)).collect();
        Self {
            title: course.name,
            sentence: course.sentence(),
            label: format!("{} of the last runs, the oldest first: {}", course.name, values.join(", ")),
            width: WIDTH,
            height: HEIGHT,
            lines: lines.into_iter().filter(|line| line.len() > 1).map(|line| line.join(" ")).collect(),
            line: Ink::Blue.hex(),
            median: course.median().map(|median| format!("{:.1}", y(median))),
            grid: Ink::Grid.hex(),
            dots: dots.collect(),
        }
    }
}

const fn ink(verdict: Verdict) -> Ink {
    match verdict {
        Verdict::Pass => Ink::Green,
        Verdict::Inconclusive => Ink::Orange,
        Verdict::Fail => Ink::Red,
        Verdict::Aborted => Ink::Purple,
    }
}

/// A value in words.
fn words(course: &Course, point: Option<(f64, bool)>) -> String {
    match point {
        Some((value, is_at_least)) => {
            format!("{}{}", if is_at_least { ">= " } else { "" }, show::figure(value, course.unit))
        }
        None => "not known".to_owned(),
    }
}

/// Which run it was.
fn about(run: &PastRun) -> String {
    let commit = run.commit.as_ref().map_or_else(String::new, |commit| format!(", commit {}", short(commit)));
    format!("{}, {}{commit}", run.run_id, run.started_at)
}

/// Each run, the newest first.
fn table(runs: &[PastRun]) -> Table {
    let (head, rows) = past_runs(runs, UNKNOWN);
    let mut table = Table::new(&head);
    rows.into_iter().rev().for_each(|row| table.row(row));
    table
}
