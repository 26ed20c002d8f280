use std::{fmt, time::Duration};

pub(crate) use super::case::LiveCase;
use super::{
    LiveError, LiveRun,
    endpoint::Endpoint,
    sender::Sender,
    wire::{Resource, pair},
};
use crate::settings::Resolved;

/// Sends the figures of a run while it goes on.
pub(crate) struct Exporter {
    sender: Sender,
    interval: Duration,
}

impl Exporter {
    /// One, if the settings or OpenTelemetry's variables name a receiver.
    pub(crate) fn of(settings: &Resolved, run: &LiveRun<'_>) -> Result<Option<Self>, LiveError> {
        let variable = |name: &str| std::env::var(name).ok();
        let Some(endpoint) = Endpoint::of(settings, &variable)? else { return Ok(None) };
        let sender = Sender::start(&endpoint, resource(run))?;
        Ok(Some(Self { sender, interval: endpoint.interval }))
    }

    /// A case that is about to run.
    pub(crate) fn case(&self, name: &str) -> LiveCase {
        LiveCase::new(name, self.sender.outbox(), self.interval)
    }

    /// The run is over. What could not be sent, if anything, in words.
    pub(crate) fn finish(self) -> Option<String> {
        self.sender.finish()
    }
}

impl fmt::Debug for Exporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exporter").finish_non_exhaustive()
    }
}

fn resource(run: &LiveRun<'_>) -> Resource {
    // Processes of one nextest run are each an instance.
    let instance = format!("{}-{}", run.run_id, std::process::id());
    Resource {
        attributes: vec![
            pair("service.name", "proofload"),
            pair("service.version", env!("CARGO_PKG_VERSION")),
            pair("service.instance.id", instance),
            pair("proofload.run.id", run.run_id),
            pair("proofload.suite", run.suite),
            pair("proofload.profile", run.profile),
        ],
    }
}
