use super::*;
use crate::{
    expect::{latency, success_rate},
    units::{millis, per_second, percent, seconds},
};

#[test]
fn code_and_text_mean_the_same() {
    let pairs = [
        (breaking_point().at_least(per_second(500)), "breaking_point >= 500/s"),
        (capacity().above(99), "capacity > 99"),
        (connections().at_least(500), "connections >= 500"),
        (recovery_time().below(seconds(30)), "recovery_time < 30s"),
        (recovery_time().at_most(millis(1_500)), "recovery_time <= 1.5s"),
        (fault_leak().below(percent(1)), "fault_leak < 1%"),
        (degradation().is(Grade::Graceful), "degradation == graceful"),
        (degradation().is_not(Grade::Collapse), "degradation != collapse"),
        (no_leak(), "no_leak"),
        (no_drift(), "no_drift"),
    ];
    for (built, text) in pairs {
        assert_eq!(built.check(), Ok(()));
        assert_eq!(built.to_string(), text);
        assert_eq!(Ok(built), Assertion::parse(text));
    }
    let other =
        ["  breaking_point>=30_000/m ", "capacity >= 1_000"].map(|text| Assertion::parse(text).unwrap());
    assert_eq!(other.map(|assertion| assertion.to_string()), ["breaking_point >= 500/s", "capacity >= 1000"]);
}

/// The error's first line without its prefix, then the part of the text that the carets are under.
fn refused(text: &str) -> (String, &str) {
    let error = Assertion::parse(text).expect_err(text);
    (error.mistake().to_string(), &text[error.at()])
}

#[test]
fn mistakes_are_told_at_their_place() {
    let interval = "breaking_point is known between two figures: write one of <, <=, > and >=";
    let kinds = "of what procedures find there are breaking_point, capacity, connections, recovery_time, fault_leak, \
                 degradation, no_leak and no_drift";
    let cases = [
        ("", "nothing is written; an expectation reads like `latency.p95 < 100ms`", ""),
        (
            "breking_point >= 1/s",
            "unknown metric `breking_point`; did you mean `breaking_point`?",
            "breking_point",
        ),
        (
            "latency.p95 < 1s",
            &format!("`latency.p95` is measured of a load: state it with the load; {kinds}"),
            "latency.p95",
        ),
        ("breaking_point == 5/s", interval, "=="),
        ("breaking_point >= 5%", "breaking_point is a rate: write it like 500/s", "5%"),
        ("breaking_point", "the operator is missing: write one of <, <=, >, >=, == and !=", ""),
        ("capacity >= -1", "capacity is never negative: write 0 or more", "-1"),
        ("recovery_time <", "the value is missing: recovery_time is a duration: write it like 100ms", ""),
        (
            "recovery_time < 30s or so",
            "the expectation should end before `or so`: leave that away, or write it as one of its own",
            "or so",
        ),
        ("degradation >= graceful", "degradation is known by a word: write one of == and !=", ">="),
        (
            "degradation == gracious",
            "`gracious` is no way to degrade: write graceful, degraded or collapse",
            "gracious",
        ),
        (
            "no_leak == true",
            "the expectation should end before `== true`: leave that away, or write it as one of its own",
            "== true",
        ),
    ];
    for (text, message, place) in cases {
        assert_eq!(refused(text), (message.to_owned(), place), "{text}");
    }
    assert!(
        capacity().at_least(0.5).check().is_err()
            && breaking_point().above(per_second(f64::NAN)).check().is_err()
    );
}

#[test]
fn the_first_word_tells_what_it_is_of() {
    assert_eq!(Stated::parse(" no_drift"), Ok(Stated::OfFindings(no_drift())));
    assert_eq!(Stated::parse("capacity>=3"), Ok(Stated::OfFindings(capacity().at_least(3))));
    assert_eq!(Stated::parse("success_rate >= 0.5"), Ok(Stated::OfLoads(success_rate().at_least(0.5))));
    assert!(Stated::parse("no_leaks").unwrap_err().to_string().contains("did you mean `no_leak`?"));
    assert!(Stated::parse("rps > 5").unwrap_err().to_string().contains("no_leak and no_drift"));
    assert!(latency().p99().below(seconds(1)).check().is_ok());
}
