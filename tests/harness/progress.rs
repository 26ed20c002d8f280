//! What people see while cases run: on a pseudo terminal, of which a screen is made as a terminal would, and in a log.

use std::{
    fs::{self, File},
    io::{Read, Write},
    os::unix::fs::OpenOptionsExt,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use rustix::{
    fs::OFlags,
    process::{Pid, Signal, kill_process},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};

use super::{
    ending::is_alive,
    fixture::{Package, Running, Start, wait_for},
    tests,
};

tests![
    a_case_has_a_line_below_libtests,
    cases_beside_each_other_have_a_line_each,
    the_line_leaves_the_output_of_a_case_alone,
    a_narrow_terminal_has_one_row_of_it,
    what_is_wrong_is_red_unless_no_color_is_wanted,
    a_terminal_that_cannot_be_drawn_on_is_not,
    ctrl_c_leaves_nothing_of_it,
    a_terminal_that_nobody_reads_keeps_no_limit_from_its_work,
    a_log_has_a_line_now_and_then,
];

/// Rows of each terminal here.
const ROWS: u16 = 60;

/// A pseudo terminal and the screen that its output makes.
struct Terminal {
    master: File,
    slave: File,
    seen: Arc<Mutex<Seen>>,
}

struct Seen {
    parser: vt100::Parser,
    raw: Vec<u8>,
}

impl Terminal {
    fn new(columns: u16) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let path = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let slave = File::options().read(true).write(true).custom_flags(NOCTTY).open(path).unwrap();
        let size = Winsize { ws_row: ROWS, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&slave, size).unwrap();
        let seen = Seen { parser: vt100::Parser::new(ROWS, columns, 0), raw: Vec::new() };
        Self { master: master.into(), slave, seen: Arc::new(Mutex::new(seen)) }
    }

    /// Reads what is printed there, from now on.
    fn read(&self) {
        let (mut master, seen) = (self.master.try_clone().unwrap(), Arc::clone(&self.seen));
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            // Fails once nobody has the other side open any more.
            while let Ok(n @ 1..) = master.read(&mut buffer) {
                let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                seen.parser.process(&buffer[..n]);
                seen.raw.extend_from_slice(&buffer[..n]);
            }
        });
    }

    /// Starts a suite on it. Only the terminal of the case is told; a runner of these tests may be without one.
    fn start(&self, start: Start) -> Running {
        start.env("TERM", "xterm").without("NO_COLOR").without("CLICOLOR").start_on(&self.slave)
    }

    fn rows(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let columns = seen.parser.screen().size().1;
        seen.parser.screen().rows(0, columns).map(|row| row.trim_end().to_owned()).collect()
    }

    /// Lines that were wrapped are whole.
    fn text(&self) -> String {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).parser.screen().contents()
    }

    fn raw(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().unwrap_or_else(PoisonError::into_inner).raw).into_owned()
    }

    /// Waits for rows that look like this, the first of them being libtest's for `long_first`.
    #[track_caller]
    fn wait_for_rows(&self, what: &str, is_so: impl Fn(&[String]) -> bool) -> Vec<String> {
        wait_for(what, || {
            let rows = self.rows();
            let at =
                rows.iter().position(|row| row.starts_with("test suite::") || row.starts_with("running"))?;
            is_so(&rows[at..]).then(|| rows[at..].to_vec())
        })
    }

    /// Requires that the summary was printed, and that nothing of progress is left.
    #[track_caller]
    fn is_clean(&self) {
        let rows = wait_for("the end of the summary", || {
            let rows = self.rows();
            rows.iter().any(|row| row.starts_with("reports: ")).then_some(rows)
        });
        let left: Vec<&String> =
            rows.iter().filter(|row| row.starts_with("suite::") && row.contains("  CPU ")).collect();
        assert!(left.is_empty(), "{left:?} is left of\n{}", rows.join("\n"));
    }
}

/// The terminal does not become the tests' own.
const NOCTTY: i32 = OFlags::NOCTTY.bits() as i32;

/// A case that lasts some seconds.
const SOME_SECONDS: [&str; 3] = ["long_first", "--set", "duration=4s"];

/// A line with its figures.
fn is_line_of(row: &str, case: &str) -> bool {
    let words = ["/s", "p99 ", "CPU ", "mem", " err", " left"];
    row.starts_with(&format!("suite::{case}  ")) && words.iter().all(|word| row.contains(word))
}

