//! Input that is no load, or only just one: each has one clear error, or the meaning that the documents give it.

mod properties;

use std::time::Duration;

use super::*;
use crate::units::{Rate, gib, hours, mib, millis, minutes, per_second, seconds};

#[track_caller]
fn refused(load: impl Into<Load>, expected: &str) {
    let error = load.into().checked().unwrap_err();
    assert_eq!(error.to_string(), expected);
}

fn open(rate: f64) -> OpenLoad {
    Load::rate(Rate::new(rate)).for_duration(seconds(5))
}

fn moments(load: &OpenLoad) -> Vec<f64> {
    load.arrivals(0).map(|moment| moment.as_secs_f64()).collect()
}

#[test]
fn rates_that_are_none() {
    refused(
        open(0.0),
        "the load `pause for 5 s` cannot run: its rate is 0 from beginning to end: nothing would start; give it one over 0",
    );
    refused(
        open(f64::NAN),
        "the load `NaN/s to NaN/s in 5 s` cannot run: a rate must be a finite number that is not negative: give it one like 100/s, and load_scale a small factor",
    );
    refused(
        open(-3.0),
        "the load `-3/s for 5 s` cannot run: a rate must be a finite number that is not negative: give it one like 100/s, and load_scale a small factor",
    );
    refused(
        open(f64::INFINITY),
        "the load `inf/s for 5 s` cannot run: a rate must be a finite number that is not negative: give it one like 100/s, and load_scale a small factor",
    );
    refused(
        open(1.0).ramp_to(per_second(f64::NEG_INFINITY), seconds(1)),
        "the load `1/s for 5 s, 1/s to -inf/s in 1 s` cannot run: a rate must be a finite number that is not negative: give it one like 100/s, and load_scale a small factor",
    );
}

#[test]
fn rates_that_no_generator_reaches() {
    refused(
        open(1e12),
        "the load `1000000000000/s for 5 s` cannot run: the generator can be asked for at most 10000000/s: lower the \
         rate",
    );
    refused(
        open(1.0).spike(per_second(f64::MAX), seconds(1)),
        &format!(
            "the load `1/s for 5 s, {}/s for 1 s` cannot run: the generator can be asked for at most 10000000/s: \
             lower the rate",
            f64::INFINITY
        ),
    );
    assert!(Load::from(open(1e7)).checked().is_ok(), "the most that is allowed");
}

#[test]
fn users_that_are_none_or_fit_nowhere() {
    refused(
        Load::users(0).for_duration(seconds(1)),
        "the load `pause for 1 s` cannot run: it has no users: nothing would start; give it at least 1",
    );
    refused(
        Load::users(0).iterations_each(4),
        "the load `pause x 4 iterations each` cannot run: it has no users: nothing would start; give it at least 1",
    );
    refused(
        Load::at_once(u32::MAX),
        "the load `4294967295 users once each` cannot run: a load can have at most 10000000 users: lower their number",
    );
    assert!(Load::from(Load::users(10_000_000).for_duration(seconds(1))).checked().is_ok());
}

#[test]
fn lengths_that_are_none_or_beyond_all_time() {
    refused(
        Load::rate(per_second(5)).for_duration(Duration::ZERO),
        "the load `5/s for 0 ns` cannot run: it lasts 0 s: give it a longer duration",
    );
    refused(
        Load::rate(per_second(5)).ramp_to(per_second(9), Duration::ZERO),
        "the load `5/s to 9/s in 0 ns` cannot run: it lasts 0 s: give it a longer duration",
    );
    refused(
        Load::users(5).for_duration(hours(241)),
        "the load `5 users for 10days 1h` cannot run: a load can last at most 10days: give it a shorter duration",
    );
    let twice = Load::rate(per_second(1)).for_duration(Duration::MAX).for_duration(Duration::MAX);
    assert!(
        Load::from(twice).checked().unwrap_err().to_string().ends_with("give it a shorter duration"),
        "lengths add up without overflow"
    );
    let whole = Load::from(Load::users(5).for_duration(hours(240))).checked().unwrap();
    assert_eq!(whole.within_limits(Duration::ZERO), Ok(()));
    assert_eq!(
        whole.within_limits(hours(1)).unwrap_err().to_string(),
        "the load `5 users for 10days` cannot run: a load can last at most 10days with its warm-up of 1h: make one of \
         them shorter"
    );
}

#[test]
fn more_stages_than_anybody_reads() {
    let spikes = Load::spikes(
        per_second(1),
        per_second(2),
        Duration::from_nanos(1),
        Duration::from_nanos(3),
        hours(1),
    );
    refused(
        spikes,
        "the load `1/s for 2 ns, 2/s for 1 ns, 1/s for 2 ns and 9999 more stages` cannot run: a load can have at most \
         10000 stages: make them longer, or the load shorter",
    );
    refused(
        Load::spikes(per_second(1), per_second(2), seconds(1), Duration::ZERO, hours(1)),
        "the load `1/s` cannot run: it has no length: add `.for_duration(...)`",
    );
}

