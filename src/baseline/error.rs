use std::{io, path::Path};

use super::saved::SAVED_RUN_VERSION;

/// Why a baseline cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BaselineError {
    #[error(
        "{name:?} cannot be the name of a baseline: letters, digits, `-`, `_` and `.` make one, at most {longest} of \
         them, and no `.` at its beginning"
    )]
    Name { name: String, longest: usize },
    #[error("no baseline is called {name:?} in {folder}; {known}; --save-baseline {name} makes it")]
    Unknown { name: String, folder: String, known: String },
    #[error("{path} is not a saved run: {reason}; take it away, or save the baseline anew")]
    Foreign { path: String, reason: String },
    #[error(
        "{path} is a saved run of version {found}, and this is version {SAVED_RUN_VERSION}: save the baseline anew"
    )]
    Version { path: String, found: u64 },
    #[error("{path} cannot be {done}: {source}; baseline_dir (PROOFLOAD_BASELINE_DIR) names another folder")]
    Io { path: String, done: &'static str, source: io::Error },
}

/// Puts the path and what was to be done with it around an error of the file system.
pub(super) fn failed(path: &Path, done: &'static str) -> impl FnOnce(io::Error) -> BaselineError {
    let path = path.display().to_string();
    move |source| BaselineError::Io { path, done, source }
}