fn a_case_has_a_line_below_libtests() {
    let package = Package::new();
    let terminal = Terminal::new(150);
    terminal.read();
    let running = terminal.start(package.suite(&SOME_SECONDS));
    let rows = terminal.wait_for_rows("the line", |rows| {
        rows.iter().position(|row| is_line_of(row, "long_first")).is_some()
    });
    let at =
        rows.iter().position(|row| row == "test suite::long_first ...").expect("libtest's line is there");
    assert!(is_line_of(&rows[at + 1], "long_first"), "{rows:#?}");
    assert!(rows[at + 1].contains(" s left  ") && rows[at + 1].contains(" of 1 GiB"), "{rows:#?}");
    assert!(rows[at + 2..].iter().all(String::is_empty), "{rows:#?}");
    running.end().exits(0);
    terminal.is_clean();
    let rows = terminal.rows();
    let at = rows.iter().position(|row| row == "test suite::long_first ... ok");
    let at = at.unwrap_or_else(|| panic!("{rows:#?}"));
    assert!(rows[at + 1].is_empty() && rows[at + 2].starts_with("test result: ok."), "{rows:#?}");
}

fn cases_beside_each_other_have_a_line_each() {
    let package = Package::new();
    let terminal = Terminal::new(150);
    terminal.read();
    let two = ["long_", "--skip", "deaf", "--test-threads", "2", "--set", "duration=6s"];
    let two = [&two[..], &["--set", "long_second.duration=3s"]].concat();
    let running = terminal.start(package.suite(&two));
    terminal.wait_for_rows("both lines", |rows| {
        ["long_first", "long_second"].iter().all(|case| rows.iter().any(|row| is_line_of(row, case)))
    });
    terminal.wait_for_rows("one that has ended", |rows| {
        let ended = rows.iter().position(|row| row == "test suite::long_second ... ok");
        let line = rows.iter().position(|row| is_line_of(row, "long_first"));
        let is_gone = !rows.iter().any(|row| row.starts_with("suite::long_second"));
        is_gone && ended.zip(line).is_some_and(|(ended, line)| ended < line)
    });
    running.end().exits(0);
    terminal.is_clean();
    let rows = terminal.rows();
    for line in ["test suite::long_first  ... ok", "test suite::long_second ... ok"] {
        assert!(rows.iter().any(|row| row == line), "{rows:#?}");
    }
}

fn the_line_leaves_the_output_of_a_case_alone() {
    let package = Package::new();
    let terminal = Terminal::new(80);
    terminal.read();
    let chatty = package.suite(&["long_first", "--set", "duration=3s", "--nocapture"]);
    let running = terminal.start(chatty.env("FIXTURE_CHATS", "1"));
    terminal.wait_for_rows("the line below the words", |rows| {
        let words = rows.iter().rposition(|row| row.contains("w1 w2 "));
        let line = rows.iter().position(|row| row.starts_with("suite::") && row.contains("p99 "));
        words.zip(line).is_some_and(|(words, line)| words < line)
    });
    running.end().exits(0);
    terminal.is_clean();
    let text = terminal.text();
    let words = text.split_once("test suite::long_first ... ").and_then(|(_, rest)| rest.split_once("ok\n"));
    let mut words: Vec<&str> = words.unwrap_or_else(|| panic!("{text}")).0.split_whitespace().collect();
    // Operations that overlap speak in any order.
    words.sort_by_key(|word| (word.len(), *word));
    let expected: Vec<String> = (0..150).map(|n| format!("w{n}")).collect();
    assert_eq!(words, expected, "{text}");
}

fn a_narrow_terminal_has_one_row_of_it() {
    let package = Package::new();
    let terminal = Terminal::new(40);
    terminal.read();
    let running = terminal.start(package.suite(&SOME_SECONDS));
    let rows = terminal.wait_for_rows("the line", |rows| {
        rows.iter().any(|row| row.starts_with("suit") && row.contains("/s") && row.contains("p99 "))
    });
    let at =
        rows.iter().position(|row| row == "test suite::long_first ...").expect("libtest's line is there");
    assert!(rows[at + 2..].iter().all(String::is_empty), "{rows:#?}");
    running.end().exits(0);
    let rows =
        terminal.wait_for_rows("the result", |rows| rows.iter().any(|row| row.starts_with("test result")));
    assert!(rows.contains(&"test suite::long_first ... ok".to_owned()), "{rows:#?}");
}

fn what_is_wrong_is_red_unless_no_color_is_wanted() {
    let package = Package::new();
    for no_color in [false, true] {
        let terminal = Terminal::new(150);
        terminal.read();
        let suite = package.suite(&["watched_stays_well"]);
        let running = match no_color {
            false => terminal.start(suite),
            true => suite.env("TERM", "xterm").env("NO_COLOR", "1").start_on(&terminal.slave),
        };
        running.end().exits(0);
        terminal.is_clean();
        let raw = terminal.raw();
        assert!(raw.contains("\u{1b}7"), "something was drawn: {raw:?}");
        assert_eq!(raw.contains("%)\u{1b}[0m"), !no_color, "{raw:?}");
        let colours = (30..38).any(|colour| raw.contains(&format!("\u{1b}[{colour}m")));
        assert_eq!(colours, !no_color, "{raw:?}");
    }
}

