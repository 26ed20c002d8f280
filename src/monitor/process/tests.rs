use std::{
    collections::BTreeMap,
    process::{Child, Command, Stdio},
};

use super::*;

/// Long enough for the slowest machine; every wait ends as soon as its condition holds.
const PATIENCE: Duration = Duration::from_secs(60);

/// A child that does not outlive its test.
struct Started(Child);

impl Started {
    fn shell(script: &str) -> Self {
        Self::command(Command::new("sh").arg("-c").arg(script))
    }

    fn command(command: &mut Command) -> Self {
        Self(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap())
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }

    fn name(&self) -> String {
        fs::read_to_string(format!("/proc/{}/comm", self.pid())).unwrap().trim_end().to_owned()
    }

    fn wait_until_it_is(&self, program: &str) {
        let start = Instant::now();
        while self.name() != program {
            assert!(start.elapsed() < PATIENCE, "{} never became {program}", self.name());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // Grandchildren first: without their parent they could not be told apart from other processes.
        let mut tree = Tree::new(self.pid());
        tree.sample(Instant::now());
        tree.members().into_iter().filter(|&pid| pid != self.pid()).for_each(kill);
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn kill(pid: u32) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
}

/// Samples every 5 ms until the condition holds; the figures must never fall on the way.
fn sample_until(tree: &mut Tree, what: &str, mut holds: impl FnMut(&Tree, Option<TreeSample>) -> bool) {
    let start = Instant::now();
    let mut before = tree.last();
    while start.elapsed() < PATIENCE {
        let sample = tree.sample(Instant::now());
        let now = tree.last();
        assert!(now.cpu >= before.cpu, "CPU time fell from {:?} to {:?}", before.cpu, now.cpu);
        assert!(now.written_bytes >= before.written_bytes && now.context_switches >= before.context_switches);
        before = now;
        if holds(tree, sample) {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("not within {PATIENCE:?}: {what}");
}

#[test]
fn own_process() {
    let mut tree = Tree::new(std::process::id());
    let sample = tree.sample(Instant::now()).unwrap();
    assert!(sample.rss_bytes > 100_000, "{sample:?}");
    assert!(sample.threads >= 1 && sample.processes >= 1 && sample.descriptors >= 3, "{sample:?}");
    assert!(tree.members().contains(&std::process::id()));
    assert!(peak_memory_of_self().unwrap() > 100_000);
    assert!(is_alive(std::process::id()));
}

#[test]
fn descriptors_count_open_files() {
    let idle = Started::shell("exec sleep 300");
    let busy = Started::shell("exec 3</dev/null 4</dev/null 5</dev/null; exec sleep 300");
    busy.wait_until_it_is("sleep");
    idle.wait_until_it_is("sleep");
    // A program that starts has its libraries open for a moment.
    let descriptors =
        |started: &Started| Tree::new(started.pid()).sample(Instant::now()).unwrap().descriptors;
    let start = Instant::now();
    while descriptors(&busy) != descriptors(&idle) + 3 {
        assert!(start.elapsed() < PATIENCE, "{} against {}", descriptors(&busy), descriptors(&idle));
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn children_and_grandchildren_are_members_and_the_end_is_seen() {
    let mut root = Started::shell("sh -c 'sleep 301; true' & wait; true");
    let mut tree = Tree::new(root.pid());
    sample_until(&mut tree, "three members", |_, sample| sample.unwrap().processes == 3);
    let members = tree.members();
    assert_eq!(members[0], root.pid());
    assert_eq!(
        members.iter().map(|&pid| stat_of(pid).unwrap().parent).collect::<Vec<_>>()[1..],
        members[..2]
    );

    members[1..].iter().copied().for_each(kill);
    // The shell ends now; as long as nobody waits for it, it is a zombie.
    sample_until(&mut tree, "the end", |_, sample| sample.is_none());
    assert_eq!(tree.members(), Vec::<u32>::new());
    assert!(!is_alive(root.pid()));
    root.0.wait().unwrap();
    assert_eq!(tree.sample(Instant::now()), None);
    assert_eq!(tree.last().processes, 0);
}

#[test]
fn without_the_kernels_list_children_are_found_by_their_parent() {
    let root = Started::shell("sh -c 'sleep 302; true' & wait; true");
    let mut found = BTreeMap::new();
    let start = Instant::now();
    while !found.values().any(|&parent| found.contains_key(&parent)) && start.elapsed() < PATIENCE {
        let all = parents_of_all();
        found = all.iter().copied().filter(|(_, parent)| *parent == root.pid()).collect();
        found.extend(all.into_iter().filter(|(_, parent)| found.contains_key(parent)).collect::<Vec<_>>());
    }
    assert_eq!(found.len(), 2, "a child and a grandchild of {}: {found:?}", root.pid());
}

#[test]
fn the_cpu_time_of_a_child_that_was_waited_for_is_counted_once() {
    let root = Started::shell("sh -c 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done'; exec sleep 303");
    let mut tree = Tree::new(root.pid());
    let mut with_child = Duration::ZERO;
    sample_until(&mut tree, "the busy child ended", |tree, sample| {
        if tree.members().len() > 1 {
            with_child = sample.unwrap().cpu;
        }
        root.name() == "sleep"
    });
    // The kernel's sum for the shell and the child it waited for is the truth.
    let truth =
        || stat_of(root.pid()).unwrap().cpu_ticks as f64 / rustix::param::clock_ticks_per_second() as f64;
    tree.count_next();
    let (least, cpu, most) = (truth(), tree.sample(Instant::now()).unwrap().cpu, truth());
    assert!(cpu > Duration::ZERO && cpu >= with_child);
    assert!(
        least - 0.001 <= cpu.as_secs_f64() && cpu.as_secs_f64() <= most + 0.001,
        "{least} {cpu:?} {most}"
    );
}

#[test]
fn the_cpu_time_of_an_adopted_process_is_kept_when_it_is_gone() {
    let root = Started::shell("exec sleep 304");
    let mut busy = Started::shell("while true; do true; done");
    let mut tree = Tree::new(root.pid());
    tree.adopt(busy.pid());
    sample_until(&mut tree, "50 ms of CPU", |_, sample| sample.unwrap().cpu >= Duration::from_millis(50));
    let before = tree.last().cpu;
    busy.0.kill().unwrap();
    busy.0.wait().unwrap();
    let after = tree.sample(Instant::now()).unwrap();
    assert_eq!((after.processes, tree.exited.cpu_ticks > 4), (1, true));
    assert!(after.cpu >= before);
}

#[test]
fn a_number_that_another_process_got_is_not_the_member() {
    let child = Started::shell("exec sleep 305");
    let mut member = Member::open(child.pid(), KeptOpen::None).unwrap();
    assert!(member.look());
    member.pretend_start(1);
    assert!(!member.look());
}

#[test]
fn an_orphan_in_its_own_session_is_found_by_its_mark() {
    if Command::new("setsid").arg("true").status().is_err() {
        eprintln!("skipped: there is no program setsid here");
        return;
    }
    struct KillMarked(String);
    impl Drop for KillMarked {
        fn drop(&mut self) {
            find_marked("PROOFLOAD_TEST_MARK", &self.0).into_iter().for_each(kill);
        }
    }
    let mark = KillMarked(format!("monitor-{}", std::process::id()));
    let mut shell = Command::new("sh");
    shell.args(["-c", "setsid sleep 306 & true"]).env("PROOFLOAD_TEST_MARK", &mark.0);
    assert!(Started::command(&mut shell).0.wait().unwrap().success());

    // In the middle of an exec a process has no environment.
    let (start, mut found) = (Instant::now(), Vec::new());
    while found.is_empty() && start.elapsed() < PATIENCE {
        found = find_marked("PROOFLOAD_TEST_MARK", &mark.0);
    }
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(find_marked("PROOFLOAD_TEST_MARK", &mark.0[..mark.0.len() - 1]), Vec::<u32>::new());
    assert_eq!(find_marked("TEST_MARK", &mark.0), Vec::<u32>::new());
    let mut tree = Tree::new(found[0]);
    assert_eq!(tree.sample(Instant::now()).map(|sample| sample.processes), Some(1));
    kill(found[0]);
    sample_until(&mut tree, "the orphan ended", |_, sample| sample.is_none());
    assert_eq!(find_marked("PROOFLOAD_TEST_MARK", &mark.0), Vec::<u32>::new());
}

#[test]
fn an_entry_of_the_environment_is_matched_whole() {
    assert!(has_entry(b"A=1\0MARK=run-7\0B=2\0", "MARK=run-7"));
    assert!(!has_entry(b"A=1\0MARK=run-70\0", "MARK=run-7"));
    assert!(!has_entry(b"XMARK=run-7\0", "MARK=run-7"));
}

/// `ru_maxrss` would tell the parent's.
#[test]
fn a_peak_is_the_processs_own() {
    let held = std::hint::black_box(vec![1_u8; 96 << 20]);
    let child = Started::command(Command::new("sleep").arg("60"));
    child.wait_until_it_is("sleep");
    let mut tree = Tree::new(child.pid());
    let seen = tree.sample(Instant::now()).unwrap();
    drop(held);
    assert!(seen.highest_rss_bytes >= seen.rss_bytes && seen.highest_rss_bytes < 48 << 20, "{seen:?}");
    let own = Tree::new(std::process::id()).sample(Instant::now()).unwrap();
    assert!(own.highest_rss_bytes >= 96 << 20, "{own:?}");
}

#[test]
fn a_peak_is_asked_for_once_more_before_a_kill() {
    let mut tree = Tree::new(std::process::id());
    let before = tree.sample(Instant::now()).unwrap().highest_rss_bytes;
    // More than any other test holds at once, so that this is a new peak.
    let held = std::hint::black_box(vec![1_u8; usize::try_from(before).unwrap() + (64 << 20)]);
    tree.note_peaks();
    drop(held);
    assert!(tree.last().highest_rss_bytes >= before + (64 << 20), "{:?}, before {before}", tree.last());
}

#[test]
fn one_of_200_that_begins_to_grow_is_seen_within_two_ticks() {
    const GROWTH: u64 = 40_000_000;
    let script = "i=0; while [ $i -lt 199 ]; do sleep 307 & i=$((i+1)); done; read go; \
        x=$(head -c 40000000 /dev/zero | tr '\\0' a); read never";
    let mut command = Command::new("sh");
    let mut root =
        Started(command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap());
    let mut tree = Tree::new(root.pid());
    sample_until(&mut tree, "200 members", |_, sample| sample.unwrap().processes == 200);
    // Time stands still, so that nothing but memory is due.
    let now = Instant::now();
    tree.count_next();
    tree.sample(now);
    for _tick in 0..30 {
        tree.sample(now);
    }
    let skipped = tree.members.iter().filter(|member| member.was_skipped()).count();
    assert!((80..=120).contains(&skipped), "half of them wait for the next tick: {skipped}");
    let before = tree.last().rss_bytes;

    std::io::Write::write_all(root.0.stdin.as_mut().unwrap(), b"go\n").unwrap();
    let pages = procfs::ProcFile::reopen(format!("/proc/{}/statm", root.pid()));
    let start = Instant::now();
    let page = rustix::param::page_size() as u64;
    while pages.short(procfs::parse_statm).unwrap() * page < GROWTH {
        assert!(start.elapsed() < PATIENCE, "the shell did not grow");
        std::thread::sleep(Duration::from_millis(1));
    }
    tree.sample(now);
    let after = tree.sample(now).unwrap();
    assert!(after.rss_bytes >= before + GROWTH * 9 / 10, "{before} and then {after:?}");
    for _tick in 0..4 {
        tree.sample(now);
        let root = tree.members.iter().find(|member| member.pid() == root.pid()).unwrap();
        assert!(!root.was_skipped(), "who has grown is read at each tick");
    }
}

#[test]
fn who_dies_between_two_countings_is_seen_at_the_next_tick() {
    let mut root = Started::shell("exec sleep 308");
    let mut tree = Tree::new(root.pid());
    let now = Instant::now();
    tree.counting = Pace::new(Duration::from_secs(600), Duration::from_secs(600), 1);
    assert_eq!(tree.sample(now).map(|sample| sample.processes), Some(1));
    assert!(tree.sample(now).is_some());
    kill(root.pid());
    let start = Instant::now();
    while is_alive(root.pid()) {
        assert!(start.elapsed() < PATIENCE, "it did not die");
    }
    assert_eq!(tree.sample(now), None, "a zombie is not alive");
    root.0.wait().unwrap();
    assert_eq!(tree.sample(now), None);
}

#[test]
fn cpu_time_that_is_counted_at_every_fifth_tick_has_the_time_of_its_counting() {
    let busy = Started::shell("while true; do true; done");
    let mut tree = Tree::new(busy.pid());
    let every = Duration::from_millis(100);
    tree.counting = Pace::new(every, every, 1);
    let truth = || {
        let ticks = stat_of(busy.pid()).unwrap().cpu_ticks;
        Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
    };
    let mut counted: Vec<(Instant, Duration)> = Vec::new();
    let start = Instant::now();
    for tick in 0..=50 {
        let now = start + tick * Duration::from_millis(20);
        let least = truth();
        let sample = tree.sample(now).unwrap();
        let at = sample.cpu_at.unwrap();
        if tick % 5 == 0 {
            assert_eq!(at, now, "tick {tick}");
            assert!(least <= sample.cpu && sample.cpu <= truth(), "{least:?} {:?}", sample.cpu);
            counted.push((at, sample.cpu));
        } else {
            assert_eq!(counted.last(), Some(&(at, sample.cpu)), "tick {tick}");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(counted.len(), 11);
    assert!(counted[10].1 > counted[0].1, "{counted:?}");
}
