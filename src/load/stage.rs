use std::{fmt, time::Duration};

use crate::units::{Rate, show_duration};

/// A stretch of a load: its level goes from one value to another over a length of time.
///
/// The level is operations per second in an open load and a number of users in a closed one.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    pub(crate) from: f64,
    pub(crate) to: f64,
    /// Without end only in a closed load with a number of iterations.
    pub(crate) length: Option<Duration>,
    pub(crate) name: Option<String>,
}

impl Stage {
    pub(crate) const fn hold(level: f64, length: Option<Duration>) -> Self {
        Self { from: level, to: level, length, name: None }
    }

    pub(crate) const fn ramp(from: f64, to: f64, length: Duration) -> Self {
        Self { from, to, length: Some(length), name: None }
    }

    /// The highest level of the stage.
    pub(crate) const fn peak(&self) -> f64 {
        self.from.max(self.to)
    }

    /// Whether both levels are numbers that a load can have.
    pub(super) fn is_possible(&self) -> bool {
        [self.from, self.to].iter().all(|level| level.is_finite() && *level >= 0.0)
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.length.map_or(f64::INFINITY, |l| l.as_secs_f64())
    }

    /// The mean level over the stage.
    pub(crate) const fn mean(&self) -> f64 {
        (self.from + self.to) / 2.0
    }

    /// The stage in words, with `level` saying what a level is.
    pub(crate) fn describe(&self, level: impl Fn(f64) -> String) -> String {
        let length = self.length.map_or(String::new(), |l| format!(" for {}", show_duration(l)));
        match (self.from == self.to, self.to == 0.0) {
            (true, true) => format!("pause{length}"),
            (true, false) => format!("{}{length}", level(self.to)),
            (false, _) => {
                format!("{} to {}{}", level(self.from), level(self.to), length.replace(" for ", " in "))
            }
        }
    }
}

/// Prints a level of an open load.
pub(super) fn show_rate(level: f64) -> String {
    Rate::new(level).to_string()
}

/// Prints a level of a closed load.
pub(super) fn show_users(level: f64) -> String {
    let users = level.round() as u64;
    format!("{users} user{}", if users == 1 { "" } else { "s" })
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.describe(|level| level.to_string()))
    }
}
