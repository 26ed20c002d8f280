//! What people see of cases that run: the figures of the last seconds, a line for each case, and the terminal it is on.
//!
//! Owns what is written to standard error while cases run. Never judges a figure, and never lets whoever tells it
//! something wait for the terminal: a terminal that is stopped must not keep a supervisor from looking at its limits.

mod board;
mod draw;
mod line;
mod live;
mod status;
mod surface;
mod words;

pub(crate) use board::{Board, Place};
pub(crate) use live::Live;
pub(crate) use status::Status;
pub(crate) use surface::{Colour, Manner};
