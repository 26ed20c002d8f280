//! The breaker, on a clock that is moved by hand, and the pauses between attempts.

use std::time::Duration;

use backon::BackoffBuilder;
use failsafe::clock::freeze;

use crate::targets::content_flow::breaker::{Breaker, BreakerTerms, Changes, Closing, Open, State};
use crate::targets::content_flow::retries::{Patience, Pauses, Retries};

const OPEN_FOR: Duration = Duration::from_secs(10);
const LITTLE: Duration = Duration::from_millis(1);

fn breaker(closing: Closing) -> Breaker {
    Breaker::new(BreakerTerms { failures: 3, open_for: OPEN_FOR }, closing)
}

fn fail(breaker: &Breaker) {
    breaker.ask().expect("the call is let through").failed();
}

fn changes(state: State, [opened, half_opened, closed, refused]: [u64; 4]) -> Changes {
    Changes { state, opened, half_opened, closed, refused }
}

#[test]
fn it_opens_half_opens_and_closes() {
    freeze(|clock| {
        let breaker = breaker(Closing::OnSuccess);
        assert_eq!(breaker.changes(), changes(State::Closed, [0; 4]));
        fail(&breaker);
        fail(&breaker);
        breaker.ask().expect("closed").succeeded();
        fail(&breaker);
        fail(&breaker);
        assert_eq!(breaker.changes(), changes(State::Closed, [0; 4]), "never three in a row");
        fail(&breaker);
        assert_eq!(breaker.changes(), changes(State::Open, [1, 0, 0, 0]));
        assert_eq!(breaker.ask().err(), Some(Open));
        clock.advance(OPEN_FOR);
        assert_eq!(breaker.ask().err(), Some(Open), "not before its time is over");
        clock.advance(LITTLE);
        fail(&breaker);
        assert_eq!(breaker.changes(), changes(State::Open, [2, 1, 0, 2]), "a failed probe opens it again");
        assert_eq!(breaker.ask().err(), Some(Open));
        clock.advance(OPEN_FOR + LITTLE);
        breaker.ask().expect("a probe").succeeded();
        assert_eq!(breaker.changes(), changes(State::Closed, [2, 2, 1, 3]));
        fail(&breaker);
        assert_eq!(breaker.changes().state, State::Closed, "what was before it closed does not count");
    });
}

#[test]
fn one_probe_at_a_time_and_a_dropped_one_makes_room_for_the_next() {
    freeze(|clock| {
        let breaker = breaker(Closing::OnSuccess);
        (0..3).for_each(|_| fail(&breaker));
        clock.advance(OPEN_FOR + LITTLE);
        let probe = breaker.ask().expect("a probe");
        assert_eq!(breaker.changes(), changes(State::HalfOpen, [1, 1, 0, 0]));
        assert_eq!(breaker.ask().err(), Some(Open));
        drop(probe);
        let probe = breaker.ask().expect("another probe");
        assert_eq!(
            breaker.changes(),
            changes(State::HalfOpen, [1, 1, 0, 1]),
            "nobody knows more than before"
        );
        probe.succeeded();
        let (one, other) = (breaker.ask(), breaker.ask());
        assert!(one.is_ok() && other.is_ok(), "closed, all calls are let through");
    });
}

#[test]
fn calls_from_before_it_opened_say_nothing() {
    freeze(|clock| {
        let breaker = breaker(Closing::OnSuccess);
        let slow: Vec<_> = (0..4).map(|_| breaker.ask().expect("closed")).collect();
        (0..3).for_each(|_| fail(&breaker));
        clock.advance(OPEN_FOR + LITTLE);
        let probe = breaker.ask().expect("a probe");
        for (nth, call) in slow.into_iter().enumerate() {
            if nth % 2 == 0 { call.succeeded() } else { call.failed() }
        }
        assert_eq!(breaker.changes(), changes(State::HalfOpen, [1, 1, 0, 0]));
        probe.succeeded();
        assert_eq!(breaker.changes().state, State::Closed);
    });
}

#[test]
fn the_twin_never_closes() {
    freeze(|clock| {
        let breaker = breaker(Closing::Never);
        (0..3).for_each(|_| fail(&breaker));
        for _ in 0..5 {
            clock.advance(OPEN_FOR + LITTLE);
            breaker.ask().expect("a probe").succeeded();
        }
        assert_eq!(breaker.changes(), changes(State::Open, [6, 5, 0, 0]));
    });
}

#[test]
fn pauses_grow_and_end() {
    let retries = Retries { times: 5, first: Duration::from_millis(10), longest: Duration::from_millis(40) };
    let pauses = |seed, patience| Pauses { retries, patience, seed }.build();
    for seed in 0..50 {
        let bounded: Vec<_> = pauses(seed, Patience::Bounded).collect();
        assert_eq!(bounded.len(), 5);
        for (pause, least) in bounded.iter().zip([10, 20, 40, 40, 40]) {
            let (least, pause) = (Duration::from_millis(least), *pause);
            assert!(pause >= least && pause < 2 * least, "{pause:?} for {least:?}");
        }
        assert!(bounded[0] < bounded[1] && bounded[1] < bounded[2], "{bounded:?}");
        assert_eq!(bounded, pauses(seed, Patience::Bounded).collect::<Vec<_>>());
    }
    assert_ne!(pauses(1, Patience::Bounded).next(), pauses(2, Patience::Bounded).next(), "not in step");
    assert_eq!(pauses(1, Patience::WithoutEnd).take(1_000).count(), 1_000);
}
