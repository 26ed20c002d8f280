mod trend;

use std::time::Duration;

use crate::{
    journal::FaultBand,
    judge::{
        Breach, BreakingPoint, Comparison, Degradation, Detail, Finding, Leak, Offered, Recovery, Trial,
        TrialResult, Verdict,
    },
    monitor::ResourceWindow,
    observe::{Counts, Doublings, Histogram, Kind, Observation, Purpose, Window},
    report::{
        CaseReport, RunReport, StopReport,
        html::html_page,
        tests::{case, counts, ended, expecting, full, observation, run},
    },
    stop::StopReason,
    supervisor::Ending,
};

/// Elements that have no end.
const VOID: [&str; 3] = ["meta", "link", "br"];

/// The names of the elements in their order; each that begins ends, in the right place.
#[track_caller]
fn elements(page: &str) -> Vec<String> {
    let body = page.strip_prefix("<!DOCTYPE html>").expect("it says what it is");
    let (mut open, mut all): (Vec<&str>, Vec<String>) = (Vec::new(), Vec::new());
    for piece in body.split('<').skip(1) {
        let (tag, _text) = piece.split_once('>').unwrap_or_else(|| panic!("no end of <{piece}"));
        let name = tag.split([' ', '/']).find(|part| !part.is_empty()).unwrap_or_default();
        match tag.strip_prefix('/') {
            Some(closed) => {
                let begun = open.pop();
                assert_eq!(begun, Some(closed), "</{closed}> inside of {open:?}");
            }
            None => {
                all.push(name.to_owned());
                if !tag.ends_with('/') && !VOID.contains(&name) {
                    open.push(name);
                }
            }
        }
    }
    assert!(open.is_empty(), "never closed: {open:?}");
    all
}

/// What stands between the first `from` and the next `to` behind it.
fn between<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = page.split_once(from).unwrap_or_else(|| panic!("no {from} in the page"));
    rest.split_once(to).map_or(rest, |(within, _)| within)
}

/// The chart of this title: a picture, or the sentence that says why there is none.
fn chart<'a>(page: &'a str, title: &str) -> &'a str {
    let figures = page.split("<figure class=\"chart\">").skip(1);
    let mut named = figures.filter(|figure| figure.starts_with(&format!("<figcaption><b>{title}</b>")));
    let figure = named.next().unwrap_or_else(|| panic!("no chart {title:?}"));
    figure.split("</figure>").next().unwrap_or_default()
}

/// A load of which each second has everything that a chart can show.
fn lively(name: &str, seconds: u32) -> Observation {
    let mut seen = observation(name, counts(480, 10, 6, 3, 1));
    seen.timeline = (0..seconds).map(window).collect();
    seen
}

fn window(n: u32) -> Window {
    let us = f64::from(n % 97) * 1.234_567 + 1_000.0 / 3.0;
    let mut times = Histogram::default();
    (0..9_u32).for_each(|at| times.record_n(u64::from(1_000_u32 << at), u64::from(1 + (n + at) % 113)));
    Window {
        at_s: f64::from(n) + 0.000_123_4,
        length_s: 1.000_234_5,
        counts: Counts {
            due: 97,
            ok: 90,
            rejected: 3,
            error: 2,
            timeout: 1,
            dropped: 1,
            ..Counts::default()
        },
        in_flight: u64::from(n % 13),
        p50_us: us,
        p95_us: us * 3.1,
        p99_us: us * 7.7,
        max_us: us * 31.3,
        response_log2_us: Doublings::of(&times),
        ..Window::default()
    }
}

fn resources(n: u32) -> ResourceWindow {
    ResourceWindow {
        at_s: n,
        cpu_percent: Some(f64::from(n % 89) * 1.01),
        machine_cpu_percent: Some(f64::from(n % 83) * 1.02),
        rss_bytes: (64 << 20) + u64::from(n) * 4096,
        rss_min_bytes: 64 << 20,
        ..ResourceWindow::default()
    }
}

/// A case with [`lively`] loads.
fn lively_case(name: &str, seconds: u32) -> CaseReport {
    let mut case = case(name, &[lively("load", seconds)]);
    case.duration_s = f64::from(seconds) + 0.5;
    case.resources.windows = (0..seconds).map(resources).collect();
    case
}

const OVER_TIME: [&str; 7] = [
    "Load, operations a second",
    "Response time",
    "Outcomes a second",
    "Response times, darker where more operations are",
    "Operations in flight",
    "CPU, generator and target together",
    "Memory of the case&#39;s processes",
];

#[test]
fn parts_come_in_the_order_in_which_one_asks() {
    let page = html_page(&full());
    let sections: Vec<&str> =
        page.split("<section id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(
        sections,
        [
            "verdicts",
            "expectations",
            "validity",
            "cases",
            "alerts",
            "recommendations",
            "environment",
            "repeat"
        ]
    );
    for section in sections {
        assert!(page.contains(&format!("<a href=\"#{section}\">")), "nothing leads to {section}");
    }
    assert!(elements(&page).len() > 400);
}

