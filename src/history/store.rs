use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use serde::Deserialize;

use super::kept::{HISTORY_VERSION, KeptRun};
use crate::report::replace_file;

/// The runs kept of a case, the newest: half a year of nights.
pub(super) const KEPT_RUNS: usize = 200;

/// Runs beyond that before the oldest are taken away: not each run writes the whole file.
pub(super) const SLACK: usize = 50;

/// A file that is larger is none of ours: a line has some 1.5 KiB.
const LARGEST: u64 = 64 << 20;

/// Another process writes for milliseconds; one that was halted in the middle must not hold up a run.
const PATIENCE: Duration = Duration::from_secs(5);

/// Between two tries.
const RETRY: Duration = Duration::from_millis(5);

/// The folder of a suite's history: one file for each case, one line for each run.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    folder: PathBuf,
}

/// What is kept of a case.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    /// Its runs, the oldest first.
    pub(crate) runs: Vec<KeptRun>,
    /// What could not be read and was skipped: a sentence.
    pub(crate) skipped: Option<String>,
    /// What went wrong while a run was added: a sentence.
    pub(crate) trouble: Option<String>,
}

/// The lines of a file.
#[derive(Default)]
struct Lines {
    all: Vec<Line>,
    /// Whether the last one has its end: a process that was killed may have left half of one.
    is_whole: bool,
}

/// A line as it stands in the file, and what it means.
struct Line {
    text: Vec<u8>,
    number: usize,
    /// Nothing where it is not ours, or of another version.
    run: Option<KeptRun>,
}

/// What says whether a line is one of ours: of one of another version nothing else is known.
#[derive(Deserialize)]
struct Head {
    schema_version: u64,
}

impl Store {
    /// The history of a suite below the folder that the folders of runs are in; it need not be there.
    pub(crate) fn new(reports: &Path, package: &str, suite: &str) -> Self {
        Self { folder: reports.join("history").join(format!("{package}.{suite}")) }
    }

    /// The file of a case.
    pub(crate) fn file(&self, case: &str) -> PathBuf {
        // `::` is not allowed in file names everywhere, and the others would lead elsewhere.
        self.folder.join(format!("{}.ndjson", case.replace("::", ".").replace(['/', '\\'], "_")))
    }

    /// Adds a run to the file of its case, where it takes the place of what is there of the same run, and takes the oldest
    /// away where there are too many. What is kept is told in either case.
    pub(crate) fn keep(&self, run: &KeptRun) -> Kept {
        let path = self.file(&run.case);
        let trouble = |done: &str, error: &io::Error| {
            let path = path.display();
            format!(
                "this run is not in the history: {path} cannot be {done}: {error}; the run itself is whole"
            )
        };
        // Without its turn it would write over what others write.
        let lock = match self.locked() {
            Ok(lock) => lock,
            Err(error) => return Kept { trouble: Some(trouble("locked", &error)), ..self.read(&run.case) },
        };
        let lines = match read(&path) {
            Ok(lines) => lines,
            Err(error) => return Kept { trouble: Some(trouble("read", &error)), ..Kept::default() },
        };
        let mut kept = Kept::of(&lines, &path);
        kept.trouble = added(&path, lines, run).err().map(|error| trouble("written", &error));
        drop(lock);
        kept
    }

    /// What is kept of a case; of one without a file, nothing.
    pub(crate) fn read(&self, case: &str) -> Kept {
        let path = self.file(case);
        match read(&path) {
            Ok(lines) => Kept::of(&lines, &path),
            Err(error) => {
                let trouble = Some(format!("{} cannot be read: {error}", path.display()));
                Kept { trouble, ..Kept::default() }
            }
        }
    }

