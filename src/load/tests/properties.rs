//! What holds for the arrivals of every load that can be written: steps, ramps, spikes, pauses, and the patterns.

use std::time::Duration;

use proptest::prelude::*;

use crate::{
    load::{Load, OpenLoad, Stage},
    units::{millis, per_second},
};

/// A stage as it is written.
#[derive(Debug, Clone)]
enum Written {
    Hold,
    Ramp(f64),
    Step(f64),
    Spike(f64),
    Pause,
}

fn written() -> impl Strategy<Value = (Written, Duration)> {
    let rate = || 0.0..300.0f64;
    let kind = prop_oneof![
        Just(Written::Hold),
        rate().prop_map(Written::Ramp),
        rate().prop_map(Written::Step),
        rate().prop_map(Written::Spike),
        Just(Written::Pause),
    ];
    // Every fifth or so has no length.
    let length = (0..2_500u64).prop_map(|ms| millis(ms.saturating_sub(500)));
    (kind, length)
}

/// Any load: put together from stages, or one of the patterns.
fn loads() -> impl Strategy<Value = OpenLoad> {
    let rate = || 0.0..300.0f64;
    let stages = (rate(), proptest::collection::vec(written(), 1..8)).prop_map(|(first, stages)| {
        stages.into_iter().fold(Load::rate(per_second(first)), |load, (kind, length)| match kind {
            Written::Hold => load.for_duration(length),
            Written::Ramp(to) => load.ramp_to(per_second(to), length),
            Written::Step(to) => load.step_to(per_second(to)).for_duration(length),
            Written::Spike(to) => load.spike(per_second(to), length),
            Written::Pause => load.pause(length),
        })
    });
    let ms = |most: u64| (1..most).prop_map(millis);
    let spikes =
        (rate(), rate(), ms(500), ms(2_000), ms(8_000)).prop_map(|(base, peak, length, every, total)| {
            Load::spikes(per_second(base), per_second(peak), length, every, total)
        });
    let steps = (rate(), ms(8_000)).prop_map(|(target, total)| Load::steps(per_second(target), total));
    prop_oneof![3 => stages, 1 => spikes, 1 => steps]
}

/// The integral of the rate up to `t` seconds.
fn integral_to(stages: &[Stage], t: f64) -> f64 {
    let mut start = 0.0;
    let mut integral = 0.0;
    for stage in stages.iter().filter(|stage| stage.seconds() > 0.0) {
        let inside = (t - start).clamp(0.0, stage.seconds());
        integral += stage.from * inside + (stage.to - stage.from) / stage.seconds() * inside * inside / 2.0;
        start += stage.seconds();
    }
    integral
}

fn moments(load: &OpenLoad, seed: u64) -> Vec<f64> {
    load.arrivals(seed).map(|moment| moment.as_secs_f64()).collect()
}

proptest! {
    #[test]
    fn arrival_k_is_where_the_integral_reaches_k(load in loads()) {
        let whole = integral_to(&load.stages, f64::MAX);
        let moments = moments(&load, 0);
        prop_assert!((moments.len() as f64 - whole).abs() <= 1.0, "{} arrivals for {whole}", moments.len());
        prop_assert!(moments.is_sorted());
        for (k, t) in moments.into_iter().enumerate() {
            let integral = integral_to(&load.stages, t);
            prop_assert!((integral - k as f64).abs() < 1e-3, "arrival {k} at {t} s: {integral}");
        }
    }

    /// In the time of the integral a Poisson process has exponential gaps of mean 1, whatever the rate does: they are
    /// drawn here again from the same seed.
    #[test]
    fn poisson_arrival_k_is_where_the_integral_reaches_k_gaps(load in loads(), seed in any::<u64>()) {
        let load = load.poisson();
        let mut rng = fastrand::Rng::with_seed(seed);
        let gaps = std::iter::repeat_with(|| -(1.0 - rng.f64()).ln());
        let reached = gaps.scan(0.0, |sum, gap| { *sum += gap; Some(*sum) });
        let whole = integral_to(&load.stages, f64::MAX);
        let expected: Vec<f64> = reached.take_while(|sum| *sum < whole).collect();
        let moments = moments(&load, seed);
        // One that falls on the very end may be on either side of it.
        prop_assert!(moments.len().abs_diff(expected.len()) <= 1, "{} for {}", moments.len(), expected.len());
        prop_assert!(moments.is_sorted());
        for (t, expected) in moments.into_iter().zip(expected) {
            let integral = integral_to(&load.stages, t);
            prop_assert!((integral - expected).abs() < 1e-3, "at {t} s: {integral} for {expected}");
        }
    }

    #[test]
    fn shares_add_up_to_the_whole(load in loads(), parts in 1usize..6, seed in any::<u64>()) {
        for load in [load.clone(), load.poisson()] {
            let whole: Vec<Duration> = load.arrivals(seed).collect();
            let shares: Vec<Vec<Duration>> =
                (0..parts).map(|part| load.arrivals(seed).share(part, parts).collect()).collect();
            let longest = shares.iter().map(Vec::len).max().unwrap_or(0);
            prop_assert!(shares.iter().all(|share| longest - share.len() <= 1), "each does as much as the others");
            let mut together = shares.concat();
            together.sort();
            prop_assert_eq!(together, whole);
        }
    }
}
