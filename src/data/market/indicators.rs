//! Figures over a series, one for each of its values, from the first on: where there are fewer values than a figure wants,
//! it is over those there are.

/// The mean of the last `n` values.
pub(super) fn simple_mean(values: &[f64], n: usize) -> Vec<f64> {
    over_last(values, n, |last| last.iter().sum::<f64>() / last.len() as f64)
}

/// The standard deviation of the last `n` values.
pub(super) fn deviation(values: &[f64], n: usize) -> Vec<f64> {
    over_last(values, n, |last| {
        let mean = last.iter().sum::<f64>() / last.len() as f64;
        (last.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / last.len() as f64).sqrt()
    })
}

/// The exponential mean of `n` values: each counts `2 / (n + 1)` of what is left.
pub(super) fn exponential_mean(values: &[f64], n: usize) -> Vec<f64> {
    smoothed(values, 2.0 / (n.max(1) as f64 + 1.0))
}

/// The relative strength index, 0 to 100, over `n` values with Wilder's smoothing (J. W. Wilder, "New Concepts in
/// Technical Trading Systems", 1978). 50 where nothing has moved.
pub(super) fn relative_strength(values: &[f64], n: usize) -> Vec<f64> {
    let moves: Vec<f64> = changes(values);
    let wilder = |by: fn(f64) -> f64| {
        smoothed(&moves.iter().map(|moved| by(*moved)).collect::<Vec<_>>(), 1.0 / n.max(1) as f64)
    };
    let (up, down) = (wilder(|moved| moved.max(0.0)), wilder(|moved| (-moved).max(0.0)));
    up.into_iter()
        .zip(down)
        .map(|(up, down)| if up + down > 0.0 { 100.0 * (up / (up + down)) } else { 50.0 })
        .collect()
}

/// Wilder's mean over `n` values: each counts `1 / n` of what is left.
pub(super) fn wilder_mean(values: &[f64], n: usize) -> Vec<f64> {
    smoothed(values, 1.0 / n.max(1) as f64)
}

/// By how much each value differs from the one before; 0 for the first.
pub(super) fn changes(values: &[f64]) -> Vec<f64> {
    let first = values.first().map(|_| 0.0);
    first.into_iter().chain(values.windows(2).map(|pair| pair[1] - pair[0])).collect()
}

fn over_last(values: &[f64], n: usize, figure: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    (1..=values.len()).map(|end| figure(&values[end.saturating_sub(n.max(1))..end])).collect()
}

fn smoothed(values: &[f64], weight: f64) -> Vec<f64> {
    let step = |mean: &mut Option<f64>, value: &f64| {
        let next = mean.map_or(*value, |mean| mean + weight * (value - mean));
        *mean = Some(next);
        Some(next)
    };
    values.iter().scan(None, step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_by_hand() {
        let values = [1.0, 2.0, 4.0, 3.0];
        assert_eq!(simple_mean(&values, 2), [1.0, 1.5, 3.0, 3.5]);
        assert_eq!(deviation(&values, 2), [0.0, 0.5, 1.0, 0.5]);
        assert_eq!(exponential_mean(&values, 3), [1.0, 1.5, 2.75, 2.875]);
        assert_eq!(changes(&values), [0.0, 1.0, 2.0, -1.0]);
        assert_eq!(wilder_mean(&values, 2), [1.0, 1.5, 2.75, 2.875]);
        // Ups 0, 0.5, 1.25, 0.625; downs 0, 0, 0, 0.5.
        assert_eq!(relative_strength(&values, 2), [50.0, 100.0, 100.0, 100.0 * (0.625 / 1.125)]);
        assert!(simple_mean(&[], 3).is_empty() && changes(&[]).is_empty());
        assert_eq!(simple_mean(&values, 0), values);
    }
}
