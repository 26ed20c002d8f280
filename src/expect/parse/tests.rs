use proptest::prelude::*;

use crate::expect::Expectation;

fn shown(text: &str) -> String {
    Expectation::parse(text).unwrap().to_string()
}

/// The error's first line without its prefix, then the part of the text that the carets are under.
fn refused(text: &str) -> (String, &str) {
    let error = Expectation::parse(text).expect_err(text);
    (error.mistake().to_string(), &text[error.at()])
}

#[test]
fn texts_are_read_and_print_canonically() {
    assert_eq!(shown("latency.p95 < 100ms"), "latency.p95 < 100ms");
    assert_eq!(shown("  response_time.p99.90<=1s 500ms "), "latency.p99.9 <= 1.5s");
    assert_eq!(shown("service_time.max < 90s"), "service_time.max < 1m 30s");
    assert_eq!(shown("success_rate>=95 %"), "success_rate >= 95%");
    assert_eq!(shown("error_rate < 0.01"), "error_rate < 1%");
    assert_eq!(shown("throughput > 1_000"), "throughput > 1000/s");
    assert_eq!(shown("goodput >= 90/m"), "goodput >= 1.5/s");
    assert_eq!(shown("dropped == 0"), "dropped == 0");
    assert_eq!(shown("ok != 1_000"), "ok != 1000");
    assert_eq!(shown("memory.growth < 1024 MiB"), "memory.growth < 1GiB");
    assert_eq!(shown("bytes > 1_000"), "bytes > 1kB");
    assert_eq!(shown("cpu.mean < 150%"), "cpu.mean < 150%");
    assert_eq!(shown("counter.cache_hit_rate > 0.8"), "counter.cache_hit_rate > 80%");
    assert_eq!(shown("counter.\"in each < phase\" > 8"), "counter.\"in each < phase\" > 8");
    assert_eq!(shown("counter.\"plain\" > 8"), "counter.plain > 8");
    assert_eq!(shown("status.503 < 10 in  each\tphase"), "status.503 < 10 in each phase");
    assert_eq!(
        shown("latency.max < 1s in phase \"at 10/s, over\""),
        "latency.max < 1s in phase \"at 10/s, over\""
    );
}

#[test]
fn errors_point_at_the_place() {
    let error = |text: &str| Expectation::parse(text).unwrap_err().to_string();
    assert_eq!(
        error("latency.p9o < 100ms"),
        "expectation: unknown metric `latency.p9o`; did you mean `latency.p90`?
    latency.p9o < 100ms
    ^^^^^^^^^^^"
    );
    assert_eq!(
        error("counter.größe <\t5ms  "),
        "expectation: counter.größe is a counter: write a count like 1_000 or a share like 80%
    counter.größe < 5ms
                    ^^^"
    );
    assert_eq!(
        error("latency.p95 <"),
        "expectation: the value is missing: latency.p95 is a duration: write it like 100ms
    latency.p95 <
                 ^"
    );
    assert_eq!(
        error(" \n"),
        "expectation: nothing is written; an expectation reads like `latency.p95 < 100ms`"
    );
}

#[test]
fn operators_are_named() {
    let missing = "the operator is missing: write one of <, <=, >, >=, == and !=";
    assert_eq!(refused("latency.p95"), (missing.to_owned(), ""));
    assert_eq!(refused("latency.p95 below 5ms"), (missing.to_owned(), "below"));
    assert_eq!(
        refused("< 5ms"),
        ("the metric is missing; an expectation reads like `latency.p95 < 100ms`".to_owned(), "<")
    );
    for (wrong, instead) in [
        ("=", "use `==`"),
        ("=<", "use `<=`"),
        ("=>", "use `>=`"),
        ("≤", "use `<=`"),
        ("<>", "use `!=`"),
        ("<<", "use one of <, <=, >, >=, == and !="),
    ] {
        let text = format!("dropped {wrong} 0");
        assert_eq!(refused(&text), (format!("`{wrong}` is not an operator: {instead}"), wrong));
    }
}

#[test]
fn values_are_of_the_metrics_kind() {
    let cases = [
        ("latency.p95 < 100", "latency.p95 is a duration: write it like 100ms", "100"),
        ("latency.p95 < 5%", "latency.p95 is a duration: write it like 100ms", "5%"),
        ("success_rate > 5ms", "success_rate is a share: write it like 95% or 0.95", "5ms"),
        (
            "success_rate > 95",
            "success_rate is a share of all operations and never over 100%: write 95% or 0.95",
            "95",
        ),
        ("goodput > 5%", "goodput is a rate: write it like 500/s", "5%"),
        ("ok > 1.5", "ok is a count: write it like 1_000", "1.5"),
        ("memory.peak < 5s", "memory.peak is a size: write it like 1GiB", "5s"),
        ("latency.p95 < NaN", "`NaN` is not a number that can be compared with", "NaN"),
        ("goodput > -inf/s", "`-inf/s` is not a number that can be compared with", "-inf/s"),
        ("latency.p95 < -5ms", "latency.p95 is never negative", "-5ms"),
        ("ok > -1 please", "ok is never negative", "-1"),
    ];
    for (text, message, place) in cases {
        assert_eq!(refused(text), (message.to_owned(), place), "{text}");
    }
}

