use super::*;
use crate::units::{Portion, Ratio, seconds};

const LIMITS: Limits = Limits {
    time: Some(Duration::from_secs(60)),
    memory_bytes: Some(1 << 30),
    growth_bytes_per_sec: Some(10 << 20),
    growth_window: Duration::from_secs(10),
    growth_warm_up: Duration::from_secs(10),
    cpu_percent: Some(90.0),
    cpu_window: Duration::from_secs(5),
    concurrency: Some(50),
    descriptors: Some(1000),
    threads: Some(200),
    disk_written_bytes: Some(100 << 20),
    free_memory_bytes: Some(1 << 30),
    free_disk: Some(Portion::Share(Ratio::new(0.05))),
};

const DISK: Space = Space { name: "the reports", free_bytes: 50 << 30, total_bytes: 100 << 30 };

/// Everything a little below four fifths of its limit.
const CALM: Seen<'static> = Seen {
    elapsed: Duration::from_millis(47_900),
    memory_bytes: 819 << 20,
    memory_rate: 0.0,
    growth: Some(7.9 * 1_048_576.0),
    cpu_percent: Some(71.9),
    in_flight: InFlight::WithArrivals(39),
    descriptors: 799,
    threads: 159,
    disk_written_bytes: 79 << 20,
    free_memory_bytes: Some(1300 << 20),
    disks: &[DISK],
    tick: Duration::from_millis(20),
};

/// Everything exactly at its limit.
const FULL: Seen<'static> = Seen {
    elapsed: Duration::from_millis(59_999),
    memory_bytes: 1 << 30,
    memory_rate: 0.0,
    growth: Some(10.0 * 1_048_576.0),
    cpu_percent: Some(90.0),
    in_flight: InFlight::WithArrivals(50),
    descriptors: 1000,
    threads: 200,
    disk_written_bytes: 100 << 20,
    free_memory_bytes: Some(1 << 30),
    disks: &[Space { free_bytes: 5 << 30, ..DISK }],
    tick: Duration::from_millis(20),
};

fn said(seen: Seen<'_>) -> String {
    Watchdog::new(LIMITS).check(&seen).map_or("nothing".to_owned(), |c| c.sentence)
}

#[test]
fn at_a_limit_is_not_over_it() {
    assert_eq!(said(CALM), "nothing");
    assert_eq!(said(FULL), "nothing");
}

#[test]
fn each_limit_has_its_reason_and_its_sentence() {
    let low = [Space { free_bytes: (5 << 30) - (1 << 20), ..DISK }];
    for (seen, reason, sentence) in [
        (
            Seen { memory_bytes: 3 << 29, ..CALM },
            StopReason::Memory,
            "memory was 1.5 GiB, the limit is 1 GiB (max_memory)",
        ),
        (
            Seen { memory_bytes: (1 << 30) + 4096, ..CALM },
            StopReason::Memory,
            "memory was just over 1 GiB, the limit is 1 GiB (max_memory)",
        ),
        (
            Seen { memory_bytes: 960 << 20, memory_rate: 2e9, ..CALM },
            StopReason::Memory,
            "memory was 960 MiB and grew by 1.9 GiB a second: over the limit of 1 GiB (max_memory) at once",
        ),
        (
            Seen { free_memory_bytes: Some(1000 << 20), ..CALM },
            StopReason::MachineMemory,
            "the machine had 1000 MiB of memory left, and 1 GiB must stay free (min_free_memory)",
        ),
        (Seen { elapsed: seconds(60), ..CALM }, StopReason::TimeLimit, "it ran for 1m (time_limit)"),
        (Seen { elapsed: seconds(61), ..CALM }, StopReason::TimeLimit, "it ran for 1m (time_limit)"),
        (
            Seen { in_flight: InFlight::WithArrivals(51), ..CALM },
            StopReason::Concurrency,
            "51 operations were in flight, the limit is 50 (max_concurrency)",
        ),
        (
            Seen { descriptors: 1001, ..CALM },
            StopReason::Descriptors,
            "1001 descriptors were open, the limit is 1000 (max_descriptors)",
        ),
        (
            Seen { threads: 201, ..CALM },
            StopReason::Threads,
            "201 threads were there, the limit is 200 (max_threads)",
        ),
        (
            Seen { disk_written_bytes: 101 << 20, ..CALM },
            StopReason::DiskWritten,
            "101 MiB were written to disk, the limit is 100 MiB (max_disk_written)",
        ),
        (
            Seen { disks: &low, ..CALM },
            StopReason::MachineDisk,
            "the disk of the reports had just under 5 GiB left, and 5 GiB must stay free (min_free_disk)",
        ),
        (
            Seen { growth: Some(2e7), ..CALM },
            StopReason::MemoryGrowth,
            "memory grew by 19.1 MiB a second over 10 s, the limit is 10 MiB (max_memory_growth)",
        ),
        (
            Seen { cpu_percent: Some(97.2), ..CALM },
            StopReason::Cpu,
            "it used 97% of the available cores over 5 s, the limit is 90% (max_cpu)",
        ),
    ] {
        let expected = Crossing { reason, sentence: sentence.to_owned() };
        assert_eq!(Watchdog::new(LIMITS).check(&seen), Some(expected), "{seen:?}");
    }
}

