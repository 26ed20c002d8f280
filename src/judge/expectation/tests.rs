use super::*;
use crate::{
    judge::made::figures,
    observe::{Counter, Figures, Model, ProcessUse},
    stop::StopReason,
};

fn load(total: Figures) -> Observation {
    Observation { load: "load".to_owned(), total, complete: true, ..Observation::default() }
}

/// `ok` successes, and as many timeouts after 3 s.
fn with_timeouts(ok: u64, timeouts: u64) -> Observation {
    let mut total = figures(ok, 0);
    total.counts.due += timeouts;
    total.counts.timeout = timeouts;
    total.at_least.record_n(3_000_000_000, timeouts);
    load(total)
}

fn phase(name: &str, figures: Figures) -> Phase {
    let asked_per_sec = Some(figures.counts.due as f64 / 10.0);
    Phase { name: name.to_owned(), is_started: true, asked_per_sec, figures, ..Phase::default() }
}

fn with_phases(phases: Vec<Phase>) -> Observation {
    let mut total = Figures::default();
    phases.iter().filter(|p| !p.is_warm_up).for_each(|p| total.merge(&p.figures));
    Observation { phases, ..load(total) }
}

/// The verdict and the sentence, with 10 as the least number of samples.
fn told(text: &str, observation: &Observation) -> String {
    let judgement = judge(&Expectation::parse(text).unwrap(), observation, 10);
    format!("{}: {}", judgement.verdict, judgement.sentence)
}

#[test]
fn a_percentile_passes_fails_or_lacks_samples() {
    let many = load(figures(299, 0));
    assert_eq!(told("latency.p99 < 100ms", &many), "pass: latency.p99 is 10 ms, wanted < 100ms (90% room)");
    assert_eq!(told("latency.p99 < 8ms", &many), "fail: latency.p99 is 10 ms, wanted < 8ms (missed by 25%)");
    let few = load(figures(298, 0));
    let lacking = "inconclusive: latency.p99 is 10 ms, wanted < 8ms; not judged: latency.p99 needs 299 samples and has 298: give it more operations or more time";
    assert_eq!(told("latency.p99 < 8ms", &few), lacking);
    assert_eq!(
        told("service_time.p50 < 1s", &load(figures(5, 0))),
        "pass: service_time.p50 is 10 ms, wanted < 1s (99% room)"
    );
    assert!(told("service_time.p50 < 1s", &load(figures(4, 0))).starts_with("inconclusive: "));
}

#[test]
fn one_operation_over_the_limit_is_enough_for_a_maximum() {
    let one = load(figures(1, 0));
    assert_eq!(told("latency.max < 5ms", &one), "fail: latency.max is 10 ms, wanted < 5ms (missed by 100%)");
    assert_eq!(told("latency.max < 1s", &one), "pass: latency.max is 10 ms, wanted < 1s (99% room)");
    let none = load(Figures::default());
    assert_eq!(
        told("latency.max < 1s", &none),
        "inconclusive: latency.max is unknown, wanted < 1s; not judged: no operation was due: give the load a higher rate or more time"
    );
}

#[test]
fn shares_are_told_in_points() {
    let observation = load(figures(912, 88));
    assert_eq!(
        told("success_rate >= 95%", &observation),
        "fail: success_rate is 91.2%, wanted >= 95% (missed by 3.8 points)"
    );
    assert_eq!(
        told("success_rate >= 90%", &observation),
        "pass: success_rate is 91.2%, wanted >= 90% (1.2 points room)"
    );
    assert_eq!(
        told("error_rate <= 8.8%", &observation),
        "pass: error_rate is 8.8%, wanted <= 8.8% (exactly the limit)"
    );
    assert_eq!(
        told("error_rate < 0%", &observation),
        "fail: error_rate is 8.8%, wanted < 0% (missed by 8.8 points)"
    );
    assert_eq!(
        told("success_rate >= 95%", &load(figures(0, 9))),
        "inconclusive: success_rate is 0%, wanted >= 95%; not judged: success_rate needs 10 samples and has 9: give it more operations or more time"
    );
}

#[test]
fn exactly_999_of_1000_are_99_9_percent() {
    assert!(told("success_rate >= 99.9%", &load(figures(999, 1))).starts_with("pass: "));
    assert!(told("success_rate >= 99.9%", &load(figures(998, 2))).starts_with("fail: "));
}

