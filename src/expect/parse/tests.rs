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
        (
            "latency.p95 < NaN",
            "`NaN` is not a number that can be compared with: write one like 0.95 or 100",
            "NaN",
        ),
        (
            "goodput > -inf/s",
            "`-inf/s` is not a number that can be compared with: write one like 0.95 or 100",
            "-inf/s",
        ),
        ("latency.p95 < -5ms", "latency.p95 is never negative: write 0 or more", "-5ms"),
        ("ok > -1 please", "ok is never negative: write 0 or more", "-1"),
    ];
    for (text, message, place) in cases {
        assert_eq!(refused(text), (message.to_owned(), place), "{text}");
    }
}

#[test]
fn what_follows_the_value_is_a_scope_or_an_error() {
    let scope = "write `in each phase` or `in phase \"NAME\"`";
    let quote = "the quote is not closed: end the name with `\"`";
    let whole = "counter.x is known for the whole load only, not for a phase: leave `in` away";
    let cases = [
        ("ok > 1 in", scope, "in"),
        ("ok > 1 in each", scope, "in each"),
        ("ok > 1 in every phase", scope, "in every phase"),
        ("ok > 1 in phase hold", scope, "in phase hold"),
        ("ok > 1 in phase \"hold", quote, "\"hold"),
        ("counter.\"x > 1", quote, "\"x > 1"),
        ("counter.x > 1 in each phase", whole, "in each phase"),
        (
            "ok > 1 in each phase now",
            "the expectation should end before `now`: leave that away, or write it as one of its own",
            "now",
        ),
        (
            "ok > 1 in phase \"a\"b",
            "the expectation should end before `b`: leave that away, or write it as one of its own",
            "b",
        ),
        (
            "latency.p95 < 1m 30s or so",
            "the expectation should end before `or so`: leave that away, or write it as one of its own",
            "or so",
        ),
    ];
    for (text, message, place) in cases {
        assert_eq!(refused(text), (message.to_owned(), place), "{text}");
    }
}

#[test]
fn clauses_come_in_any_order_and_print_in_one() {
    let same = |text: &str| assert_eq!(shown(text), text);
    same("latency.p99 < 250ms over 10s");
    same("error_rate < 1% for 30s");
    same("goodput >= 500/s of load \"searches\"");
    same(
        "errors < 10 of load \"over \\\"x\\\"\" in phase \"for\" over 1m 30s for 2m abort after 500ms from 100 samples",
    );
    assert_eq!(
        shown("ok > 1 abort from 1_000 samples after 90s for 60s over 1500ms in each phase of load \"a\""),
        "ok > 1 of load \"a\" in each phase over 1.5s for 1m abort after 1m 30s from 1000 samples"
    );
    same("latency.p95 < 20ms with tag \"read\"");
    same("latency.p95 < 20ms with tag \"read\" over 5s for 10s abort");
    same("success_rate >= 99% of load \"a\" with tag \"with \\\"x\\\"\"");
    assert_eq!(
        shown("latency.max < 1m 30s  with tag \"in each phase\" of load \"with tag\""),
        "latency.max < 1m 30s of load \"with tag\" with tag \"in each phase\""
    );
    assert_eq!(shown("ok > 1 over 5s abort from 1 sample"), "ok > 1 over 5s abort from 1 samples");
    assert_eq!(shown("ok > 1 over 5s abort after 0s from 0 samples"), "ok > 1 over 5s abort");
}

#[test]
fn wrong_clauses_are_told_apart() {
    let load = "write `of load \"NAME\"`";
    let over = "`over` wants a duration from 1s to 1h: write it like `over 10s`";
    let lasting = "`for` wants a duration from 1s to 24h: write it like `for 30s`";
    let abort = "`abort` may be followed by `after 30s` (up to 24h) and by `from 100 samples`";
    let alone = "say over which time before `abort`, as in `error_rate < 5% over 10s abort`";
    let at_the_end = |metric| {
        format!(
            "{metric} is known at the end of a load only, so it has no windows: leave `over`, `for` and `abort` away"
        )
    };
    let cases = [
        ("ok > 1 of", load, "of"),
        ("ok > 1 of load", load, "of load"),
        ("ok > 1 of load searches over 5s", load, "of load searches over 5s"),
        ("ok > 1 of loads \"x\"", load, "of loads \"x\""),
        ("ok > 1 of load \"x", "the quote is not closed: end the name with `\"`", "\"x"),
        ("ok > 1 over", over, ""),
        ("ok > 1 over 999ms", over, "999ms"),
        ("ok > 1 over 61m for 1m", over, "61m"),
        ("ok > 1 over ten seconds", over, "ten seconds"),
        ("ok > 1 over 10s or so", over, "10s or so"),
        ("ok > 1 for 0s", lasting, "0s"),
        ("ok > 1 for 25h", lasting, "25h"),
        ("ok > 1 over 5s over 6s", "`over` is written twice: leave one of the two away", "over 6s"),
        (
            "ok > 1 in each phase in phase \"x\"",
            "`in` is written twice: leave one of the two away",
            "in phase \"x\"",
        ),
        ("ok > 1 abort", alone, "abort"),
        ("ok > 1 abort after 5s of load \"abort\"", alone, "abort"),
        ("ok > 1 over 5s abort after", abort, ""),
        ("ok > 1 over 5s abort after 25h", abort, "25h"),
        ("ok > 1 over 5s abort from 100", abort, "100"),
        ("ok > 1 over 5s abort from -1 samples", abort, "-1 samples"),
        (
            "ok > 1 over 5s abort after 1s after 2s",
            "`after` is written twice: leave one of the two away",
            "after 2s",
        ),
        (
            "ok > 1 over 5s abort now",
            "the expectation should end before `now`: leave that away, or write it as one of its own",
            "now",
        ),
        ("counter.x > 1 over 5s", &at_the_end("counter.x"), "over 5s"),
        ("memory.peak < 1GB for 30s", &at_the_end("memory.peak"), "for 30s"),
        ("cpu.mean < 1 abort", &at_the_end("cpu.mean"), "abort"),
        ("achieved_rate > 90% over 5s", &at_the_end("achieved_rate"), "over 5s"),
    ];
    for (text, message, place) in cases {
        assert_eq!(refused(text), (message.to_owned(), place), "{text}");
    }
}

