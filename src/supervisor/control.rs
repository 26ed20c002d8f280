use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use crate::stop::StopReason;

/// Two signals within this time are one: the kernel and the shell both tell of a terminal that is closed.
const ONE_SIGNAL: Duration = Duration::from_millis(50);

/// What people say to a run: Ctrl-C once or twice, SIGTERM, the end of the terminal, or a stop file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Control {
    heard: Arc<Heard>,
    stop_file: Option<PathBuf>,
    stopped: Arc<Mutex<Option<StopReason>>>,
    /// Why another node of the run stopped it.
    afar: Arc<OnceLock<(StopReason, String)>>,
}

/// The signals so far.
#[derive(Debug, Default)]
struct Heard {
    times: AtomicUsize,
    first: OnceLock<(StopReason, Instant)>,
}

impl Heard {
    fn hear(&self, reason: StopReason) {
        let (_first, at) = self.first.get_or_init(|| (reason, Instant::now()));
        if self.times.load(Ordering::Acquire) == 0 || at.elapsed() > ONE_SIGNAL {
            self.times.fetch_add(1, Ordering::AcqRel);
        }
    }
}

impl Control {
    /// Listens to signals from now on.
    pub(crate) fn listen(stop_file: Option<PathBuf>) -> std::io::Result<Self> {
        let control = Self { stop_file, ..Self::default() };
        control.hear_signals()?;
        Ok(control)
    }

    /// Hears no signals, which belong to the whole process, only this file.
    #[cfg(all(test, unix))]
    pub(crate) fn of_file(stop_file: PathBuf) -> Self {
        Self { stop_file: Some(stop_file), ..Self::default() }
    }

    #[cfg(unix)]
    fn hear_signals(&self) -> std::io::Result<()> {
        use signal_hook::{
            consts::{SIGHUP, SIGINT, SIGTERM},
            iterator::Signals,
        };
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let heard = Arc::clone(&self.heard);
        std::thread::Builder::new().name("proofload-signals".to_owned()).spawn(move || {
            for signal in signals.forever() {
                heard.hear(match signal {
                    SIGTERM => StopReason::Terminated,
                    SIGHUP => StopReason::HungUp,
                    _ => StopReason::Interrupted,
                });
            }
        })?;
        Ok(())
    }

    #[cfg(not(unix))]
    fn hear_signals(&self) -> std::io::Result<()> {
        let heard = Arc::clone(&self.heard);
        ctrlc::set_handler(move || heard.hear(StopReason::Interrupted)).map_err(std::io::Error::other)
    }

    /// Why the whole run is to stop, if it is: by what is said here, or at another of its nodes.
    pub(crate) fn stop_reason(&self) -> Option<StopReason> {
        self.own_reason().or_else(|| self.afar.get().map(|(reason, _)| *reason))
    }

    /// Another node of the run was told to stop it.
    pub(crate) fn stop_from_afar(&self, reason: StopReason, sentence: &str) {
        let _earlier = self.afar.set((reason, sentence.to_owned()));
    }

    /// What was said here: kept from the first time it was asked and true.
    pub(crate) fn own_reason(&self) -> Option<StopReason> {
        let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        if stopped.is_none() {
            if let Some((reason, _at)) = self.heard.first.get() {
                *stopped = Some(*reason);
            } else if self.stop_file.as_ref().is_some_and(|path| path.exists()) {
                *stopped = Some(StopReason::StopFile);
            }
        }
        *stopped
    }

    /// Whether somebody insists.
    pub(crate) fn wants_kill(&self) -> bool {
        self.heard.times.load(Ordering::Acquire) > 1
    }

    /// What stopped the run, in words.
    pub(crate) fn sentence(&self, reason: StopReason) -> String {
        if let (None, Some((_, sentence))) = (self.own_reason(), self.afar.get()) {
            return sentence.clone();
        }
        match (reason, &self.stop_file) {
            (StopReason::StopFile, Some(path)) => {
                format!("the stop file `{}` appeared", path.file_name().unwrap_or(path.as_os_str()).display())
            }
            (StopReason::Terminated, _) => "the run was asked to end (SIGTERM to the supervisor)".to_owned(),
            (StopReason::HungUp, _) => "the terminal of the run was closed (SIGHUP)".to_owned(),
            _ => "a person stopped it (Ctrl-C)".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reason_is_kept_and_the_second_signal_insists() {
        let control = Control::default();
        assert_eq!((control.stop_reason(), control.wants_kill()), (None, false));
        control.heard.hear(StopReason::Terminated);
        control.heard.hear(StopReason::Interrupted);
        assert_eq!(control.stop_reason(), Some(StopReason::Terminated));
        assert!(!control.wants_kill(), "passed on twice, said once");
        std::thread::sleep(ONE_SIGNAL + Duration::from_millis(10));
        control.heard.hear(StopReason::Interrupted);
        assert_eq!((control.stop_reason(), control.wants_kill()), (Some(StopReason::Terminated), true));
    }
}