#[test]
fn counts_and_rates_need_no_samples() {
    let observation = load(figures(7, 3));
    assert_eq!(told("errors == 3", &observation), "pass: errors is 3, wanted == 3");
    assert_eq!(told("errors <= 0", &observation), "fail: errors is 3, wanted <= 0");
    assert_eq!(told("goodput >= 1/s", &observation), "fail: goodput is 0.7/s, wanted >= 1/s (missed by 30%)");
    assert_eq!(
        told("throughput >= 1/s", &observation),
        "pass: throughput is 1/s, wanted >= 1/s (exactly the limit)"
    );
    let mut timeless = observation;
    timeless.total.duration_s = 0.0;
    assert_eq!(
        told("goodput >= 1/s", &timeless),
        "inconclusive: goodput is unknown, wanted >= 1/s; not judged: no time was measured"
    );
}

#[test]
fn operations_without_an_end_make_lower_bounds() {
    let observation = with_timeouts(50, 50);
    assert_eq!(
        told("latency.p95 < 1s", &observation),
        "fail: latency.p95 is >= 3 s, wanted < 1s (missed by at least 200%)"
    );
    assert_eq!(
        told("latency.p95 < 10s", &observation),
        "inconclusive: latency.p95 is >= 3 s, wanted < 10s; not judged: 50 operations never ended, so it may be more: see why, or raise `timeout` and `drain`"
    );
    assert_eq!(
        told("latency.p95 > 1s", &observation),
        "pass: latency.p95 is >= 3 s, wanted > 1s (at least 200% room)"
    );
    assert_eq!(
        told("latency.p95 > 10s", &observation),
        "inconclusive: latency.p95 is >= 3 s, wanted > 10s; not judged: 50 operations never ended, so it may be more: see why, or raise `timeout` and `drain`"
    );
    assert_eq!(told("latency.p50 < 1s", &observation), "pass: latency.p50 is 10 ms, wanted < 1s (99% room)");
    assert_eq!(
        told("latency.min < 1s", &observation),
        "pass: latency.min is 9.99 ms, wanted < 1s (99% room)"
    );
    assert_eq!(
        told("service_time.p95 < 1s", &observation),
        "inconclusive: service_time.p95 is >= 10 ms, wanted < 1s; not judged: 50 operations never ended, so it may be more: see why, or raise `timeout` and `drain`"
    );
    assert_eq!(
        told("latency.stddev < 1s", &observation),
        "inconclusive: latency.stddev is unknown, wanted < 1s; not judged: 50 operations never ended, so the deviation is unknown"
    );
}

#[test]
fn an_operation_that_never_started_has_no_end_either() {
    let mut observation = load(figures(99, 0));
    (observation.total.counts.due, observation.total.counts.dropped) = (100, 1);
    assert_eq!(
        told("latency.max < 1s", &observation),
        "inconclusive: latency.max is >= 10 ms, wanted < 1s; not judged: 1 operation never ended, so it may be more: see why, or raise `timeout` and `drain`"
    );
    assert!(told("latency.max < 5ms", &observation).starts_with("fail: "));
    assert!(told("latency.p95 < 1s", &observation).starts_with("pass: latency.p95 is 10 ms"));
}

#[test]
fn at_a_lower_bound_the_operator_decides() {
    let told = |operator, limit: u64| {
        let bound = Bound { comparison: operator, limit: Value::Count(limit) };
        holds_for_all_above(&bound, 3.0)
    };
    let (no, yes) = (Some(false), Some(true));
    assert_eq!([2, 3, 4].map(|limit| told(Comparison::Below, limit)), [no, no, None]);
    assert_eq!([2, 3, 4].map(|limit| told(Comparison::AtMost, limit)), [no, None, None]);
    assert_eq!([2, 3, 4].map(|limit| told(Comparison::Equal, limit)), [no, None, None]);
    assert_eq!([2, 3, 4].map(|limit| told(Comparison::Above, limit)), [yes, None, None]);
    assert_eq!([2, 3, 4].map(|limit| told(Comparison::AtLeast, limit)), [yes, yes, None]);
    assert_eq!([2, 3, 4].map(|limit| told(Comparison::NotEqual, limit)), [yes, None, None]);
}

