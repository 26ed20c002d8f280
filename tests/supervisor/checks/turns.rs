use std::{fs, thread, time::Duration};

use jiff::Timestamp;
use libtest_mimic::Trial;

use super::trial;
use crate::{
    fixture::Fixture,
    processes::{has_ended, wait_for},
    seen::Seen,
};

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial("two_suites_at_once_take_turns", two_suites_at_once_take_turns),
        trial("a_killed_suite_gives_its_turn_away", a_killed_suite_gives_its_turn_away),
    ]
}

/// Reports tell the second in which a case began.
const WHOLE_SECOND: Duration = Duration::from_secs(1);

/// When a case began and when it was over.
fn span(case: &Seen) -> (Timestamp, Timestamp) {
    let began: Timestamp = case.text("/started_at").parse().expect("a moment");
    (began, began + Duration::from_secs_f64(case.number("/duration_s")))
}

/// Both have a bad case and a good one; what one does to itself is nothing to the other.
fn two_suites_at_once_take_turns() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let lock = folder.path().join("lock");
    let [one, other] = ["panics", "eats_memory"].map(|marker| {
        let fixture = Fixture::new().with("PROOFLOAD_LOCK", &lock);
        thread::spawn(move || fixture.run(marker).all_cases(101))
    });
    let both = [one, other].map(|suite| suite.join().expect("the suite ended well"));
    let cases: Vec<Seen> = both.into_iter().flatten().collect();
    let fates: Vec<String> = cases.iter().map(Seen::fate).collect();
    assert_eq!(
        fates,
        [
            "fail, panicked, not stopped",
            "pass, returned, not stopped",
            "aborted, killed, memory by SIGKILL",
            "pass, returned, not stopped",
        ]
    );
    let mut spans: Vec<_> = cases.iter().map(span).collect();
    spans.sort();
    for two in spans.windows(2) {
        assert!(two[0].1 < two[1].0 + WHOLE_SECOND, "one began before the other had ended: {spans:?}");
    }
}

fn a_killed_suite_gives_its_turn_away() {
    let first = Fixture::new();
    let lock = first.file("lock");
    let first = first.with("PROOFLOAD_LOCK", &lock);
    let mut supervisor = first.start("is_orphaned");
    let has_begun = wait_for(Duration::from_secs(60), || first.word("case").is_some());
    assert!(has_begun, "{}", first.output());
    let second = Fixture::new().with("PROOFLOAD_LOCK", &lock);
    let waiting = thread::spawn(move || second.run("returns_an_error"));
    thread::sleep(Duration::from_secs(1));
    assert!(!waiting.is_finished() && !has_ended(first.word("case").expect("a number")));
    supervisor.kill().expect("our own child");
    supervisor.wait().expect("our own child");
    let run = waiting.join().expect("the second ended");
    assert!(run.printed().contains("waiting for another stress case on this machine"), "{}", run.printed());
    assert_eq!(run.bad_case(101).fate(), "fail, failed, not stopped");
    first.assert_nothing_is_left();
    fs::remove_file(lock).expect("the lock stays a file");
}
