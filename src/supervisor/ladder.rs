use std::time::{Duration, Instant};

use super::StopCause;
use crate::{safety::Crossing, stop::StopReason};

/// From the word to the signal: time to drain and to report.
const GRACE: Duration = Duration::from_secs(2);

/// From the signal to the kill.
const LAST_GRACE: Duration = Duration::from_secs(1);

/// What the supervisor has to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Wait,
    /// Tell the case through its control pipe.
    Say(StopReason),
    /// End the process group politely.
    Terminate,
    /// End everything.
    Kill,
}

/// The emergency stop: a word, then a signal, then a kill. For memory only the kill.
#[derive(Debug, Default)]
pub(super) struct Ladder {
    begun: Option<Begun>,
}

#[derive(Debug)]
struct Begun {
    crossing: Crossing,
    at: Instant,
    elapsed: Duration,
    rung: Rung,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rung {
    Word,
    Signal,
    Kill,
}

impl Rung {
    const fn words(self) -> &'static str {
        match self {
            Self::Word => "stop token",
            Self::Signal => "SIGTERM",
            Self::Kill => "SIGKILL",
        }
    }
}

impl Ladder {
    /// Starts to stop, unless that has begun already.
    pub(super) fn begin(&mut self, crossing: Crossing, now: Instant, elapsed: Duration) -> Step {
        if self.begun.is_some() {
            return Step::Wait;
        }
        let (rung, step) = match crossing.reason {
            reason if reason.leaves_no_time() => (Rung::Kill, Step::Kill),
            reason => (Rung::Word, Step::Say(reason)),
        };
        self.begun = Some(Begun { crossing, at: now, elapsed, rung });
        step
    }

    /// The next rung, when its time has come; `insists` skips the rest.
    pub(super) fn climb(&mut self, now: Instant, insists: bool) -> Step {
        let Some(begun) = &mut self.begun else { return Step::Wait };
        let waited = now.saturating_duration_since(begun.at);
        match begun.rung {
            Rung::Word | Rung::Signal if insists || waited >= GRACE + LAST_GRACE => {
                begun.rung = Rung::Kill;
                Step::Kill
            }
            Rung::Word if waited >= GRACE => {
                begun.rung = Rung::Signal;
                Step::Terminate
            }
            Rung::Word | Rung::Signal | Rung::Kill => Step::Wait,
        }
    }

    pub(super) const fn is_begun(&self) -> bool {
        self.begun.is_some()
    }

    /// What it was about, at the end of the process.
    pub(super) fn cause(self, ended: Instant) -> Option<StopCause> {
        self.begun.map(|begun| StopCause {
            reason: begun.crossing.reason,
            sentence: begun.crossing.sentence,
            at_s: begun.elapsed.as_secs_f64(),
            took_s: ended.saturating_duration_since(begun.at).as_secs_f64(),
            by: begun.rung.words(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crossing(reason: StopReason) -> Crossing {
        Crossing { reason, sentence: "x".to_owned() }
    }

    #[test]
    fn a_word_then_a_signal_then_a_kill() {
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        let mut ladder = Ladder::default();
        assert_eq!(ladder.climb(start, true), Step::Wait);
        assert_eq!(
            ladder.begin(crossing(StopReason::Cpu), start, Duration::ZERO),
            Step::Say(StopReason::Cpu)
        );
        assert_eq!(ladder.begin(crossing(StopReason::TimeLimit), after(10), Duration::ZERO), Step::Wait);
        assert_eq!(ladder.climb(after(1_999), false), Step::Wait);
        assert_eq!(ladder.climb(after(2_000), false), Step::Terminate);
        assert_eq!(ladder.climb(after(2_500), false), Step::Wait);
        assert_eq!(ladder.climb(after(3_000), false), Step::Kill);
        assert_eq!(ladder.climb(after(9_000), false), Step::Wait);
        let cause = ladder.cause(after(3_100)).unwrap();
        assert_eq!((cause.reason, cause.by), (StopReason::Cpu, "SIGKILL"));
    }

    #[test]
    fn memory_and_insisting_skip_the_words() {
        let start = Instant::now();
        let mut memory = Ladder::default();
        assert_eq!(memory.begin(crossing(StopReason::Memory), start, Duration::ZERO), Step::Kill);
        let mut machine = Ladder::default();
        assert_eq!(machine.begin(crossing(StopReason::MachineMemory), start, Duration::ZERO), Step::Kill);
        let mut person = Ladder::default();
        person.begin(crossing(StopReason::Interrupted), start, Duration::ZERO);
        assert_eq!(person.climb(start, true), Step::Kill);
    }
}
