use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicUsize, Ordering},
};

use super::{
    Injected,
    injection::{Core, Meeting},
};

/// Faults that are at points. Where there are none a point costs one load of this.
static IN_FORCE: AtomicUsize = AtomicUsize::new(0);

/// The faults themselves.
static FAULTS: RwLock<Vec<Arc<Core>>> = RwLock::new(Vec::new());

/// A place in a target's code at which it may meet an injected fault: an error, a hang, a panic, a delay. Without faults
/// [`at`](super::Faults::at) its name it does nothing, and costs next to nothing.
///
/// Which passages meet one is decided by their number since the faults came into force: the same numbers in every run
/// with the same seed, whoever comes by with them.
///
/// # Errors
/// The fault is an error.
///
/// ```
/// use proofload::fault::{Injected, point};
///
/// async fn infer(window: &[f32]) -> Result<f32, Injected> {
///     point("model").await?;
///     Ok(window.iter().sum())
/// }
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # assert_eq!(runtime.block_on(infer(&[1.0, 2.0])), Ok(3.0));
/// ```
#[inline]
pub async fn point(name: &str) -> Result<(), Injected> {
    match IN_FORCE.load(Ordering::Relaxed) {
        0 => Ok(()),
        // In a box: the futures of those who call it stay small.
        _ => Box::pin(reached(name)).await,
    }
}

/// As [`point`], for code that blocks its thread: so do its hangs and delays.
///
/// # Errors
/// The fault is an error.
#[inline]
pub fn point_blocking(name: &str) -> Result<(), Injected> {
    match IN_FORCE.load(Ordering::Relaxed) {
        0 => Ok(()),
        _ => reached_blocking(name),
    }
}

#[cold]
async fn reached(name: &str) -> Result<(), Injected> {
    for (core, meeting) in met(name) {
        meeting.endure(&core).await?;
    }
    Ok(())
}

#[cold]
fn reached_blocking(name: &str) -> Result<(), Injected> {
    met(name).into_iter().try_for_each(|(core, meeting)| meeting.endure_blocking(&core))
}

/// Who was met there.
fn met(name: &str) -> Vec<(Arc<Core>, Meeting)> {
    let faults = FAULTS.read().unwrap_or_else(PoisonError::into_inner);
    faults.iter().filter_map(|core| Some((Arc::clone(core), core.passed(name)?))).collect()
}

/// Faults come into force at their points.
pub(super) fn enter(core: &Arc<Core>) {
    FAULTS.write().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(core));
    IN_FORCE.fetch_add(1, Ordering::Release);
}

/// They are no longer in force.
pub(super) fn leave(core: &Core) {
    let mut faults = FAULTS.write().unwrap_or_else(PoisonError::into_inner);
    let before = faults.len();
    faults.retain(|other| !std::ptr::eq(Arc::as_ptr(other), core));
    IN_FORCE.fetch_sub(before - faults.len(), Ordering::Release);
}
