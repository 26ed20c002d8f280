//! Reports: the model of what is told, and its forms.
//!
//! Owns `report.json`, `summary.txt` and the run's folder. Pure except for the folder: no form measures or judges
//! anything, everything it shows is in the model.

mod assemble;
mod folder;
mod limits;
mod model;
mod recommend;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use assemble::{CaseFacts, case_report, settings_report};
pub(crate) use folder::RunFolder;
pub use limits::LimitsReport;
pub use model::{
    CaseReport, CounterReport, FiguresReport, IgnoredCase, LoadReport, PhaseReport, Recommendation,
    RunReport, SCHEMA_VERSION, SettingReport, StopReport, Summary, TimesReport,
};
pub(crate) use recommend::{recommend, without_repeats};
pub(crate) use text::{case_line, summary_text};
