use super::{Advice, Kind};
use crate::{
    report::{
        CaseReport, StopReport,
        text::{max_memory, show},
    },
    stop::StopReason,
    supervisor::Ending,
};

/// What follows from how the case ended: crashes, limits that stopped it, and how hard it was to stop.
pub(super) fn advice(case: &CaseReport) -> Vec<Advice> {
    let stop = case.stop.as_ref();
    crash(case).into_iter().chain(stop.and_then(|s| stopped(case, s))).chain(stop.and_then(deaf)).collect()
}

fn crash(case: &CaseReport) -> Option<Advice> {
    let log = format!("{}/output.log", case.folder);
    let (topic, action) = match &case.ending {
        // An error that the case returned has said what it is.
        Ending::Returned | Ending::Failed { .. } | Ending::Killed | Ending::SupervisorLost => return None,
        Ending::Panicked { place, .. } => {
            (place.as_str(), format!("fix what is asserted there, or return it as an error with `?`; see {log}"))
        }
        Ending::Aborted => (
            "abort",
            format!("look in {log} for a panic within a panic, or an assertion of a library that is not Rust"),
        ),
        Ending::StackOverflow => (
            "stack",
            "look for recursion without end, put large arrays and futures into a `Box`, or raise RUST_MIN_STACK"
                .to_owned(),
        ),
        Ending::AllocationFailed => ("allocation", "bound the sizes that are asked for".to_owned()),
        Ending::OutOfMemory => (
            "out of memory",
            "set max_memory below what the machine or its container can spare, or give it more".to_owned(),
        ),
        Ending::Signal { name, .. } if name == "SIGKILL" => {
            ("SIGKILL", "find out who sends it: a job scheduler, a script, a person".to_owned())
        }
        Ending::Signal { name, .. } => {
            (name.as_str(), format!("look at unsafe code and at libraries that are not Rust; see {log}"))
        }
        Ending::Exited { .. } => (
            "exit",
            "find the call of `process::exit` in the case or in its target; a case ends by returning".to_owned(),
        ),
        Ending::Hung => (
            "hung",
            "end the threads and runtimes that the case has started, or look for a `Drop` that waits".to_owned(),
        ),
        Ending::JournalFailed => {
            ("journal", "make room for the reports, or choose another folder with --report-dir".to_owned())
        }
        Ending::NotRun { .. } => ("not run", "nothing of the case was measured; fix this first".to_owned()),
    };
    let figure = match &case.ending {
        // What the panic said may be long, and is among the reasons.
        Ending::Panicked { place, .. } => format!("the case panicked at {place}"),
        _ => format!("{}{}", case.ending_sentence, memory_at_the_end(case)),
    };
    Some(Advice { kind: Kind::Crash, topic: topic.to_owned(), weight: 0.0, figure, action })
}

/// For the endings that want of memory may explain.
fn memory_at_the_end(case: &CaseReport) -> String {
    let is_about_memory = matches!(&case.ending, Ending::AllocationFailed | Ending::OutOfMemory);
    if !is_about_memory || case.resources.samples == 0 {
        return String::new();
    }
    let left = case.resources.machine_memory_available_min_bytes;
    let left = left.map_or(String::new(), |left| format!(" with {} left on the machine", show::bytes(left)));
    format!(", at a peak of {}{left}", show::bytes(case.resources.peak_memory_bytes))
}