#[test]
fn a_ramp_of_no_length_is_a_step() {
    let ramp = Load::rate(per_second(2))
        .for_duration(seconds(1))
        .ramp_to(per_second(4), Duration::ZERO)
        .for_duration(seconds(1));
    let step =
        Load::rate(per_second(2)).for_duration(seconds(1)).step_to(per_second(4)).for_duration(seconds(1));
    assert_eq!(moments(&ramp), moments(&step));
    assert_eq!(moments(&ramp), [0.0, 0.5, 1.0, 1.25, 1.5, 1.75]);
    let with_others = ramp.spike(per_second(9), Duration::ZERO).pause(Duration::ZERO);
    assert_eq!(moments(&with_others), moments(&step), "nor does any other stage without a length");
    let half = Overrides { time_scale: 0.5, ..Overrides::NONE };
    assert_eq!(
        Load::from(with_others).checked().unwrap().adjusted(&half).unwrap().describe(),
        "2/s for 500 ms, 2/s to 4/s in 0 ns, 4/s for 500 ms, 9/s for 0 ns, pause for 0 ns",
        "scaling does not give it one"
    );
}

#[test]
fn a_length_under_one_interval_has_one_operation() {
    for length in [Duration::from_nanos(1), millis(1), millis(999)] {
        assert_eq!(moments(&Load::rate(per_second(1)).for_duration(length)), [0.0], "{length:?}");
    }
    assert_eq!(moments(&Load::rate(Rate::new(f64::MIN_POSITIVE)).for_duration(hours(240))), [0.0]);
    let from_nothing = Load::rate(per_second(0)).ramp_to(per_second(10), millis(10));
    assert_eq!(moments(&from_nothing), [0.0], "on a ramp too");
}

/// `arrivals` asks no questions, so it has to get along with everything.
#[test]
fn arrivals_of_what_is_no_load_end() {
    for rate in [f64::NAN, -1.0, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(moments(&open(rate)), [0.0; 0], "{rate}");
        let ramp = Load::rate(per_second(1)).ramp_to(Rate::new(rate), seconds(5));
        assert_eq!(moments(&ramp), [0.0; 0], "to {rate}");
        assert_eq!(moments(&open(rate).step_to(per_second(1)).for_duration(seconds(2))), [5.0, 6.0]);
    }
    let forever = Load::rate(Rate::new(1e-19))
        .for_duration(Duration::MAX)
        .step_to(per_second(1))
        .for_duration(Duration::MAX);
    assert_eq!(moments(&forever), [0.0, 1e19], "what would be due later than time is counted is left out");
}

#[test]
fn overrides_are_held_to_the_same_limits() {
    let adjusted = |load: Load, overrides: Overrides| {
        load.checked().unwrap().adjusted(&overrides).map_err(|error| error.to_string())
    };
    let crowd = || Load::from(Load::users(2).for_duration(seconds(5)));
    let users = |n| Overrides { users: Some(n), ..Overrides::NONE };
    assert_eq!(
        adjusted(crowd(), users(1_000_000_000_000)).unwrap_err(),
        "the load `1000000000000 users for 5 s` cannot run: a load can have at most 10000000 users: lower their number"
    );
    assert_eq!(
        adjusted(crowd(), users(u64::MAX)).unwrap_err(),
        "the load `18446744073709551615 users for 5 s` cannot run: a load can have at most 10000000 users: lower their \
         number"
    );
    assert_eq!(
        adjusted(open(1.0).into(), Overrides { rate: Some(per_second(1e12)), ..Overrides::NONE })
            .unwrap_err(),
        "the load `1000000000000/s for 5 s` cannot run: the generator can be asked for at most 10000000/s: lower the \
         rate"
    );
    assert_eq!(
        adjusted(open(1.0).into(), Overrides { load_scale: f64::MAX, time_scale: 0.1, ..Overrides::NONE })
            .unwrap_err(),
        "the load `inf/s for 500 ms` cannot run: the generator can be asked for at most 10000000/s: lower the rate"
    );
    for overrides in [
        Overrides { time_scale: f64::MAX, ..Overrides::NONE },
        Overrides { duration: Some(Duration::MAX), time_scale: 2.0, ..Overrides::NONE },
    ] {
        let error = adjusted(open(1.0).into(), overrides).unwrap_err();
        assert!(error.ends_with("a load can last at most 10days: give it a shorter duration"), "{error}");
    }
    assert_eq!(
        Overrides { time_scale: f64::MAX, ..Overrides::NONE }.of_warm_up(seconds(1)),
        Some(Duration::MAX)
    );
    assert_eq!(Overrides { time_scale: 0.5, ..Overrides::NONE }.of_warm_up(seconds(1)), Some(millis(500)));
    assert_eq!(Overrides::NONE.of_warm_up(Duration::ZERO), None);
}

#[test]
fn units_do_not_wrap_around() {
    assert_eq!((minutes(u64::MAX), hours(u64::MAX)), (seconds(u64::MAX), seconds(u64::MAX)));
    assert_eq!((mib(u64::MAX).bytes(), gib(u64::MAX).bytes()), (u64::MAX, u64::MAX));
}
