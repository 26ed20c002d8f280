use libtest_mimic::Trial;
use serde_json::json;

use super::trial;
use crate::fixture::Fixture;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial("memory_that_keeps_growing_is_stopped", memory_that_keeps_growing_is_stopped),
        trial("cpu_over_its_limit_is_stopped", cpu_over_its_limit_is_stopped),
        trial("memory_over_its_limit_is_killed_at_once", memory_over_its_limit_is_killed_at_once),
        trial("loads_that_crowd_together_are_stopped", loads_that_crowd_together_are_stopped),
        trial("more_users_than_the_limit_are_refused", more_users_than_the_limit_are_refused),
    ]
}

const MIB: f64 = 1_048_576.0;

fn memory_over_its_limit_is_killed_at_once() {
    let case = Fixture::new().run("eats_memory").bad_case(101);
    assert_eq!(case.fate(), "aborted, killed, memory by SIGKILL");
    let reason = case.sentences("/reasons")[0];
    assert!(
        reason.starts_with("stopped: memory was ") && reason.ends_with("(max_memory)")
            || reason.ends_with("(max_memory) at once"),
        "{reason}"
    );
    case.assert_partial(0);
    // What the case touched until the kill, as it told itself; and what was seen of it.
    let told = case.at("/figures").as_array().and_then(|figures| figures.last());
    let told = told.and_then(|figure| figure["value"].as_f64()).expect("it ate something");
    let seen = case.number("/resources/peak_memory_bytes") / MIB;
    assert!(told < 600.0 && seen < 600.0, "it ate {told} MiB, {seen} MiB were seen, the limit was 200 MiB");
}

/// Growth is judged after 20 s: before it is taken for warming up.
fn memory_that_keeps_growing_is_stopped() {
    let case = Fixture::new().run("leaks").bad_case(101);
    assert_eq!(case.fate(), "aborted, returned, memory_growth by stop token");
    let reason = case.sentences("/reasons")[0];
    assert!(
        reason.starts_with("stopped: memory grew by ") && reason.ends_with("(max_memory_growth)"),
        "{reason}"
    );
    let at = case.number("/stop/at_s");
    assert!((20.0..25.0).contains(&at), "stopped at {at} s");
    case.assert_complete(0);
}

/// CPU is judged over 5 s: a burst is no crossing.
fn cpu_over_its_limit_is_stopped() {
    let case = Fixture::new().run("burns_cpu").bad_case(101);
    assert_eq!(case.fate(), "aborted, returned, cpu by stop token");
    let reason = case.sentences("/reasons")[0];
    assert!(reason.ends_with("% of the available cores over 5 s, the limit is 5% (max_cpu)"), "{reason}");
    let at = case.number("/stop/at_s");
    assert!((5.0..20.0).contains(&at), "stopped at {at} s");
    case.assert_complete(0);
}

fn loads_that_crowd_together_are_stopped() {
    let case = Fixture::new().run("crowds").bad_case(101);
    assert_eq!(case.fate(), "aborted, returned, concurrency by stop token");
    let reason = case.sentences("/reasons")[0];
    assert!(reason.ends_with("operations were in flight, the limit is 30 (max_concurrency)"), "{reason}");
    for load in [0, 1] {
        case.assert_complete(load);
        assert_eq!(case.text(&format!("/loads/{load}/stopped")), "concurrency");
        assert!(case.number(&format!("/loads/{load}/total/counts/unfinished")) <= 20.0);
    }
}

fn more_users_than_the_limit_are_refused() {
    let case = Fixture::new().run("asks_for_too_many").bad_case(101);
    assert_eq!(case.fate(), "fail, failed, not stopped");
    let error = case.text("/ending/error");
    assert!(
        error.starts_with("the load `crowd` asks for 20 operations at once, and the limit is 10 ("),
        "{error}"
    );
    assert!(error.contains("raise `max_concurrency`"), "{error}");
    assert_eq!(case.at("/loads"), &json!([]));
}