#[test]
fn the_most_dangerous_comes_first() {
    let wild = Seen { memory_bytes: 2 << 30, cpu_percent: Some(100.0), elapsed: seconds(99), ..FULL };
    assert!(said(wild).starts_with("memory was"), "{}", said(wild));
}

#[test]
fn growth_at_the_start_is_warming_up() {
    let growing = Seen { growth: Some(2e9), ..CALM };
    assert_eq!(said(Seen { elapsed: seconds(19), ..growing }), "nothing");
    assert!(said(Seen { elapsed: seconds(20), ..growing }).starts_with("memory grew"));
    let limits = Limits { growth_warm_up: Duration::ZERO, growth_window: seconds(2), ..LIMITS };
    let hasty = |at| Watchdog::new(limits).check(&Seen { elapsed: seconds(at), ..growing });
    assert_eq!(hasty(1), None);
    assert!(hasty(2).unwrap().sentence.contains("a second over 2 s"));
}

#[test]
fn what_is_not_known_crosses_nothing() {
    assert_eq!(
        said(Seen { free_memory_bytes: None, growth: None, cpu_percent: None, disks: &[], ..CALM }),
        "nothing"
    );
}

#[test]
fn no_limit_no_crossing_and_no_warning() {
    let none = Limits {
        time: None,
        memory_bytes: None,
        growth_bytes_per_sec: None,
        cpu_percent: None,
        concurrency: None,
        descriptors: None,
        threads: None,
        disk_written_bytes: None,
        free_memory_bytes: None,
        free_disk: None,
        ..LIMITS
    };
    let wild = Seen {
        elapsed: seconds(1 << 30),
        memory_bytes: u64::MAX,
        memory_rate: 1e18,
        growth: Some(1e18),
        cpu_percent: Some(1e9),
        in_flight: InFlight::WithArrivals(u64::MAX),
        descriptors: u32::MAX,
        threads: u32::MAX,
        disk_written_bytes: u64::MAX,
        free_memory_bytes: Some(0),
        disks: &[Space { free_bytes: 0, ..DISK }],
        tick: seconds(1),
    };
    let mut watchdog = Watchdog::new(none);
    assert_eq!(watchdog.check(&wild), None);
    assert_eq!(watchdog.warnings(&wild), [""; 0]);
}

