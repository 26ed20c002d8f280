//! Settings as a table for people.

use super::{Resolved, Setting, Settings};
use crate::case::CaseInfo;

/// The settings of the run and of each case with their origins, what anybody set before what is built in.
pub(crate) fn show(settings: &Settings, cases: &[CaseInfo]) -> String {
    let mut text = format!("profile {}", settings.profile());
    if let Some(description) = settings.profile_description() {
        text += &format!(": {description}");
    }
    text += "\n\nrun\n";
    text += &table(settings.run());
    for case in cases {
        text += &format!("\n{}", case.name());
        if let Some(target) = case.target {
            text += &format!(" on {target}");
        }
        if !case.markers.is_empty() {
            text += &format!(" ({})", case.markers.join(", "));
        }
        text += &format!("\n{}", table(&settings.for_case(case)));
    }
    text
}

fn table(resolved: &Resolved) -> String {
    let mut rows: Vec<_> = resolved.iter().collect();
    rows.sort_by_key(|(_, setting)| setting.origin.is_built_in());
    let key_width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let value_width =
        rows.iter().map(|(_, setting)| value(setting).chars().count()).max().unwrap_or_default();
    rows.into_iter()
        .map(|(name, setting)| {
            format!("  {name:key_width$}  {:value_width$}  {}\n", value(setting), setting.origin)
        })
        .collect()
}

fn value(setting: &Setting) -> &str {
    match setting.text.as_deref() {
        None | Some("") => "-",
        Some(text) => text,
    }
}
