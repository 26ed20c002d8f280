use crate::{
    observe::Purpose,
    report::{
        CaseReport, Extreme, Spread, Statistics, summary_text,
        tests::{case, counts, observation, run},
    },
};

/// A case with one load of 5 s of which so many operations succeed and so many time out after 30 s.
fn with(name: &str, ok: u64, timeouts: u64, memory_mib: u64) -> CaseReport {
    let mut report = case(name, &[observation("load", counts(ok, 0, 0, timeouts, 0))]);
    report.resources.peak_memory_bytes = memory_mib << 20;
    report
}

fn three() -> Vec<CaseReport> {
    vec![with("calm", 500, 0, 10), with("fast", 5_000, 0, 40), with("lost", 900, 100, 100)]
}

/// A spread, short: both ends with their cases, mean and median, how many have the figure and do not.
fn row(spread: Option<&Spread>) -> String {
    let of = spread.unwrap();
    let end = |end: &Extreme| format!("{} {}", end.case.trim_start_matches("cases::search::"), end.value);
    format!("{}, {}, {} {}, {}+{}", end(&of.best), end(&of.worst), of.mean, of.median, of.cases, of.without)
}

#[test]
fn each_figure_has_its_best_its_worst_and_its_mean() {
    let of = Statistics::of(&three());
    let mib = |n: u64| n << 20;
    assert_eq!(row(of.throughput_per_sec.as_ref()), "fast 1000, calm 100, 426.6666666666667 180, 3+0");
    assert_eq!(row(of.success_rate.as_ref()), "calm 1, lost 0.9, 0.9666666666666667 1, 3+0");
    assert_eq!(
        row(of.peak_memory_bytes.as_ref()),
        format!("calm {}, lost {}, {} {}, 3+0", mib(10), mib(100), mib(50), mib(40))
    );
    assert!(
        row(of.peak_cpu_percent.as_ref()).starts_with("calm 23.4, calm 23.4, "),
        "of alike ones the first"
    );
}

#[test]
fn lower_bounds_are_told_and_are_never_the_best() {
    let of = Statistics::of(&three()).response_p95_us.unwrap();
    assert!(of.worst.case.ends_with("lost") && of.worst.is_at_least && of.worst.value > 29e6, "{of:?}");
    assert!(!of.best.is_at_least && of.is_at_least);
    let mut early = three();
    early[2].loads[0].total.response.p95_us = Some(1.0);
    let of = Statistics::of(&early).response_p95_us.unwrap();
    assert!(of.best.case.ends_with("calm"), "what is only known to be over 1 us may be anything: {of:?}");
}

#[test]
fn cases_without_a_figure_are_left_out_and_counted() {
    let mut cases = three();
    let mut idle = case("idle", &[]);
    (idle.resources.samples, idle.resources.peak_cpu_percent) = (0, None);
    cases.push(idle);
    let of = Statistics::of(&cases);
    assert!(row(of.throughput_per_sec.as_ref()).ends_with(", 3+1"));
    assert!(row(of.peak_memory_bytes.as_ref()).ends_with(", 3+1"));
    assert_eq!(Statistics::of(&[]), Statistics::default());
    assert!(summary_text(&run(cases, &[])).contains(" (3 cases)"));
}

#[test]
fn probes_have_a_throughput_and_nothing_else() {
    let mut probe = observation("trial at 900/s", counts(10, 0, 5_000, 0, 0));
    probe.purpose = Purpose::Probe;
    let search = case("search", &[probe]);
    let of = Statistics::of(&[search, with("calm", 500, 0, 10)]);
    assert!(row(of.throughput_per_sec.as_ref()).starts_with("search 1002, calm 100, "));
    assert_eq!(row(of.success_rate.as_ref()), "calm 1, calm 1, 1 1, 1+1");
    assert_eq!(of.response_p95_us.unwrap().worst.case, "cases::search::calm");
}

#[test]
fn the_text_is_a_table_from_two_cases_on() {
    let table = |cases: Vec<CaseReport>| {
        let text = summary_text(&run(cases, &[]));
        text.split("\n\n").find(|block| block.starts_with("Over ")).map(|block| block.trim_end().to_owned())
    };
    assert_eq!(table(vec![with("calm", 500, 0, 10)]), None);
    insta::assert_snapshot!(table(three()).unwrap(), @"
    Over 3 cases   best          worst         mean of the cases
      throughput   1 000/s fast  100/s calm    427/s
      p95          5 ms calm     >= 30 s lost  >= 10 s
      success      100% calm     90% lost      96.7%
      peak CPU     23%           the same      23%
      peak memory  10 MiB calm   100 MiB lost  50 MiB
    ");
    let long =
        |n: u32| with(&format!("case_{n}_{}", "very_".repeat(20)), 500 * u64::from(n), 0, 10 * u64::from(n));
    let wide = table(vec![long(1), long(2)]).unwrap();
    assert!(wide.lines().count() <= 6 && wide.lines().all(|line| line.chars().count() <= 110), "{wide}");
}
