//! The stop token: one word, passed downwards, that ends a load early; and the reasons for which it is said.

use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// Why something was stopped before its own end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StopReason {
    /// The case ran longer than its `time_limit`.
    TimeLimit,
    /// Memory crossed `max_memory`, or was about to.
    Memory,
    /// Memory grew faster than `max_memory_growth`.
    MemoryGrowth,
    /// The case used more of the available cores than `max_cpu`.
    Cpu,
    /// More operations were in flight than `max_concurrency`.
    Concurrency,
    /// The processes of the case had more open descriptors than `max_descriptors`.
    Descriptors,
    /// The processes of the case had more threads than `max_threads`.
    Threads,
    /// The case sent more bytes towards storage than `max_disk_written`.
    DiskWritten,
    /// The machine had less memory left than `min_free_memory`, whoever used it.
    MachineMemory,
    /// A disk that the case writes to had less space left than `min_free_disk`, whoever used it.
    MachineDisk,
    /// A person pressed Ctrl-C.
    Interrupted,
    /// The supervisor was asked to end, by SIGTERM: a CI job that was cancelled, a test runner's timeout.
    Terminated,
    /// The terminal of the run was closed.
    HungUp,
    /// The stop file appeared.
    StopFile,
    /// The supervising process went away.
    SupervisorLost,
    /// A threshold that says `abort` was missed.
    Threshold,
}

impl StopReason {
    /// The reason as the end of the sentence "stopped: ...".
    pub const fn words(self) -> &'static str {
        match self {
            Self::TimeLimit => "the time limit was reached",
            Self::Memory => "the memory limit was reached",
            Self::MemoryGrowth => "memory grew faster than its limit",
            Self::Cpu => "the CPU limit was crossed",
            Self::Concurrency => "the limit of concurrent operations was crossed",
            Self::Descriptors => "the limit of open descriptors was crossed",
            Self::Threads => "the limit of threads was crossed",
            Self::DiskWritten => "the limit of bytes written was crossed",
            Self::MachineMemory => "the machine ran low on memory",
            Self::MachineDisk => "a disk ran low on space",
            Self::Interrupted => "a person stopped it",
            Self::Terminated => "the run was asked to end",
            Self::HungUp => "the terminal was closed",
            Self::StopFile => "the stop file appeared",
            Self::SupervisorLost => "the supervisor went away",
            Self::Threshold => "a threshold with `abort` was missed",
        }
    }
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// Says once, to everybody who holds a copy, that it is time to stop. Cheap to clone and to ask.
#[derive(Clone, Debug)]
pub struct StopToken {
    shared: Arc<Shared>,
    /// Whoever stops this one stops the token too.
    parent: Option<Arc<Shared>>,
}

#[derive(Debug)]
struct Shared {
    stopped: AtomicBool,
    reason: OnceLock<StopReason>,
    changed: watch::Sender<bool>,
}

impl StopToken {
    pub(crate) fn new() -> Self {
        let shared = Shared {
            stopped: AtomicBool::new(false),
            reason: OnceLock::new(),
            changed: watch::Sender::new(false),
        };
        Self { shared: Arc::new(shared), parent: None }
    }

    /// A token for a part of the case: stopped with the whole, and ended alone.
    pub(crate) fn child(&self) -> Self {
        let parent = self.parent.as_ref().unwrap_or(&self.shared);
        Self { parent: Some(Arc::clone(parent)), ..Self::new() }
    }

    /// Asks everybody to stop. The first reason is the one that is kept.
    pub(crate) fn stop(&self, reason: StopReason) {
        let _kept = self.shared.reason.set(reason);
        self.shared.stopped.store(true, Ordering::Release);
        self.shared.changed.send_replace(true);
    }

    /// Ends what this token is for, as planned: without a reason.
    pub(crate) fn end(&self) {
        self.shared.stopped.store(true, Ordering::Release);
        self.shared.changed.send_replace(true);
    }

    /// Whether it is time to stop. Costs an atomic load, that of a part of a case two.
    #[inline]
    pub fn is_stopped(&self) -> bool {
        let is_said = |shared: &Arc<Shared>| shared.stopped.load(Ordering::Acquire);
        is_said(&self.shared) || self.parent.as_ref().is_some_and(is_said)
    }

    /// The reason, once it is time to stop; what has ended as planned has none.
    pub fn reason(&self) -> Option<StopReason> {
        let shared = self.parent.as_ref().unwrap_or(&self.shared);
        self.is_stopped().then(|| shared.reason.get().copied()).flatten()
    }

    /// Waits until it is time to stop.
    pub async fn stopped(&self) {
        match &self.parent {
            Some(parent) => tokio::select! {
                () = parent.said() => {}
                () = self.shared.said() => {}
            },
            None => self.shared.said().await,
        }
    }

    /// Waits until it is time to stop everything, not just what this token is for.
    pub(crate) async fn halted(&self) {
        self.parent.as_ref().unwrap_or(&self.shared).said().await;
    }
}

impl Shared {
    async fn said(&self) {
        let mut changed = self.changed.subscribe();
        // The sender lives in `self`, so waiting cannot end before the word is said.
        let _said = changed.wait_for(|stopped| *stopped).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_reason_stays_and_waiters_wake() {
        let token = StopToken::new();
        assert_eq!((token.is_stopped(), token.reason()), (false, None));
        let waiter = tokio::spawn({
            let token = token.clone();
            async move { token.stopped().await }
        });
        token.stop(StopReason::TimeLimit);
        token.stop(StopReason::Interrupted);
        waiter.await.unwrap();
        assert_eq!(token.reason(), Some(StopReason::TimeLimit));
        token.stopped().await;
    }

    #[tokio::test]
    async fn a_part_ends_alone_and_stops_with_the_whole() {
        let whole = StopToken::new();
        let (ended, other) = (whole.child(), whole.child());
        ended.end();
        ended.stopped().await;
        assert_eq!([&whole, &ended, &other].map(StopToken::is_stopped), [false, true, false]);
        assert_eq!(ended.reason(), None, "it ended as planned");
        whole.stop(StopReason::Interrupted);
        other.stopped().await;
        ended.halted().await;
        assert_eq!([ended, other].map(|part| part.reason()), [Some(StopReason::Interrupted); 2]);
    }
}
