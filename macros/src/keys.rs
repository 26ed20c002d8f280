//! The table of keys that the attribute takes, and what a right value looks like for each.
//!
//! A value is checked here once, while compiling, so that a limit that cannot be read never reaches a run. What the
//! value means is decided at run time, by the settings.

use std::time::Duration;

/// A literal as the settings read it, and as the user wrote it.
#[derive(Debug)]
pub(crate) struct Value {
    /// The text without quotes; the digits of a number.
    pub(crate) text: String,
    /// What a message prints.
    pub(crate) shown: String,
}

/// The word that lifts a limit.
const OFF: &str = "off";

/// The windows that samples are kept for.
const WINDOWS: std::ops::RangeInclusive<Duration> = Duration::from_millis(500)..=Duration::from_secs(300);

/// How alike two names must be for the one to be offered for the other; below this the offer confuses.
pub(crate) const ALIKE: f64 = 0.82;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A time greater than zero.
    Time,
    /// A time that may be zero.
    Grace,
    /// A time within what is kept for it.
    Window,
    /// An amount of memory or of disk.
    Size,
    /// The same, or a share of what the machine has.
    Portion,
    /// An amount of memory per second.
    Growth,
    /// A share of the cores available.
    Share,
    /// A share of operations over zero.
    Part,
    /// A share of operations, or none at all.
    Tolerance,
    /// A number greater than zero.
    Factor,
    /// A whole number from 1.
    Count,
    /// A word for what holds the memory of a case.
    Containment,
    /// A word for how much a failure matters.
    Severity,
    /// A name to select by.
    Name,
}

impl Kind {
    /// What would be right, with examples; goes after "is not".
    const fn wanted(self) -> &'static str {
        match self {
            Self::Time | Self::Grace => "a duration like 30s, 250ms, 1m 30s or 2h",
            Self::Window => "a duration from 500ms to 5m, like 10s",
            Self::Size => "a size like 512MiB, 2GiB or 10MB",
            Self::Portion => "a size like 512MiB, 2GiB or 10MB, nor a share of the machine like 60%",
            Self::Growth => "a size per second like 10MB/s or 64MiB/s",
            Self::Share => "a share of the cores like 90% or 0.9",
            Self::Part => "a share of at most 100%, like 95% or 0.95",
            Self::Tolerance => "a share of at most 100%, like 5% or 0",
            Self::Factor => "a number over zero, like 0.5 or 2",
            Self::Count => "a whole number from 1, like 8 or 10_000",
            Self::Containment => "a containment: auto, hard or polling",
            Self::Severity => "a severity: low, medium, high or critical",
            Self::Name => "a name of letters, digits, `_`, `-` and `.`, like vector_index",
        }
    }

    /// The text that settings read for this value, or nothing if the value is not of this kind.
    fn read(self, text: &str) -> Option<String> {
        match self {
            Self::Time => duration(text).filter(|time| !time.is_zero()).map(|_| text.to_owned()),
            Self::Grace => duration(text).map(|_| text.to_owned()),
            Self::Window => duration(text).filter(|time| WINDOWS.contains(time)).map(|_| text.to_owned()),
            Self::Size => is_size(text).then(|| text.to_owned()),
            Self::Portion => (is_size(text) || is_portion(text)).then(|| text.to_owned()),
            Self::Growth => is_size(text.strip_suffix("/s")?.trim_end()).then(|| text.to_owned()),
            Self::Share => is_share(text).then(|| text.to_owned()),
            Self::Part => part(text).filter(|part| *part > 0.0).map(|_| text.to_owned()),
            Self::Tolerance => part(text).map(|_| text.to_owned()),
            Self::Factor => {
                text.parse::<f64>().is_ok_and(|n| n.is_finite() && n > 0.0).then(|| text.to_owned())
            }
            Self::Count => {
                text.replace('_', "").parse::<u64>().ok().filter(|n| *n > 0).map(|n| n.to_string())
            }
            Self::Containment => ["auto", "hard", "polling"].contains(&text).then(|| text.to_owned()),
            Self::Severity => ["low", "medium", "high", "critical"].contains(&text).then(|| text.to_owned()),
            Self::Name => is_name(text).then(|| text.to_owned()),
        }
    }
}

fn duration(text: &str) -> Option<Duration> {
    humantime::parse_duration(text).ok()
}

