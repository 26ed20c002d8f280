use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use serde::Deserialize;

use super::{RunReport, SCHEMA_VERSION, folder::BEGUN};
use crate::case::nearest;

/// The file of a run's folder that is read.
const FILE: &str = "report.json";

/// The name beside the folders of runs that leads to the newest.
const LATEST: &str = "latest";

/// Runs named to somebody who looks for another one.
const MOST_NAMES: usize = 5;

/// Why the report of a run that was cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PastError {
    #[error("no run is called {name:?} in {folder}, and no file or folder either; {known}")]
    Unknown { name: String, folder: String, known: String },
    #[error(
        "{path} has no {FILE}: the run goes on, was made without json (`report`), or did not live to write it, and then \
         --recover {name} makes it"
    )]
    NoReport { path: String, name: String },
    #[error("{path} cannot be read: {source}")]
    Io { path: String, source: io::Error },
    #[error("{path} is not the report of a run: {reason}")]
    Foreign { path: String, reason: String },
    #[error(
        "{path} is a report of version {found}, and this is version {SCHEMA_VERSION}: compare with the version of proofload \
         that made it"
    )]
    Version { path: String, found: u64 },
}

/// What says whether a file is a report that can be read: of one of another version nothing else is known.
#[derive(Deserialize)]
struct Head {
    schema_version: u64,
}

/// The report of a run that was: `name` is its name below `base`, `latest`, its folder, or its `report.json`.
pub(crate) fn past_run(base: &Path, name: &str) -> Result<RunReport, PastError> {
    let path = file_of(base, name)?;
    let shown = || path.display().to_string();
    let text = fs::read(&path).map_err(|source| PastError::Io { path: shown(), source })?;
    let foreign = |error: serde_json::Error| PastError::Foreign { path: shown(), reason: error.to_string() };
    let head: Head = serde_json::from_slice(&text).map_err(foreign)?;
    if head.schema_version != u64::from(SCHEMA_VERSION) {
        return Err(PastError::Version { path: shown(), found: head.schema_version });
    }
    serde_json::from_slice(&text).map_err(foreign)
}

fn file_of(base: &Path, name: &str) -> Result<PathBuf, PastError> {
    let runs = runs(base);
    // Where links are not allowed there is no `latest`.
    let newest = runs.first().filter(|_| name == LATEST).map(|run| base.join(run));
    let places = [base.join(name), PathBuf::from(name)];
    for place in places.iter().chain(&newest).filter(|_| !name.is_empty()) {
        if place.is_file() {
            return Ok(place.clone());
        }
        if place.join(FILE).is_file() {
            return Ok(place.join(FILE));
        }
        if place.join(BEGUN).is_file() {
            return Err(PastError::NoReport { path: place.display().to_string(), name: name.to_owned() });
        }
    }
    Err(PastError::Unknown {
        name: name.to_owned(),
        folder: base.display().to_string(),
        known: known(name, &runs),
    })
}

/// What there is instead.
fn known(name: &str, runs: &[String]) -> String {
    if runs.is_empty() {
        return "there is no run yet".to_owned();
    }
    let meant = nearest(name, runs.iter().map(String::as_str).chain([LATEST]));
    let meant = meant.map_or_else(String::new, |meant| format!("did you mean {meant:?}? "));
    let more = match runs.len().saturating_sub(MOST_NAMES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let some = runs.iter().take(MOST_NAMES).cloned().collect::<Vec<_>>().join(", ");
    format!("{meant}the newest runs are {some}{more}")
}

/// The names of the runs below `base`, the newest first.
fn runs(base: &Path) -> Vec<String> {
    let entries = fs::read_dir(base).into_iter().flatten().filter_map(Result::ok);
    let run = |entry: fs::DirEntry| {
        // The link to the newest is none of its own.
        let is_folder = entry.file_type().is_ok_and(|found| found.is_dir());
        let begun = [BEGUN, FILE].map(|file| fs::metadata(entry.path().join(file)).ok());
        let begun = begun.into_iter().flatten().next().filter(|_| is_folder)?;
        let at = begun.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        Some((at, entry.file_name().to_string_lossy().into_owned()))
    };
    let mut runs: Vec<(SystemTime, String)> = entries.filter_map(run).collect();
    runs.sort_by(|a, b| b.cmp(a));
    runs.into_iter().map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{RunFolder, tests};

    /// A folder with the reports of these runs.
    fn reports(runs: &[&str]) -> tempfile::TempDir {
        let base = tempfile::tempdir().unwrap();
        for id in runs {
            let run = RunReport { run_id: (*id).to_owned(), ..tests::run(vec![tests::case("a", &[])], &[]) };
            RunFolder::open(base.path(), id).unwrap().write_run(run, &["json".to_owned()]).unwrap();
        }
        base
    }

    fn error(base: &Path, name: &str) -> String {
        past_run(base, name).unwrap_err().to_string()
    }

    #[test]
    fn a_run_has_many_names() {
        let base = reports(&["one", "two"]);
        let folder = base.path().join("one");
        for name in ["one", folder.to_str().unwrap(), folder.join(FILE).to_str().unwrap(), "one/report.json"]
        {
            assert_eq!(past_run(base.path(), name).unwrap().run_id, "one", "{name}");
        }
        #[cfg(unix)]
        assert_eq!(past_run(base.path(), "latest").unwrap().run_id, "two");
    }

    #[test]
    fn the_newest_is_found_without_a_link() {
        let base = reports(&["one"]);
        #[cfg(unix)]
        fs::remove_file(base.path().join(LATEST)).unwrap();
        assert_eq!(past_run(base.path(), LATEST).unwrap().run_id, "one");
    }

    #[test]
    fn an_unknown_run_names_the_nearest_and_where_they_are() {
        let base = reports(&["20261121-131346-71fb"]);
        let place = base.path().display();
        assert_eq!(
            error(base.path(), "20261121-131346-71fc"),
            format!(
                "no run is called \"20261121-131346-71fc\" in {place}, and no file or folder either; did you mean \
                 \"20261121-131346-71fb\"? the newest runs are 20261121-131346-71fb"
            )
        );
        assert!(error(base.path(), "").starts_with("no run is called \"\" in "));
        let empty = tempfile::tempdir().unwrap();
        assert!(error(empty.path(), "x").ends_with("; there is no run yet"));
        let nowhere = error(&empty.path().join("nowhere"), "latest");
        assert!(nowhere.ends_with("; there is no run yet"), "{nowhere}");
    }

    #[test]
    fn what_is_no_report_is_named() {
        let base = reports(&["one"]);
        let file = base.path().join("one").join(FILE);
        let whole = fs::read_to_string(&file).unwrap();
        let error_of = |text: &str| {
            fs::write(&file, text).unwrap();
            let error = error(base.path(), "one");
            error.strip_prefix(&file.display().to_string()).map(str::to_owned).unwrap_or(error)
        };
        assert!(error_of(&whole[..whole.len() / 2]).starts_with(" is not the report of a run: EOF "));
        assert_eq!(
            error_of("[]").split(" at line").next().unwrap(),
            " is not the report of a run: invalid length 0, expected struct Head with 1 element"
        );
        assert_eq!(
            error_of(&whole.replacen("\"schema_version\": 1", "\"schema_version\": 2", 1)),
            " is a report of version 2, and this is version 1: compare with the version of proofload that made it"
        );
        fs::remove_file(&file).unwrap();
        fs::write(file.with_file_name(BEGUN), "{}").unwrap();
        let error = error(base.path(), "one");
        assert!(
            error.contains("one has no report.json: ") && error.contains("--recover one makes it"),
            "{error}"
        );
    }
}
