use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::{
    Colour, Manner, Status,
    draw::Canvas,
    line::whole_line,
    surface::{StandardError, Surface, Surroundings, streams_are_one},
};

/// Between two statuses of a case on a terminal.
const DRAW_EVERY: Duration = Duration::from_millis(200);

/// Between two of them in a log.
const PLAIN_EVERY: Duration = Duration::from_secs(10);

/// Between two drawings: several cases do not make them more frequent.
const CALM: Duration = Duration::from_millis(100);

/// After the end of a case nothing is drawn for so long: the runner prints its result then, from a thread of its own where
/// cases run beside each other.
const MAKE_WAY: Duration = Duration::from_millis(100);

/// For what has to be on the terminal before the run goes on. A terminal that is stopped may take for ever.
const PATIENCE: Duration = Duration::from_millis(300);

/// The lines of all cases that run, and what is said meanwhile. Whoever tells it something never waits for the terminal:
/// a thread of its own writes.
#[derive(Clone)]
pub(crate) struct Board(Arc<Inner>);

struct Inner {
    manner: Manner,
    /// Whether the runner begins a line, on the same terminal or file, that it ends after the case.
    leaves_lines_open: bool,
    state: Mutex<State>,
    /// There is something for the thread to do.
    news: Condvar,
    /// The thread has done something.
    done: Condvar,
    canvas: Mutex<Canvas>,
    /// A line was begun that the canvas has not heard of.
    line_was_begun: AtomicBool,
}

#[derive(Default)]
struct State {
    cases: BTreeMap<u64, Option<Status>>,
    next: u64,
    said: Vec<String>,
    /// Whether the lines on the terminal are not the newest.
    is_stale: bool,
    /// Nothing is drawn before this.
    make_way_until: Option<Instant>,
    /// How often something was asked for that cannot wait, and up to which of these it is done.
    asked: u64,
    answered: u64,
    /// Whether lines are drawn.
    is_drawn: bool,
    has_thread: bool,
}

/// What the thread is to put on the terminal.
struct Job {
    said: Vec<String>,
    statuses: Vec<Status>,
    asked: u64,
}

impl fmt::Debug for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Board").field("manner", &self.0.manner).finish_non_exhaustive()
    }
}

impl Board {
    /// One on standard error, in the manner that the setting `progress` and the surroundings ask for.
    /// `leaves_lines_open` is whether the runner prints the begin of a line before a case and its end after it.
    pub(crate) fn of(setting: &str, colour: Colour, leaves_lines_open: bool) -> Self {
        let here = Surroundings::read();
        let leaves_lines_open = leaves_lines_open && streams_are_one();
        Self::on(Box::new(StandardError), here.manner(setting), here.is_coloured(colour), leaves_lines_open)
    }

    fn on(surface: Box<dyn Surface>, manner: Manner, is_coloured: bool, leaves_lines_open: bool) -> Self {
        Self(Arc::new(Inner {
            manner,
            leaves_lines_open,
            state: Mutex::default(),
            news: Condvar::new(),
            done: Condvar::new(),
            canvas: Mutex::new(Canvas::new(surface, is_coloured)),
            line_was_begun: AtomicBool::new(false),
        }))
    }

    /// A place for a case that begins, until it is dropped. `shows` is whether its progress is wanted.
    pub(crate) fn begin(&self, name: &str, shows: bool) -> Place {
        let every = match self.0.manner {
            Manner::Drawn => Some(DRAW_EVERY),
            Manner::Plain => Some(PLAIN_EVERY),
            Manner::Off => None,
        };
        let mut state = self.0.state();
        let number = state.next;
        state.next += 1;
        state.cases.insert(number, None);
        self.0.line_was_begun.store(self.0.leaves_lines_open, Ordering::Release);
        drop(state);
        let now = Instant::now();
        let first = if self.0.manner == Manner::Drawn { now } else { now + PLAIN_EVERY };
        Place {
            board: self.clone(),
            number,
            name: name.to_owned(),
            every: every.filter(|_| shows),
            next: first,
        }
    }

    /// Prints a line, soon.
    pub(crate) fn say(&self, line: String) {
        let mut state = self.0.state();
        if !self.start(&mut state) {
            drop(state);
            eprintln!("{line}");
            return;
        }
        state.said.push(line);
        state.asked += 1;
        self.0.news.notify_all();
    }