#[test]
fn a_load_that_ended_early_fails_but_does_not_pass() {
    let mut observation = load(figures(299, 0));
    observation.stopped = Some(StopReason::TimeLimit);
    assert_eq!(
        told("latency.p99 < 1s", &observation),
        "inconclusive: latency.p99 is 10 ms, wanted < 1s; not judged: the load was stopped early, so the rest of it is not known: the time limit was reached"
    );
    assert_eq!(
        told("latency.p99 < 5ms", &observation),
        "fail: latency.p99 is 10 ms, wanted < 5ms (missed by 100%)"
    );
    observation.complete = false;
    observation.total.counts.due += 7;
    assert_eq!(
        told("ok > 0", &observation),
        "inconclusive: ok is 299, wanted > 0; not judged: the case did not live to the end, so the rest of the load is not known"
    );
    assert_eq!(
        told("latency.p99 < 5ms", &observation),
        "fail: latency.p99 is 10 ms, wanted < 5ms (missed by 100%)"
    );
    observation.complete = true;
    assert_eq!(
        told("ok > 0", &observation),
        "inconclusive: ok is unknown, wanted > 0; not judged: the counts do not add up, 306 due and 299 ended: a defect of proofload"
    );
}

#[test]
fn counters_are_counts_or_shares() {
    let mut observation = load(figures(20, 0));
    observation.counters.insert("hits".to_owned(), Counter { count: 80, of: None });
    observation.counters.insert("hit_rate".to_owned(), Counter { count: 8, of: Some(10) });
    observation.counters.insert("rare".to_owned(), Counter { count: 8, of: Some(9) });
    observation.counters.insert("unasked".to_owned(), Counter { count: 0, of: Some(0) });
    assert_eq!(told("counter.hits > 50", &observation), "pass: counter.hits is 80, wanted > 50 (60% room)");
    assert_eq!(
        told("counter.hit_rate > 90%", &observation),
        "fail: counter.hit_rate is 80%, wanted > 90% (missed by 10 points)"
    );
    assert_eq!(
        told("counter.hit_rate <= 1", &observation),
        "pass: counter.hit_rate is 80%, wanted <= 1 (20 points room)"
    );
    let unjudged = |text: &str| told(text, &observation).split_once("not judged: ").unwrap().1.to_owned();
    assert_eq!(
        unjudged("counter.rare > 90%"),
        "counter.rare needs 10 samples and has 9: give it more operations or more time"
    );
    assert_eq!(unjudged("counter.unasked > 90%"), "the rate `unasked` was never asked");
    assert_eq!(
        unjudged("counter.x > 1"),
        "no counter `x` was recorded; recorded: hit_rate, hits, rare, unasked"
    );
    assert_eq!(
        unjudged("counter.hits > 50%"),
        "the counter is a plain count, and the limit is a share; write a number"
    );
    assert_eq!(
        unjudged("counter.hit_rate > 50"),
        "the counter is a share, and the limit is a count; write 50%"
    );
}

#[test]
fn memory_and_cpu_are_the_processes() {
    let mut observation = load(figures(20, 0));
    assert_eq!(
        told("memory.peak < 1GiB", &observation),
        "inconclusive: memory.peak is unknown, wanted < 1GiB; not judged: memory was not measured: this system does not tell it, or the case was over too soon"
    );
    observation.process = ProcessUse {
        memory_start_bytes: 256 << 20,
        memory_peak_bytes: 512 << 20,
        memory_end_bytes: 300 << 20,
        cpu_s: 15.0,
        span_s: 10.0,
        ..ProcessUse::default()
    };
    assert_eq!(
        told("memory.peak < 1GiB", &observation),
        "pass: memory.peak is 512 MiB, wanted < 1GiB (50% room)"
    );
    assert_eq!(
        told("memory.growth < 128MiB", &observation),
        "fail: memory.growth is 256 MiB, wanted < 128MiB (missed by 100%)"
    );
    assert_eq!(
        told("cpu.mean <= 200%", &observation),
        "pass: cpu.mean is 150%, wanted <= 200% (50 points room)"
    );
}

#[test]
fn the_worst_phase_decides() {
    let mut phases =
        vec![phase("warm", figures(0, 50)), phase("low", figures(100, 0)), phase("high", figures(80, 20))];
    phases[0].is_warm_up = true;
    phases.push(phase("rest", Figures { duration_s: 10.0, ..Figures::default() }));
    let mut observation = with_phases(phases);
    assert_eq!(
        told("success_rate >= 90%", &observation),
        "pass: success_rate is 90%, wanted >= 90% (exactly the limit)"
    );
    let each = |limit: &str| format!("success_rate >= {limit} in each phase");
    assert_eq!(
        told(&each("90%"), &observation),
        "fail: success_rate in phase \"high\" is 80%, wanted >= 90% (missed by 10 points)"
    );
    assert_eq!(
        told(&each("75%"), &observation),
        "pass: success_rate in phase \"high\" is 80%, wanted >= 75% (5 points room)"
    );
    observation.phases.push(Phase {
        is_started: false,
        asked_per_sec: Some(5.0),
        ..phase("never", Figures::default())
    });
    assert_eq!(
        told(&each("75%"), &observation),
        "inconclusive: success_rate in phase \"high\" is 80%, wanted >= 75%; not judged: phase \"never\" never started: the load ended before it"
    );
    assert!(told(&each("90%"), &observation).starts_with("fail: success_rate in phase \"high\" is 80%"));
}

