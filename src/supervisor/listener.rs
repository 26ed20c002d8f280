use std::time::Instant;

use crate::{journal::Line, monitor::Sampler};

/// Hears of a case while it runs. Called by the thread that watches the case, some fifty times a second: it must not
/// wait for anything but a disk.
pub(crate) trait Listener: Send {
    /// The case told something.
    fn heard(&mut self, line: &Line);

    /// The case's processes were looked at.
    fn looked(&mut self, _now: Instant, _sampler: &Sampler) {}
}

/// Nobody.
impl Listener for () {
    fn heard(&mut self, _line: &Line) {}
}
