use super::{
    Candle,
    indicators::{changes, deviation, exponential_mean, relative_strength, simple_mean, wilder_mean},
};

/// Candles in a row, and what is worked out from them: one figure for each candle, over those before it and itself, as many
/// as there are.
#[derive(Debug, Clone, PartialEq)]
pub struct MarketWindow {
    /// The candles, the oldest first.
    pub candles: Vec<Candle>,
}

impl MarketWindow {
    /// The columns of [`MarketWindow::features`].
    pub const COLUMNS: [&str; 15] = [
        "open",
        "high",
        "low",
        "close",
        "volume",
        "change",
        "sma_5",
        "sma_20",
        "ema_12",
        "ema_26",
        "macd",
        "rsi_14",
        "bollinger_upper",
        "bollinger_lower",
        "atr_14",
    ];

    /// The last price of each candle.
    pub fn closes(&self) -> Vec<f64> {
        self.candles.iter().map(|candle| candle.close).collect()
    }

    /// The mean of the last `n` closes.
    pub fn sma(&self, n: usize) -> Vec<f64> {
        simple_mean(&self.closes(), n)
    }

    /// The exponential mean of the closes, of which each counts `2 / (n + 1)`.
    pub fn ema(&self, n: usize) -> Vec<f64> {
        exponential_mean(&self.closes(), n)
    }

    /// The relative strength index over `n` candles, 0 to 100 (J. W. Wilder 1978).
    pub fn rsi(&self, n: usize) -> Vec<f64> {
        relative_strength(&self.closes(), n)
    }

    /// The exponential mean over 12 candles less the one over 26 (G. Appel 1979).
    pub fn macd(&self) -> Vec<f64> {
        self.ema(12).into_iter().zip(self.ema(26)).map(|(fast, slow)| fast - slow).collect()
    }

    /// The lower and the upper Bollinger band: the mean of `n` closes, `width` standard deviations down and up.
    pub fn bollinger(&self, n: usize, width: f64) -> Vec<(f64, f64)> {
        let closes = self.closes();
        let bands = simple_mean(&closes, n).into_iter().zip(deviation(&closes, n));
        bands.map(|(mean, deviation)| (mean - width * deviation, mean + width * deviation)).collect()
    }

    /// The average true range over `n` candles (J. W. Wilder 1978): how far prices move, gaps included.
    pub fn atr(&self, n: usize) -> Vec<f64> {
        let before = self.candles.first().map(|candle| candle.open);
        let before = before.into_iter().chain(self.closes());
        let ranges: Vec<f64> = self
            .candles
            .iter()
            .zip(before)
            .map(|(candle, before)| candle.high.max(before) - candle.low.min(before))
            .collect();
        wilder_mean(&ranges, n)
    }

    /// A row of 15 figures for each candle: [`MarketWindow::COLUMNS`], in this order. All are finite.
    pub fn features(&self) -> Vec<[f64; 15]> {
        let (changes, bands) = (changes(&self.closes()), self.bollinger(20, 2.0));
        let (sma_5, sma_20, ema_12, ema_26) = (self.sma(5), self.sma(20), self.ema(12), self.ema(26));
        let (macd, rsi, atr) = (self.macd(), self.rsi(14), self.atr(14));
        let row = |(n, candle): (usize, &Candle)| {
            [
                candle.open,
                candle.high,
                candle.low,
                candle.close,
                candle.volume,
                changes[n],
                sma_5[n],
                sma_20[n],
                ema_12[n],
                ema_26[n],
                macd[n],
                rsi[n],
                bands[n].1,
                bands[n].0,
                atr[n],
            ]
        };
        self.candles.iter().enumerate().map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::data::Market;

    proptest! {
        #[test]
        fn figures_keep_what_they_promise(seed: u64, length in 0usize..200, volatility in 0.0..1.0f64) {
            let window = Market::new(seed).length(length).volatility(volatility).at(0);
            let features = window.features();
            prop_assert_eq!(features.len(), length);
            for (row, candle) in features.iter().zip(&window.candles) {
                prop_assert!(row.iter().all(|figure| figure.is_finite()), "{:?}", row);
                let [.., rsi, upper, lower, atr] = *row;
                prop_assert!((0.0..=100.0).contains(&rsi) && lower <= upper && atr >= 0.0, "{:?}", row);
                prop_assert_eq!((row[0], row[3]), (candle.open, candle.close));
            }
            let (low, high) = window.candles.iter().fold((f64::MAX, 0.0f64), |(low, high), candle| {
                (low.min(candle.close), high.max(candle.close))
            });
            // Means are among what they are of, but for rounding.
            for mean in [window.sma(20), window.ema(12)].concat() {
                prop_assert!((low * (1.0 - 1e-9)..=high * (1.0 + 1e-9)).contains(&mean), "{} {} {}", low, mean, high);
            }
        }
    }

    #[test]
    fn a_true_range_has_the_gap_in_it() {
        let candle = |open: f64, close: f64| Candle {
            open,
            high: open.max(close) + 1.0,
            low: open.min(close) - 1.0,
            close,
            volume: 1.0,
        };
        let window = MarketWindow { candles: vec![candle(10.0, 12.0), candle(20.0, 21.0)] };
        // 9 to 13; then from the close before, 12, to 22.
        assert_eq!(window.atr(1), [4.0, 10.0]);
        assert_eq!((window.closes(), window.macd()[0]), (vec![12.0, 21.0], 0.0));
        assert_eq!(MarketWindow::COLUMNS.len(), window.features()[0].len());
    }
}
