use super::{lay::Page, show};
use crate::report::{Extreme, RunReport, Spread};

/// Columns of a case's name, so that two of them and their figures fit into a line.
const LONGEST_NAME: usize = 26;

/// The figures of the cases beside each other, once there are two: a line each.
pub(super) fn statistics(page: &mut Page, run: &RunReport) {
    let of = &run.statistics;
    let rows = [
        ("throughput", &of.throughput_per_sec, show::rate as fn(f64) -> String),
        ("p95", &of.response_p95_us, show::micros),
        ("success", &of.success_rate, show::share),
        ("peak CPU", &of.peak_cpu_percent, show::percent),
        ("peak memory", &of.peak_memory_bytes, |bytes| show::bytes(bytes as u64)),
    ];
    let names: Vec<&str> = run.cases.iter().map(|case| case.name.as_str()).collect();
    let rows = rows.into_iter().filter_map(|(label, spread, shown)| {
        let cells = cells(spread.as_ref()?, shown, &names);
        Some([format!("  {label}"), cells[0].clone(), cells[1].clone(), cells[2].clone()])
    });
    let rows: Vec<[String; 4]> = rows.collect();
    if names.len() < 2 || rows.is_empty() {
        return;
    }
    let head =
        [format!("Over {} cases", names.len()), "best".into(), "worst".into(), "mean of the cases".into()];
    page.gap();
    let all: Vec<[String; 4]> = std::iter::once(head).chain(rows).collect();
    let width = |column: usize| all.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths = [0, 1, 2].map(width);
    for [label, best, worst, mean] in &all {
        let [a, b, c] = widths;
        page.cut(0, format!("{label:a$}  {best:b$}  {worst:c$}  {mean}").trim_end());
    }
}

/// Best, worst and mean.
fn cells(spread: &Spread, shown: fn(f64) -> String, names: &[&str]) -> [String; 3] {
    let figure = |value: f64, is_at_least: bool| match is_at_least {
        true => format!(">= {}", shown(value)),
        false => shown(value),
    };
    let one = |end: &Extreme| {
        format!("{} {}", figure(end.value, end.is_at_least), shortened(own_part(&end.case, names)))
    };
    let mean = figure(spread.mean, spread.is_at_least);
    let mean = match spread.without {
        0 => mean,
        _ => format!("{mean} ({})", show::counted(spread.cases, "case")),
    };
    let key = |end: &Extreme| (end.value, end.is_at_least);
    match spread.cases > 1 && key(&spread.best) == key(&spread.worst) {
        true => [figure(spread.best.value, spread.best.is_at_least), "the same".to_owned(), mean],
        false => [one(&spread.best), one(&spread.worst), mean],
    }
}

/// The last part of a case's name, or as many as it takes to tell it from all others.
fn own_part<'a>(case: &'a str, names: &[&str]) -> &'a str {
    let starts = case.rmatch_indices("::").map(|(at, separator)| at + separator.len());
    let mut parts = starts.map(|at| &case[at..]);
    let is_own = |part: &&str| {
        let with_separator = format!("::{part}");
        names.iter().filter(|name| name == &part || name.ends_with(&with_separator)).count() == 1
    };
    parts.find(is_own).unwrap_or(case)
}

fn shortened(name: &str) -> String {
    let length = name.chars().count();
    match length > LONGEST_NAME {
        true => format!("...{}", name.chars().skip(length - LONGEST_NAME + 3).collect::<String>()),
        false => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_short_as_they_can_be_told_apart() {
        let names = ["cases::a::quick", "cases::b::quick", "cases::b::slow", "slow_too"];
        let parts = names.map(|name| own_part(name, &names));
        assert_eq!(parts, ["a::quick", "b::quick", "slow", "slow_too"]);
        assert_eq!(shortened(&"long_".repeat(9)), "...ng_long_long_long_long_");
    }
}
