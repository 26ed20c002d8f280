use libtest_mimic::Trial;
use serde_json::json;

use super::{
    trial,
    where_possible::{Need, trial_with},
};
use crate::{cgroup::Group, fixture::Fixture};

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial_with(Need::Cgroup, "memory_of_the_surroundings_is_told", memory_of_the_surroundings_is_told),
        trial("an_exit_with_a_status_is_told", an_exit_with_a_status_is_told),
        trial("a_status_of_ours_is_not_mistaken", a_status_of_ours_is_not_mistaken),
        trial("a_signal_is_told_by_name", a_signal_is_told_by_name),
        trial("a_failure_shows_head_and_tail_of_its_output", a_failure_shows_head_and_tail_of_its_output),
        trial("a_case_goes_before_its_supervisor", a_case_goes_before_its_supervisor),
    ]
}

fn an_exit_with_a_status_is_told() {
    let case = Fixture::new().run("exits_with_a_status").bad_case(101);
    assert_eq!(case.fate(), "fail, exited, not stopped");
    assert_eq!(case.at("/ending"), &json!({ "kind": "exited", "status": 3 }));
    assert_eq!(
        case.sentences("/reasons"),
        ["the process exited by itself with status 3 before the case had ended"]
    );
    case.assert_partial(0);
}

fn a_status_of_ours_is_not_mistaken() {
    let case = Fixture::new().run("exits_with_status_74").bad_case(101);
    assert_eq!(case.at("/ending"), &json!({ "kind": "exited", "status": 74 }));
    case.assert_partial(0);
}

fn a_signal_is_told_by_name() {
    let case = Fixture::new().run("is_ended_by_a_signal").bad_case(101);
    assert_eq!(case.at("/ending"), &json!({ "kind": "signal", "number": 11, "name": "SIGSEGV" }));
    assert_eq!(case.sentences("/reasons"), ["signal 11 (SIGSEGV) ended the process"]);
    case.assert_partial(0);
}

/// As in a container that is too small: the kernel chooses the case, not the supervisor, and the report knows it.
fn memory_of_the_surroundings_is_told() {
    let group = Group::of(400 << 20).expect("one could be made just now");
    let run = Fixture::new()
        .in_group(&group.folder)
        .with("PROOFLOAD_CONTAINMENT", "polling")
        .run("outgrows_its_surroundings");
    let case = run.bad_case(101);
    assert_eq!(case.fate(), "fail, out_of_memory, not stopped");
    assert_eq!(
        case.sentences("/reasons"),
        ["the kernel ended the process because the machine or its container had no memory left"]
    );
    case.assert_partial(0);
}

fn a_failure_shows_head_and_tail_of_its_output() {
    let run = Fixture::new().run("ends_with_much_to_say");
    let case = run.bad_case(101);
    assert_eq!(case.at("/ending"), &json!({ "kind": "exited", "status": 1 }));
    let output = run.output_of(&case);
    assert!(output.starts_with("the first line\nline 0 of"), "{:?}", output.get(..100));
    assert!(output.ends_with("to its end\nthe last line\n"), "{:?}", output.get(output.len() - 100..));
    assert_eq!(output.matches(" bytes left out ...]").count(), 1);
    assert!(output.len() < (1 << 20) + 100, "{} bytes were kept", output.len());
    // Where people look first.
    let tail = case.text("/output_tail");
    assert!(tail.ends_with("the last line\n") && tail.len() <= 4 << 10, "{} bytes", tail.len());
    let printed = run.printed();
    assert!(printed.contains("the last line"), "{printed}");
    assert!(!printed.contains("line 30000 of"), "the summary has the end of it, not all");
}

/// Whatever the supervisor's own score is, that of its cases is the highest there is.
#[cfg(target_os = "linux")]
fn a_case_goes_before_its_supervisor() {
    let run = Fixture::new().run("tells_its_score");
    assert_eq!(run.bad_case(0).fate(), "pass, returned, not stopped");
    assert_eq!(run.word("score"), 1000);
}

#[cfg(not(target_os = "linux"))]
fn a_case_goes_before_its_supervisor() {}
