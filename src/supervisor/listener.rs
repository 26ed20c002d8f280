use std::time::Instant;

use crate::{cluster::StopWord, journal::Line, monitor::Sampler, safety::Crossing};

/// Hears of a case while it runs, and knows who else carries it out. Called by the thread that watches the case, some fifty times a second: it must not
/// wait for anything but a disk.
pub(crate) trait Listener: Send {
    /// The case told something.
    fn heard(&mut self, line: &Line);

    /// The case's processes were looked at.
    fn looked(&mut self, _now: Instant, _sampler: &Sampler) {}

    /// The case is stopped for what was seen of it: whoever else carries it out has to know.
    fn stops(&mut self, _crossing: &Crossing) {}

    /// Why it was stopped on another node, if it was.
    fn stopped_elsewhere(&self) -> Option<StopWord> {
        None
    }
}

/// Nobody.
impl Listener for () {
    fn heard(&mut self, _line: &Line) {}
}
