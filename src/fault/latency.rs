use std::{f64::consts::TAU, fmt, time::Duration};

use fastrand::Rng;

use crate::units::show_duration;

/// No delay is longer, whatever its distribution says: an operation that waits for an hour hangs.
const LONGEST: Duration = Duration::from_secs(3_600);

/// By more than this a log-normal distribution spreads over everything.
const WIDEST: f64 = 100.0;

/// How long a delay is: always the same, or drawn from a distribution.
///
/// ```
/// use proofload::{fault::Latency, millis};
/// assert_eq!(Latency::exponential(millis(20)).to_string(), "exponential with a mean of 20 ms");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Latency(Shape);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Shape {
    Constant(Duration),
    Uniform { from: Duration, to: Duration },
    Exponential { mean: Duration },
    Normal { mean: Duration, deviation: Duration },
    LogNormal { median: Duration, factor: f64 },
}

impl Latency {
    /// Always this long.
    pub const fn constant(length: Duration) -> Self {
        Self(Shape::Constant(length))
    }

    /// Anything from `from` to `to`, equally often.
    pub const fn uniform(from: Duration, to: Duration) -> Self {
        Self(Shape::Uniform { from, to })
    }

    /// Mostly short and sometimes several times its mean.
    pub const fn exponential(mean: Duration) -> Self {
        Self(Shape::Exponential { mean })
    }

    /// Around `mean`; what would be negative is nothing.
    pub const fn normal(mean: Duration, deviation: Duration) -> Self {
        Self(Shape::Normal { mean, deviation })
    }

    /// Half of the delays are shorter than `median`; one in six is longer than `factor` times that, one in forty-four
    /// than its square: how most real latencies are spread.
    pub const fn log_normal(median: Duration, factor: f64) -> Self {
        Self(Shape::LogNormal { median, factor })
    }

    /// Why this is no distribution of delays, if it is none.
    pub(super) fn mistake(&self) -> Option<String> {
        let longest = match self.0 {
            Shape::Constant(length) => length,
            Shape::Uniform { from, to } if from > to => {
                let (from, to) = (show_duration(from), show_duration(to));
                return Some(format!("its delays go from {from} to {to}: give the shorter one first"));
            }
            Shape::Uniform { to, .. } => to,
            Shape::Exponential { mean } => mean,
            Shape::Normal { mean, deviation } => mean.max(deviation),
            Shape::LogNormal { factor, .. } if !(1.0..=WIDEST).contains(&factor) => {
                return Some(format!(
                    "its delays are log-normal with a factor of {factor}: give one from 1 to {WIDEST}"
                ));
            }
            Shape::LogNormal { median, .. } => median,
        };
        if longest.is_zero() {
            return Some("its delays last 0 s: give them a length".to_owned());
        }
        (longest > LONGEST).then(|| format!("its delays last {}: an hour at most", show_duration(longest)))
    }

    /// One delay.
    pub(super) fn draw(&self, random: &mut Rng) -> Duration {
        let seconds = match self.0 {
            Shape::Constant(length) => return length,
            Shape::Uniform { from, to } => from.as_secs_f64() + (to - from).as_secs_f64() * random.f64(),
            // One minus a number that may be 0 and is never 1: its logarithm is finite.
            Shape::Exponential { mean } => -mean.as_secs_f64() * (1.0 - random.f64()).ln(),
            Shape::Normal { mean, deviation } => {
                mean.as_secs_f64() + deviation.as_secs_f64() * standard_normal(random)
            }
            Shape::LogNormal { median, factor } => {
                median.as_secs_f64() * factor.powf(standard_normal(random))
            }
        };
        Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(LONGEST).min(LONGEST)
    }
}

/// By Box and Muller ("A note on the generation of random normal deviates", 1958).
fn standard_normal(random: &mut Rng) -> f64 {
    let radius = (-2.0 * (1.0 - random.f64()).ln()).sqrt();
    radius * (TAU * random.f64()).cos()
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = show_duration;
        match self.0 {
            Shape::Constant(length) => write!(f, "{}", show(length)),
            Shape::Uniform { from, to } => write!(f, "{} to {}", show(from), show(to)),
            Shape::Exponential { mean } => write!(f, "exponential with a mean of {}", show(mean)),
            Shape::Normal { mean, deviation } => {
                write!(f, "normal with a mean of {} and a deviation of {}", show(mean), show(deviation))
            }
            Shape::LogNormal { median, factor } => {
                write!(f, "log-normal with a median of {} and a factor of {factor}", show(median))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{hours, millis};

    fn drawn(latency: Latency) -> Vec<f64> {
        let mut random = Rng::with_seed(11);
        let mut all: Vec<f64> = (0..20_000).map(|_| latency.draw(&mut random).as_secs_f64() * 1e3).collect();
        all.sort_by(f64::total_cmp);
        all
    }

    fn mean(all: &[f64]) -> f64 {
        all.iter().sum::<f64>() / all.len() as f64
    }

    #[test]
    fn each_distribution_has_its_shape() {
        assert!(drawn(Latency::constant(millis(7))).iter().all(|ms| *ms == 7.0));
        let uniform = drawn(Latency::uniform(millis(10), millis(30)));
        assert!(uniform[0] >= 10.0 && uniform[19_999] <= 30.0, "{} {}", uniform[0], uniform[19_999]);
        assert!((mean(&uniform) - 20.0).abs() < 0.2);
        // The median of an exponential distribution is its mean times the logarithm of 2.
        let exponential = drawn(Latency::exponential(millis(20)));
        assert!((mean(&exponential) - 20.0).abs() < 0.6 && (exponential[10_000] - 13.86).abs() < 0.6);
        let normal = drawn(Latency::normal(millis(50), millis(10)));
        assert!((mean(&normal) - 50.0).abs() < 0.4 && (normal[16_827] - 60.0).abs() < 0.6);
        let log_normal = drawn(Latency::log_normal(millis(20), 3.0));
        assert!((log_normal[10_000] - 20.0).abs() < 1.0 && (log_normal[16_827] - 60.0).abs() < 4.0);
        let negative = drawn(Latency::normal(millis(1), millis(10)));
        assert_eq!(negative[0], 0.0);
    }

    #[test]
    fn what_is_no_distribution_is_refused() {
        let mistake = |latency: Latency| latency.mistake().unwrap_or_default();
        assert_eq!(
            mistake(Latency::uniform(millis(30), millis(10))),
            "its delays go from 30 ms to 10 ms: give the shorter one first"
        );
        assert!(mistake(Latency::constant(Duration::ZERO)).contains("give them a length"));
        assert!(mistake(Latency::exponential(hours(2))).ends_with("an hour at most"));
        for factor in [0.5, f64::NAN, f64::INFINITY] {
            assert!(mistake(Latency::log_normal(millis(20), factor)).ends_with("give one from 1 to 100"));
        }
        assert_eq!(Latency::log_normal(millis(20), 3.0).mistake(), None);
        assert_eq!(Latency::normal(Duration::ZERO, millis(5)).mistake(), None);
    }
}
