use std::{
    fs,
    io::Write,
    process::{Command, Stdio},
    sync::Barrier,
    thread,
};

use super::{
    store::{KEPT_RUNS, SLACK},
    *,
};
use crate::{
    judge::{BreakingPoint, Detail, Finding, Verdict},
    observe::Observation,
    report::{RunReport, SettingReport, Trend, schema, tests},
};

/// A run of one case, `number` hours into a day of the year.
fn run_of(number: usize, seen: &[Observation]) -> RunReport {
    let mut case = tests::case("steady", seen);
    let (day, hour) = (number / 24 + 1, number % 24);
    case.started_at = format!("2026-{:02}-{:02}T{hour:02}:00:00Z", day / 28 + 1, day % 28 + 1);
    RunReport { run_id: format!("run-{number}"), ..tests::run(vec![case], &[]) }
}

fn kept_run(number: usize) -> KeptRun {
    let run = run_of(number, &[tests::observation("load", tests::counts(500, 0, 0, 0, 0))]);
    KeptRun::of(&run, &run.cases[0])
}

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path(), "package", "stress");
    (folder, store)
}

fn ids(kept: &Kept) -> Vec<&str> {
    kept.runs.iter().map(|run| run.run.run_id.as_str()).collect()
}

fn read(store: &Store) -> Kept {
    store.read(&kept_run(0).case)
}

fn file(store: &Store) -> std::path::PathBuf {
    store.file(&kept_run(0).case)
}

#[track_caller]
fn keeps(store: &Store, run: &KeptRun) {
    assert_eq!(store.keep(run).trouble, None);
}

#[test]
fn a_run_comes_back_as_it_was_kept() {
    let (folder, store) = store();
    assert_eq!(read(&store).runs, []);
    keeps(&store, &kept_run(1));
    keeps(&store, &kept_run(2));
    let kept = read(&store);
    assert_eq!((kept.runs, kept.skipped), (vec![kept_run(1), kept_run(2)], None));
    let path = folder.path().join("history/package.stress/cases.search.steady.ndjson");
    assert_eq!(fs::read_to_string(path).unwrap().lines().count(), 2);
}

#[test]
fn the_key_figures_are_those_of_the_report() {
    let mut run = run_of(3, &[tests::observation("load", tests::counts(480, 4, 6, 10, 0))]);
    let found =
        BreakingPoint::Between { holds_per_sec: 300.0, breaks_per_sec: 320.0, objective: "p95".into() };
    let detail = Detail::BreakingPoint { found, trials: Vec::new(), confidence: None };
    run.cases[0].findings.push(Finding::new("search", detail));
    let line = serde_json::to_value(KeptRun::of(&run, &run.cases[0])).unwrap();
    let figures = [
        "throughput_per_sec",
        "response_p50_us",
        "lower_bounds",
        "success_rate",
        "error_rate",
        "peak_memory_bytes",
        "peak_cpu_percent",
        "breaking_point_low_per_sec",
        "breaking_point_high_per_sec",
    ];
    let figures = figures.map(|key| line[key].to_string());
    assert_eq!(
        figures,
        ["97.2", "2000.895", "[\"p99\"]", "0.96", "0.032", "67108864", "23.4", "300.0", "320.0"]
    );
    assert_eq!((&line["run_id"], &line["complete"]), (&"run-3".into(), &true.into()));
    assert!(line["terms"].get("the load \"load\"").is_none(), "the loads of a search differ from run to run");
}

#[test]
fn percentiles_need_their_samples() {
    let run = run_of(0, &[tests::observation("load", tests::counts(100, 0, 0, 0, 0))]);
    let kept = KeptRun::of(&run, &run.cases[0]).run;
    assert_eq!((kept.response_p95_us.is_some(), kept.response_p99_us), (true, None));
}

/// A second try, or the processes of a run that are put together: nothing is counted twice.
#[test]
fn the_same_run_takes_its_own_place() {
    let (_folder, store) = store();
    (1..4).for_each(|n| keeps(&store, &kept_run(n)));
    let mut again = kept_run(2);
    again.run.verdict = Verdict::Fail;
    keeps(&store, &again);
    let kept = read(&store);
    assert_eq!(ids(&kept), ["run-1", "run-2", "run-3"]);
    assert_eq!(kept.runs[1].run.verdict, Verdict::Fail);
}