#[test]
fn everything_of_a_run_is_there() {
    let page = html_page(&full());
    let verdicts = between(&page, "<section id=\"verdicts\">", "</section>");
    assert!(verdicts.contains("boom"), "{verdicts}");
    assert!(page.contains("<li>slow: --include-slow runs it: cases::search::hour</li>"));
    let expected = between(&page, "<section id=\"expectations\">", "</section>");
    for text in ["<code>latency.p95 &#60; 100ms</code>", "<code>dropped == 0</code>", "<td>1</td>"] {
        assert!(expected.contains(text), "{text} is not in {expected}");
    }
    let validity = between(&page, "<section id=\"validity\">", "</section>");
    for text in
        ["<td>100/s</td>", "<td>99.8/s (99.8%)</td>", "<td>80.1 us</td>", "<td>0.12</td>", "<td>2%</td>"]
    {
        assert!(validity.contains(text), "{text} is not in {validity}");
    }
    let errors = between(&page, "<h5>Errors</h5>", "</table>");
    for text in ["document N is gone", "<td>2.2 s</td><td>5 s</td>", "<code>document 17 is gone</code>"] {
        assert!(errors.contains(text), "{text} is not in {errors}");
    }
    let alerts = between(&page, "<section id=\"alerts\">", "</section>");
    assert!(alerts.contains("success_rate") && alerts.contains("<a href=\"#case-1\">"), "{alerts}");
    for text in ["recovery_time 3 s", "the index held 10 000 documents", "SIGKILL in 3.1 s", "&#62;= 30 s"] {
        assert!(page.contains(text), "{text} is not in the page");
    }
    let repeat = between(&page, "<section id=\"repeat\">", "</section>");
    assert!(repeat.contains("--exact cases::search::stopped --seed 42"), "{repeat}");
}

#[test]
fn an_expectation_has_its_margin_and_its_first_breach() {
    let seen = observation("load", counts(500, 0, 0, 0, 0));
    let mut expecting = expecting("expecting", &seen, &["latency.p95 < 100ms"]);
    expecting.expectations[0].breach = Some(Breach { first_s: 2.0, longest_s: 0.4, windows: 3 });
    let page = html_page(&run(vec![expecting], &[]));
    let row = between(&page, "<section id=\"expectations\">", "</table>");
    assert!(row.contains("<td>5 ms</td><td class=\"number\">+95%</td>"), "{row}");
    assert!(row.contains("<td>2 s into the load, for 400 ms at most</td>"), "{row}");
}

#[test]
fn the_worst_come_first_and_open() {
    let page = html_page(&run(
        vec![
            case("a", &[]),
            case("b", &[]),
            ended(case("c", &[]), Ending::Aborted),
            case("d", &[lively("load", 3)]),
        ],
        &[],
    ));
    let cases: Vec<(bool, &str)> = page
        .split("<details class=\"case\"")
        .skip(1)
        .map(|part| (part.split('>').next().unwrap().ends_with(" open"), between(part, "</span> ", "</h3>")))
        .collect();
    assert_eq!(
        cases,
        [
            (true, "cases::search::c"),
            (false, "cases::search::a"),
            (false, "cases::search::b"),
            (false, "cases::search::d")
        ]
    );
}

/// A name, a message or a setting may hold anything.
#[test]
fn what_is_not_ours_is_text() {
    const EVIL: &str = "</style></title><script>alert('\"&')</script><!--";
    let evil = || EVIL.to_owned();
    let mut seen = lively("load", 8);
    (seen.load, seen.plan) = (evil(), evil());
    seen.phases[0].name = evil();
    seen.tags.insert(evil(), seen.total.clone());
    seen.total.kinds =
        vec![Kind { class: evil(), text: evil(), count: 1, sample: evil(), first_s: 0.0, last_s: 1.0 }];
    let mut bad = expecting("bad", &seen, &["latency.p95 < 1ms"]);
    (bad.name, bad.about, bad.place, bad.repeat, bad.folder) = (evil(), evil(), evil(), evil(), evil());
    (bad.settings[0].value, bad.target) = (Some(evil()), Some(evil()));
    (bad.reasons, bad.warnings, bad.notes) = (vec![evil()], vec![evil()], vec![evil()]);
    (bad.recommendations, bad.output_tail) = (vec![evil()], evil());
    bad.verdict = Verdict::Fail;
    let trials = vec![Trial { per_sec: 100.0, result: TrialResult::Broke { objective: evil() } }];
    let found = BreakingPoint::Under { breaks_per_sec: 100.0, objective: evil() };
    bad.findings = vec![Finding::new(EVIL, Detail::BreakingPoint { found, trials, confidence: None })];
    let mut run = run(vec![bad], &[(EVIL, EVIL)]);
    (run.run_id, run.profile, run.stopped) = (evil(), evil(), Some(evil()));
    run.command = vec![evil()];
    let page = html_page(&run);
    assert!(!page.contains("<script") && !page.contains("<!--"));
    assert_eq!(page.matches("</style>").count(), 1);
    assert_eq!(page.matches("</title>").count(), 1);
    let shown = page.matches("&#60;script&#62;alert(").count() + page.matches("&lt;script&gt;").count();
    assert!(shown > 20, "it is shown {shown} times");
    elements(&page);
}

