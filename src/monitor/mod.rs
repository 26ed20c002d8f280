//! Watching processes and the machine.
mod own;
pub(crate) use own::OwnProcess;
