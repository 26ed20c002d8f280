use fastrand::Rng;

/// What decides about attempts: pure functions of a seed and a number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chance {
    key: u64,
}

impl Chance {
    /// For the faults called `name`: two of them decide independently of each other.
    pub(super) fn new(seed: u64, name: &str) -> Self {
        Self { key: mixed(seed ^ hash(name)) }
    }

    /// For one of the points that the same faults are at.
    pub(super) fn at(self, point: &str) -> Self {
        Self { key: mixed(self.key ^ hash(point)) }
    }

    /// The random numbers of one attempt: the same ones in every run, and others for each attempt, so that a retry has
    /// its own luck.
    pub(super) fn of(self, index: u64, attempt: u32) -> Rng {
        Rng::with_seed(mixed(mixed(self.key.wrapping_add(index)).wrapping_add(u64::from(attempt))))
    }
}

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014): neighbouring numbers
/// become independent ones.
const fn mixed(number: u64) -> u64 {
    let n = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

/// FNV-1a: the same for a name in every run and build.
fn hash(name: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    name.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of the first `n` operations draw a number under `share`.
    fn hits(chance: Chance, n: u64, share: f64) -> u64 {
        (0..n).filter(|index| chance.of(*index, 0).f64() < share).count() as u64
    }

    #[test]
    fn the_share_is_within_its_binomial_bounds_for_a_hundred_seeds() {
        let (n, share) = (10_000, 0.05);
        let (mean, deviation) = (n as f64 * share, (n as f64 * share * (1.0 - share)).sqrt());
        let off = |seed| (hits(Chance::new(seed, "faults"), n, share) as f64 - mean) / deviation;
        let all: Vec<f64> = (0..100).map(off).collect();
        // Beyond 4.5 deviations lies one of 150 000; all of them together scatter as they should.
        assert!(all.iter().all(|z| z.abs() < 4.5), "{all:?}");
        let scatter = all.iter().map(|z| z * z).sum::<f64>() / 100.0;
        assert!((0.6..1.5).contains(&scatter), "{scatter}");
        assert!((all.iter().sum::<f64>() / 100.0).abs() < 0.45, "they lean to one side: {all:?}");
    }

    #[test]
    fn attempts_points_and_names_have_luck_of_their_own() {
        let chance = Chance::new(7, "faults");
        let draw =
            |chance: Chance, attempt| (0..64).map(|i| chance.of(i, attempt).u64(..)).collect::<Vec<_>>();
        assert_eq!(draw(chance, 0), draw(Chance::new(7, "faults"), 0));
        let others = [draw(chance, 1), draw(chance.at("model"), 0), draw(Chance::new(7, "others"), 0)];
        for other in others.iter().chain([&draw(Chance::new(8, "faults"), 0)]) {
            assert!(other.iter().zip(draw(chance, 0)).all(|(a, b)| *a != b));
        }
        // A tenth of a tenth of a tenth: three tries fail together as often as independent ones.
        let both = |i: u64| (0..3).all(|attempt| chance.of(i, attempt).f64() < 0.1);
        let thrice = (0..100_000).filter(|i| both(*i)).count();
        assert!((60..=145).contains(&thrice), "{thrice} of 100 expected");
    }
}
