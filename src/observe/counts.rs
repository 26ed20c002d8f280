use serde::{Deserialize, Serialize};

/// How many operations ended in which way. `due` is counted when an operation falls due, the others when it ends;
/// [`Counts::is_balanced`] holds for every finished load.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Counts {
    /// Were to start.
    pub due: u64,
    /// Succeeded.
    pub ok: u64,
    /// Were refused politely.
    pub rejected: u64,
    /// Failed.
    pub error: u64,
    /// Ran into the operation timeout.
    pub timeout: u64,
    /// Were still running when the drain ended.
    pub unfinished: u64,
    /// Never started: the cap of operations in flight was reached.
    pub dropped: u64,
}

impl Counts {
    /// Those that ended in one of the six ways.
    pub const fn ended(&self) -> u64 {
        self.ok + self.rejected + self.error + self.timeout + self.unfinished + self.dropped
    }

    /// Whether every operation that was due is accounted for exactly once.
    pub const fn is_balanced(&self) -> bool {
        self.due == self.ended()
    }

    /// Adds `other`.
    pub fn merge(&mut self, other: &Self) {
        self.due += other.due;
        self.ok += other.ok;
        self.rejected += other.rejected;
        self.error += other.error;
        self.timeout += other.timeout;
        self.unfinished += other.unfinished;
        self.dropped += other.dropped;
    }

    /// What was counted since `earlier`.
    pub(crate) const fn since(&self, earlier: &Self) -> Self {
        Self {
            due: self.due - earlier.due,
            ok: self.ok - earlier.ok,
            rejected: self.rejected - earlier.rejected,
            error: self.error - earlier.error,
            timeout: self.timeout - earlier.timeout,
            unfinished: self.unfinished - earlier.unfinished,
            dropped: self.dropped - earlier.dropped,
        }
    }
}
