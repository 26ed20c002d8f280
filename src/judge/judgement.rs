use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Verdict, assertion::Answer, reading::Reading};
use crate::{
    expect::{Assertion, Bound, Comparison, Unit},
    units::{ByteSize, show_duration},
};

/// What became of one expectation, with the figures and a sentence for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Judgement {
    /// The expectation's text.
    pub expectation: String,
    /// The name of the load it was judged on.
    pub load: String,
    /// Whether it held.
    pub verdict: Verdict,
    /// The figure that decided; `None` when there is none.
    pub observed: Option<Observed>,
    /// The bound: `< 100ms`.
    pub limit_text: String,
    /// Distance from the limit in shares of the limit, positive where there is room left and negative where the
    /// limit is missed; `None` for `==` and `!=`, and for a limit of zero.
    pub margin: Option<f64>,
    /// The whole in words: `latency.p95 is 12.3 ms, wanted < 100ms (88% room)`.
    pub sentence: String,
    /// For an expectation with windows: when and for how long they missed the limit; `None` when none did.
    #[serde(default)]
    pub breach: Option<Breach>,
}

/// The windows of a load that missed a limit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Breach {
    /// Seconds from the start of the load to the end of the first window that missed it.
    pub first_s: f64,
    /// The longest time in seconds for which windows missed it in a row.
    pub longest_s: f64,
    /// Windows that missed it. They slide by 0.2 s or a hundredth of their length, whichever is more.
    pub windows: u64,
}

/// A figure as it was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Observed {
    /// The bare number, in `unit`.
    pub value: f64,
    /// What `value` counts.
    pub unit: Unit,
    /// The true figure may be larger: operations without an end are among those it stands for.
    pub is_at_least: bool,
    /// For people: `12.3 ms`, `>= 30 s`, `97.2%`, `512/s`.
    pub text: String,
}

impl From<&Reading> for Observed {
    fn from(reading: &Reading) -> Self {
        let sign = if reading.is_at_least { ">= " } else { "" };
        let text = format!("{sign}{}", show(reading.value, reading.unit));
        Self { value: reading.value, unit: reading.unit, is_at_least: reading.is_at_least, text }
    }
}

impl Judgement {
    /// Puts a ruling into words. `subject` is the metric and, if it is about one, the phase; `doubt` says why the
    /// verdict is neither pass nor fail.
    pub(super) fn of(
        (subject, bound): (&str, &Bound),
        verdict: Verdict,
        reading: Option<&Reading>,
        doubt: Option<&str>,
    ) -> Self {
        let observed = reading.map(Observed::from);
        let margin = observed.as_ref().and_then(|o| margin(o, bound));
        let figure = observed.as_ref().map_or("unknown", |o| o.text.as_str());
        let head = format!("{subject} is {figure}, wanted {bound}");
        let sentence = match (doubt, observed.as_ref().and_then(|o| distance(o, bound, margin))) {
            (Some(doubt), _) => format!("{head}; not judged: {doubt}"),
            (None, Some(distance)) => format!("{head} ({distance})"),
            (None, None) => head,
        };
        Self {
            expectation: String::new(),
            load: String::new(),
            verdict,
            observed,
            limit_text: bound.to_string(),
            margin,
            sentence,
            breach: None,
        }
    }
}

impl Judgement {
    /// What findings say of an assertion; the distance from the limit is added to the sentence.
    pub(super) fn found(assertion: &Assertion, answer: Answer) -> Self {
        let Answer { verdict, observed, bound, sentence } = answer;
        let seen = observed.as_ref().zip(bound.as_ref()).filter(|_| verdict != Verdict::Inconclusive);
        let margin = seen.and_then(|(observed, bound)| margin(observed, bound));
        let distance = seen.and_then(|(observed, bound)| distance(observed, bound, margin));
        Self {
            expectation: assertion.to_string(),
            load: String::new(),
            verdict,
            observed,
            limit_text: bound.map_or(String::new(), |bound| bound.to_string()),
            margin,
            sentence: distance.map_or(sentence.clone(), |distance| format!("{sentence} ({distance})")),
            breach: None,
        }
    }
}

