//! Reports: the model of what is told, and its forms.
//!
//! Owns `report.json`, `summary.txt`, `report.html`, `junit.xml`, `summary.md`, `latency.hlog`, `timeline.csv`, the
//! annotations for GitHub and the run's folder.
//! Pure except for the folder: no form measures or judges anything, everything it shows is in the model.

mod alerts;
mod annotations;
mod assemble;
mod beside;
mod bottleneck;
mod csv;
mod figures;
mod folder;
mod hlog;
mod html;
mod junit;
mod key_figures;
mod limits;
mod markdown;
mod model;
mod nodes;
mod past;
mod rebuild;
mod recommend;
#[cfg(test)]
pub(crate) mod schema;
mod statistics;
#[cfg(test)]
pub(crate) mod tests;
mod text;
mod trend;

pub use alerts::{AlertMessage, RunAlert};
pub(crate) use annotations::annotations;
pub(crate) use assemble::{CaseFacts, begun_report, settings_report, with_record};
pub(crate) use beside::{CaseBeside, FigureBeside, RunsBeside};
pub(crate) use bottleneck::bottlenecks;
pub use figures::{FiguresReport, TimesReport};
pub(crate) use folder::{FolderError, RunFolder, replace_file};
pub(crate) use hlog::{LATENCY_LOG, LatencyLog};
pub(crate) use html::html_page;
pub(crate) use junit::junit_xml;
pub use limits::LimitsReport;
pub(crate) use markdown::{shortened_markdown, summary_markdown};
pub use model::{
    BottleneckCount, CaseReport, CounterReport, IgnoredCase, LoadReport, PhaseReport, Recommendation,
    RunReport, SCHEMA_VERSION, SettingReport, StepReport, StopReport, Summary,
};
pub(crate) use nodes::NodeEnd;
pub use nodes::NodeReport;
pub(crate) use past::{PastError, past_run};
pub(crate) use rebuild::RebuildError;
pub(crate) use recommend::{recommend, without_repeats};
pub use statistics::{Extreme, Spread, Statistics};
pub(crate) use text::{beside_text, case_line, compared_figure, history_text, run_head, summary_text};
pub use trend::{PastRun, Trend};
