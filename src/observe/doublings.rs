use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::Histogram;

/// 2^31 us are 36 minutes; what takes longer is counted with what takes that long.
const DOUBLINGS: usize = 32;

/// How many times fell between each power of two microseconds and the next: a distribution so small that each window of
/// a timeline can have one.
///
/// As JSON an object: `"10"` is the number of times from 2^10 us to under 2^11 us (1.0 to 2.0 ms); what would be 0 is
/// left out. Times under 1 us are in `"0"`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "BTreeMap<String, u32>"))]
pub struct Doublings([u32; DOUBLINGS]);

impl Doublings {
    /// The times of `histogram`.
    pub(crate) fn of(histogram: &Histogram) -> Self {
        let mut doublings = Self::default();
        for (ns, n) in histogram.recorded() {
            let at = doubling(ns / 1_000);
            doublings.0[at] = doublings.0[at].saturating_add(u32::try_from(n).unwrap_or(u32::MAX));
        }
        doublings
    }

    /// Adds the times of `other`.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(count, more)| *count = count.saturating_add(more));
    }

    /// Each power of two with how many times fell between it and the next, those without any left out.
    pub fn iter(&self) -> impl Iterator<Item = (Duration, u32)> {
        let counts = self.0.iter().enumerate().filter(|(_, count)| **count > 0);
        counts.map(|(at, count)| (Duration::from_micros(1 << at), *count))
    }
}

fn doubling(us: u64) -> usize {
    (us.max(1).ilog2() as usize).min(DOUBLINGS - 1)
}

impl Serialize for Doublings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let counts = self.0.iter().enumerate().filter(|(_, count)| **count > 0);
        serializer.collect_map(counts.map(|(at, count)| (at.to_string(), count)))
    }
}

impl<'de> Deserialize<'de> for Doublings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut doublings = Self::default();
        // Keys as text: a flattened struct hands numbers on as such.
        for (at, count) in BTreeMap::<String, u32>::deserialize(deserializer)? {
            let place = at.parse().ok().and_then(|at: usize| doublings.0.get_mut(at));
            let place = place.ok_or_else(|| D::Error::custom(format!("{at:?} is not from 0 to 31")))?;
            *place = count;
        }
        Ok(doublings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(times_us: &[u64]) -> Doublings {
        let mut histogram = Histogram::default();
        times_us.iter().for_each(|us| histogram.record_n(us * 1_000, 1));
        Doublings::of(&histogram)
    }

    #[test]
    fn times_are_counted_between_powers_of_two() {
        let mut seen = of(&[0, 1, 2, 3, 4, 1_000, 1_030, 60_000_000]);
        let counts: Vec<(u128, u32)> = seen.iter().map(|(from, n)| (from.as_micros(), n)).collect();
        assert_eq!(counts, [(1, 2), (2, 2), (4, 1), (512, 1), (1_024, 1), (33_554_432, 1)]);
        seen.merge(&of(&[1_030]));
        assert_eq!(seen.iter().find(|(from, _)| from.as_micros() == 1_024).unwrap().1, 2);
    }

    #[test]
    fn an_hour_is_counted_with_the_longest() {
        assert_eq!(of(&[3_600_000_000]).iter().next().unwrap().0, Duration::from_micros(1 << 31));
    }

    #[test]
    fn it_goes_through_json_unchanged() {
        let seen = of(&[1_030, 1_031, 9]);
        let json = serde_json::to_string(&seen).unwrap();
        assert_eq!(json, r#"{"3":1,"10":2}"#);
        assert_eq!(serde_json::from_str::<Doublings>(&json).unwrap(), seen);
        let error = serde_json::from_str::<Doublings>(r#"{"32":1}"#).unwrap_err().to_string();
        assert!(error.starts_with("\"32\" is not from 0 to 31"), "{error}");
    }
}
