use libtest_mimic::Trial;
use serde_json::json;

use super::trial;
use crate::{fixture::Fixture, seen::Seen};

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial("a_panic_is_told_with_its_place", a_panic_is_told_with_its_place),
        trial("panics_of_operations_are_errors_of_theirs", panics_of_operations_are_errors_of_theirs),
        trial("an_error_is_told", an_error_is_told),
        trial("an_abort_is_told", an_abort_is_told),
        trial(
            "status_0_is_no_success_before_the_case_has_ended",
            status_0_is_no_success_before_the_case_has_ended,
        ),
        trial("a_stack_overflow_is_told", a_stack_overflow_is_told),
        trial("a_failed_allocation_is_told", a_failed_allocation_is_told),
        trial("a_kill_from_elsewhere_is_told", a_kill_from_elsewhere_is_told),
        trial("a_journal_that_cannot_be_written_is_told", a_journal_that_cannot_be_written_is_told),
    ]
}

/// Runs a case that crashes amid a load: it fails, by itself, and the load is salvaged.
fn crashed(marker: &str) -> Seen {
    let case = Fixture::new().run(marker).bad_case(101);
    assert_eq!((case.text("/verdict"), case.at("/stop")), ("fail", &json!(null)), "{:#}", case.0);
    assert_eq!(case.sentences("/reasons"), [case.text("/ending_sentence")]);
    case.assert_partial(0);
    case
}

fn a_panic_is_told_with_its_place() {
    let case = Fixture::new().run("panics").bad_case(101);
    assert_eq!(case.fate(), "fail, panicked, not stopped");
    assert_eq!(case.text("/ending/message"), "the case gave up");
    let place = case.text("/ending/place");
    assert!(place.starts_with("tests/supervisor/cases/crashes.rs:"), "{place}");
    assert_eq!(case.sentences("/reasons"), [format!("the case panicked at {place}: the case gave up")]);
    case.assert_complete(0);
    case.assert_partial(1);
}

fn panics_of_operations_are_errors_of_theirs() {
    let run = Fixture::new().run("panics_in_operations");
    let case = run.bad_case(101);
    assert_eq!(case.fate(), "fail, returned, not stopped");
    case.assert_complete(0);
    let counts = case.at("/loads/0/total/counts");
    assert_eq!((&counts["due"], &counts["ok"], &counts["error"]), (&json!(50), &json!(25), &json!(25)));
    let kind = case.at("/loads/0/total/kinds/0");
    assert_eq!((&kind["text"], &kind["count"]), (&json!("panic: an operation gave up"), &json!(25)));
    assert!(case.sentences("/reasons")[0].contains("success_rate"), "{:?}", case.sentences("/reasons"));
    // The first few are printed, for the place; the report counts them all.
    assert_eq!(run.output_of(&case).matches("an operation gave up").count(), 5);
}

fn an_error_is_told() {
    let case = crashed("returns_an_error");
    assert_eq!(case.at("/ending"), &json!({ "kind": "failed", "error": "the index is gone" }));
}

fn an_abort_is_told() {
    assert_eq!(crashed("aborts").at("/ending"), &json!({ "kind": "aborted" }));
}

fn status_0_is_no_success_before_the_case_has_ended() {
    let case = crashed("exits");
    assert_eq!(case.at("/ending"), &json!({ "kind": "exited", "status": 0 }));
    assert_eq!(
        case.text("/ending_sentence"),
        "the process exited by itself with status 0 before the case had ended"
    );
}

fn a_stack_overflow_is_told() {
    assert_eq!(crashed("overflows_its_stack").at("/ending"), &json!({ "kind": "stack_overflow" }));
}

fn a_failed_allocation_is_told() {
    assert_eq!(crashed("cannot_allocate").at("/ending"), &json!({ "kind": "allocation_failed" }));
}

fn a_kill_from_elsewhere_is_told() {
    let case = crashed("is_killed_by_somebody");
    assert_eq!(case.at("/ending"), &json!({ "kind": "signal", "number": 9, "name": "SIGKILL" }));
    assert!(case.sentences("/reasons")[0].contains("that the supervisor did not send"));
}

fn a_journal_that_cannot_be_written_is_told() {
    let case = crashed("loses_its_journal");
    assert_eq!(case.at("/ending"), &json!({ "kind": "journal_failed" }));
    assert!(case.text("/output_tail").contains("the journal cannot be written: "));
    assert_eq!(case.at("/loads/1"), &json!(null));
}
