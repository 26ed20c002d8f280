//! A bounded pool of threads for work that blocks.
//!
//! It owns its threads and one queue of limited length. Work is taken at once or refused at once: nobody waits for a
//! place. It never grows, and never lets a panic out of the work that caused it.

use std::any::Any;
use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

/// The queue has no place left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("all {places} places of the queue are taken: try again later")]
pub(crate) struct Busy {
    /// The queue's length.
    pub places: usize,
}

/// Why accepted work has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JobError {
    /// The work panicked; the thread goes on.
    #[error("the work panicked: {0}")]
    Panicked(String),
    /// The pool was dropped before the work was done.
    #[error("the pool was closed before the work was done")]
    Closed,
}

/// Threads and their queue. Dropping it discards what waits, and blocks until the work in hand is done.
#[derive(Debug)]
pub(crate) struct Pool {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

type Job = Box<dyn FnOnce() + Send>;

struct Shared {
    state: Mutex<State>,
    /// Signalled once for each new job, and to all when the pool closes.
    changed: Condvar,
    places: usize,
}

struct State {
    waiting: VecDeque<Job>,
    open: bool,
}

impl Pool {
    /// A pool of `threads` threads in front of which at most `places` jobs wait. Both count as one if they are zero.
    pub(crate) fn new(threads: usize, places: usize) -> io::Result<Self> {
        let places = places.max(1);
        let state = Mutex::new(State { waiting: VecDeque::with_capacity(places), open: true });
        let shared = Arc::new(Shared { state, changed: Condvar::new(), places });
        let mut pool = Self { shared, threads: Vec::new() };
        for number in 0..threads.max(1) {
            let shared = Arc::clone(&pool.shared);
            let thread =
                thread::Builder::new().name(format!("pool-{number}")).spawn(move || shared.serve())?;
            // At once, so that an error for a later thread drops a pool that knows of this one.
            pool.threads.push(thread);
        }
        Ok(pool)
    }

    /// Hands `work` to the pool. The future gives its result; dropping the future before a thread has taken the work
    /// cancels it (it keeps its place in the queue until then, and takes no time).
    pub(crate) fn submit<T, F>(&self, work: F) -> Result<Pending<T>, Busy>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let (reply, result) = oneshot::channel();
        let job = Box::new(move || {
            if !reply.is_closed() {
                // Nobody may be left to hear it: the future can be dropped while the work runs.
                let _ = reply.send(caught(work));
            }
        });
        let mut state = self.shared.lock();
        if state.waiting.len() >= self.shared.places {
            return Err(Busy { places: self.shared.places });
        }
        state.waiting.push_back(job);
        drop(state);
        self.shared.changed.notify_one();
        Ok(Pending { result })
    }
}

/// Runs `work`, with a panic as an error.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, JobError> {
    // Unwind safe as long as what work shares with the rest is never seen half changed: a store that rolls back what was
    // not committed, a model that is only read.
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| JobError::Panicked(words_of(panic.as_ref())))
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    let literal = panic.downcast_ref::<&str>().copied();
    let words = literal.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    words.unwrap_or("no message").to_owned()
}

impl Drop for Pool {
    fn drop(&mut self) {
        let discarded = {
            let mut state = self.shared.lock();
            state.open = false;
            std::mem::take(&mut state.waiting)
        };
        self.shared.changed.notify_all();
        // Outside the lock: what the jobs captured runs its own drops.
        drop(discarded);
        for thread in self.threads.drain(..) {
            // Work may hold the last handle to the pool, and a thread cannot join itself; it ends by itself.
            if thread.thread().id() != thread::current().id() {
                // A thread only ends by returning: panics are caught around each job.
                let _ = thread.join();
            }
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No job runs under the lock, so a poisoned one still guards a sound queue.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self) {
        while let Some(job) = self.next() {
            job();
        }
    }

    /// The next job; waits for one, and is `None` when the pool closes.
    fn next(&self) -> Option<Job> {
        let idle = |state: &mut State| state.open && state.waiting.is_empty();
        let mut state = self.changed.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
        state.waiting.pop_front()
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("places", &self.places).finish_non_exhaustive()
    }
}

/// The result of submitted work, when it is there.
#[derive(Debug)]
#[must_use = "dropping the future cancels the work"]
pub(crate) struct Pending<T> {
    result: oneshot::Receiver<Result<T, JobError>>,
}

impl<T> Future for Pending<T> {
    type Output = Result<T, JobError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(ready!(Pin::new(&mut self.result).poll(cx)).unwrap_or(Err(JobError::Closed)))
    }
}
