use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{Builder, JoinHandle},
    time::{Duration, Instant},
};

use super::Bounds;
use crate::stop::StopToken;

/// A stopped case has 2 s: its stressors hear of it long before.
const LONGEST_NAP: Duration = Duration::from_millis(50);

/// A thread that applies pressure until it is told to end; it is waited for when this is dropped.
#[derive(Debug)]
pub(super) struct Hand {
    is_released: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What tells a thread that its time is over.
#[derive(Debug, Clone)]
pub(super) struct Ending {
    is_released: Arc<AtomicBool>,
    stop: StopToken,
    /// `None` for a time beyond what the clock counts.
    until: Option<Instant>,
}

impl Ending {
    pub(super) fn is_over(&self) -> bool {
        self.is_released.load(Ordering::Acquire)
            || self.stop.is_stopped()
            || self.until.is_some_and(|until| Instant::now() >= until)
    }

    /// Waits for `length`, or until it is over.
    pub(super) fn nap(&self, length: Duration) {
        let until = Instant::now() + length;
        while !self.is_over() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            std::thread::park_timeout(left.min(LONGEST_NAP));
        }
    }
}

impl Hand {
    /// Starts `work`, which asks its [`Ending`] often.
    pub(super) fn start(
        name: &str,
        bounds: &Bounds,
        work: impl FnOnce(Ending) + Send + 'static,
    ) -> io::Result<Self> {
        let is_released = Arc::new(AtomicBool::new(false));
        let ending = Ending {
            is_released: Arc::clone(&is_released),
            stop: bounds.stop.clone(),
            until: Instant::now().checked_add(bounds.longest),
        };
        let thread = Builder::new().name(name.to_owned()).spawn(move || work(ending))?;
        Ok(Self { is_released, thread: Some(thread) })
    }

    /// Says that its time is over, without waiting.
    pub(super) fn release(&self) {
        self.is_released.store(true, Ordering::Release);
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        self.release();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was printed when it happened; a second one here would abort.
            let _ended = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::stop::StopReason;

    #[test]
    fn a_stopped_case_ends_the_work_before_its_guard_goes() {
        let stop = StopToken::new();
        let (ended, has_ended) = mpsc::channel();
        let hand = Hand::start("test", &Bounds::stopped_by(stop.clone()), move |ending| {
            ending.nap(Duration::from_secs(3_600));
            ended.send(ending.is_over()).unwrap();
        });
        let hand = hand.unwrap();
        assert_eq!(has_ended.recv_timeout(Duration::from_millis(100)), Err(mpsc::RecvTimeoutError::Timeout));
        stop.stop(StopReason::Interrupted);
        assert_eq!(has_ended.recv_timeout(Duration::from_secs(60)), Ok(true));
        drop(hand);
    }
}
