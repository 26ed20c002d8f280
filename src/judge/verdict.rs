use std::fmt;

use serde::{Deserialize, Serialize};

/// What became of an expectation, of a case or of a whole run; the order is from good to bad.
///
/// ```
/// use proofload::judge::Verdict;
/// let all = [Verdict::Pass, Verdict::Fail, Verdict::Inconclusive];
/// assert_eq!(all.into_iter().fold(Verdict::Pass, Verdict::worse), Verdict::Fail);
/// assert_eq!(Verdict::Inconclusive.to_string(), "inconclusive");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It held.
    Pass,
    /// It cannot be told: too few samples, or the generator was the limit. Never green.
    Inconclusive,
    /// It did not hold.
    Fail,
    /// A safety limit or a person ended it.
    Aborted,
}

impl Verdict {
    /// The worse of two.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        self.max(other)
    }

    /// The verdict in a word.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Inconclusive => "inconclusive",
            Self::Fail => "fail",
            Self::Aborted => "aborted",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.words())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_from_good_to_bad() {
        let order = [Verdict::Pass, Verdict::Inconclusive, Verdict::Fail, Verdict::Aborted];
        for (n, better) in order.iter().enumerate() {
            for worse in &order[n..] {
                assert_eq!(better.worse(*worse), *worse);
                assert_eq!(worse.worse(*better), *worse);
            }
        }
        let json = order.map(|verdict| serde_json::to_string(&verdict).unwrap());
        assert_eq!(json, ["\"pass\"", "\"inconclusive\"", "\"fail\"", "\"aborted\""]);
    }
}
