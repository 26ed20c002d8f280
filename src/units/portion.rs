use std::{fmt, str::FromStr};

use super::{ByteSize, Ratio, UnitError};

/// An amount of memory or of disk: stated, or as a share of what the machine has.
///
/// ```
/// use proofload::{gib, mib, units::Portion};
/// assert_eq!("512MiB".parse::<Portion>().unwrap().of(gib(8)), mib(512));
/// assert_eq!("60%".parse::<Portion>().unwrap().of(mib(1000)), mib(600));
/// assert_eq!("60 %".parse::<Portion>().unwrap().to_string(), "60%");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Portion {
    /// So many bytes, whatever the machine.
    Size(ByteSize),
    /// A share of the whole.
    Share(Ratio),
}

impl Portion {
    const WANTED: &'static str = "a size like 512MiB, 2GiB or 10MB, nor a share of the machine like 60%";

    /// The amount where the whole is `whole`.
    pub fn of(self, whole: ByteSize) -> ByteSize {
        match self {
            Self::Size(size) => size,
            Self::Share(share) => ByteSize::new((whole.bytes() as f64 * share.share()).round() as u64),
        }
    }

    /// Whether it is nothing, on every machine.
    pub fn is_zero(self) -> bool {
        match self {
            Self::Size(size) => size.bytes() == 0,
            Self::Share(share) => share.share() == 0.0,
        }
    }
}

impl From<ByteSize> for Portion {
    fn from(size: ByteSize) -> Self {
        Self::Size(size)
    }
}

impl From<Ratio> for Portion {
    fn from(share: Ratio) -> Self {
        Self::Share(share)
    }
}

impl fmt::Display for Portion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size(size) => size.fmt(f),
            Self::Share(share) => share.fmt(f),
        }
    }
}

impl FromStr for Portion {
    type Err = UnitError;

    /// Reads what [`ByteSize`] reads, and `60%` up to `100%`. A share needs its `%`.
    fn from_str(text: &str) -> Result<Self, UnitError> {
        let wrong = || UnitError::new(text, Self::WANTED);
        match text.trim().ends_with('%') {
            true => match text.parse::<Ratio>().map_err(|_| wrong())? {
                share if share.share() <= 1.0 => Ok(Self::Share(share)),
                _ => Err(UnitError::new(text, "a share of the machine of at most 100%, like 60%")),
            },
            false => text.parse().map(Self::Size).map_err(|_| wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{gib, mib};

    #[test]
    fn sizes_and_shares_are_told_apart() {
        for (text, expected) in [
            ("2GiB", Portion::Size(gib(2))),
            ("1048576", Portion::Size(mib(1))),
            ("5%", Portion::Share(Ratio::new(0.05))),
            ("100%", Portion::Share(Ratio::new(1.0))),
            (" 0.5 % ", Portion::Share(Ratio::new(0.005))),
        ] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        assert_eq!("33%".parse::<Portion>().unwrap().of(ByteSize::new(1000)), ByteSize::new(330));
        assert!("0%".parse::<Portion>().unwrap().is_zero() && "0".parse::<Portion>().unwrap().is_zero());
        assert!(!"0.1%".parse::<Portion>().unwrap().is_zero());
    }

    #[test]
    fn nonsense_is_refused_with_one_sentence() {
        let wanted = "is not a size like 512MiB, 2GiB or 10MB, nor a share of the machine like 60%";
        for text in ["-1", "60 %%", "%", "-5%", "NaN%", "inf%", "60% of it", "0.6", "sixty", ""] {
            assert_eq!(text.parse::<Portion>().unwrap_err().to_string(), format!("{text:?} {wanted}"));
        }
        assert_eq!(
            "130%".parse::<Portion>().unwrap_err().to_string(),
            "\"130%\" is not a share of the machine of at most 100%, like 60%"
        );
    }
}
