use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hdrhistogram::serialization::{Deserializer as HdrDeserializer, Serializer as _, V2DeflateSerializer};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::Error as _};

/// Three figures: any value read back is at most 0.1 % above the one recorded.
const SIGNIFICANT_FIGURES: u8 = 3;

/// 39 hours in nanoseconds, rounded up to a power of two; longer durations count as this.
pub(crate) const LONGEST_NS: u64 = (1 << 47) - 1;

/// Durations, counted in buckets that are never wider than 0.1 % of the value. All histograms of a run have the
/// same buckets, so merging is exact and in any order.
///
/// Gil Tene's HdrHistogram with three significant figures, in nanoseconds; serialised in its interchange format
/// (V2, deflated, base64), which the HdrHistogram libraries of other languages read.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String"))]
pub struct Histogram(hdrhistogram::Histogram<u64>);

impl Default for Histogram {
    fn default() -> Self {
        // Starts small and grows with the values seen: most histograms hold a few magnitudes only.
        let mut small = hdrhistogram::Histogram::new(SIGNIFICANT_FIGURES)
            .expect("three figures are within the allowed five");
        small.auto(true);
        Self(small)
    }
}

impl Histogram {
    /// Counts `n` values of `ns` nanoseconds.
    pub(crate) fn record_n(&mut self, ns: u64, n: u64) {
        self.0.record_n(ns.min(LONGEST_NS), n).expect("an auto-resizing histogram holds every clamped value");
    }

    /// Adds every value of `other`.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.0.add(&other.0).expect("an auto-resizing histogram takes every other");
    }

    /// What has been recorded since `earlier`, a former state of this histogram.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        let mut difference = self.clone();
        difference.0.subtract(&earlier.0).expect("the earlier state holds nothing that the later lacks");
        difference
    }

    /// The values in nanoseconds, each with how often it was recorded: much smaller than the buckets where values are
    /// few, and recording them again makes the same histogram.
    pub(crate) fn recorded(&self) -> Vec<(u64, u64)> {
        let buckets = self.0.iter_recorded();
        buckets.map(|bucket| (bucket.value_iterated_to(), bucket.count_since_last_iteration())).collect()
    }

    /// How many values were recorded.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// The value of rank `rank`, 1 being the smallest; `None` when there are fewer values.
    pub(crate) fn at_rank(&self, rank: u64) -> Option<Duration> {
        let count = self.count();
        if rank == 0 || rank > count {
            return None;
        }
        // Half a rank down, so that rounding in the division cannot reach the next rank.
        let quantile = (rank as f64 - 0.5) / count as f64;
        Some(Duration::from_nanos(self.0.value_at_quantile(quantile).min(self.0.max())))
    }

    /// The value that a share `q` (0 to 1) of the values does not exceed; `None` when empty.
    pub fn percentile(&self, q: f64) -> Option<Duration> {
        let rank = (q.clamp(0.0, 1.0) * self.count() as f64 - 1e-9).ceil() as u64;
        self.at_rank(rank.max(1))
    }

    /// How many values are at most `value`.
    pub(crate) fn count_up_to(&self, value: Duration) -> u64 {
        let ns = u64::try_from(value.as_nanos()).unwrap_or(LONGEST_NS).min(LONGEST_NS);
        self.0.count_between(0, ns)
    }

    /// The smallest value, zero when empty.
    pub fn min(&self) -> Duration {
        Duration::from_nanos(if self.is_empty() { 0 } else { self.0.min() })
    }

    /// The largest value, zero when empty.
    pub fn max(&self) -> Duration {
        Duration::from_nanos(self.0.max())
    }

    /// The mean, zero when empty.
    pub fn mean(&self) -> Duration {
        Duration::from_nanos(self.0.mean() as u64)
    }

    /// The standard deviation, zero when empty.
    pub fn deviation(&self) -> Duration {
        Duration::from_nanos(if self.is_empty() { 0 } else { self.0.stdev() as u64 })
    }

    /// In the interchange format of the HdrHistogram libraries: V2, deflated, base64.
    pub(crate) fn encoded(&self) -> Result<String, String> {
        let mut bytes = Vec::new();
        V2DeflateSerializer::new().serialize(&self.0, &mut bytes).map_err(|e| e.to_string())?;
        Ok(STANDARD.encode(bytes))
    }

    fn decoded(text: &str) -> Result<Self, String> {
        let bytes = STANDARD.decode(text).map_err(|e| e.to_string())?;
        let mut read: hdrhistogram::Histogram<u64> =
            HdrDeserializer::new().deserialize(&mut bytes.as_slice()).map_err(|e| e.to_string())?;
        read.auto(true);
        Ok(Self(read))
    }
}

impl Serialize for Histogram {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Most histograms of a slice are empty: nothing is shorter than the encoding of nothing.
        match self.is_empty() {
            true => serializer.serialize_str(""),
            false => serializer.serialize_str(&self.encoded().map_err(S::Error::custom)?),
        }
    }
}

impl<'de> Deserialize<'de> for Histogram {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.is_empty() {
            true => Ok(Self::default()),
            false => Self::decoded(&text).map_err(D::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        values.iter().for_each(|&v| histogram.record_n(v, 1));
        histogram
    }

    #[test]
    fn ranks_are_exact_to_a_tenth_of_a_percent() {
        let mut rng = fastrand::Rng::with_seed(7);
        let mut values: Vec<u64> = (0..5_000).map(|_| 1 + (rng.f64() * 1e10) as u64).collect();
        let histogram = of(&values);
        values.sort_unstable();
        for rank in [1, 2, 50, 2_500, 4_950, 4_999, 5_000] {
            let exact = values[rank - 1] as f64;
            let read = histogram.at_rank(rank as u64).unwrap().as_nanos() as f64;
            assert!((read / exact - 1.0).abs() <= 0.001, "rank {rank}: {read} for {exact}");
        }
        assert_eq!(histogram.at_rank(5_001), None);
        assert_eq!(histogram.at_rank(0), None);
    }

    #[test]
    fn merging_and_taking_back_are_exact() {
        let (a, b) = (of(&[5, 1_000_000, 7_000_000_000]), of(&[9, 9, 80_000]));
        let mut both = a.clone();
        both.merge(&b);
        assert_eq!(both, of(&[5, 9, 9, 80_000, 1_000_000, 7_000_000_000]));
        assert_eq!(both.since(&a).at_rank(3), b.at_rank(3));
        assert_eq!(both.since(&a).count(), 3);
    }

    #[test]
    fn recorded_values_make_the_same_histogram_again() {
        let mut rng = fastrand::Rng::with_seed(3);
        let values: Vec<u64> = (0..2_000).map(|_| rng.u64(..) >> rng.u32(17..64)).collect();
        let (once, mut again) = (of(&values), Histogram::default());
        once.recorded().into_iter().for_each(|(ns, n)| again.record_n(ns, n));
        for rank in 1..=2_000 {
            assert_eq!(again.at_rank(rank), once.at_rank(rank), "rank {rank}");
        }
        assert_eq!((again.max(), again.mean()), (once.max(), once.mean()));
    }

    #[test]
    fn survives_being_written_and_read() {
        for histogram in [of(&[]), of(&[1, 2, 3_000_000_000])] {
            let text = serde_json::to_string(&histogram).unwrap();
            let read: Histogram = serde_json::from_str(&text).unwrap();
            assert_eq!(read.count(), histogram.count());
            assert_eq!(read.max(), histogram.max());
        }
        assert!(serde_json::from_str::<Histogram>("\"????\"").is_err());
    }
}
