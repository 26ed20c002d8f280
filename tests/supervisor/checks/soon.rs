use libtest_mimic::Trial;

use super::where_possible::{best_of_three, trial_alone};
use crate::fixture::Fixture;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial_alone("no_operation_starts_after_a_stop", no_operation_starts_after_a_stop),
        trial_alone("a_saturated_machine_does_not_save_a_case", a_saturated_machine_does_not_save_a_case),
        trial_alone(
            "a_saturated_machine_does_not_keep_a_case_that_listens",
            a_saturated_machine_does_not_keep_a_case_that_listens,
        ),
    ]
}

/// From the moment at which a person asks: the supervisor's look, its word, and the case's hearing are in it.
fn no_operation_starts_after_a_stop() {
    best_of_three(|| {
        let fixture = Fixture::new();
        let stop_file = fixture.file("stop");
        let cases = fixture.with("PROOFLOAD_STOP_FILE", stop_file).run("asks_for_its_stop").all_cases(130);
        let [case] = &cases[..] else { panic!("{} cases ran", cases.len()) };
        assert_eq!(case.fate(), "aborted, returned, stop_file by stop token");
        for load in [0, 1] {
            case.assert_complete(load);
            assert_eq!(case.text(&format!("/loads/{load}/stopped")), "stop_file");
        }
        assert_eq!(case.text("/figures/0/name"), "last_start_after_stop");
        let late = case.number("/figures/0/value");
        assert!(late <= 1_000.0, "an operation began {late} ms after the stop");
        late <= 100.0
    });
}

/// 3.5 s are promised. Here the supervisor has to wait for its turn beside 32 others.
fn a_saturated_machine_does_not_save_a_case() {
    let case = Fixture::new().run("saturates").bad_case(101);
    assert_eq!(case.fate(), "aborted, killed, time_limit by SIGKILL");
    let (at, took) = (case.number("/stop/at_s"), case.number("/stop/took_s"));
    assert!((4.0..6.0).contains(&at) && (3.0..6.0).contains(&took), "stopped at {at} s, took {took} s");
    // The load heard the word; the case itself did not.
    case.assert_complete(0);
}

/// The workers have to wait for their turn too: whether two seconds are enough to report is the machine's affair.
fn a_saturated_machine_does_not_keep_a_case_that_listens() {
    let case = Fixture::new().run("saturates_and_listens").bad_case(101);
    assert_eq!((case.text("/verdict"), case.text("/stop/reason")), ("aborted", "time_limit"), "{:#}", case.0);
    assert!(["stop token", "SIGTERM"].contains(&case.text("/stop/by")), "{}", case.fate());
    let (at, took) = (case.number("/stop/at_s"), case.number("/stop/took_s"));
    assert!((4.0..6.0).contains(&at) && took < 5.0, "stopped at {at} s, took {took} s");
    assert!(case.number("/loads/0/total/counts/ok") > 0.0);
}
