//! Tests of several layers together.

use super::{Settings, SettingsError, Sources};
use crate::case::{CaseInfo, Severity};

mod commented;
mod mistakes;
mod precedence;
mod shown;

/// A case without anything stated.
const PLAIN: CaseInfo = CaseInfo {
    function: "plain",
    module: "stress::cases::basics",
    file: "stress/cases/basics.rs",
    line: 4,
    markers: &[],
    settings: &[],
    severity: Severity::Medium,
    target: None,
    about: "",
};

/// A case with two markers and two settings.
const SEARCH: CaseInfo = CaseInfo {
    function: "sustained_search",
    module: "stress::cases::search",
    file: "stress/cases/search.rs",
    line: 12,
    markers: &["slow", "vectors"],
    settings: &[("time_limit", "10m"), ("max_memory", "2GiB")],
    severity: Severity::High,
    target: Some("vector_index"),
    about: "",
};

const CASES: [CaseInfo; 2] = [PLAIN, SEARCH];

fn load(
    file: &str,
    environment: &[(&str, &str)],
    command_line: &[(&str, &str)],
) -> Result<Settings, SettingsError> {
    let flag = |key: &str| format!("--set {key}=...");
    let sources = Sources {
        file: Some(("stress/stress.toml".into(), file.to_owned())),
        environment: environment.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect(),
        command_line: command_line
            .iter()
            .map(|(key, text)| (key.to_string(), text.to_string(), flag(key)))
            .collect(),
    };
    Settings::load(sources, &CASES)
}
