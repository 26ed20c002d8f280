use std::{fs, path::PathBuf, thread, time::Duration};

use libtest_mimic::Trial;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::where_possible::{Need, best_of_three, trial_alone, trial_with};
use crate::{
    cgroup,
    fixture::{Ended, Fixture},
    processes::wait_for,
    seen::Seen,
};

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial_alone("a_runaway_is_caught_by_looking", a_runaway_is_caught_by_looking),
        trial_with(Need::Cgroup, "a_runaway_is_held_by_a_cgroup", a_runaway_is_held_by_a_cgroup),
        trial_with(
            Need::Cgroup,
            "a_runaway_that_nobody_sees_is_held_by_a_cgroup",
            a_runaway_that_nobody_sees_is_held_by_a_cgroup,
        ),
        trial_with(
            Need::Cgroup,
            "a_kill_by_the_kernel_of_a_child_is_seen",
            a_kill_by_the_kernel_of_a_child_is_seen,
        ),
        trial_with(
            Need::Mounts,
            "a_hard_limit_that_cannot_be_had_fails",
            a_hard_limit_that_cannot_be_had_fails,
        ),
        trial_with(
            Need::Mounts,
            "without_a_cgroup_the_next_tier_is_told",
            without_a_cgroup_the_next_tier_is_told,
        ),
    ]
}

const MIB: f64 = 1_048_576.0;

/// The limit of `runs_away`.
const LIMIT_MIB: f64 = 512.0;

/// What is seen counts the program's own pages, too; they are the page cache's, and so in no group of a case.
const SHARED_MIB: f64 = 32.0;

/// What the kernel did where nobody looked takes less than this.
const UNSEEN: Duration = Duration::from_secs(3);

/// Covers the kernel's groups with nothing.
const WITHOUT_CGROUPS: &str = "mount -t tmpfs none /sys/fs/cgroup && exec \"$@\"";

/// The most that a runaway had, in MiB: as it told itself until its end, and as it was seen.
fn most(case: &Seen) -> (f64, f64) {
    let figures = case.at("/figures").as_array();
    let told = figures.and_then(|figures| figures.last()?["value"].as_f64()).expect("it ate something");
    (told, case.number("/resources/peak_memory_bytes") / MIB)
}

fn assert_stopped_for_memory(case: &Seen) {
    assert_eq!(case.fate(), "aborted, killed, memory by SIGKILL");
    let reason = case.sentences("/reasons")[0];
    assert!(reason.starts_with("stopped: memory ") && reason.contains("(max_memory)"), "{reason}");
    assert!(case.number("/stop/took_s") < 1.0, "{}", case.number("/stop/took_s"));
    case.assert_partial(0);
}

fn assert_no_group_is_left(run: &Ended) {
    assert_eq!(cgroup::left_by(run.supervisor), [""; 0].map(PathBuf::from));
}

/// 1.15 times the limit on a machine with nothing else to do.
fn a_runaway_is_caught_by_looking() {
    best_of_three(|| {
        let run = Fixture::new().with("PROOFLOAD_CONTAINMENT", "polling").run("runs_away");
        let case = run.bad_case(101);
        assert_stopped_for_memory(&case);
        assert_eq!(
            case.at("/containment"),
            &json!({ "tier": "polling", "sentence": "memory is looked at every 20 ms" })
        );
        let (told, seen) = most(&case);
        // However late it was: not a second at two gigabytes each.
        assert!(told < 2.0 * LIMIT_MIB && seen < 2.0 * LIMIT_MIB, "{told} MiB told, {seen} MiB seen");
        told.max(seen) <= 1.15 * LIMIT_MIB
    });
}

