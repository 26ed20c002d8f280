use super::chart::Ink;
use crate::observe::Counts;

/// A way in which operations end: its name, its colour and how many there were.
pub(super) struct Outcome {
    pub(super) name: &'static str,
    pub(super) ink: Ink,
    pub(super) count: fn(&Counts) -> u64,
}

/// All of them, the good one first.
pub(super) const OUTCOMES: [Outcome; 6] = [
    Outcome { name: "ok", ink: Ink::Green, count: |counts| counts.ok },
    Outcome { name: "rejected", ink: Ink::Purple, count: |counts| counts.rejected },
    Outcome { name: "error", ink: Ink::Red, count: |counts| counts.error },
    Outcome { name: "timeout", ink: Ink::Orange, count: |counts| counts.timeout },
    Outcome { name: "unfinished", ink: Ink::Teal, count: |counts| counts.unfinished },
    Outcome { name: "dropped", ink: Ink::Grey, count: |counts| counts.dropped },
];
