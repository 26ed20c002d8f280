use super::seed::random;

/// Powers of two at which integers and what reads them end: the widths, and 2^53, beyond which a double has gaps.
const POWERS: [u32; 13] = [7, 8, 15, 16, 24, 31, 32, 52, 53, 62, 63, 64, 126];

/// Integers at the edges of every width: zero, and next to each power of two at which something ends, of both signs.
///
/// First each edge once, then numbers near them at random, without end.
///
/// ```
/// use proofload::data::EdgeIntegers;
///
/// let integers = EdgeIntegers::new(42);
/// let all: Vec<i64> = integers.fitting::<i64>().take(100).collect();
/// assert!(all.contains(&i64::MAX) && all.contains(&i64::MIN) && all.contains(&((1 << 53) + 1)));
/// assert!(integers.fitting::<u8>().take(10).any(|n| n == u8::MAX));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EdgeIntegers {
    seed: u64,
}

impl EdgeIntegers {
    /// Those of a seed; the edges themselves are the same for all.
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// Number `index`.
    pub fn at(&self, index: u64) -> i128 {
        // For each power: one less, itself, one more, of both signs. Zero, one and minus one before all.
        const NEAR: u64 = 6;
        match (index, index.wrapping_sub(3)) {
            (0, _) => 0,
            (1, _) => 1,
            (2, _) => -1,
            (_, n) if n < NEAR * POWERS.len() as u64 => {
                let power = 1i128 << POWERS[(n / NEAR) as usize];
                let value = power + i128::from(n % 3) - 1;
                if n % NEAR < 3 { value } else { -value }
            }
            (_, _) => {
                let mut random = random(self.seed, index);
                let power = 1i128 << POWERS[random.usize(..POWERS.len())];
                let value = power + i128::from(random.i8(..));
                if random.bool() { value } else { -value }
            }
        }
    }

    /// All of them, without end.
    pub fn iter(&self) -> impl Iterator<Item = i128> {
        (0..).map(|index| self.at(index))
    }

    /// Those that a type of integers has, without end.
    pub fn fitting<T: TryFrom<i128>>(&self) -> impl Iterator<Item = T> {
        self.iter().filter_map(|number| T::try_from(number).ok())
    }
}

/// Doubles at their edges: zeros of both signs, the smallest and largest, subnormal ones, infinities, none at all, the
/// integers beyond which there are gaps.
///
/// First each edge once, then doubles of any bits, without end.
///
/// ```
/// use proofload::data::EdgeFloats;
///
/// let floats = EdgeFloats::new(42);
/// assert!(floats.iter().take(40).any(f64::is_nan));
/// assert!(floats.finite().take(1_000).all(f64::is_finite));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EdgeFloats {
    seed: u64,
}

/// The edges of doubles.
const FLOATS: [f64; 34] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    f64::NAN,
    -f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::MAX,
    f64::MIN,
    f64::MIN_POSITIVE,
    -f64::MIN_POSITIVE,
    // The smallest and the largest that are subnormal.
    5e-324,
    -5e-324,
    2.225_073_858_507_201e-308,
    f64::EPSILON,
    1.0 + f64::EPSILON,
    1.0 - f64::EPSILON / 2.0,
    // 2^53 - 1, 2^53, and 2^53 + 2: there is none between these two.
    9_007_199_254_740_991.0,
    9_007_199_254_740_992.0,
    9_007_199_254_740_994.0,
    -9_007_199_254_740_992.0,
    // The first beyond 32 and 64 bits.
    4_294_967_296.0,
    2_147_483_648.0,
    -2_147_483_649.0,
    9_223_372_036_854_775_808.0,
    18_446_744_073_709_551_616.0,
    // What a float of 32 bits ends at.
    f32::MAX as f64,
    1e39,
    f32::MIN_POSITIVE as f64,
    // Sums and halves that do not come out even.
    0.1,
    0.300_000_000_000_000_04,
    0.5,
    2.5,
];

impl EdgeFloats {
    /// Those of a seed; the edges themselves are the same for all.
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// Number `index`.
    pub fn at(&self, index: u64) -> f64 {
        let edge = usize::try_from(index).ok().and_then(|index| FLOATS.get(index));
        edge.copied().unwrap_or_else(|| f64::from_bits(random(self.seed, index).u64(..)))
    }

    /// All of them, without end.
    pub fn iter(&self) -> impl Iterator<Item = f64> {
        (0..).map(|index| self.at(index))
    }

    /// Those that are finite: no infinity, and no number that is none.
    pub fn finite(&self) -> impl Iterator<Item = f64> {
        self.iter().filter(|number| number.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_have_every_edge_once() {
        let edges: Vec<i128> = EdgeIntegers::new(1).iter().take(3 + 6 * POWERS.len()).collect();
        for edge in [
            i128::from(i8::MIN),
            i128::from(i8::MAX),
            i128::from(u8::MAX) + 1,
            i128::from(i32::MIN) - 1,
            i128::from(u64::MAX),
            i128::from(u64::MAX) + 1,
            i128::from(i64::MIN),
            (1 << 53) + 1,
        ] {
            assert!(edges.contains(&edge), "{edge}");
        }
        let distinct: std::collections::BTreeSet<i128> = edges.iter().copied().collect();
        assert_eq!(distinct.len(), edges.len());
    }

    #[test]
    fn random_ones_follow_and_are_of_the_seed() {
        let (one, other) = (EdgeIntegers::new(1), EdgeIntegers::new(2));
        assert_eq!(one.at(500), one.at(500));
        assert!((500..600).any(|index| one.at(index) != other.at(index)));
        assert!((500..600).all(|index| POWERS.iter().any(|p| (one.at(index).abs() - (1 << p)).abs() <= 128)));
        let floats = EdgeFloats::new(1);
        assert!(floats.iter().skip(FLOATS.len()).take(1_000).any(|n| n.abs() > 1e100));
        assert_eq!(floats.at(999).to_bits(), floats.at(999).to_bits());
    }

    #[test]
    fn floats_have_every_class() {
        use std::num::FpCategory;
        let classes = |class| FLOATS.iter().filter(|n| n.classify() == class).count();
        assert_eq!(classes(FpCategory::Nan), 2);
        assert_eq!(classes(FpCategory::Infinite), 2);
        assert_eq!(classes(FpCategory::Zero), 2);
        assert_eq!(classes(FpCategory::Subnormal), 3);
        assert!(FLOATS.iter().any(|n| *n == 0.0 && n.is_sign_negative()));
        assert!(FLOATS.contains(&f64::from_bits(0x000f_ffff_ffff_ffff)), "the largest that is subnormal");
        assert!(FLOATS.contains(&(0.1 + 0.2)));
    }
}
