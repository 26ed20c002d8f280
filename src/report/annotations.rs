//! The run for the pages of GitHub Actions: a line for each annotation, at the case that it is about.
//!
//! The form is GitHub's workflow command, `::error file=...,line=...,title=...::message`, with the escapes that its
//! runner takes back (actions/runner, ActionCommand.cs).

use std::path::Path;

use super::{
    CaseReport, RunReport,
    text::{plain, shortened},
};
use crate::judge::{AlertLevel, Verdict};

/// GitHub shows ten of a kind for each step, and drops the others without a word.
const MOST: usize = 10;

/// Characters of a message: a page on GitHub, not a log.
const LONGEST: usize = 2_000;

/// Pieces of advice in a message.
const MOST_ADVICE: usize = 3;

/// One annotation.
struct Annotation {
    place: String,
    title: String,
    message: String,
}

/// What did not pass (an error), what cannot be told and the critical alerts (warnings) of `own`, a line each.
///
/// `whole` is the run that `own` is a part of: where each case has a process of its own, what the others have told counts
/// towards what GitHub shows. `root` is where the files of the cases are, seen from the root of the repository: nothing,
/// or a path that ends in `/`.
pub(crate) fn annotations(own: &RunReport, whole: &RunReport, root: &str) -> String {
    let is_own = |name: &str| own.cases.iter().any(|case| case.name == name);
    let others: Vec<&CaseReport> = whole.cases.iter().filter(|case| !is_own(&case.name)).collect();
    let all: Vec<&CaseReport> = own.cases.iter().collect();
    let mut text = String::new();
    for (kind, of, rest) in [
        ("error", errors as fn(&[&CaseReport]) -> Vec<Annotation>, "more cases did not pass"),
        ("warning", warnings, "more cases are inconclusive or have critical alerts"),
    ] {
        lay(&mut text, kind, of(&all), of(&others).len(), root, rest);
    }
    text
}

/// `found` as far as there is room beside the `told` of other processes; what is too much is counted in the last one.
fn lay(text: &mut String, kind: &str, mut found: Vec<Annotation>, told: usize, root: &str, rest: &str) {
    let room = MOST.saturating_sub(told);
    if found.len() > room {
        let shown = room.saturating_sub(1);
        let more = found.len() - shown;
        found.truncate(shown);
        let message =
            "GitHub shows ten of a kind for a step: the others are in the summary and in the reports";
        let counted =
            Annotation { place: String::new(), title: format!("{more} {rest}"), message: message.to_owned() };
        found.extend((room > 0).then_some(counted));
    }
    found.iter().for_each(|annotation| text.push_str(&annotation.command(kind, root)));
}

fn errors(cases: &[&CaseReport]) -> Vec<Annotation> {
    let is_error = |case: &&&CaseReport| matches!(case.verdict, Verdict::Fail | Verdict::Aborted);
    cases.iter().filter(is_error).map(|case| Annotation::of(case)).collect()
}

fn warnings(cases: &[&CaseReport]) -> Vec<Annotation> {
    let undecided = cases.iter().filter(|case| case.verdict == Verdict::Inconclusive);
    let alerts = cases.iter().flat_map(|case| {
        let critical = case.alerts.iter().filter(|alert| alert.level == AlertLevel::Critical);
        critical.map(|alert| Annotation {
            place: case.place.clone(),
            title: format!("critical alert: {}", case.name),
            message: format!("{}\nAn alert is no verdict: it fails nothing.", alert.sentence),
        })
    });
    undecided.map(|case| Annotation::of(case)).chain(alerts).collect()
}

impl Annotation {
    /// Of a case that did not pass.
    fn of(case: &CaseReport) -> Self {
        let mut lines = case.reasons.clone();
        if lines.is_empty() {
            lines.push(case.ending_sentence.clone());
        }
        lines.extend(
            case.recommendations.iter().take(MOST_ADVICE).map(|advice| format!("what to do: {advice}")),
        );
        lines.push(format!("repeat: {}", case.repeat));
        Self {
            place: case.place.clone(),
            title: format!("{}: {}", case.verdict.words(), case.name),
            message: lines.join("\n"),
        }
    }

    fn command(&self, kind: &str, root: &str) -> String {
        let place = file_and_line(&self.place).map_or_else(String::new, |(file, line)| {
            // An absolute path is as far from the root as it can be.
            let root = if Path::new(file).is_absolute() { "" } else { root };
            format!("file={},line={line},", property(&format!("{root}{file}")))
        });
        let title = property(&shortened(&self.title, LONGEST));
        format!("::{kind} {place}title={title}::{}\n", data(&self.message))
    }
}

/// The two parts of `stress/cases/search.rs:12`.
pub(super) fn file_and_line(place: &str) -> Option<(&str, u32)> {
    let (file, line) = place.rsplit_once(':')?;
    Some((file, line.parse().ok()?)).filter(|(file, _)| !file.is_empty())
}

