use std::{
    fs::File,
    io::{self, Write},
    path::Path,
    sync::{Mutex, OnceLock, PoisonError},
    time::{Instant, UNIX_EPOCH},
};

use super::{Event, Line, sealed::seal};

/// Appends events, each as one write, so that a kill tears at most the last line.
pub(crate) struct Writer {
    file: Mutex<File>,
    began: Instant,
    failed: OnceLock<String>,
}

impl Writer {
    /// A new journal at `path`.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let file = File::options().create(true).append(true).open(path)?;
        Ok(Self { file: Mutex::new(file), began: Instant::now(), failed: OnceLock::new() })
    }

    /// Now, in seconds since 1970, UTC; `None` where the machine's clock is before that.
    pub(crate) fn unix_s() -> Option<f64> {
        UNIX_EPOCH.elapsed().ok().map(|since| since.as_secs_f64())
    }

    pub(crate) const fn began(&self) -> Instant {
        self.began
    }

    /// Writes one event. When that fails (a full disk, say) the first error is kept for [`Writer::failure`]: the
    /// case goes on, and its end says that the journal is incomplete.
    pub(crate) fn write(&self, event: Event) {
        let line = Line { t_s: self.began.elapsed().as_secs_f64(), event };
        let written = serde_json::to_string(&line).map_err(io::Error::other).and_then(|text| {
            let text = seal(text);
            // A panic while writing leaves at worst a torn line, which the reader skips.
            self.file.lock().unwrap_or_else(PoisonError::into_inner).write_all(text.as_bytes())
        });
        if let Err(error) = written
            && self.failed.set(error.to_string()).is_ok()
        {
            eprintln!(
                "proofload: the journal cannot be written: {error}; the report of this case will be incomplete"
            );
        }
    }

    /// The first error of a write.
    pub(crate) fn failure(&self) -> Option<&str> {
        self.failed.get().map(String::as_str)
    }
}
