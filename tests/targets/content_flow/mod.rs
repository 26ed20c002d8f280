//! The content flow: its stages, what holds them together, and flows as a whole.

mod breaker;
mod flows;
mod stages;
