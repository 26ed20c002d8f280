use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::{
    CaseReport, IgnoredCase, RunAlert, RunReport, Statistics, Summary, bottlenecks, html_page, junit_xml,
    summary_markdown, summary_text, without_repeats,
};
use crate::judge::Verdict;

/// The folder of a run: where its reports are.
#[derive(Debug, Clone)]
pub(crate) struct RunFolder {
    pub(super) path: PathBuf,
}

/// An earlier try at a case in the same run.
pub(crate) struct Earlier {
    /// Counted from 1.
    pub(crate) attempt: u32,
    /// What became of it, and where that is.
    pub(crate) sentence: String,
}

/// What the run is, written when it begins: the reports of a run that did not live to write them rest on it.
pub(super) const BEGUN: &str = "run.json";

/// The report for a browser.
const PAGE: &str = "report.html";

/// The report for CI servers.
const JUNIT: &str = "junit.xml";

/// The summary for pages that show Markdown.
const MARKDOWN: &str = "summary.md";

/// Locked by each process of the run for as long as it lives.
pub(super) const RUNNING: &str = ".running";

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
#[error(
    "{what} {path} cannot be {done}: {source}; choose another folder with --report-dir or PROOFLOAD_REPORT_DIR, or make room"
)]
pub(crate) struct FolderError {
    what: &'static str,
    path: String,
    done: &'static str,
    source: io::Error,
}

pub(super) fn failed(
    what: &'static str,
    path: &Path,
    done: &'static str,
) -> impl FnOnce(io::Error) -> FolderError {
    let path = path.display().to_string();
    move |source| FolderError { what, path, done, source }
}

impl RunFolder {
    /// The folder of run `run_id` below `base`, made if it is not there; `latest` beside it points to it.
    pub(crate) fn open(base: &Path, run_id: &str) -> Result<Self, FolderError> {
        let folder = Self::open_aside(base, run_id)?;
        point_latest(base, run_id);
        Ok(folder)
    }

