mod beside;
mod compare;

use std::fs;

use super::{store::KEPT_RUNS, *};
use crate::{
    judge::{BreakingPoint, Detail, Finding},
    observe::Observation,
    report::{RunReport, schema, tests},
};

/// An open load of 500 operations, all of which take as long.
fn steady(load: &str, us: u64) -> Observation {
    let mut seen = tests::observation(load, tests::counts(500, 0, 0, 0, 0));
    for times in [&mut seen.total.response, &mut seen.total.service] {
        *times = Default::default();
        times.record_n(us * 1_000, 500);
    }
    seen
}

/// A run called `id` of one case with these loads.
fn run_of(id: &str, loads: &[Observation]) -> RunReport {
    let mut run = tests::run(vec![tests::case("steady", loads)], &[]);
    run.run_id = id.to_owned();
    run.started_at = format!("2026-11-21T08:15:{:0>2}Z", id.trim_start_matches(char::is_alphabetic));
    run
}

fn saved(run: &RunReport) -> SavedRun {
    SavedRun::of(run, &run.cases)
}

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path().join("baselines"));
    (folder, store)
}

fn ids(runs: &[SavedRun]) -> Vec<&str> {
    runs.iter().map(|run| run.run_id.as_str()).collect()
}

#[test]
fn a_run_comes_back_as_it_was_saved() {
    let (_folder, store) = store();
    let mut run = run_of("r1", &[steady("load", 2_000)]);
    let found =
        BreakingPoint::Between { holds_per_sec: 300.0, breaks_per_sec: 320.0, objective: "p95".into() };
    run.cases[0]
        .findings
        .push(Finding::new("search", Detail::BreakingPoint { found, trials: Vec::new(), confidence: None }));
    let run = saved(&run);
    let path = store.save("main", run.clone()).unwrap();
    assert!(path.ends_with("main/r1.json"), "{}", path.display());
    let read = store.load("main").unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), serde_json::to_value([&run]).unwrap());
    let finding = &read[0].cases[0].findings[0];
    assert_eq!((finding.name.as_str(), finding.value, finding.is_at_least), ("breaking_point", 300.0, false));
    assert_eq!(read[0].cases[0].loads[0].response_histogram.count(), 500);
}

#[test]
fn the_newest_runs_are_kept() {
    let (_folder, store) = store();
    for n in 10..10 + KEPT_RUNS + 3 {
        store.save("main", saved(&run_of(&format!("r{n}"), &[]))).unwrap();
    }
    let runs = store.load("main").unwrap();
    assert_eq!((runs.len(), ids(&runs)[0], ids(&runs)[KEPT_RUNS - 1]), (KEPT_RUNS, "r13", "r32"));
}

/// Under nextest each case has a process of its own, and a second try yet another.
#[test]
fn processes_of_a_run_make_one_file() {
    let (_folder, store) = store();
    let part = |case: &str, us: u64| {
        let mut run = run_of("r1", &[steady("load", us)]);
        run.cases[0].name = case.to_owned();
        saved(&run)
    };
    // All at once, and enough of them that without turns some would write over what others wrote.
    let cases: Vec<String> = ('a'..='p').map(String::from).collect();
    let together = std::sync::Barrier::new(cases.len());
    std::thread::scope(|scope| {
        for case in cases.iter().rev() {
            let (store, part, together) = (store.clone(), part(case, 1_000), &together);
            scope.spawn(move || {
                together.wait();
                store.save("main", part).unwrap()
            });
        }
    });
    store.save("main", part("b", 9_000)).unwrap();
    let runs = store.load("main").unwrap();
    let names: Vec<&str> = runs[0].cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!((runs.len(), names), (1, cases.iter().map(String::as_str).collect()));
    assert!(runs[0].cases[1].loads[0].response.p50_us.unwrap() > 8_900.0, "the last try counts");
}

#[test]
fn what_is_no_saved_run_is_named() {
    let (folder, store) = store();
    store.save("main", saved(&run_of("r1", &[]))).unwrap();
    let path = folder.path().join("baselines/main/r2.json");
    let error_of = |text: &str| {
        fs::write(&path, text).unwrap();
        let error = store.load("main").unwrap_err().to_string();
        error.strip_prefix(&path.display().to_string()).map(str::to_owned).unwrap_or(error)
    };
    let again = "; take it away, or save the baseline anew";
    assert_eq!(
        error_of("{\"cases\": "),
        format!(" is not a saved run: EOF while parsing a value at line 1 column 10{again}")
    );
    assert_eq!(
        error_of("{\"a\": 1}"),
        format!(" is not a saved run: missing field `schema_version` at line 1 column 8{again}")
    );
    assert_eq!(
        error_of("{\"schema_version\": 7, \"started_at\": \"\"}"),
        " is a saved run of version 7, and this is version 1: save the baseline anew"
    );
    let text = fs::read_to_string(folder.path().join("baselines/main/r1.json")).unwrap();
    assert_eq!(
        error_of(&text.replace("\"profile\"", "\"prof\"")).split(" at line").next().unwrap(),
        " is not a saved run: missing field `profile`"
    );
    // It is in nobody's way while saving, and a note is in nobody's way at all.
    store.save("main", saved(&run_of("r3", &[]))).unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(path.with_extension("md"), "why we keep these").unwrap();
    assert_eq!(ids(&store.load("main").unwrap()), ["r1", "r3"]);
}

#[test]
fn an_unknown_name_lists_the_known_ones() {
    let (folder, store) = store();
    let error = |name: &str| store.load(name).unwrap_err().to_string();
    let place = folder.path().join("baselines").display().to_string();
    assert_eq!(
        error("main"),
        format!(
            "no baseline is called \"main\" in {place}; there is none yet; --save-baseline main makes it"
        )
    );
    for name in ["main", "nightly"] {
        store.save(name, saved(&run_of("r1", &[]))).unwrap();
    }
    fs::create_dir(folder.path().join("baselines/empty")).unwrap();
    assert_eq!(
        error("mian"),
        format!(
            "no baseline is called \"mian\" in {place}; did you mean \"main\"? known baselines: main, nightly; \
             --save-baseline mian makes it"
        )
    );
    assert_eq!(store.load_if_there("mian").unwrap().len(), 0);
}

#[test]
fn names_are_those_of_a_folder() {
    for name in ["", ".", "..", ".hidden", "a/b", "a\\b", "a b", "C:", "ä", &"x".repeat(101)] {
        let error = Store::check_name(name).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{name:?} cannot be the name of a baseline: ")), "{error}");
    }
    for name in ["main", "v1.2.3", "feature-x_2", &"x".repeat(100)] {
        Store::check_name(name).unwrap();
    }
}

#[test]
fn saved_runs_follow_their_schema() {
    schema::compare::<SavedRun>("baseline.schema.json");
    let schema = schema::committed("baseline.schema.json");
    let mut value = serde_json::to_value(saved(&run_of("r1", &[steady("load", 2_000)]))).unwrap();
    assert_eq!(schema::errors(&schema, &value), [""; 0]);
    value["cases"][0]["loads"][0]["response_histogram"] = serde_json::json!(7);
    assert!(!schema::errors(&schema, &value).is_empty());
}