#[test]
fn torn_and_foreign_lines_are_skipped_and_told() {
    let (_folder, store) = store();
    keeps(&store, &kept_run(1));
    let path = file(&store);
    let whole = fs::read_to_string(&path).unwrap();
    let newer = whole.replacen("\"schema_version\":1", "\"schema_version\":2", 1);
    let torn = &whole[..whole.len() / 2];
    fs::write(&path, format!("{whole}hello\n\n{newer}{torn}")).unwrap();
    let kept = store.keep(&kept_run(2));
    assert_eq!((ids(&kept), &kept.trouble), (vec!["run-1"], &None));
    let sentence = format!(
        "{}: lines 2, 4, 5 are no runs (cut short, or of another version), and skipped",
        path.display()
    );
    assert_eq!(kept.skipped.as_ref(), Some(&sentence));
    assert_eq!(trend(&kept, &kept_run(2)).left_out, [sentence]);
    assert_eq!(ids(&read(&store)), ["run-1", "run-2"], "the torn line has taken nothing with it");
    // Who comes from a newer version finds its lines again, also after the file was written anew.
    keeps(&store, &kept_run(1));
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(newer.trim()) && text.contains("hello"), "{text}");
    assert_eq!(ids(&read(&store)), ["run-1", "run-2"]);
}

#[test]
fn a_case_has_so_many_runs_at_most() {
    let (_folder, store) = store();
    let all: Vec<String> =
        (0..KEPT_RUNS + SLACK).map(|n| serde_json::to_string(&kept_run(n)).unwrap() + "\n").collect();
    fs::create_dir_all(file(&store).parent().unwrap()).unwrap();
    fs::write(file(&store), all.concat()).unwrap();
    assert_eq!(read(&store).runs.len(), KEPT_RUNS, "more are not read");
    keeps(&store, &kept_run(KEPT_RUNS + SLACK));
    let lines = fs::read_to_string(file(&store)).unwrap().lines().count();
    assert_eq!(lines, KEPT_RUNS);
    let kept = read(&store);
    assert_eq!((ids(&kept)[0], ids(&kept)[KEPT_RUNS - 1]), ("run-51", "run-250"));
    let beside = fs::read_dir(file(&store).parent().unwrap()).unwrap().count();
    assert_eq!(beside, 2, "the file and the lock: nothing temporary stays");
}

#[test]
fn threads_that_write_at_once_lose_nothing() {
    let (_folder, store) = store();
    let together = Barrier::new(16);
    thread::scope(|scope| {
        for n in 0..16 {
            let (store, together) = (store.clone(), &together);
            scope.spawn(move || {
                together.wait();
                // Twice, so that files are written anew while others add to them.
                keeps(&store, &kept_run(n));
                keeps(&store, &kept_run(n));
            });
        }
    });
    let kept = read(&store);
    assert_eq!((kept.runs.len(), kept.skipped), (16, None));
}

/// Where the process that the next test starts writes.
const FOLDER: &str = "PROOFLOAD_INTERNAL_HISTORY_FOLDER";

/// Runs that each process adds.
const OF_PROCESS: usize = 20;

/// Does nothing by itself: it is the other side of the next test.
#[test]
fn a_process_that_adds_runs() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let (folder, number) = folder.rsplit_once('#').unwrap();
    let store = Store::new(folder.as_ref(), "package", "stress");
    let first: usize = number.parse().unwrap();
    for n in first..first + OF_PROCESS {
        keeps(&store, &kept_run(n));
        keeps(&store, &kept_run(n));
    }
}

#[test]
fn processes_that_write_at_once_lose_nothing() {
    let (folder, store) = store();
    let start = |process: usize| {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "history::tests::a_process_that_adds_runs"])
            .env(FOLDER, format!("{}#{}", folder.path().display(), process * OF_PROCESS))
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    };
    let running: Vec<_> = (0..4).map(start).collect();
    for mut process in running {
        assert!(process.wait().unwrap().success());
    }
    let kept = read(&store);
    assert_eq!((kept.runs.len(), kept.skipped), (4 * OF_PROCESS, None));
}