fn is_size(text: &str) -> bool {
    text.parse::<bytesize::ByteSize>().is_ok_and(|size| size.as_u64() > 0)
}

/// A share of the machine needs its sign, or it would be bytes.
fn is_portion(text: &str) -> bool {
    let number = text.strip_suffix('%').map(str::trim_end);
    number.is_some_and(|n| n.parse::<f64>().is_ok_and(|share| share > 0.0 && share <= 100.0))
}

fn is_share(text: &str) -> bool {
    let number = text.strip_suffix('%').unwrap_or(text).trim_end();
    number.parse::<f64>().is_ok_and(|share| share.is_finite() && share > 0.0)
}

/// A comma would make two of it where several are given, `*` and `?` stand for others.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c))
}

/// A share from 0 to 1.
fn part(text: &str) -> Option<f64> {
    let (number, whole) = text.strip_suffix('%').map_or((text, 1.0), |number| (number.trim_end(), 100.0));
    number.parse::<f64>().ok().map(|n| n / whole).filter(|part| (0.0..=1.0).contains(part))
}

/// A key that the attribute takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    /// The name, as settings know it.
    pub(crate) name: &'static str,
    /// What its value is.
    pub(crate) kind: Kind,
    /// Whether it is a limit or the threshold of an alert, which `"off"` lifts.
    pub(crate) is_limit: bool,
    /// A right value, quoted where it must be.
    example: &'static str,
}

/// Every key, in the order in which messages and the documentation list them.
pub(crate) const KEYS: [Key; 29] = [
    limit("time_limit", Kind::Time, "\"10m\""),
    limit("max_memory", Kind::Portion, "\"2GiB\""),
    limit("max_memory_growth", Kind::Growth, "\"64MiB/s\""),
    key("memory_growth_window", Kind::Window, "\"10s\""),
    key("memory_growth_warm_up", Kind::Grace, "\"10s\""),
    key("containment", Kind::Containment, "\"hard\""),
    limit("max_cpu", Kind::Share, "\"90%\""),
    key("cpu_window", Kind::Window, "\"5s\""),
    limit("max_concurrency", Kind::Count, "10_000"),
    limit("max_descriptors", Kind::Count, "1_000"),
    limit("max_threads", Kind::Count, "100"),
    limit("max_disk_written", Kind::Size, "\"10GiB\""),
    limit("min_free_memory", Kind::Portion, "\"5%\""),
    limit("min_free_disk", Kind::Portion, "\"5%\""),
    limit("max_machine_load", Kind::Factor, "\"1.5\""),
    key("needs_memory", Kind::Portion, "\"4GiB\""),
    key("needs_disk", Kind::Portion, "\"10GiB\""),
    key("timeout", Kind::Time, "\"30s\""),
    key("drain", Kind::Grace, "\"5s\""),
    key("workers", Kind::Count, "4"),
    key("min_samples", Kind::Count, "1_000"),
    key("pause_after", Kind::Grace, "\"2s\""),
    limit("alert_success_rate", Kind::Part, "\"99%\""),
    limit("alert_latency", Kind::Time, "\"250ms\""),
    limit("alert_cpu", Kind::Part, "\"85%\""),
    limit("alert_memory", Kind::Size, "\"4GiB\""),
    limit("alert_error_rate", Kind::Tolerance, "\"1%\""),
    key("severity", Kind::Severity, "\"high\""),
    key("target", Kind::Name, "\"vector_index\""),
];

const fn limit(name: &'static str, kind: Kind, example: &'static str) -> Key {
    Key { name, kind, is_limit: true, example }
}

const fn key(name: &'static str, kind: Kind, example: &'static str) -> Key {
    Key { name, kind, is_limit: false, example }
}

