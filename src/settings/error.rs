//! Mistakes in settings: each names the place, the key or name, and what would have been right.

use std::io;

use super::value::ValueError;
use crate::case::MarkerError;

/// Everything that is wrong with the settings of a run, each mistake on a line of its own.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.lines())]
pub(crate) struct SettingsError {
    /// Never empty: of the code, of the file by line, of what its profiles inherit, of the environment by name, of
    /// the command line as given.
    pub(crate) mistakes: Vec<Mistake>,
}

impl SettingsError {
    fn lines(&self) -> String {
        self.mistakes.iter().map(Mistake::to_string).collect::<Vec<_>>().join("\n")
    }
}

/// One mistake and its place.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {wrong}")]
pub(crate) struct Mistake {
    /// `stress/stress.toml:7`, `PROOFLOAD_RATE`, `--set rate=x`, or where the case is written.
    pub(crate) place: String,
    /// What is wrong there.
    pub(crate) wrong: Wrong,
}

impl Mistake {
    pub(super) fn new(place: impl Into<String>, wrong: Wrong) -> Self {
        Self { place: place.into(), wrong }
    }
}

/// What can be wrong with settings.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Wrong {
    /// The file is there but cannot be read.
    #[error("cannot be read: {0}; make it a text file that can be read, or take it away")]
    Unreadable(#[source] io::Error),
    /// The file is not TOML.
    #[error("{0}")]
    Syntax(String),
    /// No setting has this name.
    #[error("unknown key {key:?}; {}", meant(nearest, "--show-settings lists the keys"))]
    UnknownKey { key: String, nearest: Option<String> },
    /// No setting has this variable.
    #[error("no setting has this variable; {}", meant(nearest, "--show-settings lists the keys"))]
    UnknownVariable { nearest: Option<String> },
    /// Not the TOML type that the key wants.
    #[error("{key} wants {wanted}, not {found}")]
    Type { key: String, wanted: String, found: String },
    /// A text that is no value of the key.
    #[error("{key} = {text:?}: {error}")]
    Value {
        key: &'static str,
        text: String,
        #[source]
        error: ValueError,
    },
    /// One entry of a TOML list would be two in any other layer.
    #[error("{key}: the entry {entry:?} holds a comma; write two entries")]
    Comma { key: &'static str, entry: String },
    /// The same key more than once in one attribute.
    #[error("{key} is stated twice: leave one of the two away")]
    Twice { key: &'static str },
    /// A setting of the run where only those of a case can be.
    #[error(
        "{key} belongs to the whole run and cannot be set for one case: set it at the top of stress.toml, in a profile, or \
         with --set {key}=..."
    )]
    RunScope { key: &'static str },
    /// The file tries to choose the profile, which `[profile.NAME]` leaves no word for.
    #[error(
        "a profile is chosen with --profile NAME or PROOFLOAD_PROFILE; in the file, [profile.NAME] defines one"
    )]
    ProfileInFile,
    /// No profile has this name.
    #[error("unknown profile {name:?}; {}known profiles: {}", before(nearest), known.join(", "))]
    UnknownProfile { name: String, nearest: Option<String>, known: Vec<String> },
    /// A profile that is its own ancestor.
    #[error("profiles inherit in a circle: {}; take one `inherits` of them away", names.join(" -> "))]
    Circle { names: Vec<String> },
    /// An override for nothing in particular.
    #[error(
        "an override needs case = \"a name or pattern\", marker = \"an expression\", target = \"a name\", or several of them"
    )]
    NoSelector,
    /// Not a marker expression, or an unknown marker.
    #[error(transparent)]
    Marker(#[from] MarkerError),
    /// No case has a name like this.
    #[error("no case matches {pattern:?}; {}", meant(nearest, "--list shows the cases"))]
    NoCase { pattern: String, nearest: Option<String> },
    /// No case has a target like this.
    #[error("{}", no_target(name, nearest, known))]
    NoTarget { name: String, nearest: Option<String>, known: Vec<String> },
    /// `--set` without a key or a value.
    #[error("wants key=value or case.key=value")]
    NotAnAssignment,
}

fn no_target(name: &str, nearest: &Option<String>, known: &[String]) -> String {
    match known {
        [] => format!(
            "no case has the target {name:?}, nor any other: `#[proofload::case(target = \"...\")]` says what a case \
             puts under stress"
        ),
        known => {
            format!("no case has the target {name:?}; {}known targets: {}", before(nearest), known.join(", "))
        }
    }
}

fn meant(nearest: &Option<String>, otherwise: &str) -> String {
    nearest.as_ref().map_or_else(|| otherwise.to_owned(), |name| format!("did you mean {name:?}?"))
}

fn before(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or_else(String::new, |name| format!("did you mean {name:?}? "))
}
