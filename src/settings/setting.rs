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

/// Where a value came from: the layer, and the words that lead a reader there: `stress/stress.toml:7 [profile.nightly]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origin {
    layer: Layer,
    place: String,
}

/// The layers, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Layer {
    BuiltIn,
    Code,
    File,
    Environment,
    CommandLine,
}

impl Origin {
    /// Nobody said anything.
    pub(super) fn built_in() -> Self {
        Self { layer: Layer::BuiltIn, place: "built in".to_owned() }
    }

    /// The case's attribute, at `place`: `stress/cases/search.rs:12`.
    pub(super) fn code(place: String) -> Self {
        Self { layer: Layer::Code, place }
    }

    /// A line of the settings file, with the header of its section unless it is the top.
    pub(super) fn file(place: &str, section: Option<&str>) -> Self {
        let place = match section {
            Some(section) => format!("{place} {section}"),
            None => place.to_owned(),
        };
        Self { layer: Layer::File, place }
    }

    /// An environment variable, by its name.
    pub(super) fn environment(variable: &str) -> Self {
        Self { layer: Layer::Environment, place: variable.to_owned() }
    }

    /// The command line, with what was written there: `--set duration=5s`.
    pub(super) fn command_line(how: &str) -> Self {
        Self { layer: Layer::CommandLine, place: how.to_owned() }
    }

    /// Whether nobody set the value.
    pub(crate) fn is_built_in(&self) -> bool {
        self.layer == Layer::BuiltIn
    }

    /// Whether the value is stronger than what the body of a case says: it came from the file, the environment or
    /// the command line.
    pub(crate) fn is_from_outside(&self) -> bool {
        matches!(self.layer, Layer::File | Layer::Environment | Layer::CommandLine)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.place)
    }
}
