//! What a run tells GitHub Actions beside its reports: annotations, and the summary of the step.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
};

use super::{place, step_summary};
use crate::{
    report::{RunFolder, RunReport, annotations},
    suite::Suite,
};

/// What GitHub's runner says of itself.
#[derive(Debug, Default)]
pub(super) struct GitHub {
    /// Somebody reads the workflow commands on our standard error.
    is_listening: bool,
    /// Where the summary of the step goes.
    step_summary: Option<PathBuf>,
    /// The root of the repository.
    workspace: Option<PathBuf>,
}

impl GitHub {
    /// As the environment says; nothing elsewhere.
    pub(super) fn of_environment() -> Self {
        let path = |name: &str| env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
        Self {
            is_listening: env::var_os("GITHUB_ACTIONS") == Some(OsString::from("true")),
            step_summary: path("GITHUB_STEP_SUMMARY"),
            workspace: path("GITHUB_WORKSPACE"),
        }
    }

    /// Prints the annotations of `own`, the part of this process of the run `whole`.
    pub(super) fn annotate(&self, suite: &Suite, own: &RunReport, whole: &RunReport) {
        if self.is_listening {
            eprint!("{}", annotations(own, whole, &self.root(suite)));
        }
    }

    /// Puts what `summary.md` has into the summary of the step. That it cannot be is no fault of the run.
    pub(super) fn sum_up(&self, folder: &RunFolder, run: &RunReport, formats: &[String]) {
        let Some(path) = self.step_summary.as_ref().filter(|_| formats.iter().any(|f| f == "markdown"))
        else {
            return;
        };
        // Suites of one nextest run may have folders of their own: then each has a block of its own.
        let folder_sum = crc32fast::hash(folder.path().as_os_str().as_encoded_bytes());
        let block = format!("{}-{folder_sum:08x}", run.run_id);
        if let Err(error) = step_summary::write(path, &block, &folder.markdown()) {
            eprintln!(
                "warning: the summary of the step {} cannot be written: {error}; the same is in {}",
                path.display(),
                place::shown(&folder.markdown()).display()
            );
        }
    }

    /// Where the files of the cases are, seen from the root of the repository: the compiler names them as they are seen
    /// from the root of the workspace. Nothing, or a path that ends in `/`.
    fn root(&self, suite: &Suite) -> String {
        let below = self.workspace.as_ref().and_then(|root| {
            let (root, here) = (root.canonicalize().ok()?, place::workspace(suite)?.canonicalize().ok()?);
            here.strip_prefix(root).ok().map(Path::to_owned)
        });
        let parts = below.iter().flat_map(|path| path.components());
        parts.map(|part| format!("{}/", part.as_os_str().to_string_lossy())).collect()
    }
}
