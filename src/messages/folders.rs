use std::{fs, path::Path};

use super::Page;
use crate::{
    baseline::{BaselineError, Store},
    report::{RunFolder, past_run, tests::run},
};

#[test]
fn folders() {
    let mut page = Page::new("folders", "Reports and baselines on disk");
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path();
    let shown =
        |error: &dyn std::fmt::Display| error.to_string().replace(&base.display().to_string(), "FOLDER");
    page.family("Reports");
    fs::write(base.join("file"), "").unwrap();
    let error = RunFolder::open(&base.join("file"), "run-1").unwrap_err();
    page.says("a file instead of a folder", shown(&error));
    page.family("--recover");
    let error = RunFolder::of_past(base, "no-such-run").unwrap_err();
    page.says("no such run", shown(&error));
    let opened = RunFolder::open(base, "run-1").unwrap();
    fs::write(opened.path().join("run.json"), "{}").unwrap();
    let error = opened.begun().unwrap_err();
    page.says("another file", shown(&error).replace(&opened.path().display().to_string(), "FOLDER/run-1"));
    fs::remove_file(opened.path().join("run.json")).unwrap();
    let running = opened.begin(&run(Vec::new(), &[])).unwrap();
    let error = RunFolder::of_past(base, "run-1").unwrap().begun().unwrap_err();
    page.says(
        "a run that goes on",
        shown(&error).replace(&opened.path().display().to_string(), "FOLDER/run-1"),
    );
    drop(running);
    page.family("--compare");
    past_runs(&mut page, base);
    page.family("Files that are gone, and earlier attempts");
    fs::create_dir_all(opened.path().join("cases/search")).unwrap();
    let gone = opened.missing_in("cases/search", &["journal.ndjson", "output.log"]);
    page.says("a case that removed its files", gone.unwrap_or_default());
    let earlier = opened.put_away_earlier("cases/search").unwrap().expect("there is one");
    page.says("a second try", earlier.sentence);
    page.family("Baselines");
    baselines(&mut page, base);
    page.check();
}

fn past_runs(page: &mut Page, base: &Path) {
    let file = |name: &str, text: &str| {
        let path = base.join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let later = file("later.json", "{\"schema_version\": 99}");
    let foreign = file("foreign.json", "{}");
    fs::write(base.join("run-1/run.json"), "{}").unwrap();
    for (given, name) in [
        ("no such run", "rnu-1"),
        ("a run without a report", "run-1"),
        ("a file of a later version", &later),
        ("another file", &foreign),
    ] {
        let error = past_run(base, name).unwrap_err();
        page.says(given, error.to_string().replace(&base.display().to_string(), "FOLDER"));
    }
}

fn baselines(page: &mut Page, base: &Path) {
    let store = Store::new(base.join("baselines"));
    let saved = |name: &str, text: &str| {
        fs::create_dir_all(base.join("baselines").join(name)).unwrap();
        fs::write(base.join("baselines").join(name).join("1.json"), text).unwrap();
    };
    saved("main", "{}");
    saved("future", "{\"schema_version\": 99, \"run_id\": \"x\", \"started_at\": \"x\"}");
    fs::write(base.join("file"), "").unwrap();
    let in_a_file = Store::new(base.join("file"));
    for (given, error) in [
        ("../main", Store::check_name("../main").unwrap_err()),
        ("mian", store.load("mian").unwrap_err()),
        ("not a run", store.load("main").unwrap_err()),
        ("of a later version", store.load("future").unwrap_err()),
        ("a file instead of a folder", in_a_file.load("main").unwrap_err()),
    ] {
        let kind = match error {
            BaselineError::Name { .. } => "name",
            BaselineError::Unknown { .. } => "unknown",
            BaselineError::Foreign { .. } => "foreign",
            BaselineError::Version { .. } => "version",
            BaselineError::Io { .. } => "file system",
        };
        page.says(
            format!("{given} ({kind})"),
            error.to_string().replace(&base.display().to_string(), "FOLDER"),
        );
    }
}
