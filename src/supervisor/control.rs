use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::stop::StopReason;

/// What people say to a run: Ctrl-C once or twice, or a stop file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Control {
    interrupts: Arc<AtomicUsize>,
    stop_file: Option<PathBuf>,
    stopped: Arc<Mutex<Option<StopReason>>>,
}

impl Control {
    /// Listens to signals from now on.
    pub(crate) fn listen(stop_file: Option<PathBuf>) -> std::io::Result<Self> {
        let control = Self { stop_file, ..Self::default() };
        control.hear_signals()?;
        Ok(control)
    }

    #[cfg(unix)]
    fn hear_signals(&self) -> std::io::Result<()> {
        use signal_hook::{
            consts::{SIGHUP, SIGINT, SIGTERM},
            iterator::Signals,
        };
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let interrupts = Arc::clone(&self.interrupts);
        std::thread::Builder::new().name("proofload-signals".to_owned()).spawn(move || {
            for _signal in signals.forever() {
                interrupts.fetch_add(1, Ordering::AcqRel);
            }
        })?;
        Ok(())
    }

    #[cfg(not(unix))]
    fn hear_signals(&self) -> std::io::Result<()> {
        let interrupts = Arc::clone(&self.interrupts);
        ctrlc::set_handler(move || {
            interrupts.fetch_add(1, Ordering::AcqRel);
        })
        .map_err(std::io::Error::other)
    }

    /// Why the whole run is to stop, if it is: kept from the first time it was asked and true.
    pub(crate) fn stop_reason(&self) -> Option<StopReason> {
        let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        if stopped.is_none() {
            if self.interrupts.load(Ordering::Acquire) > 0 {
                *stopped = Some(StopReason::Interrupted);
            } else if self.stop_file.as_ref().is_some_and(|path| path.exists()) {
                *stopped = Some(StopReason::StopFile);
            }
        }
        *stopped
    }

    /// Whether somebody insists.
    pub(crate) fn wants_kill(&self) -> bool {
        self.interrupts.load(Ordering::Acquire) > 1
    }

    /// What stopped the run, in words.
    pub(crate) fn sentence(&self, reason: StopReason) -> String {
        match (reason, &self.stop_file) {
            (StopReason::StopFile, Some(path)) => {
                format!("the stop file `{}` appeared", path.file_name().unwrap_or(path.as_os_str()).display())
            }
            _ => "a person stopped it (Ctrl-C or a signal to the supervisor)".to_owned(),
        }
    }
}
