use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
};

use super::{FolderError, folder::failed};
use crate::{
    journal::{Event, Line},
    observe::{Figures, Histogram, Window},
    supervisor::Listener,
};

/// The file of a case's times, in the log format of the HdrHistogram libraries.
pub(crate) const LATENCY_LOG: &str = "latency.hlog";

/// What the column of the longest value is in, as the format has it: milliseconds. The histograms are in nanoseconds.
const NS_PER_MS: f64 = 1e6;

/// Writes the times of a case, window by window, as they are told: `latency.hlog` in its folder.
///
/// A window of each load has a line for each phase and kind of time: see [`Kind`]. Only the windows that have not ended
/// are in memory.
pub(crate) struct LatencyLog<W> {
    out: W,
    failure: Option<io::Error>,
    has_header: bool,
    tags: Tags,
    loads: BTreeMap<String, Running>,
}

/// What a line's times are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// End minus intended start, of what ended `ok` or in an error.
    Response,
    /// End minus actual start of the same.
    Service,
    /// Response times of refusals.
    Rejected,
    /// What is known of timed-out and unfinished ones.
    AtLeast,
}

/// A load that has not ended.
struct Running {
    started_s: f64,
    phases: Vec<Pending>,
    /// Where the window began, and when the last slice was, in seconds from the load's start.
    from_s: f64,
    last_s: f64,
}

/// The times of a phase since the last window.
struct Pending {
    tag: String,
    has_news: bool,
    times: [Histogram; 4],
}

impl Kind {
    const ALL: [Self; 4] = [Self::Response, Self::Service, Self::Rejected, Self::AtLeast];

    const fn word(self) -> &'static str {
        match self {
            Self::Response => "response",
            Self::Service => "service",
            Self::Rejected => "rejected",
            Self::AtLeast => "at_least",
        }
    }

    const fn of(self, figures: &Figures) -> &Histogram {
        match self {
            Self::Response => &figures.response,
            Self::Service => &figures.service,
            Self::Rejected => &figures.rejected,
            Self::AtLeast => &figures.at_least,
        }
    }

    /// Whether a window without such a time has a line as well: that nothing ended is worth telling.
    const fn is_always_told(self) -> bool {
        match self {
            Self::Response | Self::Service => true,
            Self::Rejected | Self::AtLeast => false,
        }
    }
}

impl LatencyLog<BufWriter<File>> {
    /// A new one in the folder of a case, which is made if it is not there.
    pub(crate) fn create(folder: &Path) -> Result<Self, FolderError> {
        std::fs::create_dir_all(folder).map_err(failed("the folder", folder, "made"))?;
        let path = folder.join(LATENCY_LOG);
        let file = File::create(&path).map_err(failed("the log", &path, "made"))?;
        Ok(Self::to(BufWriter::new(file)))
    }

    /// The case is over. What kept the log from being whole, if anything did.
    pub(crate) fn finish(mut self, folder: &Path) -> Result<(), FolderError> {
        self.end();
        let synced = match self.failure.take() {
            Some(error) => Err(error),
            None => self.out.get_ref().sync_data(),
        };
        synced.map_err(failed("the log", &folder.join(LATENCY_LOG), "written"))
    }
}

impl<W: Write> LatencyLog<W> {
    pub(crate) fn to(out: W) -> Self {
        Self { out, failure: None, has_header: false, tags: Tags::default(), loads: BTreeMap::new() }
    }

    /// Takes in one event.
    pub(crate) fn take(&mut self, line: &Line) {
        if self.failure.is_some() {
            return;
        }
        let done = match &line.event {
            Event::CaseStarted { case, unix_s, .. } => self.header(case, *unix_s),
            Event::LoadStarted(started) => {
                let load = self.tags.of_load(&started.load);
                let measured = started.phases.len().saturating_sub(started.warm_up_phases);
                let tag = |(index, phase): (usize, &String)| match index.checked_sub(started.warm_up_phases) {
                    None => format!("{load}/warm_up"),
                    Some(_) if measured == 1 => load.clone(),
                    Some(number) => format!("{load}/{}-{}", number + 1, word(phase)),
                };
                let tags = started.phases.iter().enumerate().map(tag);
                let phases = tags.map(Pending::of).collect();
                let running = Running { started_s: started.started_s, phases, from_s: 0.0, last_s: 0.0 };
                self.loads.insert(started.load.clone(), running);
                Ok(())
            }
            Event::Slice(slice) => {
                if let Some(load) = self.loads.get_mut(&slice.load) {
                    load.last_s = slice.at_s;
                    if let Some(phase) = load.phases.get_mut(slice.phase) {
                        phase.add(&slice.figures);
                    }
                }
                Ok(())
            }
            Event::Window { load, window } => self.window(load, window),
            Event::LoadFinished(seen) => {
                self.loads.remove(&seen.load).map_or(Ok(()), |mut load| load.end(&mut self.out))
            }
            // What else a case tells is no time.
            _ => Ok(()),
        };
        self.keep(done);
    }

