//! Units as types: rates, sizes and shares, with the texts that people write for them.
//!
//! Durations are [`std::time::Duration`]; [`seconds`], [`millis`], [`minutes`] and [`hours`] make them short to
//! write. Everything here parses from text and prints back in a form that parses again.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

mod portion;

pub use portion::Portion;

/// A text that is not the unit it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {wanted}")]
pub struct UnitError {
    /// What was written.
    pub text: String,
    /// What would have been right, with an example.
    pub wanted: &'static str,
}

impl UnitError {
    fn new(text: &str, wanted: &'static str) -> Self {
        Self { text: text.to_owned(), wanted }
    }
}

/// How often something happens: events per second.
///
/// ```
/// use proofload::{per_second, units::Rate};
/// assert_eq!("500/s".parse::<Rate>().unwrap(), per_second(500));
/// assert_eq!("90/m".parse::<Rate>().unwrap().per_second(), 1.5);
/// assert_eq!(per_second(1.5).to_string(), "1.5/s");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rate(f64);

impl Rate {
    /// No events at all.
    pub const ZERO: Self = Self(0.0);

    const WANTED: &'static str = "a rate like 100/s, 90/m or 10/h";

    /// `n` events per second. A rate that is negative or not a number is kept as it is and refused where a load is
    /// checked, so that the error can name the load.
    pub const fn new(per_second: f64) -> Self {
        Self(per_second)
    }

    /// Events per second.
    pub const fn per_second(self) -> f64 {
        self.0
    }

    /// This rate times `factor`.
    pub fn scaled(self, factor: f64) -> Self {
        Self(self.0 * factor)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rounded = (self.0 * 1000.0).round() / 1000.0;
        write!(f, "{rounded}/s")
    }
}

impl FromStr for Rate {
    type Err = UnitError;

    /// Reads `100/s`, `90/m`, `10/h`, `100 / second` and the plain number `100` (per second).
    fn from_str(text: &str) -> Result<Self, UnitError> {
        let wrong = || UnitError::new(text, Self::WANTED);
        let (number, per) = match text.split_once('/') {
            Some((number, unit)) => {
                let seconds = match unit.trim() {
                    "s" | "sec" | "second" => 1.0,
                    "m" | "min" | "minute" => 60.0,
                    "h" | "hour" => 3600.0,
                    _ => return Err(wrong()),
                };
                (number, seconds)
            }
            None => (text, 1.0),
        };
        let n: f64 = number.trim().replace('_', "").parse().map_err(|_| wrong())?;
        if !n.is_finite() || n < 0.0 {
            return Err(wrong());
        }
        Ok(Self(n / per))
    }
}

/// An amount of memory or of data in bytes.
///
/// ```
/// use proofload::{mib, units::ByteSize};
/// assert_eq!("512MiB".parse::<ByteSize>().unwrap(), mib(512));
/// assert_eq!("1 MB".parse::<ByteSize>().unwrap().bytes(), 1_000_000);
/// assert_eq!(mib(1536).to_string(), "1.5 GiB");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ByteSize(u64);

impl ByteSize {
    const WANTED: &'static str = "a size like 512MiB, 2GiB or 10MB";

    /// `n` bytes.
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The number of bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = bytesize::ByteSize::b(self.0).display().iec().to_string();
        match text.split_once(".0 ") {
            Some((whole, unit)) => write!(f, "{whole} {unit}"),
            None => f.write_str(&text),
        }
    }
}

impl FromStr for ByteSize {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let parsed: bytesize::ByteSize =
            text.trim().parse().map_err(|_| UnitError::new(text, Self::WANTED))?;
        Ok(Self(parsed.as_u64()))
    }
}

/// A share of a whole, 0 to 1. Prints in percent.
///
/// ```
/// use proofload::units::Ratio;
/// assert_eq!("95%".parse::<Ratio>().unwrap(), Ratio::new(0.95));
/// assert_eq!(Ratio::new(0.0125).to_string(), "1.25%");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ratio(f64);

impl Ratio {
    const WANTED: &'static str = "a share like 95% or 0.95";

    /// `share` of 1; `Ratio::new(0.95)` is 95 %.
    pub const fn new(share: f64) -> Self {
        Self(share)
    }

    /// The share, 1 being the whole.
    pub const fn share(self) -> f64 {
        self.0
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = (self.0 * 1e6).round() / 1e4;
        write!(f, "{percent}%")
    }
}

impl FromStr for Ratio {
    type Err = UnitError;

    /// Reads `95%`, `95 %` and `0.95`; a share may be over 1 (`120%`), but not negative.
    fn from_str(text: &str) -> Result<Self, UnitError> {
        let wrong = || UnitError::new(text, Self::WANTED);
        let trimmed = text.trim();
        let (number, per) = match trimmed.strip_suffix('%') {
            Some(number) => (number.trim(), 100.0),
            None => (trimmed, 1.0),
        };
        let n: f64 = number.parse().map_err(|_| wrong())?;
        if !n.is_finite() || n < 0.0 {
            return Err(wrong());
        }
        // 99.9 / 100 is a hair over 0.999 in binary: 999 of 1000 must meet it.
        Ok(Self((n / per * 1e12).round() / 1e12))
    }
}

