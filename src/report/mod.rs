//! Reports: the model of what is told, and its forms.
//!
//! Owns `report.json`, `summary.txt`, `report.html` and the run's folder. Pure except for the folder: no form measures or judges
//! anything, everything it shows is in the model.

mod alerts;
mod assemble;
mod bottleneck;
mod folder;
mod html;
mod limits;
mod model;
mod nodes;
mod rebuild;
mod recommend;
#[cfg(test)]
pub(crate) mod schema;
mod statistics;
#[cfg(test)]
pub(crate) mod tests;
mod text;

pub use alerts::{AlertMessage, RunAlert};
pub(crate) use assemble::{CaseFacts, begun_report, settings_report, with_record};
pub(crate) use bottleneck::bottlenecks;
pub(crate) use folder::{FolderError, RunFolder, replace_file};
pub(crate) use html::html_page;
pub use limits::LimitsReport;
pub use model::{
    BottleneckCount, CaseReport, CounterReport, FiguresReport, IgnoredCase, LoadReport, PhaseReport,
    Recommendation, RunReport, SCHEMA_VERSION, SettingReport, StepReport, StopReport, Summary, TimesReport,
};
pub(crate) use nodes::NodeEnd;
pub use nodes::NodeReport;
pub(crate) use rebuild::RebuildError;
pub(crate) use recommend::{recommend, without_repeats};
pub use statistics::{Extreme, Spread, Statistics};
pub(crate) use text::{case_line, compared_figure, summary_text};
