//! What the endings of flows mean to a load.

use proofload::Outcome;

use super::FlowError;

/// No place and an open breaker are polite refusals; anything else that is no right document is an error, told apart by
/// its kind.
pub(crate) fn outcome(ended: Result<(), FlowError>) -> Outcome {
    match ended {
        Ok(()) => Outcome::ok(),
        Err(error @ (FlowError::Busy(_) | FlowError::Refused(_))) => Outcome::rejected(error),
        Err(error) => Outcome::error(format_args!("{}: {error}", error.kind())),
    }
}