fn stopped(case: &CaseReport, stop: &StopReport) -> Option<Advice> {
    let at = show::seconds(stop.at_s);
    let (topic, figure, action) = match stop.reason {
        StopReason::Memory => (
            "max_memory",
            format!("{}{}", memory_reached(case), growth(case)),
            "bound the queues and caches that grow with the load; raise max_memory only if the target is meant to \
             need so much",
        ),
        StopReason::MemoryGrowth => (
            "max_memory_growth",
            stop.sentence.clone(),
            "if a cache fills, fill it before the load or raise max_memory_growth; if not, look for what is kept of \
             each operation",
        ),
        StopReason::TimeLimit => (
            "time_limit",
            format!("time_limit ended the case after {at}"),
            "raise time_limit, or shorten the load with duration or time_scale",
        ),
        StopReason::Cpu => (
            "max_cpu",
            stop.sentence.clone(),
            "lower the rate or the users, or raise max_cpu: generator and target share the cores",
        ),
        StopReason::Concurrency => (
            "max_concurrency",
            stop.sentence.clone(),
            "raise max_concurrency if the target is meant to take so many at once, or lower the users",
        ),
        StopReason::Descriptors => (
            "max_descriptors",
            stop.sentence.clone(),
            "look for connections and files that are not closed, or raise max_descriptors if the target is meant to \
             hold so many",
        ),
        StopReason::Threads => (
            "max_threads",
            stop.sentence.clone(),
            "bound the pools of threads, or raise max_threads; operations of `run_blocking` take one each",
        ),
        StopReason::DiskWritten => (
            "max_disk_written",
            stop.sentence.clone(),
            "look for logs and temporary files that grow with the load, or raise max_disk_written",
        ),
        StopReason::MachineMemory => (
            "min_free_memory",
            format!("{}: {}", stop.sentence, memory_reached(case)),
            "see what else runs on the machine, bound what the target keeps, or run it on a larger one; needs_memory \
             leaves the case out where there is too little from the start",
        ),
        StopReason::MachineDisk => (
            "min_free_disk",
            stop.sentence.clone(),
            "make room, or point TMPDIR or report_dir to another disk; needs_disk leaves the case out where there is \
             too little from the start",
        ),
        StopReason::Interrupted
        | StopReason::Terminated
        | StopReason::HungUp
        | StopReason::StopFile
        | StopReason::SupervisorLost
        // Another node's report has the advice.
        | StopReason::OtherNode
        | StopReason::NodeLost
        // Ends a load and not its case.
        | StopReason::Ceiling
        // What was missed has advice of its own.
        | StopReason::Threshold => return None,
    };
    Some(Advice { kind: Kind::Stop, topic: topic.to_owned(), weight: 0.0, figure, action: action.to_owned() })
}

fn memory_reached(case: &CaseReport) -> String {
    let peak = show::bytes(case.resources.peak_memory_bytes);
    match max_memory(case) {
        Some(limit) => format!("memory reached {peak}, and max_memory is {limit}"),
        None => format!("memory reached {peak}"),
    }
}

/// How fast memory grew towards its peak: the measured slope, or for cases that are too short for one the way from
/// the first window to the highest.
fn growth(case: &CaseReport) -> String {
    let windows = &case.resources.windows;
    let highest = windows.iter().max_by_key(|window| window.rss_bytes);
    let simple = windows.first().zip(highest).and_then(|(first, highest)| {
        let seconds = highest.at_s.checked_sub(first.at_s).filter(|s| *s > 0)?;
        Some(highest.rss_bytes.saturating_sub(first.rss_min_bytes) as f64 / f64::from(seconds))
    });
    match case.resources.memory_growth_bytes_per_sec.or(simple) {
        Some(rate) if rate >= 1.0 => format!(", growing by {} a second", show::bytes(rate as u64)),
        Some(_) | None => String::new(),
    }
}

/// Cases that did not end when they were told to. Memory leaves no time to ask, and a person may be impatient.
fn deaf(stop: &StopReport) -> Option<Advice> {
    let was_asked = match stop.reason {
        StopReason::TimeLimit
        | StopReason::MemoryGrowth
        | StopReason::Cpu
        | StopReason::Concurrency
        | StopReason::Descriptors
        | StopReason::Threads
        | StopReason::DiskWritten
        | StopReason::MachineDisk => true,
        StopReason::Memory
        | StopReason::MachineMemory
        | StopReason::Interrupted
        | StopReason::Terminated
        | StopReason::HungUp
        | StopReason::StopFile
        | StopReason::SupervisorLost
        | StopReason::OtherNode
        | StopReason::NodeLost
        | StopReason::Ceiling
        | StopReason::Threshold => false,
    };
    (was_asked && stop.by == "SIGKILL").then(|| Advice {
        kind: Kind::Deaf,
        topic: String::new(),
        weight: stop.took_s,
        figure: format!("it took {} and SIGKILL to end the case", show::seconds(stop.took_s)),
        action: "something blocks its threads: give such work to `run_blocking`".to_owned(),
    })
}
