use super::*;

fn exact(values: &[f64]) -> Vec<RunFigure> {
    values.iter().map(|&value| RunFigure { value, is_at_least: false }).collect()
}

fn times(baseline: &[f64], new: &[f64]) -> Contrast {
    RegressionRule::default().contrast(&exact(baseline), &exact(new), Wanted::Low, 0.0001)
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

#[test]
fn chances_are_those_counted_by_hand() {
    let chances = |baseline: &[f64], new: &[f64]| {
        let Chances { high, low } = Chances::of(baseline, new);
        (high, low)
    };
    // One new run is the highest of four: one of four places.
    assert_eq!(chances(&[1.0, 2.0, 3.0], &[4.0]), (0.25, 1.0));
    // Ranks 2 and 4 of 4: the pairs 14 (5), 23 (5), 24 (6), 34 (7), 12 (3), 13 (4) have two sums of 6 and more.
    assert_eq!(chances(&[1.0, 3.0], &[2.0, 4.0]), (2.0 / 6.0, 5.0 / 6.0));
    // A tie at the top: ranks 1, 2.5, 2.5, and two of three choices have the sum 2.5.
    assert_eq!(chances(&[1.0, 2.0], &[2.0]), (2.0 / 3.0, 1.0));
    // All equal: every choice is as extreme.
    assert_eq!(chances(&[5.0; 4], &[5.0; 3]), (1.0, 1.0));
    // The lower tail for 5 and 3 from the published tables of the rank sum: W = 6 has 1 of 56, W <= 8 has 4 of 56.
    let (_, low) = chances(&[4.0, 5.0, 6.0, 7.0, 8.0], &[1.0, 2.0, 3.0]);
    assert!(near(low, 1.0 / 56.0), "{low}");
    let (_, low) = chances(&[3.0, 4.0, 6.0, 7.0, 8.0], &[1.0, 2.0, 5.0]);
    assert!(near(low, 4.0 / 56.0), "{low}");
}

/// The count by sums against one by one.
#[test]
fn chances_are_those_of_listing_every_choice() {
    let mut random = fastrand::Rng::with_seed(11);
    for _ in 0..50 {
        let (n, m) = (random.usize(1..8), random.usize(1..5));
        // Few different values, so that there are ties.
        let all: Vec<f64> = (0..n + m).map(|_| f64::from(random.u8(0..6))).collect();
        let ranks = doubled_ranks(&all[..n], &all[n..]);
        let sum = |choice: u32| (0..n + m).filter(|i| choice >> i & 1 == 1).map(|i| ranks[i]).sum::<usize>();
        let seen = sum(((1 << m) - 1) << n);
        let choices: Vec<u32> = (0..1_u32 << (n + m)).filter(|c| c.count_ones() as usize == m).collect();
        let share = |holds: &dyn Fn(usize) -> bool| {
            choices.iter().filter(|c| holds(sum(**c))).count() as f64 / choices.len() as f64
        };
        let chances = Chances::of(&all[..n], &all[n..]);
        assert!(
            near(chances.high, share(&|s| s >= seen)) && near(chances.low, share(&|s| s <= seen)),
            "{all:?}"
        );
    }
}

/// 19 runs of about 10 ms, as they come from a calm machine.
fn nineteen() -> Vec<f64> {
    (0..19).map(|i| 0.0100 + 0.00001 * f64::from(i * 7 % 19)).collect()
}

#[test]
fn worse_better_and_same() {
    let (before, flat) = (nineteen(), [0.01; 19]);
    let worse = times(&before, &[0.0120]);
    assert_eq!((worse.change, worse.reason.as_str()), (Change::Worse, ""));
    assert!(near(worse.chance, 0.05) && near(worse.baseline_median, 0.01009), "{worse:?}");
    assert_eq!(times(&[0.010, 0.011, 0.010], &[0.012, 0.013, 0.0125]).change, Change::Worse);
    assert_eq!(times(&before, &[0.0080]).change, Change::Better);
    assert_eq!(times(&flat, &[0.01]).change, Change::Same);
    // Higher than all, but by 4 %.
    let little = times(&before, &[0.0105]);
    assert_eq!((little.change, little.is_large), (Change::Same, false));
    // 80 % over the median, but two of the baseline's runs were like that.
    let (mut noisy, new) = (before.clone(), [0.018]);
    noisy[3..5].fill(0.02);
    let within = times(&noisy, &new);
    assert_eq!((within.change, within.is_large), (Change::Same, true));
}

#[test]
fn a_floor_keeps_what_cannot_be_measured_out() {
    let micros = |us: f64| us * 1e-6;
    assert_eq!(times(&[micros(50.0); 19], &[micros(140.0)]).change, Change::Same);
    assert_eq!(times(&[micros(50.0); 19], &[micros(151.0)]).change, Change::Worse);
}

#[test]
fn rates_are_wanted_high() {
    let rate = |new: f64| {
        RegressionRule::default().contrast(&exact(&[100.0; 19]), &exact(&[new]), Wanted::High, 0.1).change
    };
    assert_eq!([80.0, 97.0, 130.0].map(rate), [Change::Worse, Change::Same, Change::Better]);
}

#[test]
fn one_disturbed_run_does_not_hide_a_difference() {
    let before = [10.0, 10.1, 10.2, 9.9, 10.0, 10.1, 30.0].map(|ms| ms * 1e-3);
    assert_eq!(times(&before, &[0.015, 0.0152, 0.0149]).change, Change::Worse);
}

#[test]
fn too_few_runs_say_what_it_takes() {
    let few = times(&[0.010; 5], &[0.100]);
    assert_eq!((few.change, few.is_large), (Change::Inconclusive, true));
    assert_eq!(
        few.reason,
        "1 run against 5 of the baseline cannot tell at a level of 5%: it takes 19 runs of the baseline, or 2 runs of \
         what is new"
    );
    let rule = RegressionRule::default();
    let enough = [(19, 1), (5, 2), (3, 3), (1, 19)];
    assert_eq!(enough.map(|(n, m)| rule.too_few(n, m)), [const { None }; 4]);
    let short = [(18, 1), (4, 2), (3, 2), (1, 18)];
    assert!(short.into_iter().all(|(n, m)| rule.too_few(n, m).is_some()));
    assert_eq!(rule.too_few(0, 1).unwrap(), "no run to compare has this figure");
    // The table of the guide: runs of the baseline for 1, 2 and 3 new ones.
    for (level, needed) in [(0.05, [19, 5, 3]), (0.1, [9, 3, 2]), (0.2, [4, 2, 2])] {
        let rule = RegressionRule { level, ..rule };
        let least = |new: usize| (1..).find(|n| rule.too_few(*n, new).is_none());
        assert_eq!([1, 2, 3].map(least), needed.map(Some), "{level}");
    }
    assert_eq!(
        RegressionRule { level: 1e-9, ..rule }.too_few(1, 1).unwrap(),
        "1 run against 1 of the baseline cannot tell at a level of 0%: it takes more on both sides"
    );
}

#[test]
fn lower_bounds_carry_one_answer_only() {
    let bounds = |values: &[f64]| -> Vec<RunFigure> {
        values.iter().map(|&value| RunFigure { value, is_at_least: true }).collect()
    };
    let of = |before: &[RunFigure], after: &[RunFigure]| {
        RegressionRule::default().contrast(before, after, Wanted::Low, 1e-4)
    };
    let (low, high) = ([0.01; 19], [30.0; 19]);
    // At least 30 s is worse than 10 ms, whatever it truly is; 10 ms is better than at least 30 s.
    assert_eq!(of(&exact(&low), &bounds(&[30.0])).change, Change::Worse);
    assert_eq!(of(&bounds(&high), &exact(&[0.01])).change, Change::Better);
    for (before, after, which) in [
        (exact(&high), bounds(&[0.01]), "the new runs"),
        (bounds(&low), exact(&[30.0]), "the baseline"),
        (exact(&low), bounds(&[0.01]), "the new runs"),
        (bounds(&low), bounds(&[0.01]), "the baseline"),
        (bounds(&low), bounds(&[30.0]), "the baseline"),
        (bounds(&high), bounds(&[0.01]), "the new runs"),
    ] {
        let found = of(&before, &after);
        assert_eq!(found.change, Change::Inconclusive, "{which}");
        assert_eq!(
            found.reason,
            format!("of {which} only a lower bound is known, since operations never ended")
        );
    }
}

/// Log-normal noise, as standard deviations of the logarithm.
#[derive(Clone, Copy)]
struct Noise {
    /// From run to run.
    run: f64,
    /// From one sitting to the next: new runs are made in one, each of the baseline's in its own.
    sitting: f64,
}

const TRIES: u32 = 1_000;

/// A normal variable, by Box and Muller.
fn normal(random: &mut fastrand::Rng) -> f64 {
    let (u, v) = (1.0 - random.f64(), random.f64());
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

/// How often the rule says worse of `m` new runs that are slower by `effect` than `n` of the baseline. What it says of
/// better is the second share.
fn simulated(noise: Noise, effect: f64, (n, m): (usize, usize)) -> (f64, f64) {
    let mut random = fastrand::Rng::with_seed(0x5eed);
    let run = |random: &mut fastrand::Rng, factor: f64, sitting: f64| RunFigure {
        value: 0.1 * factor * (noise.run * normal(random) + noise.sitting * sitting).exp(),
        is_at_least: false,
    };
    let (mut worse, mut better) = (0, 0);
    for _ in 0..TRIES {
        let mut before = Vec::new();
        for _ in 0..n {
            let sitting = normal(&mut random);
            before.push(run(&mut random, 1.0, sitting));
        }
        let sitting = normal(&mut random);
        let after: Vec<RunFigure> = (0..m).map(|_| run(&mut random, 1.0 + effect, sitting)).collect();
        match RegressionRule::default().contrast(&before, &after, Wanted::Low, 1e-4).change {
            Change::Worse => worse += 1,
            Change::Better => better += 1,
            Change::Same | Change::Inconclusive | Change::NotComparable => {}
        }
    }
    (f64::from(worse) / f64::from(TRIES), f64::from(better) / f64::from(TRIES))
}

const EFFECTS: [f64; 4] = [0.0, 0.1, 0.2, 0.5];

/// Prints a row of the table in docs/methods.md.
fn print_row(noise: &str, (n, m): (usize, usize), found: [(f64, f64); 4]) {
    let shown = found.map(|(worse, _)| format!("{:.1} %", worse * 100.0)).join(" | ");
    println!("| {noise} | {n} | {m} | {shown} |");
}

/// 5 % and the chance of so many tries: three standard deviations.
fn allowed() -> f64 {
    0.05 + 3.0 * (0.05_f64 * 0.95 / f64::from(TRIES)).sqrt()
}

/// `cargo test --lib false_alarms -- --nocapture` prints the table of docs/methods.md.
#[test]
fn false_alarms_and_detections() {
    println!(
        "| noise | baseline runs | new runs | worse at 0 % | 10 % | 20 % | 50 % |\n|---|---|---|---|---|---|---|"
    );
    for run in [0.03, 0.05, 0.10] {
        for sides in [(5, 1), (5, 2), (5, 3), (10, 1), (10, 2), (10, 3), (20, 1), (20, 2), (20, 3)] {
            let found = EFFECTS.map(|effect| simulated(Noise { run, sitting: 0.0 }, effect, sides));
            print_row(&format!("{:.0} %", run * 100.0), sides, found);
            let ((false_alarms, false_praise), (_, praise)) = (found[0], found[3]);
            assert!(false_alarms <= allowed() && false_praise <= allowed(), "{run} {sides:?}: {found:?}");
            assert_eq!(praise, 0.0, "what is slower by half is never better");
            let is_enough = RegressionRule::default().too_few(sides.0, sides.1).is_none();
            assert_eq!(is_enough, found[3].0 > 0.9, "{run} {sides:?}: {found:?}");
        }
    }
}

/// New runs that are made one after the other have a machine's mood in common, and the baseline's have not. One new run
/// is exchangeable with the baseline's all the same; several are so the less, and the level does not hold.
#[test]
fn false_alarms_of_runs_of_one_sitting() {
    for total in [0.03, 0.05, 0.10_f64] {
        let half = total / 2.0_f64.sqrt();
        for sides in [(5, 2), (5, 3), (10, 2), (10, 3), (20, 1), (20, 2), (20, 3)] {
            let found = EFFECTS.map(|effect| simulated(Noise { run: half, sitting: half }, effect, sides));
            print_row(&format!("{:.0} %, half of it by sitting", total * 100.0), sides, found);
            let (false_alarms, _) = found[0];
            let bound = if sides.1 == 1 { allowed() } else { 0.15 };
            assert!(false_alarms <= bound, "{total} {sides:?}: {found:?}");
        }
    }
}