    /// The same, and `latest` stays as it is: what goes into the folder is a part of another run's.
    pub(crate) fn open_aside(base: &Path, run_id: &str) -> Result<Self, FolderError> {
        let path = base.join(run_id);
        fs::create_dir_all(&path).map_err(failed("the report folder", &path, "made"))?;
        let path = path.canonicalize().map_err(failed("the report folder", &path, "found"))?;
        Ok(Self { path })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The report for a browser, if there is one.
    pub(crate) fn page(&self) -> Option<PathBuf> {
        Some(self.path.join(PAGE)).filter(|page| page.is_file())
    }

    /// Where the summary in Markdown is written.
    pub(crate) fn markdown(&self) -> PathBuf {
        self.path.join(MARKDOWN)
    }

    /// Says what the run is, before its first case. The run counts as going on for as long as the file is kept.
    pub(crate) fn begin(&self, run: &RunReport) -> Result<File, FolderError> {
        let running = self.path.join(RUNNING);
        let lock = File::create(&running).map_err(failed("the lock", &running, "made"))?;
        lock.lock_shared().map_err(failed("the lock", &running, "taken"))?;
        let path = self.path.join(BEGUN);
        // Another process of the same run may have said so.
        match path.exists() {
            true => Ok(lock),
            false => write_json(&path, run).map(|()| lock),
        }
    }

    /// The folder of a case, relative to the run's.
    pub(crate) fn of_case(name: &str) -> String {
        // `::` is not allowed in file names everywhere.
        format!("cases/{}", name.replace("::", "."))
    }

    /// Puts away what an earlier attempt of the same run left in the folder of a case, and says what became of it: test
    /// runners try again what has failed.
    pub(crate) fn put_away_earlier(&self, folder: &str) -> Result<Option<Earlier>, FolderError> {
        let path = self.path.join(folder);
        if !path.exists() {
            return Ok(None);
        }
        let (attempt, away) = (1..)
            .map(|attempt| (attempt, format!("{folder}.attempt-{attempt}")))
            .find(|(_, away)| !self.path.join(away).exists())
            .unwrap_or_default();
        fs::rename(&path, self.path.join(&away)).map_err(failed("the folder", &path, "put away"))?;
        let case = fs::read(self.path.join(&away).join("case.json")).ok();
        let case: Option<CaseReport> = case.and_then(|text| serde_json::from_slice(&text).ok());
        let verdict = case.map_or("unknown", |case| case.verdict.words());
        let sentence = format!("attempt {attempt} of this run ended: {verdict}; it is in {away}");
        Ok(Some(Earlier { attempt, sentence }))
    }

    /// A sentence about those of `files` that the folder of a case has no more, if any: the case itself or somebody
    /// else removed them, or they never were.
    pub(crate) fn missing_in(&self, folder: &str, files: &[&str]) -> Option<String> {
        let folder = self.path.join(folder);
        let gone: Vec<&str> = files.iter().copied().filter(|file| !folder.join(file).exists()).collect();
        let (are, them) = if gone.len() == 1 { ("is", "it") } else { ("are", "them") };
        let (last, first) = gone.split_last()?;
        let gone =
            if first.is_empty() { (*last).to_owned() } else { format!("{} and {last}", first.join(", ")) };
        Some(format!("{gone} {are} not in the folder of this case; the report has what was read of {them}"))
    }

    /// Writes what became of one case into its folder.
    pub(crate) fn write_case(&self, case: &CaseReport) -> Result<(), FolderError> {
        let folder = self.path.join(&case.folder);
        fs::create_dir_all(&folder).map_err(failed("the folder", &folder, "made"))?;
        write_json(&folder.join("case.json"), case)
    }

    /// Writes the reports of the run, put together with those that other processes of the same run have written.
    /// Returns the whole.
    pub(crate) fn write_run(&self, run: RunReport, formats: &[String]) -> Result<RunReport, FolderError> {
        // A case may have removed it.
        fs::create_dir_all(&self.path).map_err(failed("the report folder", &self.path, "made"))?;
        let lock_path = self.path.join(".lock");
        let lock = File::create(&lock_path).map_err(failed("the lock", &lock_path, "made"))?;
        // Another process of this run is writing: its turn takes milliseconds.
        lock.lock().map_err(failed("the lock", &lock_path, "taken"))?;
        let path = self.path.join("report.json");
        let run = merged(run, earlier(&path));
        if formats.iter().any(|f| f == "json") {
            write_json(&path, &run)?;
        }
        if formats.iter().any(|f| f == "text") {
            let path = self.path.join("summary.txt");
            write_whole(&path, summary_text(&run).as_bytes())?;
        }
        if formats.iter().any(|f| f == "html") {
            write_whole(&self.path.join(PAGE), html_page(&run).as_bytes())?;
        }
        if formats.iter().any(|f| f == "junit") {
            let path = self.path.join(JUNIT);
            let xml = junit_xml(&run)
                .map_err(|error| failed("the report", &path, "written")(io::Error::other(error)))?;
            write_whole(&path, &xml)?;
        }
        if formats.iter().any(|f| f == "markdown") {
            write_whole(&self.path.join(MARKDOWN), summary_markdown(&run).as_bytes())?;
        }
        Ok(run)
    }
}

/// What another process of this run has written; a report that cannot be read is replaced.
fn earlier(path: &Path) -> Option<RunReport> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// Two processes' reports of the same run as one.
fn merged(mut run: RunReport, earlier: Option<RunReport>) -> RunReport {
    if let Some(earlier) = earlier {
        let is_new = |name: &str, cases: &[CaseReport]| !cases.iter().any(|c| c.name == name);
        let old = earlier.cases.into_iter().filter(|c| is_new(&c.name, &run.cases)).collect::<Vec<_>>();
        run.cases.extend(old);
        run.cases.sort_by(|a, b| a.name.cmp(&b.name));
        let old_ignored =
            earlier.ignored.into_iter().filter(|i| !run.ignored.contains(i)).collect::<Vec<_>>();
        run.ignored.extend(old_ignored);
        run.ignored.retain(|i| is_new(&i.name, &run.cases));
        run.ignored.sort_by(|a: &IgnoredCase, b| a.name.cmp(&b.name));
        (run.started_at, run.duration_s) =
            span((&run.started_at, run.duration_s), (&earlier.started_at, earlier.duration_s));
        // What was stopped once and has passed since is no stop of the run.
        let is_stopped = run.cases.iter().any(|case| case.stop.is_some());
        run.stopped = run.stopped.or(earlier.stopped.filter(|_| is_stopped));
        run.warnings.extend(earlier.warnings);
        run.warnings.sort();
        run.warnings.dedup();
    }
    run.summary = summary(&run.cases, run.ignored.len());
    run.bottlenecks = bottlenecks(&run.cases);
    run.recommendations = without_repeats(&run.cases);
    run.alerts = RunAlert::of(&run.cases);
    run.statistics = Statistics::of(&run.cases);
    run
}

/// From the earlier start to the later end of two spans that each have a start and a length.
fn span(one: (&str, f64), other: (&str, f64)) -> (String, f64) {
    let start = |(at, _): (&str, f64)| at.parse::<jiff::Timestamp>().ok();
    let (Some(a), Some(b)) = (start(one), start(other)) else { return (one.0.to_owned(), one.1 + other.1) };
    let (first, later, first_length, later_length) = match a <= b {
        true => (one.0, b, one.1, other.1),
        false => (other.0, a, other.1, one.1),
    };
    let apart = later.duration_since(a.min(b)).as_secs_f64();
    (first.to_owned(), first_length.max(apart + later_length))
}

fn summary(cases: &[CaseReport], ignored: usize) -> Summary {
    let of = |verdict: Verdict| cases.iter().filter(|c| c.verdict == verdict).count() as u64;
    Summary {
        cases: cases.len() as u64,
        passed: of(Verdict::Pass),
        failed: of(Verdict::Fail),
        inconclusive: of(Verdict::Inconclusive),
        aborted: of(Verdict::Aborted),
        ignored: ignored as u64,
        operations: cases.iter().flat_map(|c| &c.loads).map(|load| load.total.counts.ended()).sum(),
    }
}

fn write_json(path: &Path, value: &impl serde::Serialize) -> Result<(), FolderError> {
    let mut text = serde_json::to_vec_pretty(value)
        .map_err(|error| failed("the report", path, "written")(io::Error::other(error)))?;
    text.push(b'\n');
    write_whole(path, &text)
}

pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), FolderError> {
    replace_file(path, bytes).map_err(failed("the report", path, "written"))
}

