//! Windows of a market that never was: prices on a random walk, from a seed.

use std::collections::VecDeque;

use fastrand::Rng;

use super::window::COLUMNS;

/// Moments that the longest indicator looks back on.
const LOOK_BACK: usize = 20;

/// One moment of trade.
#[derive(Debug, Clone, Copy)]
struct Bar {
    open: f64,
    high: f64,
    low: f64,
    close: f64,
    volume: f64,
}

/// The values of a window of `rows` x `columns`, row by row: open, high, low, close, volume, ten indicators, and beyond
/// those further ones that are noise. The same `seed` and `number` always give the same; low <= open, close <= high.
pub(crate) fn window(seed: u64, number: u64, rows: usize, columns: usize) -> Vec<f32> {
    // The golden ratio's fraction, so that neighbouring numbers do not start close to each other.
    let mut random = Rng::with_seed(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut price = 20.0 + random.f64() * 180.0;
    let mut past = VecDeque::with_capacity(LOOK_BACK + 1);
    let mut values = Vec::with_capacity(rows * columns);
    // The indicators have their past from the first row on.
    for moment in 0..LOOK_BACK + rows {
        let bar = next_bar(&mut random, price);
        price = bar.close;
        past.push_back(bar);
        if past.len() > LOOK_BACK {
            past.pop_front();
        }
        if moment >= LOOK_BACK {
            let known = known(&past);
            let noise = std::iter::repeat_with(|| random.f64() * 2.0 - 1.0);
            values.extend(known.into_iter().chain(noise).take(columns).map(|value| value as f32));
        }
    }
    values
}

fn next_bar(random: &mut Rng, open: f64) -> Bar {
    // Twelve uniform numbers less six are close to a normal one; a moment moves by a percent or so.
    let normal = (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
    let close = open * (1.0 + (0.01 * normal).clamp(-0.2, 0.2));
    let (above, below) = (random.f64() * 0.005, random.f64() * 0.005);
    Bar {
        open,
        high: open.max(close) * (1.0 + above),
        low: open.min(close) * (1.0 - below),
        close,
        volume: 1e4 * (0.5 + random.f64() + 20.0 * (close / open - 1.0).abs()),
    }
}

/// The columns that the model knows, at the last moment of `past`.
fn known(past: &VecDeque<Bar>) -> [f64; COLUMNS] {
    let now = past[past.len() - 1];
    let before = |n: usize| past[past.len().saturating_sub(n + 1)].close;
    let average = |n: usize, of: fn(&Bar) -> f64| {
        let taken = n.min(past.len());
        past.iter().rev().take(taken).map(of).sum::<f64>() / taken as f64
    };
    let mean = average(20, |bar| bar.close);
    let variance = past.iter().map(|bar| (bar.close - mean).powi(2)).sum::<f64>() / past.len() as f64;
    let changes = || past.iter().zip(past.iter().skip(1)).map(|(one, next)| next.close - one.close);
    let (gains, moves) = (changes().filter(|x| *x > 0.0).sum::<f64>(), changes().map(f64::abs).sum::<f64>());
    [
        now.open,
        now.high,
        now.low,
        now.close,
        now.volume,
        average(5, |bar| bar.close),
        average(10, |bar| bar.close),
        mean,
        variance.sqrt(),
        // The strength index: the share of the moves that went up, in percent.
        100.0 * gains / moves.max(f64::MIN_POSITIVE),
        now.close / before(1) - 1.0,
        now.close / before(10) - 1.0,
        average(10, |bar| bar.high - bar.low),
        (now.close - mean) / variance.sqrt().max(f64::MIN_POSITIVE),
        now.volume / average(20, |bar| bar.volume),
    ]
}