#[test]
fn one_phase_can_be_asked_for_by_its_name() {
    let mut phases =
        vec![phase("warm", figures(0, 50)), phase("hold", figures(100, 0)), phase("hold", figures(90, 10))];
    phases[0].is_warm_up = true;
    let observation = with_phases(phases);
    let hold = |limit: &str| told(&format!("success_rate >= {limit} in phase \"hold\""), &observation);
    assert_eq!(hold("85%"), "pass: success_rate in phase \"hold\" is 90%, wanted >= 85% (5 points room)");
    assert_eq!(
        hold("95%"),
        "fail: success_rate in phase \"hold\" is 90%, wanted >= 95% (missed by 5 points)"
    );
    assert_eq!(
        told("ok > 1 in phase \"warm\"", &observation),
        "inconclusive: ok is unknown, wanted > 1; not judged: phase \"warm\" is the warm-up, which no statistic counts"
    );
    assert_eq!(
        told("ok > 1 in phase \"peak\"", &observation),
        "inconclusive: ok is unknown, wanted > 1; not judged: there is no phase \"peak\"; there are: \"warm\", \"hold\", \"hold\""
    );
}

/// 1000 operations, 800 of them of the tags `read` and `write`.
fn with_tags(read: Figures, write: Figures) -> Observation {
    let tags = [("read".to_owned(), read), ("write".to_owned(), write)].into();
    Observation { tags, ..load(figures(1_000, 0)) }
}

#[test]
fn operations_of_a_tag_are_judged_by_themselves() {
    let observation = with_tags(figures(290, 10), figures(400, 100));
    assert_eq!(
        told("success_rate >= 95% with tag \"read\"", &observation),
        "pass: success_rate with tag \"read\" is 96.67%, wanted >= 95% (1.7 points room)"
    );
    assert_eq!(
        told("success_rate >= 95% with tag \"write\"", &observation),
        "fail: success_rate with tag \"write\" is 80%, wanted >= 95% (missed by 15 points)"
    );
    assert_eq!(
        told("goodput >= 20/s with tag \"read\"", &observation),
        "pass: goodput with tag \"read\" is 29/s, wanted >= 20/s (45% room)"
    );
    assert_eq!(
        told("latency.p99 < 5ms with tag \"read\"", &observation),
        "fail: latency.p99 with tag \"read\" is 10 ms, wanted < 5ms (missed by 100%)"
    );
    assert_eq!(
        told("ok > 1 with tag \"raed\"", &observation),
        "inconclusive: ok with tag \"raed\" is unknown, wanted > 1; not judged: no operation that ended had the tag \"raed\"; there were: \"read\", \"write\""
    );
    assert!(
        told("ok > 1 with tag \"x\"", &load(figures(9, 0))).ends_with("had the tag \"x\"; there were: none")
    );
}

#[test]
fn a_tag_needs_the_samples_that_a_load_does() {
    let observation = with_tags(figures(298, 0), figures(9, 0));
    assert_eq!(
        told("latency.p99 < 1s with tag \"read\"", &observation),
        "inconclusive: latency.p99 with tag \"read\" is 10 ms, wanted < 1s; not judged: latency.p99 needs 299 samples and has 298: give it more operations or more time"
    );
    assert!(
        told("error_rate < 1% with tag \"write\"", &observation)
            .ends_with("needs 10 samples and has 9: give it more operations or more time")
    );
}

#[test]
fn a_tag_of_a_load_that_ended_early_does_not_pass() {
    let mut observation = with_tags(figures(300, 0), figures(400, 100));
    observation.stopped = Some(StopReason::TimeLimit);
    assert!(told("ok > 1 with tag \"read\"", &observation).starts_with("inconclusive: ok with tag"));
    assert!(told("errors < 1 with tag \"write\"", &observation).starts_with("fail: "));
    (observation.complete, observation.tags) = (false, [].into());
    assert_eq!(
        told("ok > 1 with tag \"read\"", &observation),
        "inconclusive: ok with tag \"read\" is unknown, wanted > 1; not judged: tags are told at the end of a load, and the case did not live to it"
    );
}