impl Key {
    /// The key with this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        KEYS.into_iter().find(|key| key.name == name)
    }

    /// How the key is written with a value: `time_limit = "10m"`.
    pub(crate) fn usage(self) -> String {
        format!("{} = {}", self.name, self.example)
    }

    /// How the value is written, whatever it is.
    pub(crate) const fn form(self) -> &'static str {
        match self.kind {
            Kind::Count => "a number",
            Kind::Time
            | Kind::Grace
            | Kind::Window
            | Kind::Size
            | Kind::Portion
            | Kind::Growth
            | Kind::Share
            | Kind::Part
            | Kind::Tolerance
            | Kind::Factor
            | Kind::Containment
            | Kind::Severity
            | Kind::Name => "its value in quotes",
        }
    }

    /// The text that settings read for `value`.
    ///
    /// # Errors
    /// A sentence that says what would have been right.
    pub(crate) fn check(self, value: &Value) -> Result<String, String> {
        let text = value.text.trim();
        if self.is_limit && text == OFF {
            return Ok(OFF.to_owned());
        }
        let or_off = if self.is_limit { ", nor \"off\"" } else { "" };
        match self.kind.read(text) {
            Some(text) => Ok(text),
            None if self.kind == Kind::Time && duration(text).is_some_and(|time| time.is_zero()) => Err(
                format!("{} is no time at all: `{}` needs a duration like 30s or 2h", value.shown, self.name),
            ),
            None => Err(format!("{} is not {}{or_off}", value.shown, self.kind.wanted())),
        }
    }
}