/// How far `value` is on the right side, not yet relative to anything; `None` where there are no sides.
pub(super) fn room_of(value: f64, bound: &Bound) -> Option<f64> {
    let limit = bound.limit.number();
    match bound.comparison {
        Comparison::Below | Comparison::AtMost => Some(limit - value),
        Comparison::Above | Comparison::AtLeast => Some(value - limit),
        Comparison::Equal | Comparison::NotEqual => None,
    }
}

fn margin(observed: &Observed, bound: &Bound) -> Option<f64> {
    room_of(observed.value, bound).map(|room| room / bound.limit.number()).filter(|margin| margin.is_finite())
}

/// The distance from the limit in words: in points for shares, relative for all others.
fn distance(observed: &Observed, bound: &Bound, margin: Option<f64>) -> Option<String> {
    let (amount, unit) = match observed.unit {
        Unit::Ratio => (room_of(observed.value, bound)?, " points"),
        Unit::Seconds | Unit::PerSec | Unit::Count | Unit::Bytes => (margin?, "%"),
    };
    let holds = bound.comparison.holds(observed.value, bound.limit.number());
    let least = if observed.is_at_least { "at least " } else { "" };
    let figure = short(amount.abs() * 100.0);
    let unit = if figure == "1" { unit.trim_end_matches('s') } else { unit };
    Some(match (holds, amount == 0.0) {
        (_, true) => format!("{least}exactly the limit"),
        (true, false) => format!("{least}{figure}{unit} room"),
        (false, false) => format!("missed by {least}{figure}{unit}"),
    })
}

/// A number with two or three figures: `88`, `3.8`, `0.25`.
fn short(number: f64) -> String {
    let digits = match number {
        n if n >= 9.95 => 0,
        n if n >= 0.995 => 1,
        n if n >= 0.005 => 2,
        _ => return "under 0.01".to_owned(),
    };
    trimmed(format!("{number:.digits$}"))
}

fn trimmed(number: String) -> String {
    match number.contains('.') {
        true => number.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => number,
    }
}

/// A figure for people.
pub(super) fn show(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Seconds => show_duration(Duration::try_from_secs_f64(value).unwrap_or(Duration::MAX)),
        Unit::Ratio => show_share(value),
        Unit::PerSec => {
            let digits = match value {
                v if v >= 100.0 => 0,
                v if v >= 1.0 => 1,
                _ => 3,
            };
            format!("{}/s", trimmed(format!("{value:.digits$}")))
        }
        Unit::Count => format!("{value}"),
        Unit::Bytes => ByteSize::new(value as u64).to_string(),
    }
}

/// Percent, with more digits next to 0 and 100 %: 99.995 % must not read as 100 %.
fn show_share(share: f64) -> String {
    let percent = share * 100.0;
    let digits = match percent.min((100.0 - percent).abs()) {
        d if d >= 10.0 => 1,
        d if d >= 1.0 => 2,
        d if d >= 0.1 => 3,
        _ => 5,
    };
    format!("{}%", trimmed(format!("{percent:.digits$}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_for_people() {
        let shares = [0.0, 0.333_333, 0.912, 0.999, 0.99995, 1.0, 1.504].map(|s| show(s, Unit::Ratio));
        assert_eq!(shares, ["0%", "33.3%", "91.2%", "99.9%", "99.995%", "100%", "150.4%"]);
        let rates = [512.3, 20.0, 1.25, 0.05].map(|r| show(r, Unit::PerSec));
        assert_eq!(rates, ["512/s", "20/s", "1.2/s", "0.05/s"]);
        assert_eq!(show(0.0123, Unit::Seconds), "12.3 ms");
        assert_eq!(show(1_610_612_736.0, Unit::Bytes), "1.5 GiB");
        assert_eq!(show(1_000_000.0, Unit::Count), "1000000");
    }

    #[test]
    fn distances_are_short() {
        assert_eq!([87.7, 9.96, 3.8, 0.25, 0.001].map(short), ["88", "10", "3.8", "0.25", "under 0.01"]);
    }
}
