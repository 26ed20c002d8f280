use super::seed::random;

/// Keys as people ask for them: key `k` of `n` is asked for in proportion to `1 / k^s`.
///
/// The distribution is exact, whatever `n`, and takes no table: rejection-inversion (W. Hörmann and G. Derflinger,
/// "Rejection-inversion to generate variates from monotone discrete distributions", ACM TOMACS 6(3), 1996).
///
/// ```
/// use proofload::data::Zipf;
///
/// // Among a million pages with exponent 1, the first is asked for once in 14 times.
/// let pages = Zipf::new(1_000_000, 1.0, 42).unwrap();
/// let first = pages.iter().take(14_000).filter(|page| *page == 1).count();
/// assert!((800..1_200).contains(&first));
/// assert!(Zipf::new(0, 1.0, 42).is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Zipf {
    keys: u64,
    exponent: f64,
    seed: u64,
    /// The integral of the hat over all but the first key begins here,
    first: f64,
    /// and ends here.
    last: f64,
    /// Nearer to the key than this, a point is always under the curve.
    squeeze: f64,
}

/// A distribution that is none.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ZipfError {
    /// There is nothing to choose from.
    #[error("a Zipf distribution of 0 keys: give it at least one")]
    NoKeys,
    /// More keys than a double tells apart.
    #[error("a Zipf distribution of {0} keys: 2^52 are the most")]
    Keys(u64),
    /// The exponent.
    #[error("the exponent of a Zipf distribution is {0}: give it 0 (all keys alike) to 100; 1 is usual")]
    Exponent(f64),
}

impl Zipf {
    /// Keys 1 to `keys`; the larger the exponent, the more the first of them are asked for. 0 is all alike, 1 is usual for
    /// words and pages.
    ///
    /// # Errors
    /// There are no keys or more than 2^52, or the exponent is not within 0 to 100.
    pub fn new(keys: u64, exponent: f64, seed: u64) -> Result<Self, ZipfError> {
        match keys {
            0 => return Err(ZipfError::NoKeys),
            1..=0x10_0000_0000_0000 => {}
            _ => return Err(ZipfError::Keys(keys)),
        }
        if !(0.0..=100.0).contains(&exponent) {
            return Err(ZipfError::Exponent(exponent));
        }
        let mut zipf = Self { keys, exponent, seed, first: 0.0, last: 0.0, squeeze: 0.0 };
        zipf.first = zipf.integral(1.5) - 1.0;
        zipf.last = zipf.integral(keys as f64 + 0.5);
        zipf.squeeze = 2.0 - zipf.inverse(zipf.integral(2.5) - zipf.weight(2.0));
        Ok(zipf)
    }

    /// The key that number `index` asks for, from 1.
    pub fn at(&self, index: u64) -> u64 {
        let mut random = random(self.seed, index);
        loop {
            let under = self.last + random.f64() * (self.first - self.last);
            let x = self.inverse(under);
            let key = x.round().clamp(1.0, self.keys as f64);
            if key - x <= self.squeeze || under >= self.integral(key + 0.5) - self.weight(key) {
                // Within 1 to 2^52.
                return key as u64;
            }
        }
    }

    /// All of them, without end.
    pub fn iter(&self) -> impl Iterator<Item = u64> {
        (0..).map(|index| self.at(index))
    }

    fn weight(&self, x: f64) -> f64 {
        (-self.exponent * x.ln()).exp()
    }

    /// The integral of the weight from 1 to `x`, without cancellation near exponent 1.
    fn integral(&self, x: f64) -> f64 {
        let log = x.ln();
        expm1_by((1.0 - self.exponent) * log) * log
    }

    fn inverse(&self, area: f64) -> f64 {
        // Rounding may lead below -1, where there is no logarithm.
        let t = (area * (1.0 - self.exponent)).max(-1.0);
        (ln_1p_by(t) * area).exp()
    }
}

/// `(e^x - 1) / x`.
fn expm1_by(x: f64) -> f64 {
    if x.abs() > 1e-8 { x.exp_m1() / x } else { 1.0 + x / 2.0 }
}

/// `ln(1 + x) / x`.
fn ln_1p_by(x: f64) -> f64 {
    if x.abs() > 1e-8 { x.ln_1p() / x } else { 1.0 - x / 2.0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Chi-square of `samples` keys against the exact distribution, and its degrees of freedom; keys of which under five
    /// are expected count together.
    fn chi_square(zipf: &Zipf, exponent: f64, samples: u64) -> (f64, f64) {
        let weights: Vec<f64> = (1..=zipf.keys).map(|key| (key as f64).powf(-exponent)).collect();
        let total: f64 = weights.iter().sum();
        let mut seen = vec![0u64; weights.len()];
        (0..samples).for_each(|index| seen[zipf.at(index) as usize - 1] += 1);
        let (mut chi, mut classes) = (0.0, 0.0);
        let (mut expected, mut found) = (0.0, 0.0);
        for (weight, seen) in weights.iter().zip(&seen) {
            expected += weight / total * samples as f64;
            found += *seen as f64;
            if expected >= 5.0 {
                chi += (found - expected).powi(2) / expected;
                classes += 1.0;
                (expected, found) = (0.0, 0.0);
            }
        }
        (chi, classes - 1.0)
    }

    #[test]
    fn the_distribution_is_exact() {
        for exponent in [0.0, 0.5, 0.99, 1.0, 1.01, 1.5, 3.0] {
            for keys in [2, 10, 1_000] {
                let zipf = Zipf::new(keys, exponent, 5).unwrap();
                let (chi, degrees) = chi_square(&zipf, exponent, 100_000);
                // Wilson and Hilferty 1931: chi-square as a normal deviate. Seeds are fixed; 4 is one in 30 000.
                let spread = 2.0 / (9.0 * degrees);
                let deviate = ((chi / degrees).cbrt() - (1.0 - spread)) / spread.sqrt();
                assert!(deviate < 4.0, "{keys} keys, exponent {exponent}: {chi} with {degrees} degrees");
            }
        }
        let (chi, degrees) = chi_square(&Zipf::new(1_000, 1.0, 5).unwrap(), 1.05, 100_000);
        assert!(chi > 1.5 * degrees, "a wrong exponent is told: {chi}");
    }

    #[test]
    fn what_is_no_distribution_is_refused() {
        assert_eq!(Zipf::new(0, 1.0, 0), Err(ZipfError::NoKeys));
        assert_eq!(Zipf::new(u64::MAX, 1.0, 0), Err(ZipfError::Keys(u64::MAX)));
        for exponent in [-0.1, 101.0, f64::INFINITY, f64::NAN] {
            let error = Zipf::new(5, exponent, 0).unwrap_err().to_string();
            assert!(error.contains("give it 0 (all keys alike) to 100"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn keys_are_within_bounds(keys in 1u64..=1 << 52, exponent in 0.0..=100.0f64, seed: u64, index: u64) {
            let key = Zipf::new(keys, exponent, seed).unwrap().at(index);
            prop_assert!((1..=keys).contains(&key));
        }
    }
}