/// What to say of a name that is no key: the nearest key, if one is near, and all of them.
pub(crate) fn unknown(name: &str) -> String {
    let nearest = KEYS
        .iter()
        .map(|key| (strsim::jaro_winkler(name, key.name), key))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    let offer = match nearest {
        Some((_, key)) => format!("; did you mean `{}`?", key.name),
        None => String::new(),
    };
    let all = KEYS.map(|key| key.name).join(", ");
    format!("`{name}` is not a key of a case{offer}\nkeys: {all}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(key: &str, text: &str) -> Result<String, String> {
        let value = Value { text: text.to_owned(), shown: format!("{text:?}") };
        Key::named(key).expect("a key of the table").check(&value)
    }

    #[test]
    fn right_values_become_the_text_that_settings_read() {
        for (key, text, read) in [
            ("time_limit", "10m", "10m"),
            ("time_limit", " 1m 30s ", "1m 30s"),
            ("time_limit", "off", "off"),
            ("timeout", "250ms", "250ms"),
            ("drain", "0s", "0s"),
            ("max_memory", "2GiB", "2GiB"),
            ("max_memory", "1.5 GB", "1.5 GB"),
            ("max_memory_growth", "10MB/s", "10MB/s"),
            ("max_memory_growth", "10 MB /s", "10 MB /s"),
            ("max_cpu", "90%", "90%"),
            ("max_cpu", "90 %", "90 %"),
            ("max_cpu", "0.9", "0.9"),
            ("max_memory", "60%", "60%"),
            ("min_free_disk", "0.5 %", "0.5 %"),
            ("cpu_window", "500ms", "500ms"),
            ("memory_growth_warm_up", "0s", "0s"),
            ("max_machine_load", "1.5", "1.5"),
            ("max_concurrency", "10_000", "10000"),
            ("workers", "4", "4"),
            ("min_samples", "1_000", "1000"),
            ("containment", "hard", "hard"),
            ("alert_success_rate", "99.9 %", "99.9 %"),
            ("alert_cpu", "1", "1"),
            ("alert_error_rate", "0", "0"),
            ("alert_latency", "off", "off"),
            ("severity", "critical", "critical"),
            ("target", "cache-server.v2", "cache-server.v2"),
        ] {
            assert_eq!(check(key, text), Ok(read.to_owned()), "{key} = {text:?}");
        }
    }

    #[test]
    fn every_example_of_the_table_is_right() {
        for key in KEYS {
            let text = key.example.trim_matches('"');
            assert!(check(key.name, text).is_ok(), "{}", key.usage());
        }
    }

    #[test]
    fn every_limit_can_be_lifted_and_nothing_else() {
        // A target may be called anything.
        let keys = KEYS.iter().filter(|key| key.name != "target");
        let lifted: Vec<_> = keys.filter(|key| check(key.name, "off").is_ok()).map(|k| k.name).collect();
        let limits = [
            "time_limit",
            "max_memory",
            "max_memory_growth",
            "max_cpu",
            "max_concurrency",
            "max_descriptors",
            "max_threads",
            "max_disk_written",
            "min_free_memory",
            "min_free_disk",
            "max_machine_load",
            "alert_success_rate",
            "alert_latency",
            "alert_cpu",
            "alert_memory",
            "alert_error_rate",
        ];
        assert_eq!(lifted, limits);
    }

    #[test]
    fn wrong_values_say_what_would_be_right() {
        for (key, text, said) in [
            (
                "time_limit",
                "10 parsecs",
                r#""10 parsecs" is not a duration like 30s, 250ms, 1m 30s or 2h, nor "off""#,
            ),
            ("time_limit", "0s", r#""0s" is no time at all: `time_limit` needs a duration like 30s or 2h"#),
            ("timeout", "off", r#""off" is not a duration like 30s, 250ms, 1m 30s or 2h"#),
            ("timeout", "-3s", r#""-3s" is not a duration like 30s, 250ms, 1m 30s or 2h"#),
            ("drain", "10", r#""10" is not a duration like 30s, 250ms, 1m 30s or 2h"#),
            (
                "max_memory",
                "2GO",
                r#""2GO" is not a size like 512MiB, 2GiB or 10MB, nor a share of the machine like 60%, nor "off""#,
            ),
            ("max_disk_written", "0", r#""0" is not a size like 512MiB, 2GiB or 10MB, nor "off""#),
            (
                "max_memory",
                "130%",
                r#""130%" is not a size like 512MiB, 2GiB or 10MB, nor a share of the machine like 60%, nor "off""#,
            ),
            (
                "needs_memory",
                "0%",
                r#""0%" is not a size like 512MiB, 2GiB or 10MB, nor a share of the machine like 60%"#,
            ),
            ("cpu_window", "100ms", r#""100ms" is not a duration from 500ms to 5m, like 10s"#),
            ("max_machine_load", "0", r#""0" is not a number over zero, like 0.5 or 2, nor "off""#),
            (
                "max_memory_growth",
                "10MB",
                r#""10MB" is not a size per second like 10MB/s or 64MiB/s, nor "off""#,
            ),
            ("max_cpu", "NaN", r#""NaN" is not a share of the cores like 90% or 0.9, nor "off""#),
            ("max_cpu", "0%", r#""0%" is not a share of the cores like 90% or 0.9, nor "off""#),
            ("max_concurrency", "0", r#""0" is not a whole number from 1, like 8 or 10_000, nor "off""#),
            ("workers", "1.5", r#""1.5" is not a whole number from 1, like 8 or 10_000"#),
            ("containment", "soft", r#""soft" is not a containment: auto, hard or polling"#),
            (
                "alert_success_rate",
                "0%",
                r#""0%" is not a share of at most 100%, like 95% or 0.95, nor "off""#,
            ),
            ("alert_error_rate", "101%", r#""101%" is not a share of at most 100%, like 5% or 0, nor "off""#),
            ("severity", "urgent", r#""urgent" is not a severity: low, medium, high or critical"#),
            (
                "target",
                "a, b",
                r#""a, b" is not a name of letters, digits, `_`, `-` and `.`, like vector_index"#,
            ),
            ("target", " ", r#"" " is not a name of letters, digits, `_`, `-` and `.`, like vector_index"#),
        ] {
            assert_eq!(check(key, text), Err(said.to_owned()), "{key} = {text:?}");
        }
    }

    #[test]
    fn an_unknown_key_is_offered_the_nearest_one_only_if_it_is_near() {
        let offered = |name| {
            let said = unknown(name);
            said.split_once("did you mean `").map(|(_, rest)| rest.split('`').next().unwrap_or("").to_owned())
        };
        for (name, nearest) in [
            ("time_limt", Some("time_limit")),
            ("timelimit", Some("time_limit")),
            ("max_mem", Some("max_memory")),
            ("worker", Some("workers")),
            ("max_memory_grow", Some("max_memory_growth")),
            ("severty", Some("severity")),
            ("colour", None),
            ("ramp", None),
        ] {
            assert_eq!(offered(name).as_deref(), nearest, "{name}");
        }
        assert!(unknown("colour").ends_with(
            "\nkeys: time_limit, max_memory, max_memory_growth, memory_growth_window, memory_growth_warm_up, containment, max_cpu, \
            cpu_window, max_concurrency, max_descriptors, max_threads, max_disk_written, min_free_memory, \
            min_free_disk, max_machine_load, needs_memory, needs_disk, timeout, drain, workers, min_samples, pause_after, alert_success_rate, \
            alert_latency, alert_cpu, alert_memory, alert_error_rate, severity, target"
        ));
    }
}
