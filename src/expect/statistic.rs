use std::{fmt, str::FromStr};

use super::error::Mistake;

/// What is asked of many times: one figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Statistic {
    /// The smallest.
    Min,
    /// The arithmetic mean. A few slow operations move it, but do not show in it: prefer a percentile.
    Mean,
    /// The standard deviation. Times are rarely normally distributed: good for "steady or not", not for "how slow".
    StdDev,
    /// The value that a share of the operations did not exceed.
    Percentile(Quantile),
    /// The largest. Grows with the length of a load: compare loads of one length only.
    Max,
}

impl Statistic {
    /// The statistics that are proposed when a name is misspelt, as texts.
    pub(super) const PROPOSED: [&str; 9] =
        ["min", "mean", "stddev", "p50", "p90", "p95", "p99", "p99.9", "max"];

    /// Reads `min`, `p95`, `p99.9` ...; `None` when it is nothing of the kind.
    pub(super) fn read(text: &str) -> Option<Result<Self, Mistake>> {
        Some(Ok(match text {
            "min" => Self::Min,
            "mean" => Self::Mean,
            "stddev" => Self::StdDev,
            "max" => Self::Max,
            _ => {
                let percent = text.strip_prefix('p')?;
                // What no float can be (`p9o`) is a misspelt name; what one can be (`p101`) a wrong percentile.
                percent.parse::<f64>().ok()?;
                return Some(percent.parse().map(Self::Percentile));
            }
        }))
    }
}

impl fmt::Display for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Min => f.write_str("min"),
            Self::Mean => f.write_str("mean"),
            Self::StdDev => f.write_str("stddev"),
            Self::Percentile(quantile) => write!(f, "p{quantile}"),
            Self::Max => f.write_str("max"),
        }
    }
}

/// The share of a percentile, in millionths, so that it is exact: `99.9` is 999 000.
///
/// ```
/// use proofload::expect::Quantile;
/// let quantile: Quantile = "99.9".parse().unwrap();
/// assert_eq!(quantile.share(), 0.999);
/// assert_eq!(quantile.to_string(), "99.9");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantile(u32);

impl Quantile {
    const WHOLE: u32 = 1_000_000;
    const DECIMALS: usize = 4;

    /// The 99th percentile.
    pub(crate) const P99: Self = Self(990_000);

    /// The share of operations, over 0 and under 1.
    pub fn share(self) -> f64 {
        f64::from(self.0) / f64::from(Self::WHOLE)
    }

    /// Its rank among `n` values, 1 being the smallest: the first that at least this share does not exceed.
    pub(crate) fn rank(self, n: u64) -> u64 {
        let rank = (u128::from(self.0) * u128::from(n)).div_ceil(u128::from(Self::WHOLE));
        u64::try_from(rank).expect("a share of a number is not larger than the number")
    }
}

impl FromStr for Quantile {
    type Err = Mistake;

    /// Reads percent: `95`, `99.9`, `99.9999`.
    fn from_str(text: &str) -> Result<Self, Mistake> {
        let wrong = |instead| Mistake::BadPercentile { percent: text.to_owned(), instead };
        let shape = || wrong("write p50, p99.9 or another between p0 and p100, with at most four decimals");
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        if !is_number(whole) || !is_number(decimals) || decimals.len() > Self::DECIMALS {
            return Err(shape());
        }
        let whole: u32 = whole.parse().map_err(|_| shape())?;
        let millionths: u32 = format!("{decimals:0<4}").parse().map_err(|_| shape())?;
        match whole.saturating_mul(10_000).saturating_add(millionths) {
            0 => Err(wrong("use `min`")),
            Self::WHOLE => Err(wrong("use `max`")),
            inside if inside < Self::WHOLE => Ok(Self(inside)),
            _ => Err(shape()),
        }
    }
}

impl fmt::Display for Quantile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, decimals) = (self.0 / 10_000, self.0 % 10_000);
        match decimals {
            0 => write!(f, "{whole}"),
            _ => write!(f, "{whole}.{}", format!("{decimals:04}").trim_end_matches('0')),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_exact() {
        let rank = |text: &str, n| text.parse::<Quantile>().unwrap().rank(n);
        assert_eq!([rank("95", 20), rank("99", 100), rank("50", 1), rank("99.9", 1_001)], [19, 99, 1, 1_000]);
        assert_eq!(rank("99", u64::MAX), 18262276632972456099);
    }

    #[test]
    fn percentiles_are_read_exactly_and_refused_outside() {
        let read = |text: &str| text.parse::<Quantile>().map(|q| (q.to_string(), q.share()));
        assert_eq!(read("50"), Ok(("50".to_owned(), 0.5)));
        assert_eq!(read("99.90"), Ok(("99.9".to_owned(), 0.999)));
        assert_eq!(read("99.9999"), Ok(("99.9999".to_owned(), 0.999_999)));
        assert_eq!(read("0.05"), Ok(("0.05".to_owned(), 0.0005)));
        let why = |text: &str| text.parse::<Quantile>().unwrap_err().to_string();
        assert_eq!(why("0"), "`p0` is not a percentile: use `min`");
        assert_eq!(why("100.0"), "`p100.0` is not a percentile: use `max`");
        let shape = "write p50, p99.9 or another between p0 and p100, with at most four decimals";
        for bad in ["101", "", "9.", ".9", "-1", "NaN", "inf", "1e1", "99.99999", "99999999999"] {
            assert_eq!(why(bad), format!("`p{bad}` is not a percentile: {shape}"));
        }
    }
}