#[test]
fn charts_have_ink_where_there_are_data() {
    let mut measured = lively_case("measured", 30);
    measured.stop = Some(StopReport {
        reason: StopReason::TimeLimit,
        sentence: "it ran for 30 s (time_limit)".to_owned(),
        at_s: 30.0,
        took_s: 0.1,
        by: "stop token".to_owned(),
    });
    let page = html_page(&run(vec![measured], &[]));
    for title in OVER_TIME {
        let chart = chart(&page, title);
        assert!(chart.contains("<svg "), "{title}: {chart}");
        let ink = if title.contains("darker") { "<rect " } else { "<polyline " };
        assert!(chart.matches(ink).count() > usize::from(title.contains("darker")) * 200, "{title}: {chart}");
        for name in ["100/s for 5 s", "stopped"] {
            assert!(title.contains("darker") || chart.contains(name), "{name} is not in {title}");
        }
    }
    assert!(chart(&page, "Load, operations a second").contains("asked, mean of the phase"));
    let spectrum = chart(&page, "Percentile spectrum, operations that ended");
    assert!(spectrum.contains("<polyline ") && spectrum.contains("99%"), "{spectrum}");
}

#[test]
fn charts_without_data_are_sentences() {
    let mut idle = case("idle", &[]);
    idle.resources.windows.clear();
    let page = html_page(&run(vec![idle], &[]));
    assert!(!page.contains("<svg"), "there is nothing to draw");
    assert!(chart(&page, "CPU, generator and target together").contains("CPU was not measured"));
    assert!(chart(&page, "Memory of the case&#39;s processes").contains("Memory was not measured."));
    let mut old = lively("load", 3);
    old.timeline.iter_mut().for_each(|window| window.response_log2_us = Doublings::default());
    let page = html_page(&run(vec![case("old", &[old])], &[]));
    assert!(chart(&page, OVER_TIME[3]).contains("No window of this report has"));
    elements(&page);
}

#[test]
fn a_breaking_point_has_its_curve() {
    let trial = |rate: u64| {
        let mut seen = observation(&format!("trial at {rate}/s"), counts(5 * rate, 0, 0, 0, 0));
        seen.purpose = Purpose::Probe;
        seen.phases[0].asked_per_sec = Some(rate as f64);
        seen
    };
    let trials = [100, 200, 400].map(trial);
    let mut searched = case("searched", &trials);
    let tried = [(100.0, TrialResult::Held), (200.0, TrialResult::Held)];
    let broke = TrialResult::Broke { objective: "latency.p95 is 2 s".to_owned() };
    let tried = tried.into_iter().chain([(400.0, broke)]);
    let trials = tried.map(|(per_sec, result)| Trial { per_sec, result }).collect();
    let objective = "latency.p95 is 2 s".to_owned();
    let found = BreakingPoint::Between { holds_per_sec: 200.0, breaks_per_sec: 400.0, objective };
    searched.findings =
        vec![Finding::new("maximum throughput", Detail::BreakingPoint { found, trials, confidence: None })];
    let page = html_page(&run(vec![searched], &[]));
    for of in ["Operations a second over", "Response time over"] {
        let chart = chart(&page, &format!("{of} the load asked for, operations a second"));
        assert!(
            chart.contains("<polyline ") && chart.contains("holds") && chart.contains("breaks"),
            "{chart}"
        );
        assert!(chart.matches("<circle ").count() >= 6, "a dot for each trial on two lines: {chart}");
    }
    assert!(page.contains("<td class=\"short\">400/s</td>") && page.contains("broke: latency.p95 is 2 s"));
}

