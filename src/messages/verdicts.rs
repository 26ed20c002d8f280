use std::collections::BTreeMap;

use super::Page;
use crate::{
    expect::Expectation,
    judge::{Judgement, LittlesLaw, Watch, Watched, judge, made::figures, validity},
    observe::{Counter, Counts, Figures, Model, Observation, Phase, ProcessUse, Window},
    stop::StopReason,
};

fn load(total: Figures) -> Observation {
    Observation { load: "reads".to_owned(), total, complete: true, ..Observation::default() }
}

fn phase(name: &str, figures: Figures) -> Phase {
    let asked_per_sec = Some(figures.counts.due as f64 / 10.0);
    Phase { name: name.to_owned(), is_started: true, asked_per_sec, figures, ..Phase::default() }
}

/// An open load whose one phase asked for so many operations a second.
fn asked(per_sec: f64, total: Figures) -> Observation {
    let phase = Phase { asked_per_sec: Some(per_sec), ..phase("hold", total.clone()) };
    Observation { phases: vec![phase], ..load(total) }
}

fn judged(page: &mut Page, what: &str, text: &str, observation: &Observation) {
    let judgement = judge(&Expectation::parse(text).unwrap(), observation, 10);
    told(page, what, text, &judgement);
}

fn told(page: &mut Page, what: &str, text: &str, judgement: &Judgement) {
    page.says(format!("{what}: {text}"), format!("{}: {}", judgement.verdict, judgement.sentence));
}