#[test]
fn a_tag_passes_only_if_it_would_with_the_operations_of_which_no_tag_is_known() {
    let mut observation = with_tags(figures(998, 2), figures(500, 0));
    let lose = |observation: &mut Observation, unfinished, dropped| {
        let counts = &mut observation.total.counts;
        (counts.unfinished, counts.dropped) = (unfinished, dropped);
        counts.due = counts.ended();
    };
    lose(&mut observation, 1, 4);
    let told_of =
        |text: &str, observation: &Observation| told(&format!("{text} with tag \"read\""), observation);
    assert!(told_of("success_rate >= 99%", &observation).starts_with("pass: "), "5 more of 1000");
    assert!(told_of("latency.p99 < 1s", &observation).starts_with("pass: "), "they are above the rank");
    assert!(told_of("goodput > 1/s", &observation).starts_with("pass: "));
    assert_eq!(
        told_of("success_rate >= 99.5%", &observation),
        "inconclusive: success_rate with tag \"read\" is 99.8%, wanted >= 99.5%; not judged: 5 operations never started or never ended, and may have been of this tag"
    );
    assert!(told_of("latency.max < 1s", &observation).starts_with("inconclusive: latency.max with tag"));
    assert!(
        told_of("latency.max < 5ms", &observation).starts_with("fail: "),
        "whatever became of the others"
    );
    assert!(told_of("service_time.max < 1s", &observation).starts_with("inconclusive: "));
    lose(&mut observation, 0, 4);
    assert!(told_of("service_time.max < 1s", &observation).starts_with("pass: "), "none of them was served");
    assert!(told_of("error_rate <= 0.2%", &observation).starts_with("pass: "), "a dropped one is no error");
    assert!(told_of("error_rate >= 0.2%", &observation).starts_with("inconclusive: "));
    lose(&mut observation, 1, 1_000);
    assert!(
        told_of("error_rate <= 0.2%", &observation).starts_with("inconclusive: "),
        "1 unfinished by itself is too many"
    );
    assert!(told("success_rate >= 40%", &observation).starts_with("pass: "), "the whole load has no doubt");
}

#[test]
fn a_rate_missed_by_the_generator_is_not_the_targets_failure() {
    let mut observation = with_phases(vec![phase("hold", figures(1_000, 0))]);
    assert_eq!(
        told("achieved_rate >= 99%", &observation),
        "pass: achieved_rate is 100%, wanted >= 99% (1 point room)"
    );
    assert_eq!(
        told("throughput >= 200/s", &observation),
        "fail: throughput is 100/s, wanted >= 200/s (missed by 50%)"
    );
    observation.phases[0].asked_per_sec = Some(200.0);
    let reason = "not judged: the generator was the limit: the load generator came to 1000 of the 2000 operations that the schedule asked for (50.0%), because the machine or its worker threads were busy: lower the rate, or run it on a quieter machine";
    assert_eq!(
        told("achieved_rate >= 99%", &observation),
        format!("inconclusive: achieved_rate is 50%, wanted >= 99%; {reason}")
    );
    assert_eq!(
        told("throughput >= 200/s", &observation),
        format!("inconclusive: throughput is 100/s, wanted >= 200/s; {reason}")
    );
    assert_eq!(
        told("goodput >= 200/s", &observation),
        format!("inconclusive: goodput is 100/s, wanted >= 200/s; {reason}")
    );
    assert_eq!(
        told("throughput >= 50/s", &observation),
        "pass: throughput is 100/s, wanted >= 50/s (100% room)"
    );
    observation.total.counts.dropped = 100;
    observation.total.counts.ok -= 100;
    assert!(
        told("achieved_rate >= 99%", &observation).starts_with("fail: "),
        "the cap was reached: the target is behind"
    );
}

#[test]
fn what_holds_under_a_smaller_load_than_asked_is_no_pass() {
    let mut observation = with_phases(vec![phase("hold", figures(1_000, 0))]);
    assert!(told("latency.p95 < 1s", &observation).starts_with("pass: "));
    observation.phases[0].asked_per_sec = Some(200.0);
    let told_now = told("latency.p95 < 1s", &observation);
    assert!(
        told_now.starts_with("inconclusive: latency.p95 is 10 ms, wanted < 1s; not judged: "),
        "{told_now}"
    );
    assert!(told("latency.p95 < 1ms", &observation).starts_with("fail: "), "less load would not be slower");
    assert!(told("throughput >= 50/s", &observation).starts_with("pass: "), "the figure is what was reached");
    assert!(told("goodput >= 50/s", &observation).starts_with("pass: "));
}

