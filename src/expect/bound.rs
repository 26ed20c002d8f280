use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    error::Mistake,
    metric::{Dimension, Metric},
};
use crate::units::{ByteSize, Rate, Ratio, parse_duration};

/// The limit of an expectation: `< 100ms`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    /// How the figure has to compare.
    pub comparison: Comparison,
    /// What it is compared with.
    pub limit: Value,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.comparison, self.limit)
    }
}

/// How a figure has to compare with its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
}

impl Comparison {
    /// Whether `figure` compares with `limit` as wanted.
    pub fn holds(self, figure: f64, limit: f64) -> bool {
        match self {
            Self::Below => figure < limit,
            Self::AtMost => figure <= limit,
            Self::Above => figure > limit,
            Self::AtLeast => figure >= limit,
            Self::Equal => figure == limit,
            Self::NotEqual => figure != limit,
        }
    }

    /// The operator as it is written.
    pub const fn operator(self) -> &'static str {
        match self {
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::Above => ">",
            Self::AtLeast => ">=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.operator())
    }
}

impl FromStr for Comparison {
    type Err = Mistake;

    fn from_str(text: &str) -> Result<Self, Mistake> {
        let all = [Self::Below, Self::AtMost, Self::Above, Self::AtLeast, Self::Equal, Self::NotEqual];
        let instead = match text {
            "=" | "===" => "use `==`",
            "=<" | "≤" => "use `<=`",
            "=>" | "≥" => "use `>=`",
            "<>" | "≠" | "!" | "!==" => "use `!=`",
            _ => "use one of <, <=, >, >=, == and !=",
        };
        let known = all.into_iter().find(|c| c.operator() == text);
        known.ok_or_else(|| Mistake::BadOperator { found: text.to_owned(), instead })
    }
}

/// What a figure is counted in where it is a bare number, as in a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Unit {
    /// Seconds.
    #[serde(rename = "s")]
    Seconds,
    /// A share, 1 being the whole.
    #[serde(rename = "ratio")]
    Ratio,
    /// Operations per second.
    #[serde(rename = "per_sec")]
    PerSec,
    /// A number of things.
    #[serde(rename = "count")]
    Count,
    /// Bytes.
    #[serde(rename = "bytes")]
    Bytes,
}

/// What a limit is of.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub(super) name: String,
    pub(super) dimension: Dimension,
    pub(super) is_share_of_due: bool,
}

impl From<&Metric> for Subject {
    fn from(metric: &Metric) -> Self {
        Self {
            name: metric.to_string(),
            dimension: metric.dimension(),
            is_share_of_due: metric.is_share_of_due(),
        }
    }
}

/// A limit with its unit. Prints exactly: what is read back is the same value.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// `100ms`
    Duration(Duration),
    /// `95%`
    Ratio(Ratio),
    /// `500/s`
    Rate(Rate),
    /// `1000`
    Count(u64),
    /// `1GiB`
    Bytes(ByteSize),
}

impl Value {
    /// The value as a number of its [`Value::unit`].
    pub fn number(self) -> f64 {
        match self {
            Self::Duration(duration) => duration.as_secs_f64(),
            Self::Ratio(ratio) => ratio.share(),
            Self::Rate(rate) => rate.per_second(),
            Self::Count(count) => count as f64,
            Self::Bytes(size) => size.bytes() as f64,
        }
    }

    /// What [`Value::number`] counts.
    pub const fn unit(self) -> Unit {
        match self {
            Self::Duration(_) => Unit::Seconds,
            Self::Ratio(_) => Unit::Ratio,
            Self::Rate(_) => Unit::PerSec,
            Self::Count(_) => Unit::Count,
            Self::Bytes(_) => Unit::Bytes,
        }
    }

    /// Reads a limit for `subject`.
    pub(super) fn read(text: &str, subject: &Subject) -> Result<Self, Mistake> {
        let text = text.trim();
        let unsigned = text.trim_start_matches(['-', '+', '−']);
        let word = unsigned.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
        if ["nan", "inf", "infinity"].iter().any(|odd| word.eq_ignore_ascii_case(odd)) {
            return Err(Mistake::NotFinite { found: text.to_owned() });
        }
        if text.starts_with(['-', '−']) {
            return Err(Mistake::Negative { metric: subject.name.clone() });
        }
        let value = match subject.dimension {
            Dimension::Duration => parse_duration(text).ok().map(Self::Duration),
            Dimension::Ratio => share(text).map(Self::Ratio),
            Dimension::Rate => text.parse().ok().map(Self::Rate),
            Dimension::Count => count(text).map(Self::Count),
            Dimension::Bytes => digits_joined(text).and_then(|t| t.parse().ok()).map(Self::Bytes),
            Dimension::Number => count(text).map(Self::Count).or_else(|| share(text).map(Self::Ratio)),
        };
        match value {
            Some(Self::Ratio(ratio)) if subject.is_share_of_due && ratio.share() > 1.0 => {
                Err(Mistake::OverTheWhole { metric: subject.name.clone() })
            }
            Some(value) => Ok(value),
            None => {
                Err(Mistake::WrongValue { metric: subject.name.clone(), wanted: subject.dimension.wanted() })
            }
        }
    }
}

/// A number without the underscores between its digits; `None` when it does not start with a digit.
fn digits_joined(text: &str) -> Option<String> {
    text.starts_with(|c: char| c.is_ascii_digit()).then(|| text.replace('_', ""))
}

fn count(text: &str) -> Option<u64> {
    digits_joined(text)?.parse().ok()
}

