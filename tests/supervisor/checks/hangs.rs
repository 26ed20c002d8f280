use libtest_mimic::Trial;

use super::trial;
use crate::fixture::Fixture;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial("a_process_that_hangs_after_its_case_is_ended", a_process_that_hangs_after_its_case_is_ended),
        trial(
            "a_process_that_crashes_after_its_case_is_no_success",
            a_process_that_crashes_after_its_case_is_no_success,
        ),
        trial("a_case_that_ignores_sigterm_is_killed", a_case_that_ignores_sigterm_is_killed),
        trial("a_case_that_hears_nothing_is_terminated", a_case_that_hears_nothing_is_terminated),
        trial("a_case_whose_workers_hang_is_stopped", a_case_whose_workers_hang_is_stopped),
        trial("a_case_that_listens_reports_completely", a_case_that_listens_reports_completely),
        trial("threads_that_hang_do_not_keep_a_case", threads_that_hang_do_not_keep_a_case),
    ]
}

fn a_case_whose_workers_hang_is_stopped() {
    let case = Fixture::new().run("blocks_workers").bad_case(101);
    assert_eq!((case.text("/verdict"), case.text("/stop/reason")), ("aborted", "time_limit"), "{:#}", case.0);
    // Who drives the runtime's timers decides whether the word is enough; the bound holds either way.
    assert!(["stop token", "SIGTERM"].contains(&case.text("/stop/by")), "{}", case.fate());
    let (at, took) = (case.number("/stop/at_s"), case.number("/stop/took_s"));
    assert!((2.0..3.0).contains(&at) && took < 3.5, "stopped at {at} s, took {took} s");
    assert!(case.number("/loads/0/total/counts/ok") > 0.0);
    assert!(case.number("/loads/0/total/counts/unfinished") > 0.0);
}

fn a_case_that_hears_nothing_is_terminated() {
    let case = Fixture::new().run("blocks_everything").bad_case(101);
    assert_eq!(case.fate(), "aborted, killed, time_limit by SIGTERM");
    assert_eq!(case.sentences("/reasons"), ["stopped: it ran for 3 s (time_limit)"]);
    let (at, took) = (case.number("/stop/at_s"), case.number("/stop/took_s"));
    assert!((3.0..4.0).contains(&at) && (2.0..3.5).contains(&took), "stopped at {at} s, took {took} s");
    case.assert_partial(0);
}

fn a_case_that_ignores_sigterm_is_killed() {
    let case = Fixture::new().run("ignores_sigterm").bad_case(101);
    assert_eq!(case.fate(), "aborted, killed, time_limit by SIGKILL");
    let (at, took) = (case.number("/stop/at_s"), case.number("/stop/took_s"));
    // 3.5 s is what is promised; half a second more is for a machine that has other things to do.
    assert!((3.0..4.0).contains(&at) && (3.0..4.0).contains(&took), "stopped at {at} s, took {took} s");
    case.assert_partial(0);
}

fn a_case_that_listens_reports_completely() {
    let case = Fixture::new().run("stops_when_told").bad_case(101);
    assert_eq!(case.fate(), "aborted, returned, time_limit by stop token");
    assert_eq!(case.sentences("/reasons"), ["stopped: it ran for 1 s (time_limit)"]);
    let (at, took) = (case.number("/stop/at_s"), case.number("/stop/took_s"));
    assert!((1.0..2.0).contains(&at) && took < 2.0, "stopped at {at} s, took {took} s");
    case.assert_complete(0);
    assert_eq!(case.text("/loads/0/stopped"), "time_limit");
}

fn threads_that_hang_do_not_keep_a_case() {
    let case = Fixture::new().run("leaves_threads").bad_case(0);
    assert_eq!(case.fate(), "pass, returned, not stopped");
    case.assert_complete(0);
    // The load takes 1 s. A process that hangs would be given 5 s after it.
    let took = case.number("/duration_s");
    assert!(took < 5.0, "took {took} s");
}

fn a_process_that_hangs_after_its_case_is_ended() {
    let case = Fixture::new().run("hangs_at_its_exit").bad_case(101);
    assert_eq!(case.fate(), "fail, hung, not stopped");
    assert_eq!(case.sentences("/reasons"), ["the case ended, but its process hung and had to be killed"]);
    case.assert_complete(0);
    let took = case.number("/duration_s");
    assert!((6.0..10.0).contains(&took), "took {took} s");
}

fn a_process_that_crashes_after_its_case_is_no_success() {
    let case = Fixture::new().run("crashes_at_its_exit").bad_case(101);
    assert_eq!(case.fate(), "fail, aborted, not stopped");
    case.assert_complete(0);
}
