use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use super::{
    CaseReport, FolderError, RunFolder, RunReport,
    folder::{BEGUN, RUNNING, failed},
};

/// Why the reports of a run could not be made anew.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RebuildError {
    #[error("there is no run in {path}: name the folder of a run, or its name in the folder of the reports")]
    NoRun { path: String },
    #[error(
        "the run in {path} is still going on: stop it (Ctrl-C, or a file called `stop` in there), or wait for it"
    )]
    GoingOn { path: String },
    #[error("{path} is not what a run begins with: {reason}; without it there is nothing to make reports of")]
    Unreadable { path: String, reason: String },
    #[error(transparent)]
    Folder(#[from] FolderError),
}

impl RunFolder {
    /// The folder of a run that was: `run` is its path, or its name below `base`.
    pub(crate) fn of_past(base: &Path, run: &str) -> Result<Self, RebuildError> {
        let places = [base.join(run), PathBuf::from(run)];
        let found = places.iter().find(|path| path.join(BEGUN).is_file());
        let no_run = || RebuildError::NoRun { path: places[0].display().to_string() };
        let path = found.ok_or_else(no_run)?.canonicalize().map_err(|_| no_run())?;
        Ok(Self { path })
    }

    /// What the run said of itself when it began, and its cases as far as it told them. Nobody else may be at it.
    pub(crate) fn begun(&self) -> Result<(RunReport, Vec<CaseReport>), RebuildError> {
        let running = self.path.join(RUNNING);
        let lock = File::create(&running).map_err(failed("the lock", &running, "made"))?;
        if lock.try_lock().is_err() {
            return Err(RebuildError::GoingOn { path: self.path.display().to_string() });
        }
        let path = self.path.join(BEGUN);
        let run = read::<RunReport>(&path).map_err(|error| RebuildError::Unreadable {
            path: path.display().to_string(),
            reason: error.to_string(),
        })?;
        let folder = self.path.join("cases");
        let entries = fs::read_dir(&folder).into_iter().flatten().filter_map(Result::ok);
        // A folder without a report is that of a case that never began, one under another name an earlier attempt.
        let mut cases: Vec<CaseReport> = entries
            .map(|entry| entry.path())
            .filter_map(|path| Some((read::<CaseReport>(&path.join("case.json")).ok()?, path)))
            .filter(|(case, path)| self.path.join(&case.folder) == *path)
            .map(|(case, _path)| case)
            .collect();
        cases.sort_by(|a, b| a.name.cmp(&b.name));
        Ok((run, cases))
    }
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> io::Result<T> {
    serde_json::from_slice(&fs::read(path)?).map_err(io::Error::other)
}
