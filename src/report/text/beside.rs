use super::{history::short, lay::Page, outcome, show};
use crate::report::{
    RunReport,
    beside::{CaseBeside, FigureBeside, RunHead, RunsBeside},
};

/// Columns by which the figures of a case are moved in.
const INDENT: usize = 2;

/// Two runs beside each other as a table for people.
pub(crate) fn beside_text(runs: &RunsBeside) -> String {
    let mut page = Page::default();
    for (lead, head) in ["first:  ", "second: "].into_iter().zip(&runs.heads) {
        page.prose(0, lead, &head_words(head));
    }
    for sentence in &runs.differences {
        page.prose(0, "not comparable: ", sentence);
    }
    for sentence in &runs.remarks {
        page.prose(0, "beside that: ", sentence);
    }
    for case in &runs.cases {
        page.gap();
        lay(&mut page, case);
    }
    if runs.cases.is_empty() {
        page.gap();
        page.prose(0, "", "The runs have no case in common.");
    }
    let others = ["only in the first: ", "only in the second: "].into_iter().zip(&runs.only);
    let others: Vec<_> = others.filter(|(_, names)| !names.is_empty()).collect();
    if !others.is_empty() || !runs.reasons.is_empty() {
        page.gap();
    }
    for (lead, names) in others {
        page.prose(0, lead, &names.join(", "));
    }
    for reason in &runs.reasons {
        page.prose(0, "inconclusive: ", reason);
    }
    page.finish() + "\n"
}

/// What run it is.
pub(crate) fn run_head(run: &RunReport) -> RunHead {
    RunHead {
        run_id: run.run_id.clone(),
        started_at: run.started_at.clone(),
        profile: run.profile.clone(),
        commit: run.environment.commit.clone(),
        outcome: outcome(run),
    }
}

fn head_words(head: &RunHead) -> String {
    let RunHead { run_id, started_at, profile, commit, outcome } = head;
    let commit = commit.as_ref().map_or_else(String::new, |commit| format!(", commit {}", short(commit)));
    format!("{run_id}, {started_at}, {outcome}, profile {profile}{commit}")
}

fn lay(page: &mut Page, case: &CaseBeside) {
    let [first, second] = case.verdicts;
    let verdict = if first == second { second.to_string() } else { format!("{second}, was {first}") };
    page.prose(0, "", &format!("{} · {verdict}", case.name));
    for remark in &case.remarks {
        page.prose(INDENT, "! ", remark);
    }
    let head = ["", "first", "second", "difference", ""].map(str::to_owned);
    let rows: Vec<[String; 5]> = case.rows.iter().map(cells).collect();
    let rows: Vec<&[String; 5]> = Some(&head).filter(|_| !rows.is_empty()).into_iter().chain(&rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..4).map(width).collect();
    for row in &rows {
        let [name, first, second, difference, word] = row;
        let [name_w, first_w, second_w, difference_w] = [widths[0], widths[1], widths[2], widths[3]];
        let line = format!(
            "{name:<name_w$}  {first:>first_w$}  {second:>second_w$}  {difference:>difference_w$}  {word}"
        );
        page.cut(INDENT, line.trim_end());
    }
}

fn cells(row: &FigureBeside) -> [String; 5] {
    let value = |value: Option<(f64, bool)>| match value {
        Some((value, is_at_least)) => {
            format!("{}{}", if is_at_least { ">= " } else { "" }, show::figure(value, &row.unit))
        }
        None => "-".to_owned(),
    };
    let difference = row.difference().map_or_else(String::new, |share| format!("{:+.1}%", share * 100.0));
    let name = format!("{} {}", row.of, row.name.replace('_', " ")).trim().to_owned();
    [name, value(row.values[0]), value(row.values[1]), difference, row.word.clone()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Verdict;

    #[test]
    fn two_runs_are_a_table() {
        let head = |run_id: &str, outcome| RunHead {
            run_id: run_id.to_owned(),
            started_at: "2026-11-21T08:15:02Z".to_owned(),
            profile: "default".to_owned(),
            commit: Some("1a2b3c4d5e6f708192a3".to_owned()),
            outcome,
        };
        let row = |name: &str, unit: &str, values, word: &str| FigureBeside {
            of: "load".to_owned(),
            name: name.to_owned(),
            unit: unit.to_owned(),
            values,
            word: word.to_owned(),
        };
        let case = CaseBeside {
            name: "cases::search::steady".to_owned(),
            verdicts: [Verdict::Pass, Verdict::Fail],
            remarks: vec!["timeout was 30s and is \u{1b}[31m5s".to_owned()],
            rows: vec![
                row("response_p50", "s", [Some((0.002, false)), Some((0.003, true))], "inconclusive, large"),
                row("response_p99", "s", [None, Some((0.009, false))], "in the second only"),
                row("error_rate", "ratio", [Some((0.0, false)), Some((0.02, false))], "inconclusive"),
            ],
        };
        let runs = RunsBeside {
            heads: [head("one", "PASSED"), head("two", "FAILED")],
            differences: vec!["the profile was a and is b".to_owned()],
            remarks: vec!["the kernel was 6.1 and is 6.2".to_owned()],
            cases: vec![case],
            only: [vec!["cases::a".to_owned(), "cases::b".to_owned()], Vec::new()],
            reasons: vec!["1 run against 1 cannot tell".to_owned()],
        };
        insta::assert_snapshot!(beside_text(&runs), @r"
        first:  one, 2026-11-21T08:15:02Z, PASSED, profile default, commit 1a2b3c4d5e6f
        second: two, 2026-11-21T08:15:02Z, FAILED, profile default, commit 1a2b3c4d5e6f
        not comparable: the profile was a and is b
        beside that: the kernel was 6.1 and is 6.2

        cases::search::steady · fail, was pass
          ! timeout was 30s and is 5s
                             first   second  difference
          load response p50   2 ms  >= 3 ms      +50.0%  inconclusive, large
          load response p99      -     9 ms              in the second only
          load error rate       0%       2%              inconclusive

        only in the first: cases::a, cases::b
        inconclusive: 1 run against 1 cannot tell
        ");
    }
}
