//! Windows of a made-up market: prices on a random walk, and what is usually worked out from them.

mod candle;
mod indicators;
mod window;

pub use candle::{Candle, Market};
pub use window::MarketWindow;