    /// Passes on what a case prints. Waits for the terminal.
    pub(crate) fn pass_on(&self, bytes: &[u8]) {
        self.0.canvas().pass_on(bytes);
        let mut state = self.0.state();
        if state.is_drawn {
            state.is_stale = true;
            self.0.news.notify_all();
        }
    }

    /// Takes the lines away for what the runner prints next, and waits a little until they are, and until all that was
    /// said is printed.
    pub(crate) fn make_way(&self) {
        let mut state = self.0.state();
        state.make_way_until = Some(Instant::now() + MAKE_WAY);
        if !state.is_drawn && state.asked == state.answered {
            return;
        }
        state.is_stale = true;
        state.asked += 1;
        let asked = state.asked;
        self.0.news.notify_all();
        let waited = self.0.done.wait_timeout_while(state, PATIENCE, |state| state.answered < asked);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// Starts the thread that writes, once; whether there is one.
    fn start(&self, state: &mut State) -> bool {
        if !state.has_thread {
            let inner = Arc::clone(&self.0);
            let started =
                thread::Builder::new().name("proofload-progress".to_owned()).spawn(move || inner.write());
            state.has_thread = started.is_ok();
        }
        state.has_thread
    }

    fn show(&self, number: u64, status: Status) {
        let mut state = self.0.state();
        if self.start(&mut state) {
            state.cases.insert(number, Some(status));
            state.is_stale = true;
            self.0.news.notify_all();
        }
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn canvas(&self) -> MutexGuard<'_, Canvas> {
        let mut canvas = self.canvas.lock().unwrap_or_else(PoisonError::into_inner);
        if self.line_was_begun.swap(false, Ordering::AcqRel) {
            canvas.line_was_left(true);
        }
        canvas
    }

    /// Writes for as long as the program lives. Holds no lock that others wait for while the terminal makes it wait.
    fn write(&self) {
        let mut drawn_at = None;
        loop {
            let job = self.next_job(drawn_at);
            self.canvas().show(&job.said, &job.statuses);
            drawn_at = Some(Instant::now());
            let mut state = self.state();
            state.answered = job.asked;
            self.done.notify_all();
        }
    }

    /// Waits until there is something to write.
    fn next_job(&self, drawn_at: Option<Instant>) -> Job {
        let mut state = self.state();
        loop {
            let now = Instant::now();
            let calm = drawn_at.map_or(now, |at| at + CALM);
            let due = calm.max(state.make_way_until.unwrap_or(now));
            if state.asked > state.answered || (state.is_stale && now >= due) {
                return state.job(now);
            }
            state = match state.is_stale {
                true => {
                    let waited = self.news.wait_timeout(state, due - now);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                false => self.news.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

impl State {
    fn job(&mut self, now: Instant) -> Job {
        let makes_way = self.make_way_until.is_some_and(|until| now < until);
        let statuses: Vec<Status> = match makes_way {
            true => Vec::new(),
            false => self.cases.values().flatten().cloned().collect(),
        };
        // What is held back is drawn later.
        self.is_stale = makes_way && self.cases.values().any(Option::is_some);
        self.is_drawn = !statuses.is_empty();
        Job { said: std::mem::take(&mut self.said), statuses, asked: self.asked }
    }
}

/// Where the line of a case is. Dropping it takes the line away.
#[derive(Debug)]
#[must_use = "dropping the place takes the line away"]
pub(crate) struct Place {
    board: Board,
    number: u64,
    name: String,
    /// Between two statuses; `None` where none is wanted.
    every: Option<Duration>,
    next: Instant,
}

impl Place {
    /// Whether anybody wants to see how the case goes.
    pub(crate) const fn is_wanted(&self) -> bool {
        self.every.is_some()
    }

    /// Whether it is time for a status.
    pub(crate) fn is_due(&mut self, now: Instant) -> bool {
        let Some(every) = self.every.filter(|_| now >= self.next) else { return false };
        self.next = now + every;
        true
    }

    /// Shows it, soon. Its name is the case's.
    pub(crate) fn show(&self, status: Status) {
        let status = Status { name: self.name.clone(), ..status };
        match self.board.0.manner {
            Manner::Drawn => self.board.show(self.number, status),
            Manner::Plain => self.board.say(whole_line(&status)),
            Manner::Off => {}
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.board.0.state().cases.remove(&self.number);
        self.board.make_way();
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{self, Write},
        sync::mpsc,
    };

    use super::*;
    use crate::progress::surface::Size;

    /// A terminal that takes nothing before it is opened.
    #[derive(Clone, Default)]
    struct Gate(Arc<(Mutex<Behind>, Condvar)>);

    #[derive(Default)]
    struct Behind {
        is_open: bool,
        is_awaited: bool,
        text: String,
    }

    impl Gate {
        fn open(&self) {
            self.0.0.lock().unwrap().is_open = true;
            self.0.1.notify_all();
        }

        fn text(&self) -> String {
            self.0.0.lock().unwrap().text.clone()
        }

        fn is_awaited(&self) -> bool {
            self.0.0.lock().unwrap().is_awaited
        }
    }

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut behind = self.0.0.lock().unwrap();
            behind.is_awaited = true;
            let mut behind = self.0.1.wait_while(behind, |behind| !behind.is_open).unwrap();
            behind.text.push_str(std::str::from_utf8(bytes).unwrap());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Surface for Gate {
        fn size(&self) -> Option<Size> {
            Some(Size { columns: 80, rows: 24 })
        }
    }

    /// Longer than anything here takes on a busy machine.
    const SOON: Duration = Duration::from_secs(60);

    fn wait_for(what: &str, is_so: impl Fn() -> bool) {
        let began = Instant::now();
        while !is_so() {
            assert!(began.elapsed() < SOON, "waited in vain for {what}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn board(gate: &Gate, manner: Manner) -> Board {
        Board::on(Box::new(gate.clone()), manner, false, false)
    }

    #[test]
    fn nobody_waits_for_a_terminal_that_is_stopped() {
        let gate = Gate::default();
        let (send, went_on) = mpsc::channel();
        let board = board(&gate, Manner::Drawn);
        board.say("it is stopped".to_owned());
        wait_for("somebody to wait for the terminal", || gate.is_awaited());
        thread::spawn(move || {
            let place = board.begin("a", true);
            for n in 0..50 {
                place.show(Status::default());
                board.say(format!("warning {n}"));
            }
            drop(place);
            send.send(()).unwrap();
        });
        went_on.recv_timeout(SOON).expect("whoever tells something goes on");
        gate.open();
        let all: String = (0..50).map(|n| format!("warning {n}\n")).collect();
        wait_for("what was said", || {
            let text = gate.text();
            let printed = text.lines().filter(|line| line.starts_with("warning"));
            printed.map(|line| format!("{line}\n")).collect::<String>() == all
        });
    }

    #[test]
    fn what_was_said_is_printed_before_the_run_goes_on() {
        let gate = Gate::default();
        gate.open();
        let board = board(&gate, Manner::Off);
        board.say("warning: one".to_owned());
        let began = Instant::now();
        while gate.text().is_empty() && began.elapsed() < SOON {
            board.make_way();
        }
        assert_eq!(gate.text(), "warning: one\n");
    }

    #[test]
    fn the_line_of_a_case_is_drawn_and_taken_away() {
        let gate = Gate::default();
        gate.open();
        let board = board(&gate, Manner::Drawn);
        let place = board.begin("a", true);
        place.show(Status::default());
        wait_for("the line", || gate.text().contains("\ra  0 s  "));
        drop(place);
        wait_for("its end", || gate.text().ends_with("\u{1b}8\u{1b}[J"));
    }

    #[test]
    fn a_status_is_due_now_and_then() {
        let gate = Gate::default();
        let now = Instant::now();
        let due = |manner, shows, ms: &[u64]| -> Vec<bool> {
            let mut place = board(&gate, manner).begin("a", shows);
            // The place has a beginning of its own, shortly after `now`.
            ms.iter()
                .map(|ms| place.is_due(now + Duration::from_secs(1) + Duration::from_millis(*ms)))
                .collect()
        };
        assert_eq!(due(Manner::Drawn, true, &[0, 100, 199, 200]), [true, false, false, true]);
        assert_eq!(due(Manner::Drawn, false, &[0, 10_000]), [false, false]);
        assert_eq!(due(Manner::Off, true, &[0, 10_000]), [false, false]);
        assert_eq!(due(Manner::Plain, true, &[0, 60_000, 69_999, 70_000]), [false, true, false, true]);
    }
}
