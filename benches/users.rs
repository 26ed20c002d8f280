//! Memory a waiting user: closed-loop users whose operation never ends, beside bare tasks that wait for the same
//! future. Each way runs in a fresh process of its own, because memory that was freed comes back to nobody.
//!
//! A load lends its users nothing that a task has not; what a user costs more than a task is what the load keeps for
//! each: the loop, the timeout, the slot in which the operation is counted.

#[path = "table.rs"]
mod table;

use std::{
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use proofload::{Load, drive_alone, seconds};
use table::{Purpose, Row, Table};

/// The first argument of a process that only measures: `NAME WAY USERS HELD`.
const CHILD: &str = "measure-one";

/// How long it may take until all are there: a hundred times what it takes on a quiet machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Who waits.
#[derive(Debug, Clone, Copy)]
enum Way {
    User,
    Task,
}

impl Way {
    const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Task => "task",
        }
    }
}

/// What the operation keeps while it waits.
#[derive(Debug, Clone, Copy)]
enum Held {
    Nothing,
    OneKib,
}

impl Held {
    const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::OneKib => "1 KiB",
        }
    }
}

/// Resident memory in bytes, now and at its peak.
#[derive(Debug, Clone, Copy)]
struct Memory {
    now: f64,
    peak: f64,
}

impl Memory {
    /// `None` where there is no `/proc`.
    fn read() -> Option<Self> {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let bytes = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key))?;
            Some(line.split_whitespace().next()?.parse::<f64>().ok()? * 1024.0)
        };
        Some(Self { now: bytes("VmRSS:")?, peak: bytes("VmHWM:")? })
    }
}

async fn wait(waiting: Arc<AtomicUsize>) {
    waiting.fetch_add(1, Ordering::Relaxed);
    std::future::pending().await
}

async fn wait_with_1_kib(waiting: Arc<AtomicUsize>) {
    let held = std::hint::black_box([1u8; 1024]);
    wait(waiting).await;
    // Used after the wait, so that it is part of the future.
    std::hint::black_box(&held);
}

/// Lets `users` wait with `future` and says what memory they take. Does not come back: nobody waits for what never
/// ends.
fn measure<F, T>(way: Way, users: usize, future: F) -> !
where
    F: Fn(Arc<AtomicUsize>) -> T + Send + Sync + 'static,
    T: Future<Output = ()> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let before = Memory::read().expect("the parent could read it");
        let waiting = Arc::new(AtomicUsize::new(0));
        let waiters = Arc::clone(&waiting);
        match way {
            Way::User => {
                let load = Load::users(u32::try_from(users).expect("few enough")).for_duration(seconds(600));
                tokio::spawn(drive_alone(load, seconds(600), move |_op| future(Arc::clone(&waiters))));
            }
            Way::Task => (0..users).for_each(|_| {
                tokio::spawn(future(Arc::clone(&waiters)));
            }),
        }
        let began = Instant::now();
        while waiting.load(Ordering::Relaxed) < users {
            assert!(began.elapsed() < PATIENCE, "only {} of {users} came", waiting.load(Ordering::Relaxed));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // Over two readings of the recorders, which keep copies of what they read.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let after = Memory::read().expect("it could be read before");
        println!("{} {}", after.now - before.now, after.peak - before.now);
    });
    std::process::exit(0)
}

/// Runs one measurement in a process of its own: bytes a waiter, resident and at the peak.
fn in_a_child(way: Way, users: usize, held: Held) -> (f64, f64) {
    let output = Command::new(std::env::current_exe().expect("its own path"))
        .args([CHILD, way.name(), &users.to_string(), held.name()])
        .stderr(Stdio::inherit())
        .output()
        .expect("the same program starts again");
    assert!(output.status.success(), "a measurement ended with {}", output.status);
    let text = String::from_utf8(output.stdout).expect("figures");
    let figures: Vec<f64> = text.split_whitespace().map(|word| word.parse().expect("a figure")).collect();
    (figures[0] / users as f64, figures[1] / users as f64)
}

fn child(arguments: &[String]) -> ! {
    let [way, users, held] = arguments else { panic!("{CHILD} takes three arguments") };
    let way = if way == Way::User.name() { Way::User } else { Way::Task };
    let users = users.parse().expect("a number of users");
    if held == Held::OneKib.name() { measure(way, users, wait_with_1_kib) } else { measure(way, users, wait) }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some((CHILD, rest)) = arguments.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        child(rest);
    }
    let purpose = Purpose::of_this_run();
    if Memory::read().is_none() {
        eprintln!("users: not measured, there is no /proc/self/status on this system");
        return;
    }
    let table = Table::begin(purpose, "Memory a waiting user");
    let (few, many) = purpose.choose((10_000, 100_000), (100, 200));
    for (users, held) in [(few, Held::Nothing), (many, Held::Nothing), (few, Held::OneKib)] {
        let (user, user_peak) = in_a_child(Way::User, users, held);
        let (task, task_peak) = in_a_child(Way::Task, users, held);
        eprintln!(
            "{users}: a user {user:.0} bytes (peak {user_peak:.0}), a task {task:.0} (peak {task_peak:.0})"
        );
        let beside = user - task;
        table.row(Row {
            what: &format!("{users} users, the operation holds {}", held.name()),
            ours: format!("{user:.0} B ({beside:.0} B beside it)"),
            yardstick: format!("a bare task with the same future: {task:.0} B"),
            ratio: Some(task / user),
            budget: Some((beside, "<= 1024 B")),
        });
    }
}