/// A share as the decimal that was meant: 99.9 / 100 is a hair over 0.999, and 999 of 1000 would miss it.
fn share(text: &str) -> Option<Ratio> {
    let ratio: Ratio = text.parse().ok()?;
    let decimal = (ratio.share() * 1e12).round() / 1e12;
    let is_a_hair = (decimal - ratio.share()).abs() <= 4.0 * f64::EPSILON * ratio.share();
    Some(if is_a_hair { Ratio::new(decimal) } else { ratio })
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duration(duration) => f.write_str(&exact_duration(*duration)),
            Self::Ratio(ratio) => f.write_str(&exact_ratio(*ratio)),
            Self::Rate(rate) => f.write_str(&exact_rate(*rate)),
            Self::Count(count) => write!(f, "{count}"),
            Self::Bytes(size) => f.write_str(&exact_size(*size)),
        }
    }
}

/// `100ms`, `1.5s`, `1m 30s`: every nanosecond is there.
pub(super) fn exact_duration(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    let (unit, per) = match nanos {
        n if n % 1_000_000_000 == 0 => return humantime::format_duration(duration).to_string(),
        n if n < 1_000 => ("ns", 1),
        n if n < 1_000_000 => ("us", 1_000),
        n if n < 1_000_000_000 => ("ms", 1_000_000),
        _ => ("s", 1_000_000_000),
    };
    let (whole, fraction) = (nanos / per, nanos % per);
    match fraction {
        0 => format!("{whole}{unit}"),
        _ => {
            let digits = per.ilog10() as usize;
            format!("{whole}.{}{unit}", format!("{fraction:0digits$}").trim_end_matches('0'))
        }
    }
}

/// Percent where that is exact, else the share with all its digits (`{:?}`, so that it cannot read as a count).
fn exact_ratio(ratio: Ratio) -> String {
    let percent = ratio.to_string();
    match share(&percent) == Some(ratio) {
        true => percent,
        false => format!("{:?}", ratio.share()),
    }
}

fn exact_rate(rate: Rate) -> String {
    let per = [("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    let short = per.map(|(unit, seconds)| {
        let rounded = (rate.per_second() * seconds * 1e3).round() / 1e3;
        format!("{rounded}/{unit}")
    });
    let exact = short.into_iter().find(|text| text.parse() == Ok(rate));
    exact.unwrap_or_else(|| format!("{:?}/s", rate.per_second()))
}

fn exact_size(size: ByteSize) -> String {
    let units = [
        ("B", 1),
        ("kB", 1_000),
        ("KiB", 1 << 10),
        ("MB", 1_000_000),
        ("MiB", 1 << 20),
        ("GB", 1_000_000_000),
        ("GiB", 1 << 30),
    ];
    let whole = units.iter().filter(|(_, per)| size.bytes().is_multiple_of(*per));
    let texts = whole.map(|(unit, per)| format!("{}{unit}", size.bytes() / per));
    // By its digits and not by its length, so that 1024 bytes are 1KiB and not 1024B.
    let shortest = texts.min_by_key(|text| text.bytes().filter(u8::is_ascii_digit).count());
    shortest.expect("every size is a whole number of bytes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{gib, per_minute, per_second};

    #[test]
    fn values_print_exactly() {
        let nanos = |n| Value::Duration(Duration::from_nanos(n));
        assert_eq!(nanos(0).to_string(), "0s");
        assert_eq!(nanos(12_300_000).to_string(), "12.3ms");
        assert_eq!(nanos(1_000_000_001).to_string(), "1.000000001s");
        assert_eq!(nanos(90_000_000_000).to_string(), "1m 30s");
        assert_eq!(Value::Ratio(Ratio::new(0.999)).to_string(), "99.9%");
        assert_eq!(Value::Ratio(Ratio::new(0.123456789)).to_string(), "0.123456789");
        assert_eq!(Value::Rate(per_second(500)).to_string(), "500/s");
        assert_eq!(Value::Rate(per_minute(100)).to_string(), "100/m");
        assert_eq!(Value::Rate(per_second(1e-9)).to_string(), "1e-9/s");
        assert_eq!(Value::Bytes(gib(1)).to_string(), "1GiB");
        assert_eq!(Value::Bytes(ByteSize::new(10_000_000)).to_string(), "10MB");
        assert_eq!(Value::Bytes(ByteSize::new(1_536)).to_string(), "1536B");
        assert_eq!(Value::Bytes(ByteSize::new(0)).to_string(), "0B");
    }

    #[test]
    fn percent_and_share_are_the_same_limit() {
        for n in 1..=1_000 {
            let percent =
                Value::read(&format!("{}%", f64::from(n) / 10.0), &Subject::from(&Metric::SuccessRate));
            assert_eq!(percent, Ok(Value::Ratio(Ratio::new(f64::from(n) / 1000.0))), "{n} of 1000");
        }
    }

    #[test]
    fn counters_take_counts_and_shares() {
        let metric = Subject::from(&Metric::Counter("x".to_owned()));
        assert_eq!(Value::read("1_000", &metric), Ok(Value::Count(1_000)));
        assert_eq!(Value::read("80%", &metric), Ok(Value::Ratio(Ratio::new(0.8))));
        assert_eq!(Value::read("0.8", &metric), Ok(Value::Ratio(Ratio::new(0.8))));
        assert!(Value::read("_1", &metric).is_err());
        assert!(Value::read("10ms", &metric).is_err());
    }
}
