use std::time::Duration;

use crate::stop::StopToken;

/// How long the end of a load may take.
#[derive(Clone, Copy)]
pub(super) struct Drain {
    pub(super) grace: Duration,
    pub(super) once_stopped: Duration,
}

impl Drain {
    /// Waits for `all` to end: for the grace, and for less once the case is to stop.
    pub(super) async fn wait(self, stop: &StopToken, all: impl Future<Output = ()>) {
        let cut_short = async {
            stop.halted().await;
            tokio::time::sleep(self.once_stopped).await;
        };
        tokio::select! {
            () = all => {}
            () = tokio::time::sleep(self.grace) => {}
            () = cut_short => {}
        }
    }
}