#[test]
fn a_late_generator_is_not_a_slow_target() {
    // 10 ms of work each, started 50 ms late.
    let mut late = figures(1_000, 0);
    late.service = std::mem::take(&mut late.response);
    late.response.record_n(60_000_000, 1_000);
    late.lateness.record_n(50_000_000, 1_000);
    let observation = with_phases(vec![phase("hold", late)]);
    let told_of = told("latency.p95 < 30ms", &observation);
    let reason = "inconclusive: latency.p95 is 60 ms, wanted < 30ms; not judged: the generator was the limit: the load \
                  generator was late by 50 ms at p99 (median response time 60 ms), ";
    assert!(told_of.starts_with(reason), "{told_of}");
    let slow = told("latency.p95 < 5ms", &observation);
    assert!(slow.starts_with("fail: "), "without the lateness it would be too slow as well: {slow}");
    let quick = told("latency.p95 < 100ms", &observation);
    assert!(quick.starts_with("pass: "), "lateness only adds to the response time: {quick}");
}

#[test]
fn errors_of_the_target_are_not_the_generators() {
    let mut observation = with_phases(vec![phase("hold", figures(100, 900))]);
    observation.phases[0].asked_per_sec = Some(200.0);
    assert_eq!(
        told("goodput >= 90/s", &observation),
        "fail: goodput is 10/s, wanted >= 90/s (missed by 89%)"
    );
}

#[test]
fn only_open_loads_have_an_asked_rate() {
    let mut observation = load(figures(100, 0));
    observation.model = Model::Closed;
    assert_eq!(
        told("achieved_rate >= 99%", &observation),
        "inconclusive: achieved_rate is unknown, wanted >= 99%; not judged: only an open load asks for a rate: state `throughput` instead"
    );
    assert_eq!(
        told("rejected_latency.p50 < 1s", &observation),
        "inconclusive: rejected_latency.p50 is unknown, wanted < 1s; not judged: no operation was rejected"
    );
}

#[test]
fn a_judgement_is_data() {
    let judgement = judge(&Expectation::parse("latency.max < 40ms").unwrap(), &load(figures(1, 0)), 1);
    let mut json = serde_json::to_value(&judgement).unwrap();
    let value = json["observed"]["value"].take().as_f64().unwrap();
    assert!((value - 0.01).abs() < 1e-5, "{value}");
    let margin = json["margin"].take().as_f64().unwrap();
    assert!((margin - 0.75).abs() < 1e-3, "{margin}");
    let expected = serde_json::json!({
        "expectation": "latency.max < 40ms",
        "load": "load",
        "verdict": "pass",
        "observed": { "value": null, "unit": "s", "is_at_least": false, "text": "10 ms" },
        "limit_text": "< 40ms",
        "margin": null,
        "sentence": "latency.max is 10 ms, wanted < 40ms (75% room)",
        "breach": null,
    });
    assert_eq!(json, expected);
    let text = serde_json::to_string(&judgement).unwrap();
    assert_eq!(serde_json::from_str::<Judgement>(&text).unwrap(), judgement);
}

#[test]
fn the_end_of_a_load_says_nothing_of_windows_and_of_other_loads() {
    let seen = load(figures(1_000, 0));
    assert_eq!(
        told("latency.p95 < 1s over 5s", &seen),
        "inconclusive: latency.p95 is unknown, wanted < 1s; not judged: windows are looked at while the load runs, and \
         this is about its end: state it with the load"
    );
    assert_eq!(
        told("ok > 1 of load \"other\"", &seen),
        "inconclusive: ok is unknown, wanted > 1; not judged: it is about the load \"other\", and this is \"load\""
    );
    assert!(told("ok > 1 of load \"load\"", &seen).starts_with("pass: "));
}

#[test]
fn what_was_built_wrong_is_never_green() {
    let judgement = judge(&crate::expect::latency().p(100).below(crate::seconds(1)), &load(figures(1, 0)), 1);
    assert_eq!(judgement.verdict, Verdict::Inconclusive);
    assert_eq!(
        judgement.sentence,
        "`latency.p100 < 1s` cannot be judged: `p100` is not a percentile: use `max`"
    );
}