fn a_terminal_that_cannot_be_drawn_on_is_not() {
    let package = Package::new();
    let quiet = [("xterm", "plain"), ("xterm", "off"), ("dumb", "auto")];
    for (term, progress) in quiet {
        let terminal = Terminal::new(150);
        terminal.read();
        let arguments = [&["long_first", "--set", "duration=1s"][..], &["--progress", progress]].concat();
        let suite = package.suite(&arguments).env("TERM", term).env("NO_COLOR", "1");
        suite.start_on(&terminal.slave).end().exits(0);
        terminal.is_clean();
        assert!(!terminal.raw().contains('\u{1b}'), "{term}, {progress}: {:?}", terminal.raw());
    }
}

fn ctrl_c_leaves_nothing_of_it() {
    let package = Package::new();
    let terminal = Terminal::new(150);
    terminal.read();
    let running = terminal.start(package.suite(&["long_first"]));
    terminal.wait_for_rows("the line", |rows| rows.iter().any(|row| is_line_of(row, "long_first")));
    let pid = Pid::from_raw(running.pid().try_into().unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    running.end().exits(130);
    terminal.is_clean();
    let rows = terminal.rows();
    assert!(rows.iter().any(|row| row == "test suite::long_first ... FAILED"), "{rows:#?}");
}

/// Fills what the terminal holds for its reader; whoever prints then has to wait.
fn fill(slave: &str) -> usize {
    let flags = NOCTTY | OFlags::NONBLOCK.bits() as i32;
    let mut slave = File::options().write(true).custom_flags(flags).open(slave).unwrap();
    let mut filled = 0;
    // Somebody else's write, which takes the terminal for itself, fails one here as a full terminal does, and is over soon
    // unless the terminal is full.
    let mut last = Instant::now();
    while last.elapsed() < Duration::from_millis(500) {
        // In pieces: the last ones still fit where a large one does not.
        for piece in [1024, 64, 1] {
            while let Ok(n @ 1..) = slave.write(&vec![b'.'; piece]) {
                filled += n;
                last = Instant::now();
            }
        }
        thread::sleep(Duration::from_millis(10));
    }
    filled
}

fn a_terminal_that_nobody_reads_keeps_no_limit_from_its_work() {
    let package = Package::new();
    let terminal = Terminal::new(150);
    let suite = package.suite(&["long_first", "--set", "time_limit=3s", "--nocapture"]);
    let running = terminal.start(suite.env("FIXTURE_CHATS", "1"));
    let case = wait_for("the case to begin", || package.said("pid").first()?.parse().ok());
    let slave = fs::read_link(format!("/proc/{}/fd/2", running.pid())).unwrap();
    let slave = slave.to_str().unwrap();
    assert!(fill(slave) > 0);
    wait_for("the limit to end the case", || (!is_alive(case)).then_some(()));
    assert_eq!(fill(slave), 0, "somebody has read it");
    terminal.read();
    running.end().exits(101);
    let report = package.case("long_first");
    assert_eq!(report["stop"]["reason"], "time_limit", "{report:#}");
    let at_s = report["stop"]["at_s"].as_f64().unwrap();
    assert!(at_s < 20.0, "{at_s}");
    terminal.is_clean();
}

fn a_log_has_a_line_now_and_then() {
    let package = Package::new();
    let off = package.suite(&["long_first", "--set", "duration=11s", "--progress", "off"]).start();
    let shown = package.run(&["long_second", "--set", "duration=11s"]).exits(0);
    let off = off.end().exits(0);
    let lines = |text: &str| -> Vec<String> {
        text.lines()
            .filter(|line| line.starts_with("suite::long_") && line.contains(" | "))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(lines(&off.stderr), [""; 0]);
    let lines = lines(&shown.stderr);
    assert_eq!(lines.len(), 1, "{lines:?}");
    for part in [
        "suite::long_second | 50/s for 11 s | 1",
        " left | ",
        "/s | p99 ",
        " | no errors | CPU ",
        " of 1 GiB | ",
    ] {
        assert!(lines[0].contains(part), "{part:?} is not in {lines:?}");
    }
    let rate = lines[0].split(" | ").find_map(|part| part.strip_suffix("/s")?.parse::<f64>().ok());
    assert!(rate.is_some_and(|rate| (35.0..65.0).contains(&rate)), "{lines:?}");
    assert!(!shown.stderr.contains('\u{1b}'));
}