#[test]
fn verdicts_of_a_load() {
    let mut page = Page::new("verdicts", "Verdicts on what a load showed");
    let thousand = load(figures(1_000, 0));
    let bad = load(figures(900, 100));
    page.family("Pass and fail");
    judged(&mut page, "fast", "latency.p95 < 100ms", &thousand);
    judged(&mut page, "slow", "latency.p95 < 8ms", &thousand);
    judged(&mut page, "100 of 1000 failed", "error_rate < 5%", &bad);
    judged(&mut page, "100 of 1000 failed", "success_rate >= 90%", &bad);
    judged(&mut page, "100/s", "throughput >= 200/s", &thousand);
    page.family("Too little is known");
    judged(&mut page, "298 operations", "latency.p99 < 100ms", &load(figures(298, 0)));
    judged(&mut page, "9 operations", "error_rate < 5%", &load(figures(9, 0)));
    judged(&mut page, "none", "latency.max < 1s", &load(figures(0, 0)));
    let mut timeouts = load(figures(950, 0));
    (timeouts.total.counts.due, timeouts.total.counts.timeout) = (1_000, 50);
    timeouts.total.at_least.record_n(3_000_000_000, 50);
    judged(&mut page, "50 timeouts after 3 s", "latency.p99 < 10s", &timeouts);
    judged(&mut page, "50 timeouts after 3 s", "latency.stddev < 1s", &timeouts);
    judged(&mut page, "none rejected", "rejected_latency.p95 < 1s", &thousand);
    let nothing =
        load(Figures { counts: Counts { due: 20, dropped: 20, ..Counts::default() }, ..Figures::default() });
    judged(
        &mut page,
        "all dropped",
        "service_time.p95 < 1s",
        &load(Figures { duration_s: 0.0, ..nothing.total.clone() }),
    );
    judged(&mut page, "all dropped", "lateness.p95 < 1s", &nothing);
    judged(&mut page, "no time", "throughput > 1/s", &nothing);
    let counts = Counts { due: 5, unfinished: 5, ..Counts::default() };
    let lost = load(Figures { counts, ..Figures::default() });
    judged(&mut page, "all lost", "latency.p95 < 1s", &lost);
    judged(&mut page, "memory unknown", "memory.peak < 1GiB", &thousand);
    judged(&mut page, "CPU time unknown", "cpu.mean < 50%", &thousand);
    judged(&mut page, "of users", "achieved_rate >= 99%", &thousand);
    let counter = |count, of| Counter { count, of };
    let counters = BTreeMap::from([
        ("hits".to_owned(), counter(70, None)),
        ("cached".to_owned(), counter(7, Some(100))),
        ("asked".to_owned(), counter(0, Some(0))),
    ]);
    let counting = Observation { counters, ..thousand.clone() };
    judged(&mut page, "another counter", "counter.misses < 5", &counting);
    judged(&mut page, "a rate of nothing", "counter.asked > 50%", &counting);
    judged(&mut page, "a plain count", "counter.hits > 50%", &counting);
    judged(&mut page, "a share", "counter.cached > 50", &counting);
    page.family("It ended early, or was not there");
    judged(
        &mut page,
        "stopped",
        "error_rate < 5%",
        &Observation { stopped: Some(StopReason::TimeLimit), ..thousand.clone() },
    );
    judged(&mut page, "crashed", "error_rate < 5%", &Observation { complete: false, ..thousand.clone() });
    let unbalanced =
        load(Figures { counts: Counts { due: 1_000, ok: 999, ..Counts::default() }, ..figures(1_000, 0) });
    judged(&mut page, "an operation got lost", "error_rate < 5%", &unbalanced);
    let never = Phase { is_started: false, ..phase("high", Figures::default()) };
    let warm_up = Phase { is_warm_up: true, ..phase("warm-up", figures(100, 0)) };
    let phases = Observation {
        phases: vec![warm_up, phase("low", figures(1_000, 0)), never.clone()],
        ..thousand.clone()
    };
    judged(&mut page, "the second phase never began", "error_rate < 5% in each phase", &phases);
    judged(&mut page, "it never began", "error_rate < 5% in phase \"high\"", &phases);
    judged(&mut page, "another phase", "error_rate < 5% in phase \"hihg\"", &phases);
    judged(&mut page, "the warm-up", "error_rate < 5% in phase \"warm-up\"", &phases);
    let pause = Phase { asked_per_sec: Some(0.0), ..phase("pause", Figures::default()) };
    judged(
        &mut page,
        "a pause alone",
        "error_rate < 5% in each phase",
        &Observation { phases: vec![pause], ..thousand.clone() },
    );
    judged(&mut page, "another load", "error_rate < 5% of load \"writes\"", &thousand);
    judged(&mut page, "windows", "error_rate < 5% over 5s", &thousand);
    let ran = ["reads".to_owned()].into();
    let writes = Expectation::parse("error_rate < 5% of load \"writes\"").unwrap();
    told(
        &mut page,
        "no such load",
        "error_rate < 5% of load \"writes\"",
        &Judgement::of_no_load(&writes, &ran),
    );
    told(
        &mut page,
        "no load at all",
        "error_rate < 5% of load \"writes\"",
        &Judgement::of_no_load(&writes, &[].into()),
    );
    page.family("Tags");
    let mut tagged = Observation { tags: [("read".to_owned(), figures(995, 0))].into(), ..thousand.clone() };
    judged(&mut page, "another tag", "error_rate < 5% with tag \"write\"", &tagged);
    judged(
        &mut page,
        "crashed",
        "error_rate < 5% with tag \"write\"",
        &Observation { complete: false, ..tagged.clone() },
    );
    (tagged.total.counts.ok, tagged.total.counts.unfinished) = (995, 5);
    judged(&mut page, "5 never ended", "success_rate >= 99.9% with tag \"read\"", &tagged);
    page.family("The generator was the limit");
    judged(&mut page, "half of the schedule", "achieved_rate >= 99%", &asked(200.0, figures(1_000, 0)));
    judged(&mut page, "half of the schedule", "error_rate < 5%", &asked(200.0, figures(1_000, 0)));
    let mut late = figures(1_000, 0);
    late.response.record_n(160_000_000, 1_000_000);
    late.lateness.record_n(150_000_000, 1_000_000);
    late.counts = Counts { due: 1_001_000, ok: 1_001_000, ..Counts::default() };
    judged(&mut page, "late starts", "latency.p95 < 100ms", &asked(100_100.0, late.clone()));
    page.check();
}

