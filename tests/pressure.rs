//! What pressure does to this process and to the disk, and that all of it is given back. In a program of its own, one at
//! a time: what is measured is the whole process.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use proofload::{
    mib,
    pressure::{Bounds, CpuBurners, DiskChurn, MemoryBallast},
    seconds,
    units::{ByteSize, Ratio},
};

/// Far more than anything here takes, on the slowest machine.
const PATIENCE: Duration = seconds(60);

static TURN: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[track_caller]
fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < until, "{what} took over {PATIENCE:?}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Resident memory of this process, in MiB.
#[cfg(target_os = "linux")]
fn resident_mib() -> f64 {
    let statm = fs::read_to_string("/proc/self/statm").expect("Linux has it");
    let pages: f64 = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("a number of pages");
    pages * rustix::param::page_size() as f64 / 1_048_576.0
}

#[cfg(unix)]
fn cpu_of_this_process() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn entries(folder: &Path) -> usize {
    fs::read_dir(folder).expect("a folder").count()
}

#[cfg(target_os = "linux")]
#[test]
fn ballast_is_resident_and_given_back() {
    let _alone = alone();
    let before = resident_mib();
    let ballast = MemoryBallast::take(mib(160), Bounds::default()).expect("a thread");
    wait_for("the ballast", || ballast.is_settled());
    assert_eq!((ballast.held(), ballast.cut()), (mib(160), None));
    let held = resident_mib() - before;
    assert!((150.0..180.0).contains(&held), "{held} MiB more are resident");
    drop(ballast);
    let left = resident_mib() - before;
    assert!(left < 30.0, "{left} MiB more are still resident");
}

#[cfg(target_os = "linux")]
#[test]
fn a_holder_that_panics_gives_its_ballast_back() {
    let _alone = alone();
    let before = resident_mib();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let ballast = MemoryBallast::take(mib(96), Bounds::default()).expect("a thread");
        wait_for("the ballast", || ballast.is_settled());
        assert!(resident_mib() - before > 80.0);
        // Without the hook, whose backtrace takes memory of its own.
        std::panic::resume_unwind(Box::new("on purpose"));
    }));
    assert!(panicked.is_err());
    let left = resident_mib() - before;
    assert!(left < 30.0, "{left} MiB more are still resident");
}

#[test]
fn ballast_stays_below_the_limit_and_says_so() {
    let _alone = alone();
    let mut bounds = Bounds::default();
    bounds.max_memory = Some(mib(160));
    let ballast = MemoryBallast::take(mib(500), bounds).expect("a thread");
    wait_for("the ballast", || ballast.is_settled());
    let cut = ballast.cut().expect("it cannot have had all");
    assert!(cut.ends_with("of its limit of 160 MiB (max_memory)"), "{cut}");
    assert!(ballast.held() < mib(130), "{} are held", ballast.held());
}

#[test]
fn a_share_is_of_what_the_bounds_leave() {
    let _alone = alone();
    let mut bounds = Bounds::default();
    bounds.max_memory = Some(mib(200));
    let ballast = MemoryBallast::take(Ratio::new(0.5), bounds).expect("a thread");
    // 200 MiB without 32 MiB of slack and what the process has: under 84 MiB.
    assert!(ballast.wanted() < mib(84) && ballast.wanted() > mib(20), "{}", ballast.wanted());
}

#[test]
fn pressure_ends_by_itself_when_its_time_is_over() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a folder");
    let mut bounds = Bounds::default();
    bounds.longest = Duration::ZERO;
    let ballast = MemoryBallast::take(mib(64), bounds.clone()).expect("a thread");
    let burners = CpuBurners::start(1, Ratio::new(1.0), bounds.clone()).expect("a thread");
    let churn = DiskChurn::start(folder.path(), mib(8), mib(4), bounds).expect("a thread");
    wait_for("the end of the ballast", || ballast.is_settled());
    thread::sleep(Duration::from_millis(50));
    assert_eq!((ballast.held(), burners.burnt()), (ByteSize::new(0), Duration::ZERO));
    assert_eq!(churn.done().written.bytes(), 0);
}

#[cfg(unix)]
#[test]
fn burners_use_the_cpu_time_that_they_tell_and_end() {
    let _alone = alone();
    let before = cpu_of_this_process();
    let burners = CpuBurners::start(2, Ratio::new(1.0), Bounds::default()).expect("threads");
    assert_eq!((burners.threads(), burners.wanted_cores()), (2, 2.0));
    // Until half a second was burnt, however busy the machine is.
    wait_for("burning", || burners.burnt() >= Duration::from_millis(500));
    let told = burners.burnt().as_secs_f64();
    drop(burners);
    let used = cpu_of_this_process() - before;
    if cfg!(target_os = "linux") {
        // Waiting for it looks at the clock every 5 ms, and the last periods were told after the look.
        assert!(used >= told * 0.98 && used < told + 0.5, "told {told} s, used {used} s");
    }
    let after = cpu_of_this_process();
    thread::sleep(Duration::from_millis(200));
    let idle = cpu_of_this_process() - after;
    assert!(idle < 0.05, "{idle} s of CPU time were used after the end");
}

