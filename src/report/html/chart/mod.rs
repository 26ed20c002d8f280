//! Charts as SVG: lines over an axis, with bands behind them.
//!
//! Owns how a chart looks. Never decides what is drawn: points and names are given.

mod axis;
mod ink;
mod plot;
mod thin;

pub(super) use axis::Axis;
pub(super) use ink::{Ink, rules};
pub(super) use plot::{Band, Cell, Chart, Line, Mark, Plot, Side, Stroke};
