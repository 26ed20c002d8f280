//! The report for a browser: `report.html`, one file with everything in it.
//!
//! Owns the page: its order, its tables, its charts and its style. Pure: a function from the model to text, which
//! measures and decides nothing. The page asks nobody for anything: no script, no font, no picture from elsewhere. Text
//! gets onto it through a template that escapes it; what a template takes as it is, is a chart or the style sheet.

mod case;
mod chart;
mod compared;
mod finding;
mod heatmap;
mod levels;
mod load;
mod nodes;
mod outcome;
mod page;
mod spectrum;
mod table;
#[cfg(test)]
mod tests;
mod timeline;
mod track;
mod trend;

use super::{RunReport, SettingReport};

/// The run as a page. Whoever opens it needs nothing else.
pub(crate) fn html_page(run: &RunReport) -> String {
    page::Page::of(run).rendered()
}

/// Settings with where each came from.
fn settings(settings: &[SettingReport]) -> table::Table {
    let mut table = table::Table::new(&["setting", "value", "from"]);
    for setting in settings {
        let value = setting.value.clone().unwrap_or_else(|| "unset".to_owned());
        table.row([setting.key.clone(), value, setting.origin.clone()]);
    }
    table
}
