/// One chance in a hundred of calling noise a trend: the 99 % quantile of the normal distribution.
const Z: f64 = 2.326;

/// The slope of each half is at least this share of the whole's where a rise lasts; noise alone is far below.
const LASTING: f64 = 0.25;

/// Whether a series rises, and how fast, without assuming anything of its noise but that it is the same all along.
///
/// The test is Mann's and Kendall's (Mann, *Econometrica* 13, 1945; with the correction for ties, Kendall 1975), the
/// slope Theil's and Sen's: the median of the slopes between all pairs (Sen, *JASA* 63, 1968). Its lower bound is the
/// slope at the rank that the variance of Kendall's S gives (Gilbert 1987, section 16.4.2). One outlier changes none
/// of them much.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Trend {
    /// The median slope, in units of `y` a unit of `x`.
    pub(super) slope: f64,
    /// The slope is larger than this with 99 % confidence.
    pub(super) at_least: f64,
    /// Kendall's S over its standard deviation.
    pub(super) z: f64,
    /// Both halves rise by themselves, at a good part of the whole's slope: those of a single step do not.
    pub(super) lasts: bool,
}

impl Trend {
    /// The trend of points in the order of their `x`; of fewer than four there is none.
    pub(super) fn of(points: &[(f64, f64)]) -> Option<Self> {
        if points.len() < 4 {
            return None;
        }
        let (front, back) = points.split_at(points.len() / 2);
        let slopes = slopes(points);
        let slope = median(&slopes);
        let lasts = [front, back].iter().all(|half| median_slope(half) > LASTING * slope.max(0.0));
        let deviation = deviation(points);
        let count = slopes.len() as f64;
        // One-sided: the rank from which on slopes are within the bound.
        let rank = ((count - Z * deviation) / 2.0).floor();
        let at_least = if rank < 0.0 { f64::NEG_INFINITY } else { slopes[rank as usize] };
        Some(Self { slope, at_least, z: kendall(points) / deviation.max(f64::MIN_POSITIVE), lasts })
    }

    /// Whether the series rises by more than `threshold` a unit, and not just once.
    pub(super) fn rises_over(&self, threshold: f64) -> bool {
        self.z > Z && self.at_least > threshold && self.lasts
    }
}

/// The slopes between all pairs, in order.
fn slopes(points: &[(f64, f64)]) -> Vec<f64> {
    let pairs = points.iter().enumerate().flat_map(|(i, a)| points[i + 1..].iter().map(move |b| (a, b)));
    let mut slopes: Vec<f64> =
        pairs.filter(|(a, b)| b.0 > a.0).map(|(a, b)| (b.1 - a.1) / (b.0 - a.0)).collect();
    slopes.sort_by(f64::total_cmp);
    slopes
}

fn median_slope(points: &[(f64, f64)]) -> f64 {
    median(&slopes(points))
}

fn median(sorted: &[f64]) -> f64 {
    match sorted.len() {
        0 => 0.0,
        n if n % 2 == 1 => sorted[n / 2],
        n => (sorted[n / 2 - 1] + sorted[n / 2]) / 2.0,
    }
}

/// Kendall's S: pairs that rise minus pairs that fall, moved by one towards zero.
fn kendall(points: &[(f64, f64)]) -> f64 {
    let pairs = points.iter().enumerate().flat_map(|(i, a)| points[i + 1..].iter().map(move |b| (a, b)));
    let s: i64 = pairs
        .map(|(a, b)| match b.1.total_cmp(&a.1) {
            std::cmp::Ordering::Greater => 1,
            std::cmp::Ordering::Equal => 0,
            std::cmp::Ordering::Less => -1,
        })
        .sum();
    (s - s.signum()) as f64
}

/// The standard deviation of S for a series without a trend.
fn deviation(points: &[(f64, f64)]) -> f64 {
    let mut values: Vec<f64> = points.iter().map(|(_, y)| *y).collect();
    values.sort_by(f64::total_cmp);
    let term = |n: usize| (n * (n.saturating_sub(1)) * (2 * n + 5)) as f64;
    let ties: f64 = values.chunk_by(|a, b| a == b).map(|tie| term(tie.len())).sum();
    // A value that stands alone is a tie of one, whose term is nothing.
    ((term(values.len()) - ties) / 18.0).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_exactly() {
        let line: Vec<_> = (0..20).map(|t| (f64::from(t), 3.0 * f64::from(t))).collect();
        let trend = Trend::of(&line).unwrap();
        assert_eq!((trend.slope, trend.at_least, trend.lasts), (3.0, 3.0, true));
        assert!(trend.rises_over(2.9) && !trend.rises_over(3.0));
    }

    #[test]
    fn the_worked_example_of_the_test() {
        // S of 5, 3, 8, 9, 7, 12: 15 pairs, of which 3 fall: 5-3, 8-7, 9-7. S is 9, Var S is 6*5*17/18.
        let points: Vec<_> =
            [5.0, 3.0, 8.0, 9.0, 7.0, 12.0].iter().enumerate().map(|(t, y)| (t as f64, *y)).collect();
        assert_eq!(kendall(&points), 8.0);
        assert!((deviation(&points) - (510.0f64 / 18.0).sqrt()).abs() < 1e-12);
        // With a tie of two, 2*1*9 less.
        let tied: Vec<_> =
            [5.0, 5.0, 8.0, 9.0, 7.0, 12.0].iter().enumerate().map(|(t, y)| (t as f64, *y)).collect();
        assert!((deviation(&tied) - (492.0f64 / 18.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn flat_falling_and_stepping_once_are_no_rise() {
        let rises = |y: &dyn Fn(u32) -> f64| {
            let points: Vec<_> = (0..40).map(|t| (f64::from(t), y(t))).collect();
            Trend::of(&points).unwrap().rises_over(0.0)
        };
        assert!(!rises(&|_| 7.0));
        assert!(!rises(&|t| -f64::from(t)));
        assert!(!rises(&|t| if t < 20 { 1.0 } else { 9.0 }));
        assert!(rises(&|t| f64::from(t) + f64::from(t % 3)));
        assert_eq!(Trend::of(&[(0.0, 1.0); 3]), None);
    }
}
