//! What the index's answers mean to a load.

use proofload::Outcome;

use super::IndexError;

/// A full queue is a polite refusal; anything else that is not the right answer is an error, told apart by its kind.
pub(crate) fn outcome(answer: Result<(), IndexError>) -> Outcome {
    match answer {
        Ok(()) => Outcome::ok(),
        Err(error @ IndexError::Busy(_)) => Outcome::rejected(error),
        Err(error) => Outcome::error(format_args!("{}: {error}", error.kind())),
    }
}
