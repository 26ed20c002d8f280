//! The plain extractor: statistics instead of a network, for when the network does not answer.

use super::{
    FEATURES, Features,
    window::{COLUMNS, Fitted, ROWS},
};

const _: () = assert!(FEATURES == 2 * COLUMNS + 2);

/// As many features as the network's, each from -1 to 1.
///
/// First the slope of each column: its correlation with time, from falling (-1) to rising (1). Then the deviation of
/// each column, as a share of deviation and mean together. Last the means of the two.
pub(crate) fn features(window: &Fitted) -> Features {
    let mut features = [0.0; FEATURES];
    let (mut slopes, mut deviations) = (0.0, 0.0);
    for column in 0..COLUMNS {
        let (slope, deviation) = (slope(window, column), relative_deviation(window, column));
        features[column] = slope as f32;
        features[COLUMNS + column] = deviation as f32;
        slopes += slope;
        deviations += deviation;
    }
    features[2 * COLUMNS] = (slopes / COLUMNS as f64) as f32;
    features[2 * COLUMNS + 1] = (deviations / COLUMNS as f64) as f32;
    features
}

fn slope(window: &Fitted, column: usize) -> f64 {
    let (mean, deviation) = window.moments(column);
    if deviation == 0.0 {
        return 0.0;
    }
    let middle = (ROWS - 1) as f64 / 2.0;
    let together: f64 = window
        .column(column)
        .enumerate()
        .map(|(row, x)| (row as f64 - middle) * ((x - mean) / deviation))
        .sum();
    // Of the whole numbers from 0 to n - 1 the variance is (n^2 - 1) / 12.
    let of_time = ((ROWS * ROWS - 1) as f64 / 12.0).sqrt();
    together / (ROWS as f64 * of_time)
}

fn relative_deviation(window: &Fitted, column: usize) -> f64 {
    let (mean, deviation) = window.moments(column);
    if deviation == 0.0 { 0.0 } else { deviation / (deviation + mean.abs()) }
}
