use std::{
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use crate::supervisor::Control;

/// Between two tries.
const RETRY: Duration = Duration::from_millis(100);

/// Lets one case run at a time, on the machine or wherever the same lock file is used.
#[derive(Debug, Clone)]
pub(super) enum Turns {
    Off,
    File(PathBuf),
    /// Others of the same kind have it at the same time: nodes of one run may be on one machine.
    Among(PathBuf),
}

/// Why there is no turn.
#[derive(Debug, thiserror::Error)]
pub(super) enum LockError {
    #[error("the lock file {path} cannot be used: {source}; set `lock` to another path or to off")]
    File { path: String, source: io::Error },
    #[error("the run was stopped while it waited for another one")]
    Stopped,
}

impl Turns {
    /// From the setting `lock`: `machine`, `off`, or a path.
    pub(super) fn of_setting(text: &str) -> Self {
        match text {
            "off" => Self::Off,
            "machine" => Self::File(machine_file()),
            path => Self::File(PathBuf::from(path)),
        }
    }

    /// The same turn for all nodes of a run.
    pub(super) fn among_nodes(self) -> Self {
        match self {
            Self::File(path) => Self::Among(path),
            other => other,
        }
    }

    /// Waits for this process's turn. It lasts as long as the file is kept.
    pub(super) fn wait(&self, control: &Control) -> Result<Option<File>, LockError> {
        let (path, is_shared) = match self {
            Self::Off => return Ok(None),
            Self::File(path) => (path, false),
            Self::Among(path) => (path, true),
        };
        let file_error = |source| LockError::File { path: path.display().to_string(), source };
        let file = open(path).map_err(file_error)?;
        let mut has_said = false;
        loop {
            match if is_shared { file.try_lock_shared() } else { file.try_lock() } {
                Ok(()) => return Ok(Some(file)),
                Err(TryLockError::Error(error)) => return Err(file_error(error)),
                Err(TryLockError::WouldBlock) => {}
            }
            if !has_said {
                has_said = true;
                eprintln!("proofload: waiting for another stress case on this machine ({})", path.display());
            }
            if control.stop_reason().is_some() {
                return Err(LockError::Stopped);
            }
            thread::sleep(RETRY);
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    File::options().create(true).truncate(false).write(true).open(path)
}

/// One file for each user: another user's cannot be opened.
fn machine_file() -> PathBuf {
    #[cfg(unix)]
    let user = rustix::process::getuid().as_raw().to_string();
    #[cfg(not(unix))]
    let user = std::env::var("USERNAME").unwrap_or_default();
    std::env::temp_dir().join(format!("proofload-{user}.lock"))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn the_second_waits_for_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let turns = Turns::of_setting(folder.path().join("lock").to_str().unwrap());
        let first = turns.wait(&Control::default()).unwrap();
        let (send, order) = mpsc::channel();
        let waiting = thread::spawn({
            let (turns, send) = (turns.clone(), send.clone());
            move || {
                let turn = turns.wait(&Control::default()).unwrap();
                send.send("second").unwrap();
                drop(turn);
            }
        });
        thread::sleep(Duration::from_millis(150));
        send.send("first").unwrap();
        drop(first);
        waiting.join().unwrap();
        assert_eq!(order.try_iter().collect::<Vec<_>>(), ["first", "second"]);
    }

    #[test]
    fn off_is_never_waited_for_and_a_bad_path_is_named() {
        assert!(Turns::of_setting("off").wait(&Control::default()).unwrap().is_none());
        let error = Turns::of_setting("/nowhere/at/all").wait(&Control::default()).unwrap_err();
        assert!(error.to_string().starts_with("the lock file /nowhere/at/all cannot be used: "), "{error}");
    }
}
