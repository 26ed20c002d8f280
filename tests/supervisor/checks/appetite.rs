use libtest_mimic::{Completion, Failed, Trial};
use rustix::fs::{StatVfs, statfs, statvfs};

use super::{ignorable_trial, trial};
use crate::{fixture::Fixture, seen::Seen};

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial("open_descriptors_over_their_limit_are_stopped", open_descriptors_over_their_limit_are_stopped),
        trial("threads_over_their_limit_are_stopped", threads_over_their_limit_are_stopped),
        ignorable_trial("writing_over_its_limit_is_stopped", writing_over_its_limit_is_stopped),
        ignorable_trial("the_last_of_a_disk_is_not_taken", the_last_of_a_disk_is_not_taken),
        ignorable_trial("the_last_memory_is_not_taken", the_last_memory_is_not_taken),
        trial("limits_that_come_near_are_warned_of", limits_that_come_near_are_warned_of),
        trial("a_case_that_needs_more_than_there_is_is_left_out", a_case_that_needs_more_is_left_out),
    ]
}

/// The one reason, which begins and ends like this.
fn assert_reason(case: &Seen, begin: &str, end: &str) {
    let reasons = case.sentences("/reasons");
    assert!(
        reasons.len() == 1 && reasons[0].starts_with(begin) && reasons[0].ends_with(end),
        "{reasons:?} is not {begin:?} ... {end:?}"
    );
}

fn open_descriptors_over_their_limit_are_stopped() {
    let case = Fixture::new().run("opens_descriptors").bad_case(101);
    assert_eq!(case.fate(), "aborted, returned, descriptors by stop token");
    assert_reason(&case, "stopped: ", " descriptors were open, the limit is 400 (max_descriptors)");
    assert_eq!(case.number("/limits/descriptors"), 400.0);
    assert!(case.number("/resources/peak_descriptors") > 400.0);
    assert_eq!(case.at("/warnings"), &serde_json::json!([]), "the stop says it");
}

fn threads_over_their_limit_are_stopped() {
    let case = Fixture::new().run("starts_threads").bad_case(101);
    assert_eq!(case.fate(), "aborted, returned, threads by stop token");
    assert_reason(&case, "stopped: ", " threads were there, the limit is 100 (max_threads)");
    assert!(case.number("/resources/peak_threads") > 100.0);
    assert_eq!(case.at("/warnings"), &serde_json::json!([]), "the stop says it");
}

fn writing_over_its_limit_is_stopped() -> Result<Completion, Failed> {
    /// `TMPFS_MAGIC` of linux/magic.h: what is written there never gets to storage, and the kernel does not count it.
    const TMPFS: i128 = 0x0102_1994;
    let folder = statfs(std::env::temp_dir()).map_err(|error| error.to_string())?;
    if i128::from(folder.f_type) == TMPFS {
        return Ok(Completion::ignored_with("the temporary folder is in memory"));
    }
    let case = Fixture::new().run("writes_files").bad_case(101);
    assert_eq!(case.fate(), "aborted, returned, disk_written by stop token");
    assert_reason(&case, "stopped: ", " were written to disk, the limit is 19.1 MiB (max_disk_written)");
    let written = case.number("/resources/written_bytes");
    assert!((20e6..200e6).contains(&written), "{written} bytes");
    Ok(Completion::Completed)
}

/// In a file system of its own, which nobody else fills or clears meanwhile.
fn the_last_of_a_disk_is_not_taken() -> Result<Completion, Failed> {
    const MIB: u64 = 1 << 20;
    let Ok(disk) = statvfs("/dev/shm") else { return Ok(Completion::ignored_with("there is no /dev/shm")) };
    let free = |disk: &StatVfs| disk.f_bavail * disk.f_frsize;
    if free(&disk) < 100 * MIB {
        return Ok(Completion::ignored_with("/dev/shm has less than 100 MiB left"));
    }
    let limit = free(&disk) - 24 * MIB;
    let fixture = Fixture::within("/dev/shm").set(format!("fills_disk.min_free_disk={limit}"));
    let case = fixture.run("fills_disk").bad_case(101);
    assert_eq!(case.fate(), "aborted, returned, machine_disk by stop token");
    assert_reason(&case, "stopped: the disk of the ", " must stay free (min_free_disk)");
    Ok(Completion::Completed)
}

fn the_last_memory_is_not_taken() -> Result<Completion, Failed> {
    const MIB: u64 = 1 << 20;
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let free = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let free = free.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) * 1024;
    if free < 4096 * MIB {
        return Ok(Completion::ignored_with("less than 4 GiB of memory are free"));
    }
    // Far enough from what is free for others not to come below it, near enough for this case to.
    let limit = free - 800 * MIB;
    let fixture = Fixture::new().set(format!("takes_the_machines_memory.min_free_memory={limit}"));
    let case = fixture.run("takes_the_machines_memory").bad_case(101);
    assert_eq!(case.fate(), "aborted, killed, machine_memory by SIGKILL");
    assert_reason(&case, "stopped: the machine had ", " must stay free (min_free_memory)");
    case.assert_partial(0);
    Ok(Completion::Completed)
}

fn limits_that_come_near_are_warned_of() {
    let ended = Fixture::new().run("comes_near");
    let case = ended.bad_case(0);
    assert_eq!(case.fate(), "pass, returned, not stopped");
    let warnings = case.sentences("/warnings");
    let of = |key: &str| warnings.iter().filter(|warning| warning.ends_with(key)).count();
    assert_eq!(of("of the limit of 300 (max_descriptors)"), 1, "{warnings:?}");
    assert_eq!(of("of the limit of 100 (max_threads)"), 1, "{warnings:?}");
    // On standard error at once, too; the summary has them without the name.
    let said = ended.output().matches("warning: cases::appetite::comes_near: ").count();
    assert_eq!(said, 2, "{}", ended.output());
    // A share of the machine is worked out for the report.
    let memory = case.number("/limits/memory_bytes");
    assert!(memory > 1e6 && memory.fract() == 0.0, "{memory}");
}

fn a_case_that_needs_more_is_left_out() {
    for (marker, begin, end) in [
        ("needs_all_memory", "needs ", " must stay so (min_free_memory)"),
        (
            "needs_much_disk",
            "needs 97.7 PiB of disk for the scratch folder (needs_disk), ",
            " must stay so (min_free_disk)",
        ),
        ("leaves_all_memory", "the machine had ", " must stay free (min_free_memory)"),
    ] {
        let ended = Fixture::new().run(marker);
        let name = format!("cases::appetite::{marker}");
        let reason = ended.left_out(&name);
        assert!(reason.starts_with(begin) && reason.ends_with(end), "{reason}");
        let output = ended.output();
        let line = output.lines().find(|line| line.starts_with(&format!("test {name} "))).unwrap_or_default();
        assert!(line.ends_with(&format!("... ignored ({reason})")), "{output}");
    }
}