#[test]
fn what_procedures_found_and_what_changed_is_there() {
    let mut case = lively_case("found", 12);
    let leak = Leak::Leaking { bytes_per_sec: 2e5, at_least_bytes_per_sec: 1e5, over_s: 60.0 };
    let late = Recovery::NotWithin { watched: Duration::from_secs(60) };
    let attempts = vec![Recovery::Recovered { after: Duration::from_secs(3) }, late.clone()];
    let recovery = Detail::Recovery { found: late, depth: None, attempts };
    let offered = |offered_per_sec, goodput_per_sec| Offered { offered_per_sec, goodput_per_sec };
    let loads = vec![offered(100.0, 100.0), offered(200.0, 150.0), offered(400.0, 20.0)];
    let degradation = Detail::Degradation { found: Degradation::find(&loads), loads };
    let details = [Detail::Leak { found: leak }, recovery, degradation];
    case.findings = details.into_iter().map(|detail| Finding::new("soak", detail)).collect();
    let no_figures = Comparison::new("main", 0.05, (3, 1), Vec::new());
    case.comparison = Some(no_figures.without(vec!["another processor".to_owned()]));
    let sentences: Vec<String> = case.findings.iter().map(|finding| finding.sentence.clone()).collect();
    let page = html_page(&run(vec![case], &[]));
    for (heading, sentence) in ["Leak", "Recovery", "Degradation"].into_iter().zip(&sentences) {
        let part = between(&page, &format!("<h4>{heading} <small>soak</small></h4>"), "</section>");
        assert!(part.contains(&sentence.replace('>', "&#62;")), "{sentence:?} is not in {part}");
    }
    let attempts = between(&page, "<h4>Recovery ", "</section>");
    assert!(
        attempts.contains("<td class=\"short\">2</td>") && attempts.contains("had not recovered 60 s"),
        "{attempts}"
    );
    let goodput = chart(&page, "Goodput over the load offered, operations a second");
    assert_eq!(goodput.matches("<circle ").count(), 3, "{goodput}");
    let compared = between(&page, "<h4>Baseline main: not comparable, 1 run against 3</h4>", "</section>");
    assert!(compared.contains("Not comparable: another processor"), "{compared}");
}

/// Loads that ran beside each other are not one line.
#[test]
fn loads_at_the_same_time_have_charts_of_their_own() {
    let mut later = lively("later", 8);
    later.started_s = 20.0;
    let loads = [lively("one", 8), lively("other", 8), later];
    let page = html_page(&run(vec![case("several", &loads)], &[]));
    let headings: Vec<&str> =
        page.split("<h5>").skip(1).map(|rest| rest.split("</h5>").next().unwrap()).collect();
    assert_eq!(headings, ["one to later", "other", "The case&#39;s processes"]);
}

#[test]
fn an_hour_is_small() {
    let page = html_page(&run(vec![lively_case("an_hour", 3_600)], &[]));
    assert!(page.len() < 600_000, "{} bytes", page.len());
    let longest = page.split("points=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    let longest = longest.map(|points| points.split(' ').count()).max().unwrap();
    assert!((200..400).contains(&longest), "{longest} points");
}

#[test]
fn nothing_is_asked_for_elsewhere() {
    let page = html_page(&full());
    let without_names = page.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
    for asking in ["http://", "https://", "src=", "url(", "@import", "<script", "<iframe"] {
        assert!(!without_names.contains(asking), "{asking}");
    }
    assert!(page.contains("content=\"default-src 'none'; "));
    for link in page.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        let place = link.strip_prefix('#');
        let is_here = place.is_some_and(|place| page.contains(&format!("id=\"{place}\"")));
        assert!(is_here || link == "data:,", "{link:?} leads nowhere");
    }
}

#[test]
fn it_is_for_screens_of_both_kinds_and_for_paper() {
    let page = html_page(&full());
    let style = between(&page, "<style>", "</style>");
    for rule in ["prefers-color-scheme:dark", "@media print", "@media (max-width:600px)", "svg [stroke=\"#"] {
        assert!(style.contains(rule), "{rule}");
    }
    // Paper is light whatever the screen is.
    assert_eq!(style.matches("prefers-color-scheme").count(), style.matches("@media screen and").count());
}

#[test]
fn a_run_of_nothing_is_a_page_too() {
    let empty = RunReport { cases: Vec::new(), ..run(Vec::new(), &[]) };
    let page = html_page(&empty);
    assert!(page.contains("No case ran.") && page.contains("NOTHING RAN"));
    elements(&page);
}

#[test]
fn faults_are_bands_over_the_time_of_the_case() {
    let mut case = lively_case("faulty", 10);
    let faults =
        |from_s, until_s| FaultBand { faults: "no <cable>".into(), from_s, until_s, ..FaultBand::default() };
    let plain = html_page(&run(vec![case.clone()], &[]));
    case.faults = vec![faults(2.0, 4.0), faults(6.0, 6.0)];
    let page = html_page(&run(vec![case], &[]));
    for title in [OVER_TIME[0], "CPU, generator and target together"] {
        let (without, with) = (chart(&plain, title), chart(&page, title));
        assert!(!without.contains("no &lt;cable&gt;"), "{without}");
        assert_eq!(
            with.matches("no &lt;cable&gt;").count(),
            1,
            "one that was in force, one that was not: {with}"
        );
    }
}
