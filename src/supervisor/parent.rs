use std::{
    collections::BTreeSet,
    fs,
    io::{self, Write},
    path::Path,
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use super::{
    Control, Gathered, Listener, Order, Record,
    child::{CHILD_VARIABLE, Orders, Word},
    containment::{TEMPORARY_FOLDER, contain, kill, kill_group, reap, terminate_group},
    ending::{Ending, Evidence},
    hold::Hold,
    ladder::{Ladder, Step},
    output::Output,
    seen::seen,
    shown::status,
};
use crate::{
    cluster::StopWord,
    journal::Reader,
    monitor::{Sampler, TreeSample, find_marked, oom_kills},
    progress::{Live, Place},
    safety::{Crossing, Seen, Watchdog},
    stop::StopReason,
};

/// Between two looks at a case.
const TICK: Duration = Duration::from_millis(20);

/// When memory is over half of its limit or grows fast: at 2 GB/s an overshoot of 10 MB instead of 40.
const NEAR_TICK: Duration = Duration::from_millis(5);

/// Between two looks for processes that left their case's tree.
const ORPHAN_TICK: Duration = Duration::from_secs(2);

/// From the end of a case to the end of its process.
const EXIT_GRACE: Duration = Duration::from_secs(5);

/// Until the output of killed processes has arrived.
const OUTPUT_GRACE: Duration = Duration::from_secs(3);

/// Why a case could not be run at all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SuperviseError {
    #[error("the folder {path} of the case cannot be written: {source}; choose another with --report-dir")]
    Folder { path: String, source: io::Error },
    #[error("no temporary folder could be made: {0}; make room or set TMPDIR")]
    Scratch(io::Error),
    #[error(
        "the process of the case could not be started: {0}; see that the suite's program is still there, and that there is \
         room for one more process (`ulimit -u`)"
    )]
    Spawn(io::Error),
    #[error("`containment` is hard, and memory cannot be held: {0}; allow it, or set `containment` to auto")]
    Containment(String),
}

/// Runs a case in a child process until it is over, one way or another. Never fails because of what the case does.
pub(crate) fn supervise(
    order: &Order,
    control: &Control,
    listener: &mut dyn Listener,
) -> Result<Record, SuperviseError> {
    let folder = &order.terms.folder;
    let no_folder = |source| SuperviseError::Folder { path: folder.display().to_string(), source };
    fs::create_dir_all(folder).map_err(no_folder)?;
    let scratch = tempfile::Builder::new().prefix("proofload-").tempdir().map_err(SuperviseError::Scratch)?;
    let mut order = order.clone();
    order.terms.scratch = scratch.path().join("work");
    let temporary = scratch.path().join("tmp");
    fs::create_dir(&order.terms.scratch)
        .and_then(|()| fs::create_dir(&temporary))
        .map_err(SuperviseError::Scratch)?;
    let (reader, writer) = io::pipe().map_err(SuperviseError::Spawn)?;
    let passes_on = order.shows_output.then(|| order.board.clone());
    let output = Output::capture(reader, &folder.join("output.log"), passes_on).map_err(no_folder)?;
    let token = new_token();
    let hold = Hold::of(&order, &token)?;
    order.terms.data_limit_bytes = hold.data_limit_bytes(order.terms.max_in_flight(None) as u64);
    let child = spawn(&order, &token, &temporary, writer, &hold)?;
    let mut watch = Watch::new(&order, control, listener, child, token, hold);
    watch.until_the_end();
    let record = watch.into_record(output);
    let path = scratch.path().to_owned();
    if let Err(error) = scratch.close() {
        order.board.say(format!(
            "proofload: the temporary folder {} of `{}` could not be removed: {error}; remove it",
            path.display(),
            order.name
        ));
    }
    Ok(record)
}