#[test]
fn four_fifths_of_a_limit_are_worth_one_warning() {
    let mut watchdog = Watchdog::new(LIMITS);
    assert_eq!(watchdog.warnings(&CALM), [""; 0]);
    assert_eq!(
        watchdog.warnings(&FULL),
        [
            "memory was 1 GiB, 100% of the limit of 1 GiB (max_memory)",
            "the machine had 1 GiB of memory left, close to the 1 GiB that must stay free (min_free_memory)",
            "it ran for 60 s, 100% of the limit of 1m (time_limit)",
            "50 operations were in flight, 100% of the limit of 50 (max_concurrency)",
            "1000 descriptors were open, 100% of the limit of 1000 (max_descriptors)",
            "200 threads were there, 100% of the limit of 200 (max_threads)",
            "100 MiB were written to disk, 100% of the limit of 100 MiB (max_disk_written)",
            "the disk of the reports had 5 GiB left, close to the 5 GiB that must stay free (min_free_disk)",
            "memory grew by 10 MiB a second over 10 s, 100% of the limit of 10 MiB (max_memory_growth)",
            "it used 90% of the available cores over 5 s, 100% of the limit of 90% (max_cpu)",
        ]
    );
    assert_eq!(watchdog.warnings(&FULL), [""; 0]);
}

#[test]
fn a_limit_that_is_crossed_at_once_is_not_warned_of() {
    let mut watchdog = Watchdog::new(LIMITS);
    assert_eq!(watchdog.warnings(&Seen { threads: 201, ..CALM }), [""; 0]);
    assert_eq!(watchdog.warnings(&Seen { threads: 199, ..CALM }), [""; 0], "nor afterwards");
}

#[test]
fn each_warning_comes_by_itself_from_80_percent_on() {
    let near = [Space { free_bytes: 6 << 30, ..DISK }];
    for seen in [
        Seen { memory_bytes: 820 << 20, ..CALM },
        Seen { free_memory_bytes: Some(1280 << 20), ..CALM },
        Seen { elapsed: seconds(48), ..CALM },
        Seen { in_flight: InFlight::WithArrivals(40), ..CALM },
        Seen { descriptors: 800, ..CALM },
        Seen { threads: 160, ..CALM },
        Seen { disk_written_bytes: 80 << 20, ..CALM },
        Seen { disks: &near, ..CALM },
        Seen { growth: Some(8.0 * 1_048_576.0), ..CALM },
        Seen { cpu_percent: Some(72.0), ..CALM },
    ] {
        let mut watchdog = Watchdog::new(LIMITS);
        assert_eq!(watchdog.warnings(&seen).len(), 1, "{seen:?}");
        assert_eq!(watchdog.check(&seen), None, "{seen:?}");
    }
}

#[test]
fn little_left_is_looked_at_more_often() {
    let watchdog = Watchdog::new(LIMITS);
    assert!(watchdog.is_near_reserve(&CALM));
    assert!(!watchdog.is_near_reserve(&Seen { free_memory_bytes: Some(3 << 30), ..CALM }));
    assert!(!watchdog.is_near_reserve(&Seen { free_memory_bytes: None, ..CALM }));
    assert!(watchdog.is_near_memory(&CALM));
    assert!(!watchdog.is_near_memory(&Seen { memory_bytes: 1 << 20, ..CALM }));
    assert!(watchdog.is_near_memory(&Seen { memory_bytes: 1 << 20, memory_rate: 3e8, ..CALM }));
}

#[test]
fn users_near_the_limit_are_as_stated_and_arrivals_are_not() {
    let at = |in_flight| Watchdog::new(LIMITS).warnings(&Seen { in_flight, ..CALM });
    assert_eq!(at(InFlight::OfUsers(50)), [""; 0]);
    assert_eq!(
        at(InFlight::WithArrivals(40)),
        ["40 operations were in flight, 80% of the limit of 50 (max_concurrency)"]
    );
    assert_eq!(
        said(Seen { in_flight: InFlight::OfUsers(51), ..CALM }),
        "51 operations were in flight, the limit is 50 (max_concurrency)"
    );
}
