use std::{pin::Pin, task::Context, time::Duration};

use tokio::time::{Instant, Sleep, sleep_until};

/// Stands for a limit that is longer than the clock counts.
const NEVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// Waits for progress, and not for ever. One timer serves all waits of a connection and is moved on when it fires: a
/// timer for each wait would cost more than parsing the answer.
#[derive(Debug)]
pub(super) struct Patience {
    limit: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

/// One wait: when it is over, once it has had to wait at all.
#[derive(Debug, Default)]
pub(super) struct Wait {
    due: Option<Instant>,
}

impl Patience {
    pub(super) const fn new(limit: Duration) -> Self {
        Self { limit, timer: None }
    }

    /// Whether `wait` has been longer than the limit; asks to be woken when it will have been.
    pub(super) fn poll_over(&mut self, cx: &mut Context<'_>, wait: &mut Wait) -> bool {
        let limit = self.limit;
        let due = *wait.due.get_or_insert_with(|| {
            let now = Instant::now();
            now.checked_add(limit).unwrap_or(now + NEVER)
        });
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
        // It may still be set for an earlier wait, of which the answer has come.
        while timer.as_mut().poll(cx).is_ready() {
            if timer.deadline() >= due {
                return true;
            }
            timer.as_mut().reset(due);
        }
        false
    }
}
