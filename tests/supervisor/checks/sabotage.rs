use libtest_mimic::Trial;
use serde_json::json;

use super::{
    trial,
    where_possible::{Need, trial_with},
};
use crate::{fixture::Fixture, seen::Seen};

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial("a_case_that_deletes_its_folders_is_reported", a_case_that_deletes_its_folders_is_reported),
        trial("a_case_that_deletes_all_reports_is_reported", a_case_that_deletes_all_reports_is_reported),
        trial("a_deleted_journal_is_told", a_deleted_journal_is_told),
        trial("a_journal_that_was_cut_is_told", a_journal_that_was_cut_is_told),
        trial_with(Need::Mounts, "a_full_disk_for_the_journal_is_told", a_full_disk_for_the_journal_is_told),
    ]
}

/// Both loads are in the report: the one that ran while the files went, and the one after.
fn assert_all_was_heard(case: &Seen) {
    assert_eq!(case.fate(), "pass, returned, not stopped", "{:#}", case.0);
    assert_eq!(case.at("/loads/1/load"), "later");
    case.assert_complete(1);
    case.assert_partial(0);
}

fn a_case_that_deletes_its_folders_is_reported() {
    let case = Fixture::new().run("deletes_its_folders").bad_case(0);
    assert_all_was_heard(&case);
    let warnings = case.sentences("/warnings");
    let lost = "journal.ndjson, output.log and latency.hlog are not in the folder of this case; the report has what was read of \
                them";
    assert!(warnings.contains(&lost), "{warnings:?}");
}

/// The run itself, and the case after it too.
fn a_case_that_deletes_all_reports_is_reported() {
    let run = Fixture::new().run("deletes_all_reports");
    let case = run.bad_case(0);
    assert_all_was_heard(&case);
    let warnings = case.sentences("/warnings");
    assert!(warnings.iter().any(|said| said.contains("are not in the folder of this case")), "{warnings:?}");
    assert_eq!(run.report()["summary"]["passed"], 2);
}

fn a_deleted_journal_is_told() {
    let case = Fixture::new().run("deletes_its_journal").bad_case(0);
    assert_all_was_heard(&case);
    let warnings = case.sentences("/warnings");
    let lost = "journal.ndjson is not in the folder of this case; the report has what was read of it";
    assert!(warnings.contains(&lost), "{warnings:?}");
}

fn a_journal_that_was_cut_is_told() {
    let case = Fixture::new().run("cuts_its_journal").bad_case(0);
    assert_all_was_heard(&case);
    let warnings = case.sentences("/warnings");
    let lost = "the journal was cut short while the case ran; the report has what was read before and after";
    assert!(warnings.contains(&lost), "{warnings:?}");
}

/// A disk of the suite's own, whose files are put where the test looks for them when the suite has ended.
fn a_full_disk_for_the_journal_is_told() {
    let disk = "mount -t tmpfs -o size=1m none \"$0\" && { \"$@\"; status=$?; cp -a \"$0\" \"$0.kept\" && \
                umount \"$0\" && cp -a \"$0.kept/.\" \"$0\"; exit $status; }";
    let fixture = Fixture::new().with("PROOFLOAD_MIN_FREE_DISK", "off");
    let case = fixture.among_own_mounts(disk).run("fills_the_disk").bad_case(101);
    assert_eq!(case.at("/ending"), &json!({ "kind": "journal_failed" }));
    assert_eq!(case.fate(), "fail, journal_failed, not stopped");
    let tail = case.text("/output_tail");
    assert!(tail.contains("the journal cannot be written: No space left on device"), "{tail}");
    case.assert_partial(0);
}
