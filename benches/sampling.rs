//! What it costs to watch a case: trees of 1, 4, 20 and 200 processes, a look every 20 ms, in percent of a core.
//!
//! The processes are this program once more: waiting, or, as a case under load does, working a tenth of a millisecond a
//! thousand times a second. What is counted is the CPU time of the thread that looks, all that it does for a look
//! included: processes, machine, disks, record, and its waking up, which costs the more the deeper the machine sleeps.
//! The budget is 0.5 % of a core.

#[cfg(target_os = "linux")]
fn main() {
    match std::env::var(linux::ROLE) {
        Ok(role) => linux::be_a_tree(&role),
        Err(_) => linux::measure(),
    }
}

/// The cost is told by the clock of a thread, which only Linux has here.
#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
mod linux {
    use std::{
        io::{BufRead, BufReader, Read},
        process::{Child, ChildStdin, Command, Stdio},
        time::{Duration, Instant},
    };

    use proofload::__private::{SamplingCost, sampling_cost, waking_cost};

    /// How many children this process is to start and wait with, and whether it works meanwhile.
    pub(super) const ROLE: &str = "SAMPLING_BENCH_CHILDREN";

    const TICK: Duration = Duration::from_millis(20);
    /// The processes of a tree, and whether its first one works.
    const TREES: [(u32, bool); 5] = [(1, true), (1, false), (4, false), (20, false), (200, false)];
    const LENGTH: Duration = Duration::from_secs(10);

    /// In percent of a core.
    const BUDGET: f64 = 0.5;

    /// A tree of processes that end when this is dropped: with the end of their input.
    struct Tree {
        root: Child,
        _input: ChildStdin,
    }

    impl Tree {
        fn of(size: u32, works: bool) -> Self {
            let mut root = itself(size - 1, works);
            root.stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut root = root.spawn().expect("this program starts");
            let input = root.stdin.take().expect("it is a pipe");
            let output = root.stdout.take().expect("it is a pipe");
            let told = BufReader::new(output).lines().next();
            assert!(told.is_some_and(|line| line.is_ok()), "the tree is not there");
            Self { root, _input: input }
        }
    }

    impl Drop for Tree {
        fn drop(&mut self) {
            // Its children hear the end of the same input.
            self.root.kill().expect("our own child");
            self.root.wait().expect("our own child");
        }
    }

    fn itself(children: u32, works: bool) -> Command {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.env(ROLE, format!("{children} {works}"));
        command
    }

    /// Starts so many children, says so, and waits for the end of the input, which all of them share.
    pub(super) fn be_a_tree(role: &str) {
        let (children, works) = role.split_once(' ').expect("two words");
        let children: u32 = children.parse().expect("a number of children");
        let started: Vec<Child> = (0..children)
            .map(|_| itself(0, false).stdout(Stdio::null()).spawn().expect("this program starts"))
            .collect();
        println!("ready");
        if works == "true" {
            std::thread::spawn(|| {
                loop {
                    let began = Instant::now();
                    while began.elapsed() < Duration::from_micros(100) {}
                    std::thread::sleep(Duration::from_micros(900));
                }
            });
        }
        let _end = std::io::stdin().read(&mut [0]);
        for mut child in started {
            child.wait().expect("our own child");
        }
    }

    /// Without `--bench`, which cargo passes, it only checks that it works.
    pub(super) fn measure() {
        let is_check = !std::env::args().any(|argument| argument == "--bench");
        let (trees, length) =
            if is_check { (&TREES[..4], Duration::from_millis(300)) } else { (&TREES[..], LENGTH) };
        if !is_check {
            println!("\n### Watching a case, a look every 20 ms, 10 s each\n");
            println!("| what | of a core | a look | budget | |\n|---|---|---|---|---|");
            show(
                "beside it: a thread that wakes up and reads a file, all asleep",
                waking_cost(TICK, length),
                None,
            );
        }
        for &(size, works) in trees {
            let tree = Tree::of(size, works);
            let cost = sampling_cost(tree.root.id(), TICK, length);
            assert_eq!(cost.processes, size, "processes that were seen");
            if !is_check {
                let processes = if size == 1 { "process" } else { "processes" };
                let state = if works { "at work" } else { "asleep" };
                show(&format!("{size} {processes} {state}"), cost, Some(BUDGET));
            }
        }
    }

    fn show(what: &str, cost: SamplingCost, budget: Option<f64>) {
        let percent = 100.0 * cost.cpu.as_secs_f64() / cost.over.as_secs_f64();
        let look = cost.cpu / u32::try_from(cost.looks).expect("not so many");
        let (budget, verdict) = match budget {
            Some(budget) if percent <= budget => (format!("{budget} %"), "ok"),
            Some(budget) => (format!("{budget} %"), "**short**"),
            None => ("-".to_owned(), "-"),
        };
        println!("| {what} | {percent:.2} % | {:.0} us | {budget} | {verdict} |", look.as_secs_f64() * 1e6);
    }
}