#[test]
fn a_tag_has_a_name_and_no_phase() {
    let tag = "write `with tag \"NAME\"`";
    let phase = "tags have no phases: leave either `in` or `with tag` away";
    let cases = [
        ("ok > 1 with", tag, "with"),
        ("ok > 1 with tag", tag, "with tag"),
        ("ok > 1 with tag read of load \"x\"", tag, "with tag read of load \"x\""),
        ("ok > 1 with tags \"read\"", tag, "with tags \"read\""),
        ("ok > 1 with tag \"read", "the quote is not closed: end the name with `\"`", "\"read"),
        ("ok > with tag \"read\"", "the value is missing: ok is a count: write it like 1_000", "with"),
        (
            "ok > 1 with tag \"a\" with tag \"b\"",
            "`with` is written twice: leave one of the two away",
            "with tag \"b\"",
        ),
        ("ok > 1 with tag \"a\" in each phase", phase, "in each phase"),
        ("ok > 1 in phase \"b\" with tag \"a\"", phase, "in phase \"b\""),
    ];
    for (text, message, place) in cases {
        assert_eq!(refused(text), (message.to_owned(), place), "{text}");
    }
}

#[test]
fn metrics_without_figures_by_tag_say_so() {
    let known = [
        "latency.p95 < 1s",
        "service_time.max < 1s",
        "rejected_latency.p50 < 1s",
        "success_rate > 0.5",
        "error_rate < 0.5",
        "rejected_rate < 0.5",
        "timeout_rate < 0.5",
        "throughput > 1",
        "goodput > 1",
        "ok > 1",
        "rejected < 1",
        "errors < 1",
        "timeouts < 1",
        "retries < 1",
        "bytes > 1",
        "status.503 < 1",
    ];
    for text in known {
        assert!(Expectation::parse(&format!("{text} with tag \"a\"")).is_ok(), "{text}");
    }
    let unknown = [
        "lateness.p99 < 1s",
        "started_rate > 1",
        "achieved_rate > 0.5",
        "due > 1",
        "unfinished < 1",
        "dropped < 1",
        "counter.x > 1",
        "memory.peak < 1GB",
        "memory.growth < 1GB",
        "cpu.mean < 1",
    ];
    for text in unknown {
        let (tagged, metric) = (format!("{text} with tag \"a\""), text.split(' ').next().unwrap());
        let message = format!("{metric} has no figures by tag: leave `with tag` away");
        assert_eq!(refused(&tagged), (message, "with tag \"a\""), "{text}");
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
    let load = prop_oneof![Just(String::new()), name(0).prop_map(|n| format!(" of load {n}"))];
    let scope = prop_oneof![Just(String::new()), name(0).prop_map(|n| format!(" in phase {n}"))];
    let tag = prop::option::of(name(0).prop_map(|n| format!(" with tag {n}")));
    let length = || prop::option::of(1_000_000_000u64..3_600_000_000_001);
    let abort = prop::option::of((0u64..86_400_000_000_001, any::<u64>()));
    let clauses = (load, tag, scope, length(), length(), abort);
    (metric, operator, clauses).prop_map(
        |((metric, limit), operator, (load, tag, scope, over, lasting, abort))| {
            let has_phases =
                !metric.starts_with("counter") && !metric.contains("mean") && !metric.starts_with("memory");
            let mut text = format!("{metric} {operator} {limit}{load}");
            let has_tags = has_phases && metric != "achieved_rate" && !metric.starts_with("lateness");
            let tag = tag.filter(|_| has_tags);
            text += tag.as_deref().unwrap_or_default();
            if has_phases && tag.is_none() {
                text += &scope;
            }
            if has_phases && metric != "achieved_rate" {
                text += &over.map_or(String::new(), |ns| format!(" over {ns}ns"));
                text += &lasting.map_or(String::new(), |ns| format!(" for {ns}ns"));
                let abort = abort.filter(|_| over.is_some() || lasting.is_some());
                text += &abort.map_or(String::new(), |(ns, samples)| {
                    format!(" abort after {ns}ns from {samples} samples")
                });
            }
            text
        },
    )
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
            "-", "NaN", "in", "each", "phase", "\"", "\\", "over", "for", "of", "load", "with", "tag", "abort", "after", "from", "10s", "é", " ", "\t", "1_0", "p",
        ]), 0..12),
    ) {
        if let Err(error) = Expectation::parse(&words.concat()) {
            prop_assert!(error.to_string().starts_with("expectation: "));
        }
    }
}
