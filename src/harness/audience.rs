use std::{fs::File, io::BufWriter, path::PathBuf, time::Instant};

use super::{nodes::Nodes, trials::Shared};
use crate::{
    cluster::StopWord,
    journal::Line,
    live::LiveCase,
    monitor::Sampler,
    report::{FolderError, LatencyLog},
    safety::Crossing,
    supervisor::{Listener, Order},
};

/// Who hears of a case while it runs, beside its supervisor.
pub(super) struct Audience<'a> {
    /// The other nodes of the run.
    nodes: Option<&'a Nodes>,
    folder: PathBuf,
    /// The log of times, or why there is none; nothing where nobody asked for it.
    log: Option<Result<LatencyLog<BufWriter<File>>, FolderError>>,
    live: Option<LiveCase>,
}

impl<'a> Audience<'a> {
    pub(super) fn of(shared: &'a Shared, order: &Order) -> Self {
        let folder = order.terms.folder.clone();
        let is_logged = shared.settings.run().list("report").iter().any(|format| format == "hlog");
        Self {
            nodes: shared.nodes.as_ref(),
            log: is_logged.then(|| LatencyLog::create(&folder)),
            live: shared.live().as_ref().map(|live| live.case(&order.name)),
            folder,
        }
    }

    /// Whether a log of times is kept.
    pub(super) const fn is_logging(&self) -> bool {
        matches!(self.log, Some(Ok(_)))
    }

    /// The case is over. What kept something from being written, if anything did.
    pub(super) fn finish(self) -> Result<(), FolderError> {
        match self.log {
            Some(log) => log?.finish(&self.folder),
            None => Ok(()),
        }
    }
}

impl Listener for Audience<'_> {
    fn heard(&mut self, line: &Line) {
        if let Some(Ok(log)) = &mut self.log {
            log.heard(line);
        }
        if let Some(live) = &mut self.live {
            live.heard(line);
        }
    }

    fn looked(&mut self, now: Instant, sampler: &Sampler) {
        if let Some(live) = &mut self.live {
            live.looked(now, sampler);
        }
    }

    fn stops(&mut self, crossing: &Crossing) {
        if let Some(nodes) = self.nodes {
            nodes.stop_case(crossing);
        }
    }

    fn stopped_elsewhere(&self) -> Option<StopWord> {
        self.nodes?.stopped_elsewhere()
    }
}
