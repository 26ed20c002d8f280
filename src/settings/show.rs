//! Settings as a table for people.

use super::{Resolved, Setting, Settings, without_secret};
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
    let row =
        |(name, setting): (&str, &Setting)| (name.to_owned(), value(name, setting), setting.origin.clone());
    let mut rows: Vec<_> = resolved.iter().map(row).collect();
    rows.sort_by_key(|(_, _, origin)| origin.is_built_in());
    let key_width = rows.iter().map(|(name, ..)| name.len()).max().unwrap_or_default();
    let value_width = rows.iter().map(|(_, value, _)| value.chars().count()).max().unwrap_or_default();
    rows.into_iter()
        .map(|(name, value, origin)| format!("  {name:key_width$}  {value:value_width$}  {origin}\n"))
        .collect()
}

fn value(name: &str, setting: &Setting) -> String {
    match setting.text.as_deref() {
        None | Some("") => "-".to_owned(),
        Some(text) => without_secret(name, text),
    }
}