    /// No more events come: loads that never told their end have what was told of them.
    pub(crate) fn end(&mut self) {
        for mut load in std::mem::take(&mut self.loads).into_values() {
            let done = load.end(&mut self.out);
            self.keep(done);
        }
        let done = match self.has_header {
            true => self.out.flush(),
            // A case that never began.
            false => self.header("", None).and_then(|()| self.out.flush()),
        };
        self.keep(done);
    }

    /// What kept it from being whole.
    #[cfg(test)]
    pub(super) const fn failure(&self) -> Option<&io::Error> {
        self.failure.as_ref()
    }

    fn keep(&mut self, done: io::Result<()>) {
        if let Err(error) = done {
            self.failure.get_or_insert(error);
        }
    }

    /// Lines are in seconds from the case's start, which is when the log says that it begins.
    fn header(&mut self, case: &str, unix_s: Option<f64>) -> io::Result<()> {
        self.has_header = true;
        let case: String = case.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        writeln!(self.out, "#[Logged with proofload {}: {case}]", env!("CARGO_PKG_VERSION"))?;
        writeln!(self.out, "#[Histogram log format version 1.3]")?;
        let unix_s = unix_s.unwrap_or(0.0);
        let shown = jiff::Timestamp::from_second(unix_s as i64)
            .map_or_else(|_| String::new(), |at| format!(", {at}"));
        writeln!(self.out, "#[StartTime: {unix_s:.3} (seconds since epoch){shown}]")?;
        writeln!(self.out, "#[BaseTime: {unix_s:.3} (seconds since epoch)]")?;
        writeln!(self.out, "#[Values are nanoseconds, Interval_Max is in milliseconds]")?;
        writeln!(
            self.out,
            "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\""
        )
    }

    fn window(&mut self, load: &str, window: &Window) -> io::Result<()> {
        let Some(load) = self.loads.get_mut(load) else { return Ok(()) };
        load.write(&mut self.out, window.at_s, window.length_s, Some(window.phase as usize))?;
        load.from_s = window.at_s + window.length_s;
        // What is written can be read while the case runs, and is there when its supervisor is killed.
        self.out.flush()
    }
}

impl<W: Write + Send> Listener for LatencyLog<W> {
    fn heard(&mut self, line: &Line) {
        self.take(line);
    }
}

impl Running {
    /// What came after the last window: nothing, unless the load never told its end.
    fn end(&mut self, out: &mut impl Write) -> io::Result<()> {
        let length_s = (self.last_s - self.from_s).max(0.0);
        self.write(out, self.from_s, length_s, None)
    }

    /// The lines of a window; `current` is the phase that has some whether or not anything happened.
    fn write(
        &mut self,
        out: &mut impl Write,
        at_s: f64,
        length_s: f64,
        current: Option<usize>,
    ) -> io::Result<()> {
        let at_s = self.started_s + at_s;
        for (index, phase) in self.phases.iter_mut().enumerate() {
            if phase.has_news || current == Some(index) {
                phase.write(out, at_s, length_s)?;
            }
        }
        Ok(())
    }
}

impl Pending {
    fn of(tag: String) -> Self {
        Self { tag, has_news: false, times: Default::default() }
    }

    fn add(&mut self, figures: &Figures) {
        self.has_news = true;
        for (kind, times) in Kind::ALL.into_iter().zip(&mut self.times) {
            times.merge(kind.of(figures));
        }
    }

    fn write(&mut self, out: &mut impl Write, at_s: f64, length_s: f64) -> io::Result<()> {
        self.has_news = false;
        for (kind, times) in Kind::ALL.into_iter().zip(&mut self.times) {
            let times = std::mem::take(times);
            if times.is_empty() && !kind.is_always_told() {
                continue;
            }
            let (tag, kind) = (&self.tag, kind.word());
            let max_ms = times.max().as_nanos() as f64 / NS_PER_MS;
            let histogram = times.encoded().map_err(io::Error::other)?;
            writeln!(out, "Tag={tag}.{kind},{at_s:.3},{length_s:.3},{max_ms:.3},{histogram}")?;
        }
        Ok(())
    }
}

/// The names of loads as tags can hold them, each another one.
#[derive(Default)]
struct Tags(BTreeSet<String>);

impl Tags {
    fn of_load(&mut self, load: &str) -> String {
        let word = word(load);
        let again = (2..).map(|n| format!("{word}_{n}"));
        let free = std::iter::once(word.clone()).chain(again).find(|name| !self.0.contains(name));
        let free = free.unwrap_or(word);
        self.0.insert(free.clone());
        free
    }
}

/// A text as a part of a tag: no comma, blank or line break, and nothing that readers of other languages stumble over.
fn word(text: &str) -> String {
    let kept = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_' | ':') { c } else { '_' };
    match text.is_empty() {
        true => "_".to_owned(),
        false => text.chars().map(kept).collect(),
    }
}
