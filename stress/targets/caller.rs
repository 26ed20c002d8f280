//! How the callers of a target deal with what fails in passing: they try again.

use super::defect;

/// Further attempts after one that failed. The twin gives up at once.
pub(crate) fn further_attempts() -> u32 {
    match defect::is("caller.gives_up") {
        true => 0,
        false => 3,
    }
}
