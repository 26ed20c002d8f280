use std::time::Duration;

use crate::units::{ByteSize, show_duration};

/// A whole number in groups of three: `123 456`.
pub(in crate::report) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// `n` things: `1 error`, `2 errors`.
pub(in crate::report) fn counted(n: u64, thing: &str) -> String {
    format!("{} {thing}{}", count(n), if n == 1 { "" } else { "s" })
}

/// Per second: `1 234/s`, `1.5/s`, `0.025/s`.
pub(in crate::report) fn rate(per_sec: f64) -> String {
    format!("{}/s", number(per_sec))
}

/// A number with the digits that matter: whole from 100 on, else up to three figures.
pub(in crate::report) fn number(n: f64) -> String {
    let size = n.abs();
    // Past 2^53 there are no whole numbers to be exact about; infinities and NaN print as they are.
    if size.is_nan() || size >= 9e15 {
        return n.to_string();
    }
    if size >= 99.95 || n.fract() == 0.0 {
        let sign = if n < 0.0 { "-" } else { "" };
        return format!("{sign}{}", count(size.round() as u64));
    }
    let digits = match size {
        s if s >= 9.995 => 1,
        s if s >= 0.9995 => 2,
        _ => 3,
    };
    trimmed(format!("{n:.digits$}"))
}

fn trimmed(number: String) -> String {
    match number.contains('.') {
        true => number.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => number,
    }
}

/// A share in percent, cut off rather than rounded at both ends: 99.995 % must not read as 100 %, nor a single
/// failure as 0 %.
pub(in crate::report) fn share(share: f64) -> String {
    let percent = share * 100.0;
    let digits = match percent.min((100.0 - percent).abs()) {
        d if d >= 1.0 => 1,
        d if d >= 0.1 => 2,
        _ => 4,
    };
    format!("{}%", trimmed(format!("{percent:.digits$}")))
}

/// Percent that were measured coarsely, such as CPU: `23%`.
pub(in crate::report) fn percent(percent: f64) -> String {
    format!("{percent:.0}%")
}

/// Seconds as a duration: `5.1 s`, `2m 31s`.
pub(in crate::report) fn seconds(s: f64) -> String {
    if s == 0.0 {
        return "0 s".to_owned();
    }
    let whole = if s >= 60.0 { s.round() } else { s };
    match Duration::try_from_secs_f64(whole) {
        Ok(duration) => show_duration(duration),
        // Negative, not a number, or longer than any duration: it is a case's own figure, so it is shown.
        Err(_) => format!("{} s", number(s)),
    }
}

/// Microseconds as a duration.
pub(in crate::report) fn micros(us: f64) -> String {
    seconds(us / 1e6)
}

/// `64 MiB`
pub(in crate::report) fn bytes(n: u64) -> String {
    ByteSize::new(n).to_string()
}

/// A value in a unit of a case's own figures.
pub(in crate::report) fn figure(value: f64, unit: &str) -> String {
    match unit {
        "s" => seconds(value),
        "bytes" if value >= 0.0 => bytes(value as u64),
        "per_sec" => rate(value),
        "ratio" => share(value),
        "count" | "" => number(value),
        word => format!("{} {word}", number(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_rounded_to_what_matters() {
        assert_eq!(
            [0, 999, 1_000, 123_456, 1_000_000].map(count),
            ["0", "999", "1 000", "123 456", "1 000 000"]
        );
        let numbers = [0.0, 0.0251, 1.0, 1.256, 12.34, 99.97, 1234.5, -1234.5].map(number);
        assert_eq!(numbers, ["0", "0.025", "1", "1.26", "12.3", "100", "1 235", "-1 235"]);
        assert_eq!([f64::NAN, f64::INFINITY, 1e300].map(|n| number(n).len() > 2), [true; 3]);
    }

    #[test]
    fn shares_next_to_the_ends_are_not_rounded_over_them() {
        let shares = [0.0, 0.00002, 0.0123, 0.954, 0.9876, 0.99995, 1.0].map(share);
        assert_eq!(shares, ["0%", "0.002%", "1.2%", "95.4%", "98.8%", "99.995%", "100%"]);
    }

    #[test]
    fn times_and_figures_carry_their_unit() {
        assert_eq!(
            [0.0, 0.0012, 5.12, 59.9, 151.3, 3600.0].map(seconds),
            ["0 s", "1.2 ms", "5.12 s", "59.9 s", "2m 31s", "1h"]
        );
        assert_eq!(figure(3.0, "s"), "3 s");
        assert_eq!(figure(-3.0, "s"), "-3 s");
        assert_eq!(figure(67_108_864.0, "bytes"), "64 MiB");
        assert_eq!(figure(0.912, "ratio"), "91.2%");
        assert_eq!(figure(1500.0, "per_sec"), "1 500/s");
        assert_eq!(figure(7.0, "attempts"), "7 attempts");
        assert_eq!(counted(1, "case"), "1 case");
    }
}
