//! Settings: what a run and each of its cases are told from outside, and where each value came from.
//!
//! Owns the table of keys, the layers (built in, code, file, profile, environment, command line) and their mistakes.
//! Never acts on a value: it neither starts, limits nor judges anything, and it reads the process's surroundings only
//! in [`Sources`].

mod code;
mod command_line;
mod commented;
#[cfg(test)]
pub(crate) mod docs;
mod environment;
mod error;
mod file;
mod keys;
mod known;
mod layers;
mod profiles;
mod resolved;
mod rule;
mod secret;
mod setting;
mod show;
mod sources;
mod targets;
mod toml_value;
mod value;

#[cfg(test)]
mod tests;

pub(crate) use command_line::assignment;
pub(crate) use commented::commented_file;
pub(crate) use error::{Mistake, SettingsError, Wrong};
pub(crate) use keys::{Key, Kind, Scope};
pub(crate) use layers::Settings;
pub(crate) use resolved::Resolved;
pub(crate) use secret::{argument_without_secret, without_secret};
pub(crate) use setting::{Origin, Setting};
pub(crate) use show::show;
pub(crate) use sources::Sources;
pub(crate) use targets::Targets;