/// Reads a duration such as `30s`, `1m 30s`, `250ms` or `2h`.
///
/// # Errors
/// The text is not a duration, or is negative.
pub fn parse_duration(text: &str) -> Result<Duration, UnitError> {
    humantime::parse_duration(text.trim())
        .map_err(|_| UnitError::new(text, "a duration like 30s, 250ms, 1m 30s or 2h"))
}

/// Prints a duration for people: three figures, one unit (`1.25 s`, `340 us`), and whole seconds as `5m 30s`.
///
/// ```
/// use std::time::Duration;
/// use proofload::units::show_duration;
/// assert_eq!(show_duration(Duration::from_micros(1_253)), "1.25 ms");
/// assert_eq!(show_duration(Duration::from_secs(330)), "5m 30s");
/// assert_eq!(show_duration(Duration::from_millis(30_400)), "30.4 s");
/// ```
pub fn show_duration(d: Duration) -> String {
    let ns = d.as_nanos() as f64;
    if d.subsec_nanos() == 0 && d.as_secs() >= 60 {
        return humantime::format_duration(d).to_string();
    }
    let (value, unit) = match ns {
        n if n < 1e3 => (n, "ns"),
        n if n < 1e6 => (n / 1e3, "us"),
        n if n < 1e9 => (n / 1e6, "ms"),
        n => (n / 1e9, "s"),
    };
    let digits = match value {
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        _ => 2,
    };
    let number = format!("{value:.digits$}");
    let number = match number.contains('.') {
        true => number.trim_end_matches('0').trim_end_matches('.'),
        false => &number,
    };
    format!("{number} {unit}")
}

/// A number that becomes an amount: whole or not.
pub trait Amount: Copy {
    /// The number as a float.
    fn amount(self) -> f64;
}

macro_rules! amounts {
    ($($t:ty),*) => { $(impl Amount for $t {
        fn amount(self) -> f64 {
            self as f64
        }
    })* };
}
amounts!(u8, u16, u32, u64, usize, i32, i64, f32, f64);

/// `n` per second.
pub fn per_second(n: impl Amount) -> Rate {
    Rate::new(n.amount())
}

/// `n` per minute.
pub fn per_minute(n: impl Amount) -> Rate {
    Rate::new(n.amount() / 60.0)
}

/// `n` hundredths: `percent(5)` is a share of 0.05.
pub fn percent(n: impl Amount) -> Ratio {
    Ratio::new(n.amount() / 100.0)
}

/// `n` milliseconds.
pub const fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// `n` seconds.
pub const fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// `n` minutes; at most what a [`Duration`] holds.
pub const fn minutes(n: u64) -> Duration {
    Duration::from_secs(n.saturating_mul(60))
}

/// `n` hours; at most what a [`Duration`] holds.
pub const fn hours(n: u64) -> Duration {
    Duration::from_secs(n.saturating_mul(3600))
}

/// `n` mebibytes (1 048 576 bytes each); at most what 64 bits of bytes hold.
pub const fn mib(n: u64) -> ByteSize {
    ByteSize::new(n.saturating_mul(1 << 20))
}

/// `n` gibibytes; at most what 64 bits of bytes hold.
pub const fn gib(n: u64) -> ByteSize {
    ByteSize::new(n.saturating_mul(1 << 30))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_and_refused() {
        assert_eq!("1_000/s".parse::<Rate>().unwrap().per_second(), 1000.0);
        assert_eq!("3600/h".parse::<Rate>().unwrap(), per_second(1));
        for bad in ["", "x", "-1/s", "NaN", "inf/s", "10/parsec", "1e400"] {
            let error = bad.parse::<Rate>().unwrap_err();
            assert_eq!(error.to_string(), format!("{bad:?} is not a rate like 100/s, 90/m or 10/h"));
        }
    }

    #[test]
    fn sizes_shares_and_durations_refuse_nonsense() {
        assert!("5 parsecs".parse::<ByteSize>().is_err());
        assert_eq!("99.9%".parse::<Ratio>().unwrap().share(), 0.999);
        assert!("-5%".parse::<Ratio>().is_err());
        assert!("NaN".parse::<Ratio>().is_err());
        assert!(parse_duration("-3s").is_err());
        assert!(parse_duration("10").is_err());
        assert_eq!(parse_duration("1m 30s").unwrap(), seconds(90));
    }

    #[test]
    fn durations_print_with_three_figures() {
        assert_eq!(show_duration(Duration::from_nanos(12)), "12 ns");
        assert_eq!(show_duration(millis(100)), "100 ms");
        assert_eq!(show_duration(millis(1000)), "1 s");
        assert_eq!(show_duration(Duration::from_micros(45_678)), "45.7 ms");
        assert_eq!(show_duration(hours(1)), "1h");
    }
}
