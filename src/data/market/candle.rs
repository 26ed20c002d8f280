use super::MarketWindow;
use crate::data::seed::{normal, random};

/// Trades within a candle: enough for a range beyond its ends.
const TRADES: usize = 8;

/// One in so many candles opens with a gap.
const GAP_EVERY: u32 = 20;

/// Prices stay within these: a walk that is long enough would come to any number.
const PRICES: (f64, f64) = (1e-6, 1e12);

/// What was paid within a time: the first, highest, lowest and last price, and how much was traded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candle {
    /// The first price.
    pub open: f64,
    /// The highest price.
    pub high: f64,
    /// The lowest price.
    pub low: f64,
    /// The last price.
    pub close: f64,
    /// How much was traded.
    pub volume: f64,
}

impl Candle {
    /// Whether it can be: all finite and over zero, and low <= open, close <= high.
    pub fn is_sound(&self) -> bool {
        let all = [self.open, self.high, self.low, self.close, self.volume];
        all.iter().all(|number| number.is_finite() && *number > 0.0)
            && [self.open, self.close].iter().all(|price| (self.low..=self.high).contains(price))
    }
}

/// Windows of a market whose prices walk at random: the logarithm of a price moves by a normal step (L. Bachelier 1900, P.
/// Samuelson 1965), volume grows with what a price moved, and now and then a candle opens with a gap.
///
/// Every candle satisfies low <= open, close <= high. Windows are independent of each other; unless stated otherwise they
/// have 60 candles, prices that begin between 10 and 1000, and candles of which the price moves by 1 % (one standard
/// deviation).
///
/// ```
/// use proofload::data::Market;
///
/// let market = Market::new(42);
/// let window = market.at(3);
/// assert_eq!(window.candles.len(), 60);
/// assert!(window.candles.iter().all(|candle| candle.low <= candle.open && candle.close <= candle.high));
/// // A row of 15 figures for each candle, as models take them.
/// assert_eq!((window.features().len(), window.features()[0].len()), (60, 15));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Market {
    seed: u64,
    length: usize,
    volatility: f64,
}

impl Market {
    /// With the terms above.
    pub const fn new(seed: u64) -> Self {
        Self { seed, length: 60, volatility: 0.01 }
    }

    /// Candles of a window.
    pub const fn length(mut self, candles: usize) -> Self {
        self.length = candles;
        self
    }

    /// By which share of itself a price moves within a candle, as a standard deviation; 0 to 1, other numbers count as
    /// the nearer of these.
    pub const fn volatility(mut self, share: f64) -> Self {
        self.volatility = if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) };
        self
    }

    /// Window number `index`.
    pub fn at(&self, index: u64) -> MarketWindow {
        let mut random = random(self.seed, index);
        let mut price = 10f64.powf(1.0 + 2.0 * random.f64());
        let usual_volume = 10f64.powf(3.0 + 3.0 * random.f64());
        let candles = (0..self.length).map(|_| {
            let candle = self.candle(price, usual_volume, &mut random);
            price = candle.close;
            candle
        });
        MarketWindow { candles: candles.collect() }
    }

    /// All of them, without end.
    pub fn iter(&self) -> impl Iterator<Item = MarketWindow> {
        (0..).map(|index| self.at(index))
    }

    fn candle(&self, before: f64, usual_volume: f64, random: &mut fastrand::Rng) -> Candle {
        let moved = |price: f64, by: f64| (price * by.exp()).clamp(PRICES.0, PRICES.1);
        let gap = if random.u32(..GAP_EVERY) == 0 { normal(random) * self.volatility } else { 0.0 };
        let open = moved(before, gap);
        let step = self.volatility / (TRADES as f64).sqrt();
        let (mut price, mut high, mut low) = (open, open, open);
        for _ in 0..TRADES {
            price = moved(price, normal(random) * step);
            (high, low) = (high.max(price), low.min(price));
        }
        let range = (high / low).ln() / self.volatility.max(f64::MIN_POSITIVE);
        let volume = usual_volume * (0.5 + range) * (0.3 * normal(random)).exp();
        Candle { open, high, low, close: price, volume }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_candle_is_sound(seed: u64, index: u64, length in 0usize..300, volatility in -1.0..3.0f64) {
            let market = Market::new(seed).length(length).volatility(volatility);
            let window = market.at(index);
            prop_assert_eq!(window.candles.len(), length);
            prop_assert!(window.candles.iter().all(Candle::is_sound), "{:?}", window);
            prop_assert_eq!(window, market.at(index));
        }
    }

    #[test]
    fn what_cannot_be_is_told() {
        let sound = Candle { open: 2.0, high: 3.0, low: 1.0, close: 2.5, volume: 1.0 };
        assert!(sound.is_sound());
        for wrong in [
            Candle { open: 3.1, ..sound },
            Candle { close: 0.9, ..sound },
            Candle { high: f64::NAN, ..sound },
            Candle { volume: -1.0, ..sound },
        ] {
            assert!(!wrong.is_sound(), "{wrong:?}");
        }
    }

    #[test]
    fn prices_move_as_much_as_stated() {
        let market = Market::new(5).length(20_000).volatility(0.02);
        let candles = market.at(0).candles;
        let moves: Vec<f64> = candles.iter().map(|candle| (candle.close / candle.open).ln()).collect();
        let deviation = (moves.iter().map(|by| by * by).sum::<f64>() / moves.len() as f64).sqrt();
        // Five standard errors of a deviation: 0.02 / sqrt(40 000) each.
        assert!((deviation - 0.02).abs() < 0.0005, "{deviation}");
        assert_ne!(market.at(0), market.at(1));
    }
}
