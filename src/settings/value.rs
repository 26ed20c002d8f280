//! Values as text: checked and brought into one form when they are loaded, read when they are used.

use std::time::Duration;

use super::keys::{Key, Kind};
use crate::units::{ByteSize, Portion, Rate, Ratio, UnitError, parse_duration};

/// The word that takes a limit away.
pub(super) const OFF: &str = "off";

/// The texts that turn a switch off; the same as those of clap's `FalseyValueParser`, and nothing at all.
pub(super) const FALSE: [&str; 7] = ["", "0", "n", "no", "f", "false", "off"];

/// The texts that turn a switch on where not every other text does.
const TRUE: [&str; 6] = ["1", "y", "yes", "t", "true", "on"];

/// A text that is no value of its key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ValueError {
    /// Not the unit that it should be.
    #[error(transparent)]
    Unit(#[from] UnitError),
    /// None of the words that there are.
    #[error("{text:?} is not one of {}", choices.join(", "))]
    Choice {
        /// What was written.
        text: String,
        /// What would have been right.
        choices: &'static [&'static str],
    },
    /// A zero that would stop every case at once.
    #[error("{text:?} is not more than zero{}", if *may_be_off { "; \"off\" takes the limit away" } else { "" })]
    Zero {
        /// What was written.
        text: String,
        /// Whether the limit could be taken away instead.
        may_be_off: bool,
    },
}

/// What the monitor can tell CPU over, and how far back it keeps samples.
const SHORTEST_WINDOW: Duration = Duration::from_millis(500);
const LONGEST_WINDOW: Duration = Duration::from_secs(300);

fn not(text: &str, wanted: &'static str) -> UnitError {
    UnitError { text: text.to_owned(), wanted }
}

/// The one form of a value: texts that mean the same come out the same, and nothing is rounded.
pub(super) fn canonical(key: &Key, text: &str) -> Result<String, ValueError> {
    let text = text.trim();
    if key.may_be_off && text.eq_ignore_ascii_case(OFF) {
        return Ok(OFF.to_owned());
    }
    let (shown, is_zero) = match key.kind {
        Kind::Duration => {
            let value = parse_duration(text)?;
            (humantime::format_duration(value).to_string(), value.is_zero())
        }
        Kind::Window => {
            let value = window(text)?;
            (humantime::format_duration(value).to_string(), value.is_zero())
        }
        Kind::Bytes => {
            let value = size(text)?;
            (show_size(value), value == 0)
        }
        Kind::Portion => {
            let value = portion(text)?;
            (show_portion(value), value.is_zero())
        }
        Kind::BytesPerSecond => {
            let value = size_per_second(text)?;
            (format!("{}/s", show_size(value)), value == 0)
        }
        Kind::Rate => {
            let value: Rate = text.parse()?;
            (format!("{}/s", value.per_second()), value == Rate::ZERO)
        }
        Kind::Count => {
            let value = count(text)?;
            (value.to_string(), value == 0)
        }
        Kind::Factor => {
            let value = factor(text)?;
            (value.to_string(), value == 0.0)
        }
        Kind::Percent => {
            let value = percent(text)?;
            (show_percent(value), value.share() == 0.0)
        }
        Kind::Switch => (switch(text)?.to_string(), false),
        Kind::Text if text.is_empty() => return Err(not(text, "a text with something in it").into()),
        Kind::Text => (text.to_owned(), false),
        Kind::Choice(choices) => (choice(text, choices)?, false),
        Kind::List => (list(text).collect::<Vec<_>>().join(", "), false),
        Kind::Choices(choices) => {
            let words: Result<Vec<_>, _> = list(text).map(|word| choice(word, choices)).collect();
            (words?.join(", "), false)
        }
    };
    match is_zero && !key.may_be_zero {
        true => Err(ValueError::Zero { text: text.to_owned(), may_be_off: key.may_be_off }),
        false => Ok(shown),
    }
}

/// Reads a time for which samples of a case are kept, and over which CPU's steps of 10 ms are small.
pub(super) fn window(text: &str) -> Result<Duration, UnitError> {
    match parse_duration(text) {
        Ok(value) if (SHORTEST_WINDOW..=LONGEST_WINDOW).contains(&value) => Ok(value),
        Ok(_) | Err(_) => Err(not(text, "a duration from 500ms to 5m, like 10s")),
    }
}

/// Reads `512MiB` or `60%`.
pub(super) fn portion(text: &str) -> Result<Portion, UnitError> {
    text.parse()
}

/// Reads `512MiB`, and `10MB/s` as the bytes in a second.
pub(super) fn bytes(text: &str) -> Result<u64, UnitError> {
    if text.contains('/') { size_per_second(text) } else { size(text) }
}

/// Reads a whole number, `50` or `1_000`.
pub(super) fn count(text: &str) -> Result<u64, UnitError> {
    text.replace('_', "").parse().map_err(|_| not(text, "a whole number like 50"))
}