    /// This process's turn; it lasts as long as the file is kept.
    fn locked(&self) -> io::Result<File> {
        fs::create_dir_all(&self.folder)?;
        let lock =
            File::options().create(true).truncate(false).write(true).open(self.folder.join(".lock"))?;
        let began = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(lock),
                Err(TryLockError::Error(error)) => return Err(error),
                Err(TryLockError::WouldBlock) if began.elapsed() > PATIENCE => {
                    return Err(io::Error::new(io::ErrorKind::TimedOut, "another process holds its lock"));
                }
                Err(TryLockError::WouldBlock) => thread::sleep(RETRY),
            }
        }
    }
}

impl Kept {
    fn of(lines: &Lines, path: &Path) -> Self {
        let mut runs: Vec<KeptRun> = lines.all.iter().filter_map(|line| line.run.clone()).collect();
        runs.sort_by(|a, b| a.run.started_at.cmp(&b.run.started_at));
        runs.drain(..runs.len().saturating_sub(KEPT_RUNS));
        Self { runs, skipped: skipped(lines, path), trouble: None }
    }
}

/// A sentence about the lines that are no runs.
fn skipped(lines: &Lines, path: &Path) -> Option<String> {
    let foreign: Vec<String> =
        lines.all.iter().filter(|line| line.run.is_none()).map(|line| line.number.to_string()).collect();
    let (line, are) = if foreign.len() == 1 { ("line", "is no run") } else { ("lines", "are no runs") };
    let why = "cut short, or of another version";
    (!foreign.is_empty()).then(|| {
        let path = path.display();
        match foreign.split_at_checked(5) {
            Some((some, more)) if !more.is_empty() => {
                format!(
                    "{path}: {line} {} and {} more {are} ({why}), and skipped",
                    some.join(", "),
                    more.len()
                )
            }
            _ => format!("{path}: {line} {} {are} ({why}), and skipped", foreign.join(", ")),
        }
    })
}

fn read(path: &Path) -> io::Result<Lines> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Lines { is_whole: true, ..Lines::default() });
        }
        Err(error) => return Err(error),
        // Reading a pipe would wait for its writer.
        Ok(found) if !found.is_file() => return Err(io::Error::other("it is no file")),
        Ok(found) if found.len() > LARGEST => return Err(io::Error::other("it is too large for a history")),
        Ok(_) => {}
    }
    let text = fs::read(path)?;
    let lines = text.split(|byte| *byte == b'\n').enumerate();
    let lines = lines.filter(|(_, line)| !line.trim_ascii().is_empty());
    let lines = lines.map(|(n, line)| Line { text: line.to_vec(), number: n + 1, run: run_of(line) });
    Ok(Lines { all: lines.collect(), is_whole: text.last().is_none_or(|byte| *byte == b'\n') })
}

fn run_of(line: &[u8]) -> Option<KeptRun> {
    let head: Head = serde_json::from_slice(line).ok()?;
    (head.schema_version == u64::from(HISTORY_VERSION)).then(|| serde_json::from_slice(line).ok())?
}

/// Adds the line of a run: at the end if that will do, else with all others in a new file.
fn added(path: &Path, mut lines: Lines, run: &KeptRun) -> io::Result<()> {
    let line = serde_json::to_vec(run).map_err(io::Error::other)?;
    let is_this = |line: &Line| line.run.as_ref().is_some_and(|of| of.run.run_id == run.run.run_id);
    let is_new = !lines.all.iter().any(is_this);
    if is_new && lines.all.len() < KEPT_RUNS + SLACK {
        // One write, so that a kill tears this line at most; one that was torn before gets its end.
        let begin: &[u8] = if lines.is_whole { b"" } else { b"\n" };
        let text = [begin, &line, b"\n"].concat();
        return File::options().create(true).append(true).open(path)?.write_all(&text);
    }
    lines.all.retain(|line| !is_this(line));
    lines.all.drain(..(lines.all.len() + 1).saturating_sub(KEPT_RUNS));
    let mut text = Vec::new();
    for line in lines.all.iter().map(|line| &line.text).chain([&line]) {
        text.extend_from_slice(line);
        text.push(b'\n');
    }
    replace_file(path, &text)
}