/// A message: several lines, each without control characters.
fn data(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(|line| plain(line).trim_end().to_owned()).collect();
    escaped(&shortened(&lines.join("\n"), LONGEST))
}

/// The value of a property.
fn property(text: &str) -> String {
    escaped(&plain(text)).replace(':', "%3A").replace(',', "%2C")
}

fn escaped(text: &str) -> String {
    // `%` first: the others bring some.
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        judge::{AlertThresholds, Peaks, alerts},
        report::tests::{case, counts, expecting, full, observation, run},
    };

    fn failed(n: usize) -> CaseReport {
        let seen = observation("load", counts(400, 0, 100, 0, 0));
        expecting(&format!("case_{n:02}"), &seen, &["success_rate >= 95%"])
    }

    fn undecided() -> CaseReport {
        expecting("few", &observation("load", counts(40, 0, 0, 0, 0)), &["latency.p99 < 100ms"])
    }

    #[test]
    fn each_verdict_has_its_kind() {
        let mut noisy = case("noisy", &[]);
        let seen = observation("load", counts(400, 0, 100, 0, 0));
        let thresholds = AlertThresholds { success_rate: Some(0.95), ..AlertThresholds::default() };
        noisy.alerts = alerts(&thresholds, &[seen], &Peaks::default());
        let run = run(vec![failed(1), undecided(), noisy], &[("cases::search::hour", "slow")]);
        insta::assert_snapshot!(annotations(&run, &run, "crates/store/"), @r#"
        ::error file=crates/store/stress/cases/search.rs,line=12,title=fail%3A cases%3A%3Asearch%3A%3Acase_01::load: success_rate is 80%25, wanted >= 95%25 (missed by 15 points)%0Arepeat: cargo test --test stress -- --exact cases::search::case_01 --seed 42
        ::warning file=crates/store/stress/cases/search.rs,line=12,title=inconclusive%3A cases%3A%3Asearch%3A%3Afew::load: latency.p99 is 5 ms, wanted < 100ms; not judged: latency.p99 needs 299 samples and has 40: give it more operations or more time%0Arepeat: cargo test --test stress -- --exact cases::search::few --seed 42
        ::warning file=crates/store/stress/cases/search.rs,line=12,title=critical alert%3A cases%3A%3Asearch%3A%3Anoisy::success_rate is 80%25, alert at 95%25 (load `load`)%0AAn alert is no verdict: it fails nothing.
        "#);
        assert_eq!(annotations(&full(), &full(), "").matches("::error ").count(), 3);
    }

    #[test]
    fn nothing_can_begin_a_command_of_its_own() {
        let mut bad = failed(1);
        bad.name = "cases::<script>|@x, 100%".to_owned();
        bad.reasons = vec!["a\n::stop-commands::x\r\n\u{1b}[31m::add-mask::y 5%".to_owned()];
        bad.place = "a,b:c.rs:7".to_owned();
        let text = annotations(&run(vec![bad.clone()], &[]), &run(vec![bad], &[]), "");
        assert_eq!(text.lines().count(), 1, "{text}");
        let head = "::error file=a%2Cb%3Ac.rs,line=7,title=fail%3A cases%3A%3A<script>|@x%2C 100%25::";
        assert!(text.starts_with(head), "{text}");
        assert!(text.contains("::a%0A::stop-commands::x%0A::add-mask::y 5%25%0A"), "{text}");
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn ten_of_a_kind_and_the_rest_is_counted() {
        let many = run((1..=25).map(failed).collect(), &[]);
        let text = annotations(&many, &many, "");
        assert_eq!(text.lines().count(), 10, "{text}");
        assert!(text.contains("case_09") && !text.contains("case_10"), "{text}");
        assert!(text.contains("::error title=16 more cases did not pass::"), "{text}");
        let ten = run((1..=10).map(failed).collect(), &[]);
        assert!(annotations(&ten, &ten, "").contains("case_10"), "ten fit");
    }

    /// nextest starts a process for each case, and each tells of its own.
    #[test]
    fn what_other_processes_told_counts() {
        let own = |n| run(vec![failed(n)], &[]);
        let whole = |n: usize| run((1..=n).map(failed).collect(), &[]);
        assert!(annotations(&own(3), &whole(3), "").contains("case_03"));
        assert!(annotations(&own(10), &whole(10), "").contains("case_10"));
        assert_eq!(annotations(&own(11), &whole(11), ""), "");
    }

    #[test]
    fn a_place_has_a_file_and_a_line() {
        assert_eq!(file_and_line("stress/cases/search.rs:12"), Some(("stress/cases/search.rs", 12)));
        assert_eq!(file_and_line(r"C:\stress\search.rs:12"), Some((r"C:\stress\search.rs", 12)));
        assert_eq!([file_and_line(""), file_and_line("search.rs"), file_and_line(":7")], [None; 3]);
    }
}
