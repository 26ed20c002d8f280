//! One case at a time, also between processes that use the same lock file.

use super::{fixture::Package, tests};

tests![
    processes_with_one_lock_take_turns,
    the_machine_rests_after_a_case,
    cases_run_beside_each_other_when_asked
];

/// Begin and end of each stay of the stamped case, in milliseconds, by their begin.
fn stays(package: &Package) -> Vec<(u64, u64)> {
    let stamps: Vec<(String, u64)> = package
        .said("stamps")
        .iter()
        .map(|line| line.split_once(' ').unwrap())
        .map(|(word, ms)| (word.to_owned(), ms.parse().unwrap()))
        .collect();
    let of = |wanted: &str| {
        let mut times: Vec<u64> =
            stamps.iter().filter(|(word, _)| word == wanted).map(|(_, ms)| *ms).collect();
        times.sort_unstable();
        times
    };
    of("begin").into_iter().zip(of("end")).collect()
}

fn processes_with_one_lock_take_turns() {
    let package = Package::new();
    let lock = package.file("lock");
    let start = || package.suite(&["fast_stamped", "--progress", "off"]).env("PROOFLOAD_LOCK", &lock).start();
    let ended = [start(), start(), start()].map(|running| running.end().exits(0));
    let stays = stays(&package);
    assert_eq!(stays.len(), 3);
    for two in stays.windows(2) {
        assert!(two[0].1 <= two[1].0, "one began before the other had ended: {stays:?}");
    }
    let waited = ended.iter().filter(|ended| ended.stderr.contains("waiting for another stress case"));
    assert!(waited.count() >= 1, "whoever waits says so");
}

fn the_machine_rests_after_a_case() {
    let package = Package::new();
    let lock = package.file("lock");
    let start = || {
        let rested = ["fast_stamped", "--progress", "off", "--set", "pause_after=700ms"];
        package.suite(&rested).env("PROOFLOAD_LOCK", &lock).start()
    };
    for running in [start(), start()] {
        running.end().exits(0);
    }
    let stays = stays(&package);
    assert!(stays[0].1 + 700 <= stays[1].0, "the second began too early: {stays:?}");
}

fn cases_run_beside_each_other_when_asked() {
    let package = Package::new();
    let lock = package.file("lock");
    let start = package.suite(&["fast_", "--test-threads", "4"]).env("PROOFLOAD_LOCK", &lock);
    let mut outcomes = start.run().exits(0).outcomes();
    outcomes.sort();
    let names =
        ["closed", "nightly", "open", "plain", "stages", "stamped"].map(|name| format!("fast_{name} ok"));
    assert_eq!(outcomes, names);
    assert_eq!(package.report()["summary"]["passed"], 6);
}
