//! Two ways measured in turns, so that a busy machine slows both.

/// What was seen in all rounds.
pub(crate) struct Rounds {
    /// Medians of the figures.
    pub(crate) ours: f64,
    pub(crate) theirs: f64,
    /// The median over the rounds of `ours / theirs`.
    pub(crate) ratio: f64,
}

impl Rounds {
    /// From a figure of ours and one of theirs for each round; at least one.
    pub(crate) fn of(pairs: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let pairs: Vec<(f64, f64)> = pairs.into_iter().collect();
        let median_of = |figure: fn(&(f64, f64)) -> f64| {
            let mut figures: Vec<f64> = pairs.iter().map(figure).collect();
            figures.sort_by(f64::total_cmp);
            figures[figures.len() / 2]
        };
        Self { ours: median_of(|p| p.0), theirs: median_of(|p| p.1), ratio: median_of(|p| p.0 / p.1) }
    }
}
