use super::{Page, scene::of_case};
use crate::{
    monitor::{Space, Supply},
    report::{
        StopReport, recommend,
        tests::{case, ended},
    },
    safety::{InFlight, Limits, Needs, Preflight, Seen, Watchdog, preflight},
    stop::StopReason,
    supervisor::Ending,
    units::{ByteSize, millis, seconds},
};

const GIB: u64 = 1 << 30;

/// Every limit, and something that a case needs.
const FILE: &str = "
    time_limit = \"60s\"
    max_memory = \"1GiB\"
    max_memory_growth = \"10MiB/s\"
    memory_growth_window = \"10s\"
    memory_growth_warm_up = \"10s\"
    max_cpu = \"90%\"
    cpu_window = \"5s\"
    max_concurrency = 50
    max_descriptors = 1000
    max_threads = 200
    max_disk_written = \"100MiB\"
    min_free_memory = \"1GiB\"
    min_free_disk = \"5%\"
    needs_memory = \"4GiB\"
    needs_disk = \"10GiB\"
    max_machine_load = 1
";

const DISK: Space = Space { name: "the reports", free_bytes: 50 * GIB, total_bytes: 100 * GIB };

/// Nothing near its limit.
const CALM: Seen<'static> = Seen {
    elapsed: seconds(40),
    memory_bytes: GIB / 2,
    memory_rate: 0.0,
    growth: Some(0.0),
    cpu_percent: Some(50.0),
    in_flight: InFlight::WithArrivals(10),
    descriptors: 50,
    threads: 20,
    disk_written_bytes: 0,
    free_memory_bytes: Some(8 * GIB),
    disks: &[DISK],
    tick: millis(20),
};

#[test]
fn limits() {
    let mut page = Page::new("limits", "Limits of a case");
    let limits = Limits::of(&of_case(FILE), ByteSize::new(16 * GIB));
    let low = [Space { free_bytes: 4 * GIB, ..DISK }];
    let nearly_low = [Space { free_bytes: 6 * GIB, ..DISK }];
    page.family("Crossed: the case is stopped");
    for (given, seen) in [
        ("1.5 GiB", Seen { memory_bytes: 3 * GIB / 2, ..CALM }),
        ("a little over 1 GiB", Seen { memory_bytes: GIB + 4096, ..CALM }),
        ("960 MiB, and 2 GB/s", Seen { memory_bytes: 960 << 20, memory_rate: 2e9, ..CALM }),
        ("512 MiB left on the machine", Seen { free_memory_bytes: Some(GIB / 2), ..CALM }),
        ("60 s", Seen { elapsed: seconds(60), ..CALM }),
        ("51 in flight", Seen { in_flight: InFlight::WithArrivals(51), ..CALM }),
        ("1001 descriptors", Seen { descriptors: 1001, ..CALM }),
        ("201 threads", Seen { threads: 201, ..CALM }),
        ("101 MiB written", Seen { disk_written_bytes: 101 << 20, ..CALM }),
        ("4 GiB left on a disk", Seen { disks: &low, ..CALM }),
        ("12 MiB/s", Seen { growth: Some(12.0 * 1_048_576.0), ..CALM }),
        ("97% of the cores", Seen { cpu_percent: Some(97.0), ..CALM }),
    ] {
        let crossing = Watchdog::new(limits).check(&seen).expect("it is crossed");
        page.says(given, format!("{}: {}", crossing.reason, crossing.sentence));
    }
    page.family("Near: a warning");
    let near = Seen {
        elapsed: seconds(50),
        memory_bytes: 900 << 20,
        growth: Some(9.0 * 1_048_576.0),
        cpu_percent: Some(80.0),
        in_flight: InFlight::WithArrivals(45),
        descriptors: 900,
        threads: 180,
        disk_written_bytes: 90 << 20,
        free_memory_bytes: Some(GIB + GIB / 5),
        disks: &nearly_low,
        ..CALM
    };
    page.says("everything", Watchdog::new(limits).warnings(&near).join("\n"));
    page.family("Before a case: it is left out, or warned of");
    let supply = || Supply {
        memory: Some(Space { name: "memory", free_bytes: 12 * GIB, total_bytes: 16 * GIB }),
        disks: vec![DISK],
        load_1m: Some(0.1),
        cores: 2.0,
    };
    let needs = Needs::of(&of_case(FILE));
    let memory = |free_bytes| Some(Space { name: "memory", free_bytes, total_bytes: 16 * GIB });
    for (given, needs, supply) in [
        ("2 GiB free", needs, Supply { memory: memory(2 * GIB), ..supply() }),
        ("512 MiB free", Needs::default(), Supply { memory: memory(GIB / 2), ..supply() }),
        ("6 GiB of disk free", needs, Supply { disks: nearly_low.to_vec(), ..supply() }),
        ("4 GiB of disk free", Needs::default(), Supply { disks: low.to_vec(), ..supply() }),
        ("a load of 3", needs, Supply { load_1m: Some(3.0), ..supply() }),
        ("a load of 1.7", needs, Supply { load_1m: Some(1.7), ..supply() }),
    ] {
        page.says(
            given,
            match preflight(&needs, &limits, &supply) {
                Preflight::Unfit { reason } => format!("left out: {reason}"),
                Preflight::Fit { warnings } => format!("warning: {}", warnings.join("; ")),
            },
        );
    }
    page.check();
}

