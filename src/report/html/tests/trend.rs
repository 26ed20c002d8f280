use super::{between, elements};
use crate::{
    judge::Verdict,
    report::{
        CaseReport, Trend,
        html::html_page,
        tests::{case, past, run},
    },
};

/// A case with earlier runs whose p99 were so long.
fn with_past(ms: &[f64]) -> CaseReport {
    let mut case = case("steady", &[]);
    let runs = ms.iter().enumerate().map(|(n, ms)| past(n, ms * 1e3)).collect();
    case.history = Some(Trend { runs, ..Trend::default() });
    case
}

/// The small line of this title.
fn spark<'a>(page: &'a str, title: &str) -> &'a str {
    between(page, &format!("<figure class=\"spark\"><figcaption><b>{title}</b> "), "</figure>")
}

#[test]
fn the_last_runs_are_a_small_line_with_a_dot_for_each() {
    let mut case = with_past(&[20.0, 24.0, 30.0, 40.0, 31.0]);
    let trend = case.history.as_mut().unwrap();
    trend.runs[1].verdict = Verdict::Fail;
    (trend.runs[2].verdict, trend.runs[2].complete) = (Verdict::Aborted, false);
    trend.left_out = vec!["3 runs under <other> conditions".to_owned()];
    let page = html_page(&run(vec![case], &[]));
    elements(&page);
    let p99 = spark(&page, "p99");
    assert!(p99.starts_with("31 ms, was 24 ms in the median"), "{p99}");
    assert_eq!((p99.matches("<circle ").count(), p99.matches("<polyline ").count()), (5, 2), "{p99}");
    assert!(p99.contains(
        "aria-label=\"p99 of the last runs, the oldest first: 20 ms, 24 ms, not known, 40 ms, 31 ms\""
    ));
    for text in [
        "fill=\"#CF222E\" stroke=\"#CF222E\"",
        "fill=\"none\" stroke=\"#8250DF\"",
        "<title>p99: 24 ms, fail, run run-1, 2026-11-20T01:00:00Z, commit 1a2b3c4d5e6f</title>",
    ] {
        assert!(p99.contains(text), "{text} is not in {p99}");
    }
    assert!(spark(&page, "throughput").contains("100/s, was 100/s in the median"));
    assert!(page.contains("3 runs under &#60;other&#62; conditions"));
    let trend = between(&page, "<section class=\"trend\">", "</section>");
    assert!(trend.contains("Trend over the last 5 runs") && trend.contains("aborted, cut short"), "{trend}");
    assert!(trend.contains("<i class=\"ink-red\"></i>fail") && !trend.contains("inconclusive"), "{trend}");
}

#[test]
fn the_first_run_has_no_trend() {
    let page = html_page(&run(vec![with_past(&[20.0])], &[]));
    assert!(!page.contains("class=\"trend\""));
}

#[test]
fn dots_stay_within_the_picture() {
    for ms in [&[1.0, 1.0][..], &[0.0, 0.0, 0.0], &[1e-3, 1e6], &[5.0, 9.0, 1.0, 2.0]] {
        let page = html_page(&run(vec![with_past(ms)], &[]));
        let p99 = spark(&page, "p99");
        let heights =
            p99.split("cy=\"").skip(1).map(|rest| rest.split('"').next().unwrap().parse::<f64>().unwrap());
        for height in heights {
            assert!((6.9..=57.1).contains(&height), "{height} in {p99}");
        }
    }
}

/// The history is a file that anybody may have written to.
#[test]
fn names_of_past_runs_are_text() {
    let mut case = with_past(&[20.0, 21.0]);
    let evil = "\"/><script>alert(1)</script>".to_owned();
    let run_before = &mut case.history.as_mut().unwrap().runs[0];
    (run_before.run_id, run_before.started_at, run_before.commit) = (evil.clone(), evil.clone(), Some(evil));
    let page = html_page(&run(vec![case], &[]));
    assert!(!page.contains("<script"));
    elements(&page);
}