fn a_runaway_is_held_by_a_cgroup() {
    let run = Fixture::new().with("PROOFLOAD_CONTAINMENT", "hard").run("runs_away");
    let case = run.bad_case(101);
    assert_stopped_for_memory(&case);
    let tier = case.text("/containment/tier");
    assert!(["cgroup_v1", "cgroup_v2"].contains(&tier), "{tier}");
    let sentence = case.text("/containment/sentence");
    assert!(sentence.starts_with("memory is held by a cgroup (version "), "{sentence}");
    assert!(sentence.ends_with(") of 512 MiB"), "{sentence}");
    let (told, seen) = most(&case);
    assert!(told <= LIMIT_MIB, "{told} MiB told");
    assert!(seen <= LIMIT_MIB + SHARED_MIB, "{seen} MiB seen");
    assert_no_group_is_left(&run);
}

/// Runs a case that suspends its supervisor, and wakes that again when all is over: it cannot be the one who saw the
/// memory.
fn run_unseen(marker: &str) -> Ended {
    let fixture = Fixture::new().with("PROOFLOAD_CONTAINMENT", "hard");
    let suspended = fixture.file("suspended");
    let waking = thread::spawn(move || {
        let mut supervisor = None;
        wait_for(Duration::from_secs(60), || {
            let word = fs::read_to_string(&suspended).unwrap_or_default();
            supervisor = word.parse().ok().and_then(Pid::from_raw);
            supervisor.is_some()
        });
        thread::sleep(UNSEEN);
        kill_process(supervisor.expect("the case leaves word"), Signal::CONT).expect("it is there");
    });
    let run = fixture.run(marker);
    waking.join().expect("the supervisor was woken");
    run
}

fn a_runaway_that_nobody_sees_is_held_by_a_cgroup() {
    let run = run_unseen("runs_away_unseen");
    let case = run.bad_case(101);
    assert_ended_by_the_kernel(&case, "512 MiB");
    let (told, _seen) = most(&case);
    assert!((LIMIT_MIB * 0.8..=LIMIT_MIB).contains(&told), "{told} MiB told");
    assert_no_group_is_left(&run);
}

/// The case may be alive (version 1) or have gone along (version 2).
fn a_kill_by_the_kernel_of_a_child_is_seen() {
    let run = run_unseen("has_a_child_that_runs_away");
    let case = run.bad_case(101);
    assert_ended_by_the_kernel(&case, "256 MiB");
    if case.text("/containment/tier") == "cgroup_v1" {
        assert_eq!(run.word("signal"), 9, "the kernel ended the child");
    }
    assert_no_group_is_left(&run);
}

fn assert_ended_by_the_kernel(case: &Seen, limit: &str) {
    assert_eq!(case.fate(), "aborted, killed, memory by SIGKILL");
    assert_eq!(
        case.sentences("/reasons"),
        [format!("stopped: memory reached the limit of {limit} (max_memory), where the kernel ended it")]
    );
    case.assert_partial(0);
}

fn a_hard_limit_that_cannot_be_had_fails() {
    let run = Fixture::new()
        .among_own_mounts(WITHOUT_CGROUPS)
        .with("PROOFLOAD_CONTAINMENT", "hard")
        .run("wants_to_be_held");
    let cases = run.all_cases(101);
    assert_eq!(cases.len(), 2);
    for case in &cases {
        assert_eq!(case.fate(), "fail, not_run, not stopped");
        assert_eq!(case.at("/loads"), &json!([]));
        let error = case.text("/ending/error");
        assert!(error.starts_with("`containment` is hard, and memory cannot be held: no "), "{error}");
        assert!(error.ends_with("; allow it, or set `containment` to auto"), "{error}");
    }
}

fn without_a_cgroup_the_next_tier_is_told() {
    let case = Fixture::new().among_own_mounts(WITHOUT_CGROUPS).run("wants_to_be_held").bad_case(0);
    assert_eq!(case.text("/containment/tier"), "data_limit");
    let sentence = case.text("/containment/sentence");
    let beginning = "memory is looked at every 20 ms, with a looser limit on data behind it; no ";
    assert!(sentence.starts_with(beginning), "{sentence}");
}