#[test]
fn what_follows_the_value_is_a_scope_or_an_error() {
    let scope = "write `in each phase` or `in phase \"NAME\"`";
    let window = "windows (`over`, `for`) are not supported";
    let quote = "the quote is not closed";
    let whole = "counter.x is known for the whole load only, not for a phase";
    let cases = [
        ("ok > 1 in", scope, "in"),
        ("ok > 1 in each", scope, "in each"),
        ("ok > 1 in every phase", scope, "in every phase"),
        ("ok > 1 in phase hold", scope, "in phase hold"),
        ("ok > 1 in phase \"hold", quote, "\"hold"),
        ("counter.\"x > 1", quote, "\"x > 1"),
        ("error_rate < 1% over 10s", window, "over 10s"),
        ("error_rate < 1% for 30s", window, "for 30s"),
        ("error_rate < 1% in each phase over 10s", window, "over 10s"),
        ("counter.x > 1 in each phase", whole, "in each phase"),
        ("ok > 1 in each phase now", "the expectation should end before `now`", "now"),
        ("ok > 1 in phase \"a\"b", "the expectation should end before `b`", "b"),
        ("latency.p95 < 1m 30s or so", "the expectation should end before `or so`", "or so"),
    ];
    for (text, message, place) in cases {
        assert_eq!(refused(text), (message.to_owned(), place), "{text}");
    }
}

/// Quoted names of at least `shortest` characters, of which many have to be escaped.
fn name(shortest: usize) -> impl Strategy<Value = String> {
    let characters = prop_oneof![Just('"'), Just('\\'), any::<char>()];
    prop::collection::vec(characters, shortest..9).prop_map(|name| {
        let escaped = name.iter().flat_map(|c| match c {
            '"' | '\\' => vec!['\\', *c],
            plain => vec![*plain],
        });
        format!("\"{}\"", escaped.collect::<String>())
    })
}

/// Texts of valid expectations of every kind, with limits of any size.
fn valid() -> impl Strategy<Value = String> {
    let statistic = prop_oneof![
        prop::sample::select(vec!["min", "mean", "stddev", "max"]).prop_map(str::to_owned),
        (1u32..1_000_000).prop_map(|m| format!("p{}.{:04}", m / 10_000, m % 10_000)),
    ];
    let family = prop::sample::select(vec!["latency", "response_time", "service_time", "lateness"]);
    let times =
        (family, statistic, any::<u64>()).prop_map(|(f, s, n)| (format!("{f}.{s}"), format!("{n}ns")));
    let shares = (prop::sample::select(vec!["success_rate", "timeout_rate"]), 0.0..=1.0f64)
        .prop_map(|(m, share)| (m.to_owned(), format!("{share}")));
    let positive = prop::num::f64::POSITIVE | prop::num::f64::ZERO;
    let wide = (prop::sample::select(vec!["cpu.mean", "achieved_rate", "throughput", "counter.x"]), positive)
        .prop_map(|(m, n)| (m.to_owned(), format!("{:?}", n.abs())));
    let sizes = (prop::sample::select(vec!["bytes", "memory.peak", "ok", "status.429"]), any::<u64>())
        .prop_map(|(m, n)| (m.to_owned(), n.to_string()));
    let named = (name(1), any::<u64>()).prop_map(|(n, c)| (format!("counter.{n}"), c.to_string()));
    let operator = prop::sample::select(vec!["<", "<=", ">", ">=", "==", "!="]);
    let metric = prop_oneof![times, shares, wide, sizes, named];
    let scope = prop_oneof![Just(String::new()), name(0).prop_map(|n| format!(" in phase {n}"))];
    (metric, operator, scope).prop_map(|((metric, limit), operator, scope)| {
        let has_phases =
            !metric.starts_with("counter") && !metric.contains("mean") && !metric.starts_with("memory");
        let scope = if has_phases { scope.as_str() } else { "" };
        format!("{metric} {operator} {limit}{scope}")
    })
}

proptest! {
    #[test]
    fn what_is_printed_reads_back_the_same(text in valid()) {
        let expectation = Expectation::parse(&text).map_err(|e| TestCaseError::fail(e.to_string()))?;
        let again = Expectation::parse(&expectation.to_string());
        prop_assert_eq!(again, Ok(expectation));
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        if let Err(error) = Expectation::parse(&text) {
            prop_assert!(error.to_string().starts_with("expectation: "));
        }
    }

    #[test]
    fn mangled_texts_are_read_or_refused(
        words in prop::collection::vec(prop::sample::select(vec![
            "latency.p95", "latency.", "counter.", "counter.\"", "status.", "<", "=", "≥", "100ms", "95", "%", "/s",
            "-", "NaN", "in", "each", "phase", "\"", "\\", "over", "é", " ", "\t", "1_0", "p",
        ]), 0..12),
    ) {
        if let Err(error) = Expectation::parse(&words.concat()) {
            prop_assert!(error.to_string().starts_with("expectation: "));
        }
    }
}