/// How a case ended, and what is advised.
#[test]
fn endings() {
    let mut page = Page::new("endings", "How a case ended");
    page.family("By itself, or by the system");
    let signal = |number, name: &str| Ending::Signal { number, name: name.to_owned() };
    let every = [
        Ending::Returned,
        Ending::Failed { error: "the index is empty".to_owned() },
        Ending::Panicked {
            message: "index out of bounds".to_owned(),
            place: "stress/cases/index.rs:40".to_owned(),
        },
        Ending::Aborted,
        Ending::StackOverflow,
        Ending::AllocationFailed,
        Ending::OutOfMemory,
        signal(9, "SIGKILL"),
        signal(11, "SIGSEGV"),
        Ending::Exited { status: 3 },
        Ending::Killed,
        Ending::Hung,
        Ending::SupervisorLost,
        Ending::JournalFailed,
        Ending::NotRun { error: "no temporary folder could be made: No space left on device".to_owned() },
    ];
    for ending in every {
        let advised = recommend(&ended(case("x", &[]), ending.clone()));
        let given = match &ending {
            Ending::Returned => "returned",
            Ending::Failed { .. } => "an error",
            Ending::Panicked { .. } => "a panic",
            Ending::Aborted => "an abort",
            Ending::StackOverflow => "a stack overflow",
            Ending::AllocationFailed => "an allocation that failed",
            Ending::OutOfMemory => "the kernel's killer",
            Ending::Signal { .. } => "a signal",
            Ending::Exited { .. } => "an exit",
            Ending::Killed => "killed by the supervisor",
            Ending::Hung => "hung",
            Ending::SupervisorLost => "without its supervisor",
            Ending::JournalFailed => "without its journal",
            Ending::NotRun { .. } => "not run",
        };
        let advised: Vec<String> = advised.into_iter().map(|advice| format!("-> {advice}")).collect();
        page.says(given, std::iter::once(ending.to_string()).chain(advised).collect::<Vec<_>>().join("\n"));
    }
    page.family("Stopped");
    for reason in [
        StopReason::TimeLimit,
        StopReason::Memory,
        StopReason::MemoryGrowth,
        StopReason::Cpu,
        StopReason::Concurrency,
        StopReason::Descriptors,
        StopReason::Threads,
        StopReason::DiskWritten,
        StopReason::MachineMemory,
        StopReason::MachineDisk,
        StopReason::Interrupted,
        StopReason::Terminated,
        StopReason::HungUp,
        StopReason::StopFile,
        StopReason::SupervisorLost,
        StopReason::Threshold,
        StopReason::OtherNode,
        StopReason::NodeLost,
        StopReason::Ceiling,
    ] {
        let mut stopped = case("x", &[]);
        let sentence = "(the figure and the limit)".to_owned();
        stopped.stop =
            Some(StopReport { reason, sentence, at_s: 3.2, took_s: 3.1, by: "SIGKILL".to_owned() });
        stopped.ending = Ending::Killed;
        let advised = recommend(&stopped).into_iter().map(|advice| format!("-> {advice}"));
        page.says(
            format!("{reason:?}"),
            std::iter::once(reason.to_string()).chain(advised).collect::<Vec<_>>().join("\n"),
        );
    }
    page.check();
}
