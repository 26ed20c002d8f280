use crate::{
    case::{CaseInfo, LEFT_OUT_BY_DEFAULT},
    settings::{Resolved, Settings},
};

/// Whether a case takes part in a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Selection {
    Runs,
    /// Its markers keep it out until somebody asks for them.
    LeftOut {
        reason: String,
    },
    /// The marker expression or the targets do not select it.
    NotSelected {
        reason: String,
    },
}

/// Decides about one case.
pub(super) fn select(case: &CaseInfo, settings: &Settings) -> Selection {
    if let Some(expression) = settings.selection()
        && !expression.matches(|marker| case.is_marked(marker))
    {
        return Selection::NotSelected { reason: format!("not selected by `{expression}`") };
    }
    if let Some(targets) = settings.targets()
        && !targets.matches(case)
    {
        let its_own =
            case.target.map_or("it names none".to_owned(), |target| format!("its target is {target}"));
        return Selection::NotSelected { reason: format!("not of target {targets}: {its_own}") };
    }
    let keeps_out = LEFT_OUT_BY_DEFAULT.into_iter().filter(|marker| case.is_marked(marker));
    let keeps_out: Vec<&str> = keeps_out.collect();
    let run = settings.run();
    let is_asked_for =
        keeps_out.is_empty() || run.switch("include_all") || keeps_out.iter().any(|m| asks(run, m));
    match is_asked_for {
        true => Selection::Runs,
        false => {
            let flags: Vec<String> =
                keeps_out.iter().map(|m| format!("--include-{}", m.replace('_', "-"))).collect();
            Selection::LeftOut { reason: format!("{}: add {}", keeps_out.join(" and "), flags.join(" or ")) }
        }
    }
}

/// Whether the settings ask for the cases with a marker of [`LEFT_OUT_BY_DEFAULT`].
fn asks(run: &Resolved, marker: &str) -> bool {
    match marker {
        "slow" => run.switch("include_slow"),
        "resource_intensive" => run.switch("include_resource_intensive"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{case::Severity, settings::Sources};

    const OTHER: CaseInfo = CaseInfo {
        function: "g",
        module: "stress::cases::a",
        file: "a.rs",
        line: 9,
        markers: &[],
        settings: &[],
        severity: Severity::Medium,
        target: Some("redis"),
        about: "",
    };

    fn selection(markers: &'static [&'static str], set: &[(&str, &str)]) -> String {
        selection_on(None, markers, set)
    }

    fn selection_on(
        target: Option<&'static str>,
        markers: &'static [&'static str],
        set: &[(&str, &str)],
    ) -> String {
        let case = CaseInfo {
            function: "f",
            module: "stress::cases::a",
            file: "a.rs",
            line: 1,
            markers,
            settings: &[],
            severity: Severity::Medium,
            target,
            about: "",
        };
        let command_line =
            set.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned(), format!("--{k}"))).collect();
        let settings =
            Settings::load(Sources { command_line, ..Sources::default() }, &[case, OTHER]).unwrap();
        match select(&case, &settings) {
            Selection::Runs => "runs".to_owned(),
            Selection::LeftOut { reason } | Selection::NotSelected { reason } => reason,
        }
    }

    #[test]
    fn cases_are_left_out_until_asked_for_with_the_reason() {
        assert_eq!(selection(&[], &[]), "runs");
        assert_eq!(selection(&["slow"], &[]), "slow: add --include-slow");
        assert_eq!(selection(&["slow"], &[("include_slow", "true")]), "runs");
        assert_eq!(
            selection(&["resource_intensive"], &[("include_slow", "true")]),
            "resource_intensive: add --include-resource-intensive"
        );
        let both = &["slow", "resource_intensive"];
        assert_eq!(
            selection(both, &[]),
            "slow and resource_intensive: add --include-slow or --include-resource-intensive"
        );
        assert_eq!(selection(both, &[("include_resource_intensive", "true")]), "runs");
        assert_eq!(selection(both, &[("include_all", "true")]), "runs");
    }

    #[test]
    fn a_marker_expression_selects_among_all() {
        assert_eq!(selection(&["slow"], &[("marker", "not slow")]), "not selected by `not slow`");
        assert_eq!(selection(&["slow"], &[("marker", "slow"), ("include_all", "true")]), "runs");
    }

    #[test]
    fn targets_select_among_all() {
        let redis = &[("target", "redis")];
        assert_eq!(selection_on(Some("redis"), &[], redis), "runs");
        assert_eq!(selection_on(Some("index"), &[], &[("target", "redis,index")]), "runs");
        assert_eq!(selection_on(Some("index"), &[], redis), "not of target redis: its target is index");
        assert_eq!(selection(&[], redis), "not of target redis: it names none");
        assert_eq!(selection_on(Some("redis"), &["slow"], redis), "slow: add --include-slow");
    }
}
