//! The stop token: one word, passed downwards, that ends a load early; and the reasons for which it is said.

use std::{
    fmt,
    sync::{
        Arc, Mutex, OnceLock, PoisonError, Weak,
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
    /// Another node of the run stopped it; the report says which, and why.
    OtherNode,
    /// A node of the run was lost, or this one has lost the others.
    NodeLost,
    /// A load was to end at a ceiling of memory, CPU or descriptors, and reached it; its case goes on.
    Ceiling,
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
            Self::OtherNode => "another node stopped it",
            Self::NodeLost => "a node was lost",
            Self::Ceiling => "the ceiling that it was to find was reached",
        }
    }

    /// Whether a case is killed for it at once: two gigabytes a second leave no time for words.
    pub(crate) const fn leaves_no_time(self) -> bool {
        matches!(self, Self::Memory | Self::MachineMemory)
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
}

#[derive(Debug)]
struct Shared {
    stopped: AtomicBool,
    reason: OnceLock<StopReason>,
    said: watch::Sender<Word>,
    /// Told too when this one is, so that asking costs one load whatever stands above.
    children: Mutex<Vec<Weak<Shared>>>,
}

/// What was said to those who hold a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    GoOn,
    /// It is over, as planned.
    End,
    /// Stop, for a reason.
    Stop,
}

impl Shared {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            stopped: AtomicBool::new(false),
            reason: OnceLock::new(),
            said: watch::Sender::new(Word::GoOn),
            children: Mutex::default(),
        })
    }

    fn stop(&self, reason: StopReason) {
        let _kept = self.reason.set(reason);
        self.stopped.store(true, Ordering::Release);
        self.said.send_replace(Word::Stop);
        let children = std::mem::take(&mut *self.children.lock().unwrap_or_else(PoisonError::into_inner));
        children.iter().filter_map(Weak::upgrade).for_each(|child| child.stop(reason));
    }

    fn end(&self) {
        self.stopped.store(true, Ordering::Release);
        // A stop may have been said already, and says more.
        self.said.send_if_modified(|word| {
            let is_news = *word == Word::GoOn;
            if is_news {
                *word = Word::End;
            }
            is_news
        });
    }

    fn reason(&self) -> Option<StopReason> {
        self.stopped.load(Ordering::Acquire).then(|| self.reason.get().copied()).flatten()
    }

    async fn heard(&self, is_it: impl Fn(Word) -> bool) {
        let mut said = self.said.subscribe();
        // The sender lives in `self`, so waiting cannot end before the word is said.
        let _said = said.wait_for(|word| is_it(*word)).await;
    }
}

impl StopToken {
    pub(crate) fn new() -> Self {
        Self { shared: Shared::new() }
    }

    /// Asks everybody to stop. The first reason is the one that is kept.
    pub(crate) fn stop(&self, reason: StopReason) {
        self.shared.stop(reason);
    }

    /// Ends what this token is for, as planned: without a reason.
    pub(crate) fn end(&self) {
        self.shared.end();
    }

    /// A token for a part: stopped with this one, and stopped or ended alone.
    pub(crate) fn child(&self) -> Self {
        let child = Self::new();
        let mut children = self.shared.children.lock().unwrap_or_else(PoisonError::into_inner);
        children.retain(|other| other.strong_count() > 0);
        children.push(Arc::downgrade(&child.shared));
        drop(children);
        // Said while it was being entered, it may have been missed.
        if let Some(reason) = self.shared.reason() {
            child.stop(reason);
        }
        child
    }

    /// Whether it is time to stop. Costs one atomic load.
    #[inline]
    pub fn is_stopped(&self) -> bool {
        self.shared.stopped.load(Ordering::Acquire)
    }

    /// The reason, once it is time to stop; what has ended as planned has none.
    pub fn reason(&self) -> Option<StopReason> {
        self.shared.reason()
    }

    /// Waits until it is time to stop.
    pub async fn stopped(&self) {
        self.shared.heard(|word| word != Word::GoOn).await;
    }

    /// Waits until there is a reason to stop: that what this token is for has ended as planned is none.
    pub(crate) async fn halted(&self) {
        self.shared.heard(|word| word == Word::Stop).await;
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

    #[tokio::test]
    async fn a_child_is_stopped_with_its_parent_and_can_be_stopped_alone() {
        let parent = StopToken::new();
        let (alone, with) = (parent.child(), parent.child());
        alone.stop(StopReason::Ceiling);
        alone.end();
        alone.halted().await;
        assert_eq!((parent.is_stopped(), with.is_stopped()), (false, false));
        let grandchild = with.child();
        parent.stop(StopReason::TimeLimit);
        grandchild.stopped().await;
        assert_eq!(grandchild.reason(), Some(StopReason::TimeLimit));
        assert_eq!(alone.reason(), Some(StopReason::Ceiling));
        assert_eq!(parent.child().reason(), Some(StopReason::TimeLimit), "born after the word was said");
    }
}
