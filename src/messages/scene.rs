//! What the pages need of a case: settings, and a context in a folder of its own.

use std::sync::Arc;

use crate::{
    Context,
    case::{CaseInfo, Severity},
    context::Terms,
    journal::Writer,
    settings::{Resolved, Settings, SettingsError, Sources},
    stop::StopToken,
};

/// A case with a marker, in whose settings nothing is stated.
pub(super) const CASE: CaseInfo = CaseInfo {
    function: "search",
    module: "stress::cases::index",
    file: "stress/cases/index.rs",
    line: 12,
    markers: &["slow"],
    settings: &[],
    severity: Severity::Medium,
    target: None,
    about: "",
};

/// The settings of a run with this file, these variables and these texts after `--set`.
pub(super) fn settings(
    file: &str,
    environment: &[(&str, &str)],
    command_line: &[&str],
) -> Result<Settings, SettingsError> {
    let command_line: Result<Vec<_>, _> =
        command_line.iter().map(|text| crate::settings::assignment(text)).collect();
    let sources = Sources {
        file: Some(("stress/stress.toml".into(), file.to_owned())),
        environment: environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        command_line: command_line?,
    };
    Settings::load(sources, &[CASE])
}

/// Those of the case, with this file.
pub(super) fn of_case(file: &str) -> Resolved {
    settings(file, &[], &[]).expect("the file is right").for_case(&CASE)
}

/// A case that runs on these settings.
pub(super) struct Scene {
    pub(super) cx: Context,
    pub(super) stop: StopToken,
    _folder: tempfile::TempDir,
}

impl Scene {
    pub(super) fn with(file: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let terms = Terms {
            settings: of_case(file),
            folder: folder.path().to_owned(),
            scratch: folder.path().to_owned(),
            data_limit_bytes: None,
            seed: 7,
            is_dry_run: false,
            cluster: None,
        };
        let journal = Arc::new(Writer::create(&folder.path().join("journal.ndjson")).unwrap());
        let stop = StopToken::new();
        Self { cx: Context::new(terms, journal, stop.clone()).unwrap(), stop, _folder: folder }
    }
}