/// Replaces a file in one step: whoever reads it sees the old one or the new one, whatever happens meanwhile.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".writing-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_data()?;
    make_readable(file.as_file())?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Temporary files are private; reports are to be read.
fn make_readable(file: &File) -> io::Result<()> {
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}

/// A report is where it is whether or not the pointer can be made: where links are not allowed there is none.
fn point_latest(base: &Path, run_id: &str) {
    #[cfg(unix)]
    {
        let new = base.join(format!(".latest-{}", std::process::id()));
        let made =
            std::os::unix::fs::symlink(run_id, &new).and_then(|()| fs::rename(&new, base.join("latest")));
        if made.is_err() {
            let _gone = fs::remove_file(&new);
        }
    }
    #[cfg(not(unix))]
    {
        let _old = fs::remove_dir(base.join("latest"));
        #[cfg(windows)]
        let _made = std::os::windows::fs::symlink_dir(run_id, base.join("latest"));
        #[cfg(not(windows))]
        let _ = run_id;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A crash in the middle cannot be seen from outside unless the old file is touched before the new one is whole:
    /// who has the old one open keeps reading it, which writing in place would change under their eyes.
    #[test]
    fn a_crash_while_writing_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        write_whole(&path, b"old").unwrap();
        let mut opened_before = File::open(&path).unwrap();
        write_whole(&path, b"new and longer").unwrap();
        let mut still_old = String::new();
        io::Read::read_to_string(&mut opened_before, &mut still_old).unwrap();
        assert_eq!(still_old, "old", "the old file was written to, so a crash would have left a mixture");
        assert_eq!(fs::read(&path).unwrap(), b"new and longer");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file stays behind");
    }

    /// A write that fails half-way leaves the old file as well.
    #[test]
    fn a_report_that_cannot_be_put_in_place_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("old"), "old").unwrap();
        let error = write_whole(&path, b"new").unwrap_err().to_string();
        assert!(error.starts_with(&format!("the report {} cannot be written: ", path.display())), "{error}");
        assert_eq!(fs::read(path.join("old")).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file stays behind");
    }

    #[test]
    fn two_processes_of_a_run_make_one_span() {
        let whole = |one, other| span(one, other);
        let (early, late) = (("2026-01-01T10:00:00Z", 5.0), ("2026-01-01T10:00:03Z", 9.0));
        assert_eq!(whole(early, late), ("2026-01-01T10:00:00Z".to_owned(), 12.0));
        assert_eq!(whole(late, early), ("2026-01-01T10:00:00Z".to_owned(), 12.0));
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = RunFolder::open(&file, "run").unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("the report folder {}/run cannot be made: ", file.display())),
            "{error}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn latest_points_to_the_newest() {
        let base = tempfile::tempdir().unwrap();
        RunFolder::open(base.path(), "first").unwrap();
        RunFolder::open(base.path(), "second").unwrap();
        assert_eq!(fs::read_link(base.path().join("latest")).unwrap(), Path::new("second"));
    }
}