#[test]
fn doubts_about_a_load() {
    let mut page = Page::new("validity", "Doubts about the figures of a load");
    page.family("The generator fell short");
    let of = |workers_busy_s, all_workers_busy_s| {
        let process = ProcessUse {
            span_s: 10.0,
            workers: 4,
            workers_busy_s,
            all_workers_busy_s,
            ..ProcessUse::default()
        };
        Observation { process, ..asked(200.0, figures(1_000, 0)) }
    };
    page.says("nothing known of its workers", validity(&asked(200.0, figures(1_000, 0))).join("\n"));
    page.says("all workers busy", validity(&of(36.0, 6.0)).join("\n"));
    page.says("workers idle", validity(&of(2.0, 0.0)).join("\n"));
    page.family("Counts and times do not fit");
    let mut figures = Figures { duration_s: 60.0, ..Figures::default() };
    figures.counts = Counts { due: 60_000, ok: 60_000, ..Counts::default() };
    figures.service.record_n(50_000_000, 60_000);
    let window = |n: u32| Window {
        at_s: f64::from(n),
        length_s: 1.0,
        in_flight: if n == 59 { 0 } else { 60 },
        ..Window::default()
    };
    let seen = Observation {
        timeline: (0..60).map(window).collect(),
        phases: vec![Phase { is_started: true, figures, ..Phase::default() }],
        complete: true,
        ..Observation::default()
    };
    let doubt = LittlesLaw::of(&seen).and_then(|law| law.doubt());
    page.says("1000/s of 50 ms, 60 in flight", doubt.unwrap_or_default());
    page.check();
}

/// A minute in fifths of a second, of whose operations `seen(second)` succeed and fail.
fn watched(text: &str, seen: impl Fn(f64) -> (u64, u64), end: impl Fn(&mut Observation)) -> String {
    let names = ["hold".to_owned()];
    let terms = Watched { model: Model::Open, phases: &names, warm_up_phases: 0, least_samples: 10 };
    let mut watch = Watch::new(&Expectation::parse(text).unwrap(), terms).expect("it has windows");
    let mut total = Figures { duration_s: 60.0, ..Figures::default() };
    for fifth in 1..=300_u32 {
        let at_s = f64::from(fifth) / 5.0;
        let (ok, failed) = seen(at_s);
        let mut some = figures(ok, failed);
        some.duration_s = 0.0;
        watch.news(0, &some);
        total.merge(&some);
        let _missed = watch.look(at_s, &[Some(0.0..60.0)], 60.0);
    }
    let phase =
        Phase { name: "hold".to_owned(), is_started: true, figures: total.clone(), ..Phase::default() };
    let mut observation = Observation { phases: vec![phase], ..load(total) };
    end(&mut observation);
    let judgement = watch.finish(&observation);
    format!("{}: {}", judgement.verdict, judgement.sentence)
}

#[test]
fn verdicts_on_windows() {
    let mut page = Page::new("windows", "Verdicts on windows, looked at while a load runs");
    page.family("60 s of 100/s, of which a tenth failed from 20 s to 28 s");
    let ill = |at_s: f64| if at_s > 20.01 && at_s < 28.01 { (18, 2) } else { (20, 0) };
    let as_it_is = |_: &mut Observation| {};
    for text in [
        "error_rate < 5% over 5s",
        "error_rate < 15% over 5s",
        "error_rate < 5% over 5s for 30s",
        "error_rate < 5% over 90s",
        "error_rate < 5% over 5s in phase \"hodl\"",
    ] {
        page.says(text, watched(text, ill, as_it_is));
    }
    let text = "error_rate < 15% over 5s";
    let stop = |seen: &mut Observation| seen.stopped = Some(StopReason::Interrupted);
    page.says(format!("stopped: {text}"), watched(text, ill, stop));
    let short = |seen: &mut Observation| seen.phases[0].asked_per_sec = Some(200.0);
    let with_time = move |seen: &mut Observation| {
        short(seen);
        seen.phases[0].figures.duration_s = 60.0;
    };
    page.says(format!("half of the schedule: {text}"), watched(text, ill, with_time));
    page.says(
        "half of the schedule: throughput >= 150/s over 5s",
        watched("throughput >= 150/s over 5s", ill, with_time),
    );
    let text = "latency.p99 < 1s over 1s";
    page.says(format!("100 a second: {text}"), watched(text, ill, as_it_is));
    // Missed for 3 s, nothing known for 4 s, missed for 3 s.
    let unknown_between = |at_s: f64| match at_s {
        t if t > 10.01 && t <= 13.01 || t > 17.01 && t <= 20.01 => (0, 20),
        t if t > 13.01 && t <= 17.01 => (1, 0),
        _ => (20, 0),
    };
    let text = "error_rate < 50% for 8s";
    page.says(format!("few operations between two misses: {text}"), watched(text, unknown_between, as_it_is));
    page.check();
}
