/// Random numbers for item `index` of a maker with `seed`, unlike those of its neighbours.
pub(super) fn random(seed: u64, index: u64) -> fastrand::Rng {
    // The finalizer of SplitMix64 (Steele, Lea, Flood 2014) twice: seeds and indexes that differ in a bit start far apart.
    fastrand::Rng::with_seed(mixed(mixed(seed).wrapping_add(index)))
}

/// A number of the standard normal distribution (Box and Muller 1958).
pub(super) fn normal(random: &mut fastrand::Rng) -> f64 {
    // 1 - u is never 0.
    let radius = (-2.0 * (1.0 - random.f64()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.f64()).cos()
}

const fn mixed(n: u64) -> u64 {
    let n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_independent() {
        // The first number of each of 10 000 neighbours, in 100 classes: chi-square, 99 degrees, p = 0.001 at 148.2.
        for (seed, by_seed) in [(0, 0), (1, 0), (0, 1)] {
            let mut classes = [0u32; 100];
            for n in 0..10_000 {
                let mut random = if by_seed == 0 { random(seed, n) } else { random(n, 5) };
                classes[random.usize(..100)] += 1;
            }
            let chi: f64 = classes.iter().map(|seen| (f64::from(*seen) - 100.0).powi(2) / 100.0).sum();
            assert!(chi < 148.2, "{chi}");
        }
    }

    #[test]
    fn normal_numbers_have_their_mean_and_deviation() {
        let mut random = random(1, 1);
        let all: Vec<f64> = (0..100_000).map(|_| normal(&mut random)).collect();
        let mean = all.iter().sum::<f64>() / 1e5;
        let variance = all.iter().map(|n| (n - mean).powi(2)).sum::<f64>() / 1e5;
        // Five standard errors.
        assert!(mean.abs() < 0.016 && (variance - 1.0).abs() < 0.023, "{mean} {variance}");
    }
}
