use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The markers that keep a case out of a run until somebody asks for it.
pub const LEFT_OUT_BY_DEFAULT: [&str; 2] = ["slow", "resource_intensive"];

/// What is known of a case before it runs; written by [`macro@crate::case`].
#[derive(Debug, Clone, Copy)]
pub struct CaseInfo {
    /// The function's name.
    pub function: &'static str,
    /// `module_path!()` of the file the case is in: `stress::cases::search`.
    pub module: &'static str,
    /// The file the case is in, as the compiler names it.
    pub file: &'static str,
    /// The line of the function's name, from 1.
    pub line: u32,
    /// The labels to select by.
    pub markers: &'static [&'static str],
    /// The settings that the attribute states, as text: `("time_limit", "10m")`.
    pub settings: &'static [(&'static str, &'static str)],
    /// How much a failure of this case matters.
    pub severity: Severity,
    /// The name of what the case puts under stress, if it says so.
    pub target: Option<&'static str>,
    /// The first paragraph of the doc comment, or nothing.
    pub about: &'static str,
}

impl CaseInfo {
    /// The name to select by: the module path below the suite's crate, and the function:
    /// `cases::search::sustained_search`.
    pub fn name(&self) -> String {
        match self.module.split_once("::") {
            Some((_suite, path)) => format!("{path}::{}", self.function),
            None => self.function.to_owned(),
        }
    }

    /// Where the case is written: `stress/cases/search.rs:12`.
    pub fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }

    /// Whether the case carries this marker.
    pub fn is_marked(&self, marker: &str) -> bool {
        self.markers.contains(&marker)
    }
}

/// How much a failure matters to the reader of a report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Low,
    /// Worth a look; what a case has unless it says otherwise.
    #[default]
    Medium,
    /// To be fixed soon.
    High,
    /// Stops a release.
    Critical,
}

impl Severity {
    /// The word for it, as the attribute and the reports write it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Severity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Low, Self::Medium, Self::High, Self::Critical]
            .into_iter()
            .find(|s| s.word() == text)
            .ok_or_else(|| format!("{text:?} is not a severity: low, medium, high or critical"))
    }
}
