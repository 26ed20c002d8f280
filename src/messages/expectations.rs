use super::Page;
use crate::{
    case::MarkerExpression,
    data::{MalformedJson, Zipf},
    expect::{Assertion, Expectation, Mistake, error_rate, success_rate},
    units::{ByteSize, Rate, Ratio, parse_duration},
};

/// Each of these is a mistake of a kind of its own.
const OF_LOADS: [&str; 40] = [
    "",
    "< 100ms",
    "latency.p9o < 100ms",
    "colour > 5",
    "breaking_point >= 100/s",
    "latency < 100ms",
    "latency.median < 100ms",
    "latency.p < 1s",
    "latency.p100 < 1s",
    "latency.p95x < 1s",
    "status.ok > 1",
    "status.99999 > 1",
    "counter. > 1",
    "counter.hits% > 1",
    "counter.\"cache hits > 1",
    "latency.p95",
    "latency.p95 100ms",
    "latency.p95 => 100ms",
    "latency.p95 =< 100ms",
    "latency.p95 = 100ms",
    "latency.p95 <",
    "latency.p95 < 100",
    "success_rate >= many",
    "goodput > inf/s",
    "latency.p95 < -5ms",
    "success_rate >= 95",
    "error_rate < 1% over",
    "error_rate < 1% over 1ms",
    "error_rate < 1% over 5s for 9 days",
    "memory.peak < 1GiB over 5s",
    "error_rate < 1% abort",
    "error_rate < 1% over 5s abort after noon",
    "error_rate < 1% in phases",
    "error_rate < 1% of reads",
    "error_rate < 1% with reads",
    "memory.peak < 1GiB with tag \"read\"",
    "error_rate < 1% in each phase with tag \"read\"",
    "error_rate < 1% over 5s over 6s",
    "counter.hits > 5 in each phase",
    "error_rate < 1% or so",
];

#[test]
fn expectations() {
    let mut page = Page::new("expectations", "Expectations that cannot be read");
    page.family("Of a load, in `expect` or in stress.toml");
    for text in OF_LOADS {
        page.refuses(if text.is_empty() { "(nothing)" } else { text }, Expectation::parse(text));
    }
    page.refuses("error_rate().below(f64::NAN)", error_rate().below(f64::NAN).terms().map(|_| ()));
    page.refuses("success_rate().at_least(1.5)", success_rate().at_least(1.5).terms().map(|_| ()));
    page.family("Of what procedures find");
    for text in [
        "breaking_pont >= 500/s",
        "latency.p95 < 1s",
        "breaking_point == 500/s",
        "degradation < 5",
        "degradation == gently",
        "capacity >= -1",
        "no_leak at all",
    ] {
        page.refuses(text, Assertion::parse(text));
    }
    page.check();
}

/// The compiler asks for another one here, and the page for an example of it, when a mistake is added.
#[test]
fn every_mistake_has_its_example() {
    let of = |mistake: &Mistake| match mistake {
        Mistake::Empty => 0,
        Mistake::MissingMetric => 1,
        Mistake::MisspeltMetric { .. } => 2,
        Mistake::UnknownMetric { .. } => 3,
        Mistake::NotOfALoad { .. } => 4,
        Mistake::NoStatistic { .. } => 5,
        Mistake::BadPercentile { .. } => 6,
        Mistake::BadStatus { .. } => 7,
        Mistake::EmptyCounterName => 8,
        Mistake::UnquotedCounterName => 9,
        Mistake::UnclosedQuote => 10,
        Mistake::MissingOperator => 11,
        Mistake::BadOperator { .. } => 12,
        Mistake::MissingValue { .. } => 13,
        Mistake::WrongValue { .. } => 14,
        Mistake::NotFinite { .. } => 15,
        Mistake::Negative { .. } => 16,
        Mistake::OverTheWhole { .. } => 17,
        Mistake::BadWindow { .. } => 18,
        Mistake::NoWindows { .. } => 19,
        Mistake::AbortWithoutWindow => 20,
        Mistake::BadAbort => 21,
        Mistake::BadScope => 22,
        Mistake::BadLoad => 23,
        Mistake::BadTag => 24,
        Mistake::NotByTag { .. } => 25,
        Mistake::TagOfAPhase => 26,
        Mistake::Twice { .. } => 27,
        Mistake::WholeLoadOnly { .. } => 28,
        Mistake::TrailingWords { .. } => 29,
        // Of what procedures find.
        Mistake::OfALoad { .. } | Mistake::OperatorOfFinding { .. } | Mistake::BadGrade { .. } => 30,
    };
    let seen: std::collections::BTreeSet<i32> =
        OF_LOADS.iter().filter_map(|text| Expectation::parse(text).err()).map(|e| of(e.mistake())).collect();
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), (0..30).collect::<Vec<_>>());
}

#[test]
fn words_and_numbers() {
    let mut page = Page::new("words", "Words and numbers that are none");
    page.family("Marker expressions, in `-m` and in overrides");
    let known = ["long", "slow"].into_iter().collect();
    let deep = format!("{}slow{}", "(".repeat(70), ")".repeat(70));
    for text in ["", "slow and", "slow long", "(slow", "slow)", "slwo", "weekly"] {
        let given = if text.is_empty() { "(nothing)" } else { text };
        page.refuses(given, MarkerExpression::parse(text, &known));
    }
    let error = MarkerExpression::parse(&deep, &known).unwrap_err().to_string();
    page.says("70 parentheses", error.lines().next().unwrap_or_default());
    page.family("Units");
    page.refuses("fast", "fast".parse::<Rate>());
    page.refuses("2 parsecs", "2 parsecs".parse::<ByteSize>());
    page.refuses("most", "most".parse::<Ratio>());
    page.refuses("soon", parse_duration("soon"));
    page.family("Data");
    page.refuses("Zipf::new(0, 1.0, 7)", Zipf::new(0, 1.0, 7));
    page.refuses("Zipf::new(u64::MAX, 1.0, 7)", Zipf::new(u64::MAX, 1.0, 7));
    page.refuses("Zipf::new(10, -1.0, 7)", Zipf::new(10, -1.0, 7));
    page.refuses("MalformedJson::of(\"{\", 7)", MalformedJson::of("{", 7));
    page.check();
}
