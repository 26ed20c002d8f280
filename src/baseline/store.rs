use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{
    BaselineError,
    error::failed,
    saved::{SAVED_RUN_VERSION, SavedRun},
};
use crate::{case::nearest, report::replace_file};

/// The runs kept of a baseline, the newest. 19 are what a single new run has to be compared with at a level of 5 %; more
/// would reach back to a time that nobody asks about.
pub(super) const KEPT_RUNS: usize = 20;

/// Longer names meet the limits of file systems.
const LONGEST_NAME: usize = 100;

/// The folder of all baselines: one folder for each name, in it one file for each saved run.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    base: PathBuf,
}

/// What says whether a file is one of ours, and how old it is.
#[derive(Deserialize)]
struct Head {
    schema_version: u64,
    started_at: String,
}

impl Store {
    /// The baselines in this folder, which need not be there.
    pub(crate) fn new(base: PathBuf) -> Self {
        Self { base }
    }

    /// Whether a text can be a name; it becomes a folder's.
    pub(crate) fn check_name(name: &str) -> Result<(), BaselineError> {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let is_name = !name.is_empty()
            && name.len() <= LONGEST_NAME
            && !name.starts_with('.')
            && name.chars().all(is_allowed);
        let refused = || BaselineError::Name { name: name.to_owned(), longest: LONGEST_NAME };
        is_name.then_some(()).ok_or_else(refused)
    }

    /// The saved runs of a baseline, the oldest first.
    pub(crate) fn load(&self, name: &str) -> Result<Vec<SavedRun>, BaselineError> {
        Self::check_name(name)?;
        let runs = self.read(name)?;
        if runs.is_empty() {
            return Err(self.unknown(name));
        }
        Ok(runs)
    }

    /// The same; of one that is not there, none.
    pub(crate) fn load_if_there(&self, name: &str) -> Result<Vec<SavedRun>, BaselineError> {
        Self::check_name(name)?;
        self.read(name)
    }

    /// Adds a run to a baseline, together with what other processes of the same run have saved, and takes the oldest
    /// away where there are too many. Returns the file.
    pub(crate) fn save(&self, name: &str, run: SavedRun) -> Result<PathBuf, BaselineError> {
        Self::check_name(name)?;
        let folder = self.base.join(name);
        fs::create_dir_all(&folder).map_err(failed(&folder, "made"))?;
        let lock_path = folder.join(".lock");
        let lock = File::create(&lock_path).map_err(failed(&lock_path, "made"))?;
        // Another process of this run is writing: its turn takes milliseconds.
        lock.lock().map_err(failed(&lock_path, "locked"))?;
        let path = folder.join(format!("{}.json", run.run_id));
        let run = match read_run(&path)? {
            Some(earlier) => run.with_earlier(earlier),
            None => run,
        };
        let mut text = serde_json::to_vec_pretty(&run)
            .map_err(|error| failed(&path, "written")(io::Error::other(error)))?;
        text.push(b'\n');
        replace_file(&path, &text).map_err(failed(&path, "written"))?;
        take_oldest_away(&folder)?;
        Ok(path)
    }

    fn read(&self, name: &str) -> Result<Vec<SavedRun>, BaselineError> {
        let files = files_of(&self.base.join(name))?;
        let mut runs = Vec::new();
        for file in files {
            runs.extend(read_run(&file)?);
        }
        runs.sort_by(|a, b| (&a.started_at, &a.run_id).cmp(&(&b.started_at, &b.run_id)));
        // More may have come from another machine than are kept here.
        runs.drain(..runs.len().saturating_sub(KEPT_RUNS));
        Ok(runs)
    }

    fn unknown(&self, name: &str) -> BaselineError {
        let known = self.names();
        let meant = nearest(name, known.iter().map(String::as_str));
        let meant = meant.map_or_else(String::new, |meant| format!("did you mean {meant:?}? "));
        let known = match known.is_empty() {
            true => "there is none yet".to_owned(),
            false => format!("{meant}known baselines: {}", known.join(", ")),
        };
        BaselineError::Unknown { name: name.to_owned(), folder: self.base.display().to_string(), known }
    }

    /// The names of the baselines that have a run.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.base).into_iter().flatten().filter_map(Result::ok);
        let has_runs = |entry: &fs::DirEntry| files_of(&entry.path()).is_ok_and(|files| !files.is_empty());
        let mut names: Vec<String> =
            entries.filter(has_runs).map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

/// The files of a baseline's folder that are to be saved runs: a note or a lock beside them is nobody's business.
fn files_of(folder: &Path) -> Result<Vec<PathBuf>, BaselineError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(folder, "read")(error)),
    };
    let is_run = |path: &PathBuf| {
        let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        path.extension().is_some_and(|extension| extension == "json") && !is_hidden
    };
    Ok(entries.filter_map(Result::ok).map(|entry| entry.path()).filter(is_run).collect())
}

/// A saved run; nothing where the file is not there, or no more: another process may have taken it away as the oldest.
fn read_run(path: &Path) -> Result<Option<SavedRun>, BaselineError> {
    let Some(text) = read_file(path)? else { return Ok(None) };
    let _head = head_of(path, &text)?;
    serde_json::from_slice(&text).map(Some).map_err(|error| foreign(path, &error))
}

fn read_file(path: &Path) -> Result<Option<Vec<u8>>, BaselineError> {
    match fs::read(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(path, "read")(error)),
    }
}

/// The version is looked at first: what is missing in a run of another version says nothing.
fn head_of(path: &Path, text: &[u8]) -> Result<Head, BaselineError> {
    let head: Head = serde_json::from_slice(text).map_err(|error| foreign(path, &error))?;
    match head.schema_version == u64::from(SAVED_RUN_VERSION) {
        true => Ok(head),
        false => Err(BaselineError::Version { path: path.display().to_string(), found: head.schema_version }),
    }
}

fn foreign(path: &Path, error: &serde_json::Error) -> BaselineError {
    BaselineError::Foreign { path: path.display().to_string(), reason: error.to_string() }
}

/// A file that is no saved run is left where it is: reading the baseline says so.
fn take_oldest_away(folder: &Path) -> Result<(), BaselineError> {
    let mut runs = Vec::new();
    for path in files_of(folder)? {
        let Some(text) = read_file(&path)? else { continue };
        if let Ok(head) = head_of(&path, &text) {
            runs.push((head.started_at, path));
        }
    }
    runs.sort();
    let surplus = runs.len().saturating_sub(KEPT_RUNS);
    for (_, path) in &runs[..surplus] {
        fs::remove_file(path).map_err(failed(path, "removed"))?;
    }
    Ok(())
}