/// Reads a finite number that is not negative.
pub(super) fn factor(text: &str) -> Result<f64, UnitError> {
    match text.parse() {
        Ok(value) if f64::is_finite(value) && value >= 0.0 => Ok(value),
        _ => Err(not(text, "a factor like 0.5 or 2")),
    }
}

/// Reads a share of at most the whole: `90` is more likely a forgotten `%` than ninety machines.
pub(super) fn percent(text: &str) -> Result<Ratio, UnitError> {
    match text.parse::<Ratio>() {
        Ok(share) if share.share() <= 1.0 => Ok(share),
        _ => Err(not(text, "a share of at most 100%, like 90% or 0.9")),
    }
}

/// Reads `true`, `yes`, `on`, `1` and their opposites.
pub(super) fn switch(text: &str) -> Result<bool, UnitError> {
    let word = text.to_ascii_lowercase();
    match (TRUE.contains(&word.as_str()), FALSE.contains(&word.as_str())) {
        (true, _) => Ok(true),
        (_, true) => Ok(false),
        _ => Err(not(text, "true or false")),
    }
}

/// The entries of a list, without blanks around them and without empty ones.
pub(super) fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty())
}

fn choice(text: &str, choices: &'static [&'static str]) -> Result<String, ValueError> {
    match choices.iter().find(|choice| choice.eq_ignore_ascii_case(text)) {
        Some(choice) => Ok((*choice).to_owned()),
        None => Err(ValueError::Choice { text: text.to_owned(), choices }),
    }
}

fn size(text: &str) -> Result<u64, UnitError> {
    text.parse::<ByteSize>().map(ByteSize::bytes)
}

fn size_per_second(text: &str) -> Result<u64, UnitError> {
    let wrong = || not(text, "a size per time like 10MB/s or 1GiB/min");
    let (size, per) = text.split_once('/').ok_or_else(wrong)?;
    let per = match per.trim() {
        "s" | "sec" | "second" => Duration::from_secs(1),
        "m" | "min" | "minute" => Duration::from_secs(60),
        "h" | "hour" => Duration::from_secs(3600),
        _ => return Err(wrong()),
    };
    let bytes: ByteSize = size.parse().map_err(|_| wrong())?;
    Ok(bytes.bytes().div_ceil(per.as_secs()))
}

/// The shortest text that reads back as exactly this many bytes.
fn show_size(bytes: u64) -> String {
    let short = ByteSize::new(bytes).to_string();
    if short.parse() == Ok(ByteSize::new(bytes)) {
        return short;
    }
    let decimal = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    match decimal.into_iter().find(|(unit, _)| bytes.is_multiple_of(*unit)) {
        Some((unit, name)) => format!("{} {name}", bytes / unit),
        None => format!("{bytes} B"),
    }
}

fn show_portion(value: Portion) -> String {
    match value {
        Portion::Size(size) => show_size(size.bytes()),
        // With its sign, or it would read as bytes.
        Portion::Share(share) => {
            let short = share.to_string();
            if short.parse() == Ok(share) { short } else { format!("{}%", share.share() * 100.0) }
        }
    }
}