/// Marks the processes of one case: unique on this machine while they live.
fn new_token() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let clock = std::time::UNIX_EPOCH.elapsed().map_or(0, |d| d.as_nanos());
    format!("{}-{}-{clock:x}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

fn spawn(
    order: &Order,
    token: &str,
    temporary: &Path,
    output: io::PipeWriter,
    hold: &Hold,
) -> Result<Child, SuperviseError> {
    let mut command = Command::new(&order.program);
    command
        .args(["--exact", &order.name, "--nocapture"])
        .env(CHILD_VARIABLE, token)
        // What the case leaves in the temporary folder goes with its own.
        .envs(TEMPORARY_FOLDER.iter().map(|name| (name, temporary)))
        .stdin(Stdio::piped())
        .stdout(output.try_clone().map_err(SuperviseError::Spawn)?)
        .stderr(output);
    contain(&mut command);
    let mut child = command.spawn().map_err(SuperviseError::Spawn)?;
    // It waits for its orders, so nothing of the case has happened yet.
    let taken = hold.take_in(child.id()).map_err(|error| SuperviseError::Containment(error.to_string()));
    match taken.and_then(|()| give_orders(order, &mut child).map_err(SuperviseError::Spawn)) {
        Ok(()) => Ok(child),
        Err(error) => {
            child.kill().and_then(|()| child.wait()).map_err(SuperviseError::Spawn)?;
            Err(error)
        }
    }
}

/// Tells the child which case it is, and on which terms.
fn give_orders(order: &Order, child: &mut Child) -> io::Result<()> {
    let orders = Orders { case: order.name.clone(), terms: order.terms.clone() };
    let told = serde_json::to_string(&orders).map_err(io::Error::other).and_then(|mut line| {
        line.push('\n');
        child.stdin.as_mut().map_or(Ok(()), |stdin| stdin.write_all(line.as_bytes()))
    });
    match told {
        // It may have died before it read anything: then its end says more than the broken pipe.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// A case under watch.
struct Watch<'a> {
    order: &'a Order,
    control: &'a Control,
    listener: &'a mut dyn Listener,
    child: Child,
    stdin: Option<ChildStdin>,
    token: String,
    hold: Hold,
    /// Processes that the kernel had ended for want of memory before the case.
    oom_kills_before: Option<u64>,
    began: Instant,
    journal: Reader,
    journal_error: Option<String>,
    gathered: Gathered,
    sampler: Sampler,
    watchdog: Watchdog,
    warnings: Vec<String>,
    ladder: Ladder,
    stopped_elsewhere: Option<StopWord>,
    was_killed: bool,
    was_hung: bool,
    finished_at: Option<Instant>,
    tick: Duration,
    next_orphans: Instant,
    live: Live,
    /// Dropped at the end of the case, once its output has been passed on.
    place: Place,
    status: Option<ExitStatus>,
    left_processes: usize,
}

impl<'a> Watch<'a> {
    fn new(
        order: &'a Order,
        control: &'a Control,
        listener: &'a mut dyn Listener,
        mut child: Child,
        token: String,
        hold: Hold,
    ) -> Self {
        let began = Instant::now();
        Self {
            order,
            control,
            listener,
            stdin: child.stdin.take(),
            token,
            hold,
            oom_kills_before: oom_kills(),
            began,
            journal: Reader::new(order.terms.folder.join("journal.ndjson")),
            journal_error: None,
            gathered: Gathered::default(),
            sampler: Sampler::new(child.id(), began, &order.folders()),
            child,
            watchdog: Watchdog::new(order.limits),
            warnings: order.warnings.clone(),
            ladder: Ladder::default(),
            stopped_elsewhere: None,
            was_killed: false,
            was_hung: false,
            finished_at: None,
            tick: TICK,
            next_orphans: began + ORPHAN_TICK,
            live: Live::default(),
            place: order.board.begin(&order.name, order.shows_progress),
            status: None,
            left_processes: 0,
        }
    }

    fn until_the_end(&mut self) {
        loop {
            let now = Instant::now();
            match self.child.try_wait() {
                Ok(Some(status)) => {
                    self.status = Some(status);
                    break;
                }
                Ok(None) => {}
                Err(error) => {
                    self.order.board.say(format!(
                        "proofload: the process of `{}` cannot be watched, so it is ended: {error}",
                        self.order.name
                    ));
                    self.kill_everything();
                    break;
                }
            }
            self.read_journal(now);
            self.look(now);
            self.listen(now);
            let step = self.ladder.climb(now, self.control.wants_kill());
            self.take(step);
            self.end_if_hung(now);
            self.show_progress(now);
            thread::sleep(self.tick);
        }
        self.clean_up();
    }

    fn read_journal(&mut self, now: Instant) {
        let at = now.saturating_duration_since(self.began);
        let read = self.journal.each(|line| {
            self.listener.heard(&line);
            if self.place.is_wanted() {
                self.live.take(&line.event, at);
            }
            self.gathered.take(line);
        });
        if let Err(error) = read {
            self.journal_error.get_or_insert_with(|| error.to_string());
        }
        let at_s = at.as_secs_f64();
        for border in self.gathered.take_borders() {
            self.sampler.note_border(now, at_s, border);
        }
        if self.gathered.result.is_some() {
            self.finished_at.get_or_insert(now);
        }
    }

    /// Takes a sample and compares it with the limits.
    fn look(&mut self, now: Instant) {
        if now >= self.next_orphans {
            self.next_orphans = now + ORPHAN_TICK;
            self.note_the_kernels_kills(now);
            let tree = self.sampler.tree();
            find_marked(CHILD_VARIABLE, &self.token).into_iter().for_each(|pid| tree.adopt(pid));
        }
        if self.finished_at.is_some() {
            // Each of these may be the last look before it is gone, with the last of its CPU time.
            self.sampler.tree().count_next();
        }
        let Some(sample) = self.sampler.look(now) else { return };
        self.listener.looked(now, &self.sampler);
        if self.finished_at.is_some() {
            return;
        }
        self.compare(now, &sample);
    }

    fn compare(&mut self, now: Instant, sample: &TreeSample) {
        let seen = Seen {
            in_flight: self.gathered.in_flight(),
            ..seen(
                &self.sampler,
                sample,
                &self.order.limits,
                now.saturating_duration_since(self.began),
                self.tick,
            )
        };
        let crossing = self.watchdog.check(&seen);
        for warning in self.watchdog.warnings(&seen) {
            self.order.board.say(format!("warning: {}: {warning}", self.order.name));
            self.warnings.push(warning);
        }
        self.tick = if self.watchdog.is_near_memory(&seen) { NEAR_TICK } else { TICK };
        let is_low = self.watchdog.is_near_reserve(&seen);
        self.sampler.watch_machine_closely(is_low);
        if let Some(crossing) = crossing {
            self.stop_for(crossing, now);
        }
    }

    /// Hears what people say.
    fn listen(&mut self, now: Instant) {
        if let Some(reason) = self.control.stop_reason()
            && !self.ladder.is_begun()
            && self.finished_at.is_none()
        {
            let sentence = self.control.sentence(reason);
            self.stop(Crossing { reason, sentence }, now);
        }
        if !self.ladder.is_begun()
            && self.finished_at.is_none()
            && let Some(word) = self.listener.stopped_elsewhere()
        {
            let sentence = word.sentence.clone();
            self.stopped_elsewhere = Some(word);
            self.stop(Crossing { reason: StopReason::OtherNode, sentence }, now);
        }
    }

    /// Stops it for something that was seen of it here.
    fn stop_for(&mut self, crossing: Crossing, now: Instant) {
        if !self.ladder.is_begun() {
            self.listener.stops(&crossing);
        }
        self.stop(crossing, now);
    }

    fn stop(&mut self, crossing: Crossing, now: Instant) {
        let step = self.ladder.begin(crossing, now, now.saturating_duration_since(self.began));
        self.take(step);
    }

    /// The kernel may have ended one process of several at the limit: then the case is over as well.
    fn note_the_kernels_kills(&mut self, now: Instant) {
        if let Some(crossing) = self.hold.crossing() {
            self.stop_for(crossing, now);
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Wait => {}
            Step::Say(reason) => {
                let word = self.stopped_elsewhere.clone().map_or(Word::Stop(reason), Word::StoppedElsewhere);
                let word = serde_json::to_string(&word).unwrap_or_default();
                if let Some(stdin) = &mut self.stdin {
                    // A child that cannot hear any more is on the next rung anyway.
                    let _unheard = writeln!(stdin, "{word}");
                }
            }
            Step::Terminate => {
                self.was_killed = true;
                terminate_group(self.child.id());
            }
            Step::Kill => {
                self.was_killed = true;
                self.sampler.tree().note_peaks();
                self.kill_everything();
            }
        }
    }

    fn kill_everything(&mut self) {
        kill_group(self.child.id());
        self.sampler.tree().members().into_iter().for_each(kill);
        find_marked(CHILD_VARIABLE, &self.token).into_iter().for_each(kill);
        self.hold.members().into_iter().for_each(kill);
    }

    /// Whoever of the case is alive beside its own process: by descent and by the mark in the environment, as
    /// either can be lost.
    fn left_behind(&mut self) -> BTreeSet<u32> {
        self.sampler.tree().count_next();
        self.sampler.tree().sample(Instant::now());
        let mut left: BTreeSet<u32> = find_marked(CHILD_VARIABLE, &self.token).into_iter().collect();
        left.extend(self.sampler.tree().members());
        left.extend(self.hold.members());
        left.remove(&self.child.id());
        left
    }

    /// A process whose case is over has nothing left to do.
    fn end_if_hung(&mut self, now: Instant) {
        let is_hung = self.finished_at.is_some_and(|at| now.saturating_duration_since(at) > EXIT_GRACE);
        if is_hung && !self.was_hung {
            self.was_hung = true;
            self.kill_everything();
        }
    }

    fn show_progress(&mut self, now: Instant) {
        if self.place.is_due(now) {
            let elapsed = now.saturating_duration_since(self.began);
            let is_stopping = self.ladder.is_begun();
            let limits = &self.order.limits;
            self.place.show(status(&self.sampler, &mut self.live, limits, elapsed, is_stopping));
        }
    }

    /// The process is gone; nothing that it started may stay.
    fn clean_up(&mut self) {
        let until = Instant::now() + Duration::from_secs(2);
        let mut adopted = BTreeSet::new();
        loop {
            // Before the group is killed, or some of it would be gone uncounted.
            let left = self.left_behind();
            self.left_processes = self.left_processes.max(left.len());
            kill_group(self.child.id());
            left.iter().copied().for_each(kill);
            adopted.extend(left.iter().copied());
            // Those that were killed in an earlier round are zombies by now, and this process's to take note of.
            adopted.iter().copied().for_each(reap);
            if left.is_empty() || Instant::now() > until {
                break;
            }
            thread::sleep(Duration::from_millis(5));
        }
        if self.status.is_none() {
            self.status = self.child.wait().ok();
        }
    }

    fn into_record(mut self, output: Output) -> Record {
        let ended = Instant::now();
        self.stdin = None;
        self.note_the_kernels_kills(ended);
        self.read_journal(ended);
        self.gathered.finish(self.journal.losses());
        let mut kept = output.finish(OUTPUT_GRACE);
        if let Some(error) = self.journal_error {
            kept.tail.push_str(&format!("\nproofload: the journal could not be read: {error}"));
        }
        if let Some(error) = kept.failure {
            kept.tail.push_str(&format!("\nproofload: the output could not be kept: {error}"));
        }
        let ending = Ending::of(&Evidence {
            status: self.status,
            gathered: &self.gathered,
            output_end: &kept.end,
            was_killed: self.was_killed,
            was_hung: self.was_hung,
            was_out_of_memory: oom_kills()
                .zip(self.oom_kills_before)
                .is_some_and(|(now, before)| now > before),
        });
        let mut resources = self.sampler.finish(ended);
        if let Some(peak) = self.gathered.peak_memory_bytes {
            resources.peak_memory_bytes = resources.peak_memory_bytes.max(peak);
        }
        Record {
            ending,
            stop: self.ladder.cause(ended),
            duration: ended.saturating_duration_since(self.began),
            gathered: self.gathered,
            resources,
            containment: self.hold.containment(),
            output_tail: kept.tail,
            left_processes: self.left_processes,
            warnings: self.warnings,
        }
    }
}
