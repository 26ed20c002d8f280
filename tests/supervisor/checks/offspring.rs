use std::time::Duration;

use libtest_mimic::Trial;

use super::trial_with_setsid;
use crate::{
    fixture::Fixture,
    processes::{has_ended, wait_for},
};

/// Those that `start_a_family` starts.
const FAMILY: [&str; 3] = ["child", "other_session", "orphan"];

/// From the end of a supervisor to the end of everything.
const SOON: Duration = Duration::from_secs(5);

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial_with_setsid(
            "processes_that_outlive_their_case_are_ended",
            processes_that_outlive_their_case_are_ended,
        ),
        trial_with_setsid("a_process_without_the_mark_is_ended_too", a_process_without_the_mark_is_ended_too),
        trial_with_setsid(
            "a_killed_supervisor_takes_everything_along",
            a_killed_supervisor_takes_everything_along,
        ),
        trial_with_setsid(
            "a_killed_supervisor_takes_a_case_along_that_listens",
            a_killed_supervisor_takes_a_case_along_that_listens,
        ),
    ]
}

fn processes_that_outlive_their_case_are_ended() {
    let run = Fixture::new().run("leaves_a_family");
    let case = run.bad_case(0);
    assert_eq!(case.fate(), "pass, returned, not stopped");
    case.assert_partial(0);
    for name in FAMILY {
        assert!(has_ended(run.word(name)), "{name} is still there");
    }
    let warnings = case.sentences("/warnings");
    assert!(
        warnings.contains(&"3 processes outlived the case and were ended: end in the case what it starts"),
        "{warnings:?}"
    );
    // They held the output open: it is told whole all the same.
    assert!(!case.text("/output_tail").contains("held open"), "{}", case.text("/output_tail"));
    assert!(run.took < Duration::from_secs(15), "took {:?}", run.took);
}

fn a_process_without_the_mark_is_ended_too() {
    let run = Fixture::new().run("leaves_a_stranger");
    let case = run.bad_case(0);
    assert!(wait_for(SOON, || has_ended(run.word("stranger"))), "the stranger is still there");
    let warnings = case.sentences("/warnings");
    assert!(
        warnings.contains(&"1 process outlived the case and was ended: end in the case what it starts"),
        "{warnings:?}"
    );
}

/// Also while everything of the case is blocked, and folders that are being removed are written to.
fn a_killed_supervisor_takes_everything_along() {
    kill_the_supervisor_of("is_orphaned");
}

/// The case ends so soon that it must not overtake the cleaning up.
fn a_killed_supervisor_takes_a_case_along_that_listens() {
    kill_the_supervisor_of("hears_that_it_is_orphaned");
}

fn kill_the_supervisor_of(marker: &str) {
    let fixture = Fixture::new();
    let mut supervisor = fixture.start(marker);
    let has_begun = wait_for(Duration::from_secs(60), || fixture.word("case").is_some());
    supervisor.kill().expect("our own child");
    supervisor.wait().expect("our own child");
    assert!(has_begun, "{}", fixture.output());
    for name in FAMILY.into_iter().chain(["case"]) {
        let pid = fixture.word(name).expect("a number");
        assert!(wait_for(SOON, || has_ended(pid)), "{name} is still there");
    }
    fixture.assert_nothing_is_left();
}
