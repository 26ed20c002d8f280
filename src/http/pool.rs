use std::sync::{Mutex, PoisonError};

use super::http1::Http1;

/// Connections that wait for a request. The one that was used last goes first, so that those that are too many grow old
/// and the others stay warm.
#[derive(Debug, Default)]
pub(super) struct Pool(Mutex<Vec<Box<Http1>>>);

impl Pool {
    /// A connection that can carry a request; those that cannot any more are closed.
    pub(super) fn take(&self) -> Option<Box<Http1>> {
        loop {
            let mut connection = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
            if connection.is_ready() {
                return Some(connection);
            }
        }
    }

    pub(super) fn give_back(&self, connection: Box<Http1>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }
}
