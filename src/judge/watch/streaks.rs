use std::time::Duration;

use crate::judge::Breach;

/// Ticks of a clock do not add up to whole seconds exactly.
const HAIR_S: f64 = 1e-6;

/// How windows came out, one after the other: what was missed in a row, and what may have been.
#[derive(Debug, Default)]
pub(super) struct Streaks {
    first_s: Option<f64>,
    missed: u64,
    /// Time in a row that is known to be missed: now, and the longest.
    known_s: f64,
    longest_known_s: f64,
    /// The same with the windows beside it of which nothing is known.
    possible_s: f64,
    longest_possible_s: f64,
    /// Whether any window of the possible row is known to be missed.
    is_touched: bool,
    unjudged: Option<String>,
}

impl Streaks {
    /// The window that ended at `at_s`, which is `covers_s` after the one before: whether it held, or why that cannot
    /// be told.
    pub(super) fn take(&mut self, at_s: f64, covers_s: f64, answer: Result<bool, String>) {
        match answer {
            Ok(true) => (self.known_s, self.possible_s, self.is_touched) = (0.0, 0.0, false),
            Ok(false) => {
                self.first_s.get_or_insert(at_s);
                self.missed += 1;
                self.known_s += covers_s;
                self.possible_s += covers_s;
                self.is_touched = true;
            }
            Err(reason) => {
                self.known_s = 0.0;
                self.possible_s += covers_s;
                self.unjudged = Some(reason);
            }
        }
        self.longest_known_s = self.longest_known_s.max(self.known_s);
        if self.is_touched {
            self.longest_possible_s = self.longest_possible_s.max(self.possible_s);
        }
    }

    /// Whether the limit was missed for so long in a row; zero asks for a single window.
    pub(super) fn is_missed(&self, lasting: Duration) -> bool {
        self.missed > 0 && self.longest_known_s + HAIR_S >= lasting.as_secs_f64()
    }

    /// The same of the row that goes on now: what is over ends no case.
    pub(super) fn is_being_missed(&self, lasting: Duration) -> bool {
        self.known_s > 0.0 && self.known_s + HAIR_S >= lasting.as_secs_f64()
    }

    /// Why it is not known whether the limit was missed for so long, if that is so.
    pub(super) fn may_be_missed(&self, lasting: Duration) -> Option<&str> {
        let may_be = self.missed > 0 && self.longest_possible_s + HAIR_S >= lasting.as_secs_f64();
        self.unjudged.as_deref().filter(|_| may_be && !self.is_missed(lasting))
    }

    /// Why the last window that could not be judged could not, if there was one.
    pub(super) fn unjudged(&self) -> Option<&str> {
        self.unjudged.as_deref()
    }

    pub(super) fn breach(&self) -> Option<Breach> {
        let (longest_s, windows) = (self.longest_known_s, self.missed);
        self.first_s.map(|first_s| Breach { first_s, longest_s, windows })
    }
}
