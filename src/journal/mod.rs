//! The journal: what a case tells its supervisor, one JSON line an event, in a file that outlives any death.
//!
//! Owns the events, the writer of the child and the reader of the parent. Never decides what an event means.

mod event;
mod reader;
mod sealed;
mod writer;

pub(crate) use event::{CaseResult, Event, Line, MissedThreshold, Planned, SCHEMA_VERSION};
pub use event::{FaultBand, Figure, Step};
pub(crate) use reader::{Losses, Reader};
pub(crate) use writer::Writer;
