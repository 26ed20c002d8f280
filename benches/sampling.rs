//! What it costs to watch a case: trees of 1, 4, 20 and 200 processes, a look every 20 ms, in percent of a core.
//!
//! The processes are this program once more, waiting; what is counted is the CPU time of the thread that looks, all
//! that it does for a look included: processes, machine, disks, record. The budget, for the tree of a typical case
//! (itself and a few helpers), is 0.5 % of a core.

#[cfg(target_os = "linux")]
fn main() {
    match std::env::var(linux::ROLE) {
        Ok(children) => linux::be_a_tree(children.parse().expect("a number of children")),
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
        time::Duration,
    };

    use proofload::__private::{SamplingCost, sampling_cost, waking_cost};

    /// How many children this process is to start and wait with.
    pub(super) const ROLE: &str = "SAMPLING_BENCH_CHILDREN";

    const TICK: Duration = Duration::from_millis(20);
    const SIZES: [u32; 4] = [1, 4, 20, 200];
    const LENGTH: Duration = Duration::from_secs(10);

    /// In percent of a core.
    const BUDGET: f64 = 0.5;

    /// A tree of processes that end when this is dropped: with the end of their input.
    struct Tree {
        root: Child,
        _input: ChildStdin,
    }

    impl Tree {
        fn of(size: u32) -> Self {
            let mut root = itself(size - 1);
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

    fn itself(children: u32) -> Command {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.env(ROLE, children.to_string());
        command
    }

    /// Starts so many children, says so, and waits for the end of the input, which all of them share.
    pub(super) fn be_a_tree(children: u32) {
        let started: Vec<Child> = (0..children)
            .map(|_| itself(0).stdout(Stdio::null()).spawn().expect("this program starts"))
            .collect();
        println!("ready");
        let _end = std::io::stdin().read(&mut [0]);
        for mut child in started {
            child.wait().expect("our own child");
        }
    }

    /// Without `--bench`, which cargo passes, it only checks that it works.
    pub(super) fn measure() {
        let is_check = !std::env::args().any(|argument| argument == "--bench");
        let (sizes, length) =
            if is_check { (&SIZES[..3], Duration::from_millis(300)) } else { (&SIZES[..], LENGTH) };
        if !is_check {
            println!("\n### Watching a case, a look every 20 ms, 10 s each\n");
            println!("| what | of a core | a look | budget | |\n|---|---|---|---|---|");
            show("a thread that wakes up and reads a file", waking_cost(TICK, length), None);
        }
        for &size in sizes {
            let tree = Tree::of(size);
            let cost = sampling_cost(tree.root.id(), TICK, length);
            assert_eq!(cost.processes, size, "processes that were seen");
            if !is_check {
                let what = if size == 1 { "1 process".to_owned() } else { format!("{size} processes") };
                show(&what, cost, Some(BUDGET));
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