fn show_percent(value: Ratio) -> String {
    let short = value.to_string();
    if short.parse() == Ok(value) { short } else { value.share().to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::keys::KEYS;

    fn of(name: &str, text: &str) -> Result<String, String> {
        canonical(Key::find(name).unwrap(), text).map_err(|error| error.to_string())
    }

    #[test]
    fn every_default_is_a_value_of_its_key() {
        for key in &KEYS {
            if let Some(text) = key.default {
                let once = canonical(key, text).unwrap_or_else(|error| panic!("{}: {error}", key.name));
                assert_eq!(
                    canonical(key, &once).as_deref(),
                    Ok(once.as_str()),
                    "{} prints as it reads",
                    key.name
                );
            }
        }
    }

    #[test]
    fn values_come_out_in_one_form() {
        for (name, text, expected) in [
            ("time_limit", "300s", "5m"),
            ("time_limit", "1h 90s", "1h 1m 30s"),
            ("time_limit", "OFF", "off"),
            ("timeout", "1500ms", "1s 500ms"),
            ("drain", "0s", "0s"),
            ("max_memory", "1024MiB", "1 GiB"),
            ("max_memory", "1.5GiB", "1.5 GiB"),
            ("max_memory", "500 MB", "500 MB"),
            ("max_memory", "1234567", "1234567 B"),
            ("max_memory", "60 %", "60%"),
            ("max_memory", "12.3456789%", "12.3456789%"),
            ("min_free_disk", "OFF", "off"),
            ("max_threads", "off", "off"),
            ("cpu_window", "500ms", "500ms"),
            ("cpu_window", "300s", "5m"),
            ("memory_growth_warm_up", "0s", "0s"),
            ("max_machine_load", "1.50", "1.5"),
            ("max_memory_growth", "10MB/s", "10 MB/s"),
            ("max_memory_growth", "60MiB/min", "1 MiB/s"),
            ("max_memory_growth", "100kB/h", "28 B/s"),
            ("rate", "90/m", "1.5/s"),
            ("rate", "1000/h", "0.2777777777777778/s"),
            ("users", "1_000", "1000"),
            ("seed", "0", "0"),
            ("seed", "18446744073709551615", "18446744073709551615"),
            ("time_scale", "0.10", "0.1"),
            ("max_cpu", "0.9", "90%"),
            ("max_cpu", "0.123456789", "0.123456789"),
            ("include_slow", "Yes", "true"),
            ("include_slow", "", "false"),
            ("marker", " slow ", "slow"),
            ("progress", "PLAIN", "plain"),
            ("report", "json,text,", "json, text"),
            ("expect", "a < 1,b > 2", "a < 1, b > 2"),
            ("expect", "", ""),
        ] {
            assert_eq!(of(name, text), Ok(expected.to_owned()), "{name} = {text:?}");
            assert_eq!(of(name, expected), Ok(expected.to_owned()), "{name} = {expected:?}, read again");
        }
    }

    #[test]
    fn what_is_no_value_is_refused_in_words() {
        for (name, text, expected) in [
            ("duration", "10", r#""10" is not a duration like 30s, 250ms, 1m 30s or 2h"#),
            ("duration", "off", r#""off" is not a duration like 30s, 250ms, 1m 30s or 2h"#),
            ("time_limit", "0s", r#""0s" is not more than zero; "off" takes the limit away"#),
            ("timeout", "0ms", r#""0ms" is not more than zero"#),
            (
                "max_memory",
                "2 parsecs",
                r#""2 parsecs" is not a size like 512MiB, 2GiB or 10MB, nor a share of the machine like 60%"#,
            ),
            ("max_memory", "0%", r#""0%" is not more than zero; "off" takes the limit away"#),
            (
                "max_memory",
                "0.6",
                r#""0.6" is not a size like 512MiB, 2GiB or 10MB, nor a share of the machine like 60%"#,
            ),
            ("max_memory", "130%", r#""130%" is not a share of the machine of at most 100%, like 60%"#),
            (
                "max_memory",
                "-1",
                r#""-1" is not a size like 512MiB, 2GiB or 10MB, nor a share of the machine like 60%"#,
            ),
            (
                "max_memory",
                "60 %%",
                r#""60 %%" is not a size like 512MiB, 2GiB or 10MB, nor a share of the machine like 60%"#,
            ),
            ("needs_memory", "0", r#""0" is not more than zero"#),
            (
                "needs_memory",
                "off",
                r#""off" is not a size like 512MiB, 2GiB or 10MB, nor a share of the machine like 60%"#,
            ),
            ("max_disk_written", "60%", r#""60%" is not a size like 512MiB, 2GiB or 10MB"#),
            ("max_disk_written", "-1", r#""-1" is not a size like 512MiB, 2GiB or 10MB"#),
            ("max_descriptors", "-1", r#""-1" is not a whole number like 50"#),
            ("max_threads", "0", r#""0" is not more than zero; "off" takes the limit away"#),
            ("cpu_window", "0s", r#""0s" is not a duration from 500ms to 5m, like 10s"#),
            ("cpu_window", "400ms", r#""400ms" is not a duration from 500ms to 5m, like 10s"#),
            ("memory_growth_window", "6m", r#""6m" is not a duration from 500ms to 5m, like 10s"#),
            ("memory_growth_window", "10", r#""10" is not a duration from 500ms to 5m, like 10s"#),
            ("max_machine_load", "-1", r#""-1" is not a factor like 0.5 or 2"#),
            ("max_machine_load", "130%", r#""130%" is not a factor like 0.5 or 2"#),
            ("max_memory_growth", "10MB", r#""10MB" is not a size per time like 10MB/s or 1GiB/min"#),
            ("max_memory_growth", "x/s", r#""x/s" is not a size per time like 10MB/s or 1GiB/min"#),
            ("rate", "10/parsec", r#""10/parsec" is not a rate like 100/s, 90/m or 10/h"#),
            ("users", "-5", r#""-5" is not a whole number like 50"#),
            ("users", "0", r#""0" is not more than zero"#),
            ("time_scale", "NaN", r#""NaN" is not a factor like 0.5 or 2"#),
            ("time_scale", "inf", r#""inf" is not a factor like 0.5 or 2"#),
            ("time_scale", "0", r#""0" is not more than zero"#),
            ("max_cpu", "90", r#""90" is not a share of at most 100%, like 90% or 0.9"#),
            ("include_slow", "maybe", r#""maybe" is not true or false"#),
            ("marker", " ", r#""" is not a text with something in it"#),
            ("progress", "loud", r#""loud" is not one of auto, plain, off"#),
            ("report", "json,pdf", r#""pdf" is not one of json, text, html, junit, markdown, hlog, csv"#),
        ] {
            assert_eq!(of(name, text), Err(expected.to_owned()), "{name} = {text:?}");
        }
    }
}
