//! Broken twins: each target can be given a defect by name, so that a test can see the cases that should notice it fail.
//!
//! A target asks for its own defects when it is opened, keeps what it was told among its options, and names them
//! `target.what_is_wrong`. Without the variable every target is sound.

use std::env;

/// Has the name of the defect that the targets of this process are to have.
pub(crate) const VARIABLE: &str = "STRESS_DEFECT";

/// Whether the targets of this process are to have the defect `name`.
pub(crate) fn is(name: &str) -> bool {
    env::var_os(VARIABLE).is_some_and(|named| named == name)
}