#[test]
fn a_duty_cycle_rests() {
    let _alone = alone();
    let burners = CpuBurners::start(1, Ratio::new(0.2), Bounds::default()).expect("a thread");
    let began = Instant::now();
    wait_for("burning", || burners.burnt() >= Duration::from_millis(100));
    // 100 ms at a fifth take half a second; a period of 10 ms may be longer than it should, but not that often.
    assert!(began.elapsed() >= Duration::from_millis(250), "{:?}", began.elapsed());
}

#[test]
fn churn_writes_bounded_files_and_removes_them() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a folder");
    let churn = DiskChurn::start(folder.path(), mib(200), mib(8), Bounds::default()).expect("a thread");
    wait_for("16 MiB and a sync", || churn.done().written >= mib(16) && churn.done().syncs > 0);
    let own =
        fs::read_dir(folder.path()).expect("a folder").next().expect("an entry").expect("an entry").path();
    let on_disk = || -> u64 {
        let files = fs::read_dir(&own).expect("a folder").flatten();
        files.filter_map(|file| file.metadata().ok()).map(|data| data.len()).sum()
    };
    for _look in 0..20 {
        assert!(on_disk() <= mib(8).bytes(), "{} bytes are on disk", on_disk());
        thread::sleep(Duration::from_millis(2));
    }
    let done = churn.done();
    assert!(done.read.bytes() > 0 && done.busy > Duration::ZERO && done.ended.is_none(), "{done:?}");
    drop(churn);
    assert_eq!(entries(folder.path()), 0);
}

#[test]
fn churn_keeps_its_rate() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a folder");
    let began = Instant::now();
    let churn = DiskChurn::start(folder.path(), mib(4), mib(4), Bounds::default()).expect("a thread");
    wait_for("2 MiB", || churn.done().written >= mib(2));
    // The last of the 8 blocks is due after 7 of them: 437 ms.
    assert!(began.elapsed() >= Duration::from_millis(430), "{:?}", began.elapsed());
}

#[test]
fn a_holder_that_panics_leaves_no_files() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a folder");
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let churn = DiskChurn::start(folder.path(), mib(64), mib(4), Bounds::default()).expect("a thread");
        wait_for("a block", || churn.done().written.bytes() > 0);
        assert_eq!(entries(folder.path()), 1);
        panic!("on purpose");
    }));
    assert!(panicked.is_err());
    assert_eq!(entries(folder.path()), 0);
}

#[test]
fn a_bound_on_what_is_written_is_told() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a folder");
    let mut bounds = Bounds::default();
    bounds.max_written = Some(mib(5));
    let churn = DiskChurn::start(folder.path(), mib(500), mib(2), bounds).expect("a thread");
    wait_for("the end", || churn.done().ended.is_some());
    let done = churn.done();
    assert_eq!(done.written, mib(4));
    assert_eq!(
        done.ended.as_deref(),
        Some("it had written 4 MiB of the 5 MiB that may be written (max_disk_written)")
    );
}

#[test]
fn a_disk_that_must_stay_emptier_is_not_written_to() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a folder");
    let mut bounds = Bounds::default();
    bounds.min_free_disk = Some(Ratio::new(1.0).into());
    let churn = DiskChurn::start(folder.path(), mib(500), mib(2), bounds).expect("a thread");
    wait_for("the end", || churn.done().ended.is_some());
    let done = churn.done();
    assert_eq!(done.written.bytes(), 0);
    assert!(done.ended.is_some_and(|why| why.contains("must stay free")));
}

/// As a full disk would: what the system says is told, and nothing panics.
#[cfg(unix)]
#[test]
fn an_error_of_the_disk_is_told() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a folder");
    let churn = DiskChurn::start(folder.path(), mib(100), mib(1), Bounds::default()).expect("a thread");
    let own =
        fs::read_dir(folder.path()).expect("a folder").next().expect("an entry").expect("an entry").path();
    wait_for("a block", || churn.done().written.bytes() > 0);
    // A file that comes while it is being emptied keeps it there.
    wait_for("the folder to go away", || fs::remove_dir_all(&own).is_ok());
    wait_for("the error", || churn.done().ended.is_some());
    let ended = churn.done().ended.expect("it has ended");
    assert!(ended.starts_with("writing failed: "), "{ended}");
    drop(churn);
    assert_eq!(entries(folder.path()), 0);
}

#[test]
fn no_folder_is_an_error() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a folder");
    let nowhere = folder.path().join("nowhere");
    assert!(DiskChurn::start(&nowhere, mib(1), mib(1), Bounds::default()).is_err());
}
