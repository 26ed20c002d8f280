//! Descriptors that run out.

#[cfg(any(target_os = "linux", target_os = "macos"))]
#[path = "descriptors/limit.rs"]
mod limit;
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
#[path = "descriptors/none.rs"]
mod limit;

use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use self::limit::Limit;
use crate::stop::StopToken;

/// There is one limit for the whole process.
static IS_LOWERED: AtomicBool = AtomicBool::new(false);

/// A process that has few file descriptors left: what opens a file or a connection beyond them gets "too many open files"
/// (`EMFILE`) until this is dropped.
///
/// The soft limit (`RLIMIT_NOFILE`) is lowered to where just so many numbers are free; nothing is held, and what is open
/// stays open. It holds for the whole process, this framework's part of it too (the journal is open already), and for
/// children that are started meanwhile. Linux and macOS.
///
/// ```no_run
/// use std::fs::File;
/// use proofload::fault::FewDescriptors;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let few = FewDescriptors::left(2)?;
/// let files: Vec<_> = (0..2).map(|_| File::open("Cargo.toml")).collect::<Result<_, _>>()?;
/// assert!(File::open("Cargo.toml").is_err());
/// few.heal();
/// assert!(File::open("Cargo.toml").is_ok());
/// # drop(files);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "dropping the guard gives the descriptors back"]
pub struct FewDescriptors {
    lowered: Arc<Lowered>,
    watch: Option<tokio::task::JoinHandle<()>>,
}

/// Why descriptors were not made few.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FewDescriptorsError {
    /// More than there are.
    #[error(
        "{wanted} descriptors cannot be left: the process may open {free} more (its limit is {limit}); ask for fewer"
    )]
    TooMany {
        /// How many were to be left.
        wanted: u64,
        /// How many are.
        free: u64,
        /// The soft limit of the process.
        limit: u64,
    },
    /// There is another guard.
    #[error("descriptors are few already: drop the other `FewDescriptors` first")]
    Already,
    /// The system has no such limit.
    #[error("this system has no limit of descriptors that can be lowered: Linux and macOS have one")]
    NotHere,
    /// Anything else.
    #[error("the limit of descriptors could not be lowered")]
    Failed(#[source] io::Error),
}

/// The lowered limit, until somebody puts it back.
#[derive(Debug)]
struct Lowered(Mutex<Option<Limit>>);

impl Lowered {
    fn restore(&self) {
        if let Some(limit) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            limit.restore();
            IS_LOWERED.store(false, Ordering::Release);
        }
    }
}

impl FewDescriptors {
    /// Leaves `left` descriptors to open, as of now: what other threads open or close meanwhile counts too.
    ///
    /// # Errors
    /// There are not so many left anyway, another guard is there, or the system does not allow it.
    pub fn left(left: u64) -> Result<Self, FewDescriptorsError> {
        if IS_LOWERED.swap(true, Ordering::AcqRel) {
            return Err(FewDescriptorsError::Already);
        }
        match Limit::lower(left) {
            Ok(limit) => Ok(Self { lowered: Arc::new(Lowered(Mutex::new(Some(limit)))), watch: None }),
            Err(error) => {
                IS_LOWERED.store(false, Ordering::Release);
                Err(error)
            }
        }
    }

    /// Gives them back once `stop` is stopped, too. Needs a runtime.
    pub(crate) fn until_stopped(mut self, stop: StopToken) -> Self {
        let lowered = Arc::clone(&self.lowered);
        self.watch = Some(tokio::spawn(async move {
            stop.stopped().await;
            lowered.restore();
        }));
        self
    }

    /// Gives them back: what dropping it does, with a name.
    pub fn heal(self) {
        drop(self);
    }
}

impl Drop for FewDescriptors {
    fn drop(&mut self) {
        if let Some(watch) = &self.watch {
            watch.abort();
        }
        self.lowered.restore();
    }
}
