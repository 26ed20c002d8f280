use std::fmt;

use serde::{Deserialize, Serialize};

/// A value and where it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Setting {
    /// The value in its one form, `off` for a limit that was taken away; none when nobody set it and none is built in.
    pub(crate) text: Option<String>,
    /// Who said so.
    pub(crate) origin: Origin,
}

/// Where a value came from, in words that lead a reader there: `stress/stress.toml:7 [profile.nightly]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Origin(String);

const BUILT_IN: &str = "built in";

impl Origin {
    /// Nobody said anything.
    pub(super) fn built_in() -> Self {
        Self(BUILT_IN.to_owned())
    }

    /// The case's attribute, at `place`: `stress/cases/search.rs:12`.
    pub(super) fn code(place: String) -> Self {
        Self(place)
    }

    /// A line of the settings file, with the header of its section unless it is the top.
    pub(super) fn file(place: &str, section: Option<&str>) -> Self {
        match section {
            Some(section) => Self(format!("{place} {section}")),
            None => Self(place.to_owned()),
        }
    }

    /// An environment variable, by its name.
    pub(super) fn environment(variable: &str) -> Self {
        Self(variable.to_owned())
    }

    /// The command line, with what was written there: `--set duration=5s`.
    pub(super) fn command_line(how: &str) -> Self {
        Self(how.to_owned())
    }

    /// Whether nobody set the value.
    pub(crate) fn is_built_in(&self) -> bool {
        self.0 == BUILT_IN
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