#[test]
fn what_cannot_be_written_is_a_sentence_that_names_the_file() {
    let (folder, store) = store();
    fs::write(folder.path().join("history"), "in the way").unwrap();
    let kept = store.keep(&kept_run(1));
    let trouble = kept.trouble.unwrap();
    let path = file(&store).display().to_string();
    assert!(
        trouble.starts_with(&format!("this run is not in the history: {path} cannot be locked: ")),
        "{trouble}"
    );
    fs::remove_file(folder.path().join("history")).unwrap();
    fs::create_dir_all(file(&store)).unwrap();
    let trouble = store.keep(&kept_run(1)).trouble.unwrap();
    assert!(trouble.contains("cannot be read: it is no file"), "{trouble}");
    let trend = trend(&store.keep(&kept_run(1)), &kept_run(1));
    assert_eq!(trend.runs, [kept_run(1).run], "this run is in its trend all the same");
}

fn trend_of(earlier: Vec<KeptRun>, now: &KeptRun) -> Trend {
    trend(&Kept { runs: earlier, ..Kept::default() }, now)
}

#[test]
fn the_last_twenty_are_shown_and_this_run_is_the_last() {
    let now = kept_run(30);
    let trend = trend_of((0..40).map(kept_run).collect(), &now);
    assert_eq!((trend.runs.len(), trend.left_out.len()), (20, 0));
    assert_eq!(
        (trend.runs[0].run_id.as_str(), &trend.runs[19]),
        ("run-11", &now.run),
        "later runs are not its past"
    );
}

#[test]
fn runs_under_other_conditions_are_left_out_and_told() {
    let mut runs: Vec<KeptRun> = (0..5).map(kept_run).collect();
    runs[0].environment.machine.cpu_model = "Z80".to_owned();
    runs[1].terms.insert("the load \"load\"".to_owned(), "100/s for 1 h".to_owned());
    runs[2].terms.insert("a key that is no more".to_owned(), "7".to_owned());
    runs[3].profile = "nightly".to_owned();
    let trend = trend_of(runs, &kept_run(9));
    let ids: Vec<&str> = trend.runs.iter().map(|run| run.run_id.as_str()).collect();
    assert_eq!(ids, ["run-2", "run-4", "run-9"]);
    assert_eq!(
        trend.left_out,
        ["3 runs under other conditions are left out; of the newest, the profile was nightly and is default"]
    );
}

#[test]
fn a_scaled_run_is_under_other_conditions() {
    let mut run = run_of(1, &[tests::observation("load", tests::counts(500, 0, 0, 0, 0))]);
    let scale = |value: &str| SettingReport {
        key: "time_scale".to_owned(),
        value: Some(value.to_owned()),
        origin: "built-in".to_owned(),
    };
    run.cases[0].settings.push(scale("1"));
    let whole = KeptRun::of(&run, &run.cases[0]);
    run.cases[0].settings.pop();
    run.cases[0].settings.push(scale("0.1"));
    run.run_id = "scaled".to_owned();
    let scaled = KeptRun::of(&run, &run.cases[0]);
    let trend = trend_of(vec![whole], &scaled);
    assert_eq!(trend.left_out, ["1 run under other conditions is left out: time_scale was 1 and is 0.1"]);
}

#[test]
fn lines_follow_their_schema() {
    schema::compare::<KeptRun>("history.schema.json");
    let schema = schema::committed("history.schema.json");
    let mut value = serde_json::to_value(kept_run(1)).unwrap();
    assert_eq!(schema::errors(&schema, &value), [""; 0]);
    value["verdict"] = "good".into();
    assert!(!schema::errors(&schema, &value).is_empty());
}

/// A line is written at once or not at all, as far as this process is concerned.
#[test]
fn a_line_that_was_torn_by_a_kill_gets_its_end() {
    let (_folder, store) = store();
    keeps(&store, &kept_run(1));
    let mut half = fs::File::options().append(true).open(file(&store)).unwrap();
    half.write_all(b"{\"schema_version\":1,\"case\":\"ca").unwrap();
    keeps(&store, &kept_run(2));
    keeps(&store, &kept_run(3));
    assert_eq!(ids(&read(&store)), ["run-1", "run-2", "run-3"]);
}
