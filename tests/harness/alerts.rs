//! Alerts: what raises one, where it is told, and the command that gets it. That command is this program too.

use std::{
    env, fs,
    io::Write,
    path::Path,
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{fixture::Package, tests};

tests![
    an_alert_is_no_verdict,
    thresholds_are_settings_of_a_case,
    each_alert_goes_to_the_command_once_its_report_is_written,
    every_layer_names_the_command,
    a_command_that_hangs_is_ended,
    a_command_that_fails_is_one_warning,
    a_missing_program_is_one_warning,
    the_run_has_the_figures_of_its_cases_beside_each_other,
];

/// As the first argument: this program takes an alert, as the second says.
pub(super) const TAKE: &str = "take-alert";

/// Takes an alert: `keep FILE`, `hang FILE` or `fail FILE`.
pub(super) fn take() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(2).collect();
    let [how, file] = &arguments[..] else { return ExitCode::from(2) };
    println!("this must not reach libtest's protocol");
    eprintln!("the network is down");
    let alert: Value = serde_json::from_reader(std::io::stdin()).expect("the alert is JSON");
    let folder = Path::new(alert["folder"].as_str().expect("a folder"));
    let case = fs::read(folder.join("case.json")).ok();
    let case: Value = case.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
    let line = json!({"alert": alert, "report": case["alerts"], "pid": std::process::id()});
    let mut file = fs::File::options().create(true).append(true).open(file).expect("the file can be written");
    file.write_all(format!("{line}\n").as_bytes()).expect("the line is written");
    match how.as_str() {
        "hang" => loop {
            thread::sleep(Duration::from_secs(600));
        },
        "fail" => ExitCode::from(3),
        _ => ExitCode::SUCCESS,
    }
}

/// This program as the command of `on_alert`, its words separated by commas.
pub(super) fn command(package: &Package, how: &str) -> String {
    let program = env::current_exe().unwrap();
    format!("{}, {TAKE}, {how}, {}", program.display(), package.file("taken").display())
}

/// What the command has taken.
pub(super) fn taken(package: &Package) -> Vec<Value> {
    let text = fs::read_to_string(package.file("taken")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The warnings of the run about the command.
fn warnings(package: &Package) -> Vec<String> {
    let report = package.report();
    let warnings =
        report["warnings"].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned());
    warnings.filter(|text| text.starts_with("on_alert")).collect()
}

/// Of each alert of the newest report: level, case and metric.
fn alerts(package: &Package) -> Vec<String> {
    let report = package.report();
    let word =
        |alert: &Value, key: &str| alert[key].as_str().unwrap().trim_start_matches("suite::").to_owned();
    let line = |alert: &Value| ["level", "case", "metric"].map(|key| word(alert, key)).join(" ");
    report["alerts"].as_array().unwrap().iter().map(line).collect()
}

/// No process is so small, and a busy machine raises no further alert.
const TINY: [&str; 4] = ["--set", "alert_memory=1kB", "--set", "alert_cpu=off"];

fn an_alert_is_no_verdict() {
    let package = Package::new();
    let arguments = [&["--exact", "suite::fast_open", "--set", "alert_latency=off"], &TINY[..]].concat();
    let ended = package.run(&arguments).exits(0);
    ended.says("CRITICAL suite::fast_open: memory.peak is ").says(", alert at 1000 B");
    assert_eq!(alerts(&package), ["critical fast_open memory.peak"]);
    let case = package.case("fast_open");
    assert_eq!((&case["verdict"], &case["reasons"]), (&json!("pass"), &json!([])));
    let alert = &case["alerts"][0];
    assert_eq!(
        (&alert["unit"], &alert["threshold"], &alert["load"]),
        (&json!("bytes"), &json!(1000.0), &Value::Null)
    );
    assert!(alert["value"].as_f64().unwrap() > 1e5, "{alert:#}");
    assert_eq!(case["alert_thresholds"]["latency_p95_s"], Value::Null);
    assert_eq!(case["alert_thresholds"]["success_rate"], 0.95);
}

fn thresholds_are_settings_of_a_case() {
    let package = Package::with_settings(
        "alert_memory = \"1kB\"\nalert_cpu = \"off\"\nalert_latency = \"off\"\n[[override]]\ncase = \"fast_closed\"\n\
         alert_memory = \"off\"\n",
    );
    package
        .run(&["fast_", "--skip", "stages", "--skip", "stamped", "--set", "fast_plain.alert_memory=off"])
        .exits(0);
    assert_eq!(alerts(&package), ["critical fast_nightly memory.peak", "critical fast_open memory.peak"]);
}

fn each_alert_goes_to_the_command_once_its_report_is_written() {
    let package = Package::new();
    let ended = package
        .suite(&["--exact", "suite::bad_expectation", "--set", "alert_cpu=off"])
        .env("PROOFLOAD_ON_ALERT", command(&package, "keep"))
        .run()
        .exits(101);
    assert!(!ended.stdout.contains("this must not"), "{ended}");
    let taken = taken(&package);
    let report = package.report();
    assert_eq!(taken.len(), 2, "{taken:#?}");
    for (line, metric) in taken.iter().zip(["success_rate", "error_rate"]) {
        let alert = &line["alert"];
        assert_eq!((&alert["metric"], &alert["level"]), (&json!(metric), &json!("critical")));
        assert_eq!((&alert["schema_version"], &alert["run_id"]), (&json!(1), &report["run_id"]));
        assert_eq!((&alert["case"], &alert["load"]), (&json!("suite::bad_expectation"), &json!("load")));
        assert_eq!(alert["repeat"], report["cases"][0]["repeat"]);
        assert_eq!(line["report"], report["cases"][0]["alerts"], "the report of the case was there already");
    }
    let sentence = "success_rate is 0%, alert at 95% (load `load`)";
    assert_eq!(taken[0]["alert"]["sentence"], sentence);
    assert_eq!((&taken[0]["alert"]["value"], &taken[0]["alert"]["threshold"]), (&json!(0.0), &json!(0.95)));
    assert_eq!(warnings(&package), [""; 0]);
}

fn every_layer_names_the_command() {
    let package = Package::new();
    let command = command(&package, "keep");
    let case = ["--exact", "suite::bad_expectation", "--set", "alert_cpu=off"];
    let words: Vec<String> = command.split(", ").map(|word| format!("'{word}'")).collect();
    let text = format!("on_alert = [{}]\n", words.join(", "));
    fs::write(package.file("stress/stress.toml"), text).unwrap();
    package.run(&case).exits(101);
    assert_eq!(taken(&package).len(), 2, "from the file");
    package.suite(&case).env("PROOFLOAD_ON_ALERT", "proofload-is-no-program").run().exits(101);
    assert_eq!((taken(&package).len(), warnings(&package).len()), (2, 1), "the environment is stronger");
    let set = format!("on_alert={command}");
    let with_set = [&case[..], &["--set", &set]].concat();
    package.suite(&with_set).env("PROOFLOAD_ON_ALERT", "proofload-is-no-program").run().exits(101);
    assert_eq!(
        (taken(&package).len(), warnings(&package).len()),
        (4, 0),
        "and the command line is strongest"
    );
    package.run(&[&case[..], &["--set", "suite::bad_expectation.on_alert=x"]].concat()).exits(2);
}

fn a_command_that_hangs_is_ended() {
    let package = Package::new();
    let began = Instant::now();
    package
        .suite(&["--exact", "suite::bad_expectation", "--set", "alert_cpu=off"])
        .env("PROOFLOAD_ON_ALERT", command(&package, "hang"))
        .run()
        .exits(101)
        .says("had not ended after 10 s and was killed");
    assert!(began.elapsed() >= Duration::from_secs(10), "it had its time");
    let taken = taken(&package);
    assert_eq!((taken.len(), warnings(&package).len()), (1, 1), "the second alert would hang as well");
    #[cfg(target_os = "linux")]
    {
        let process = format!("/proc/{}", taken[0]["pid"]);
        assert!(!Path::new(&process).exists(), "it is still there");
    }
}

fn a_command_that_fails_is_one_warning() {
    let package = Package::new();
    let ended = package
        .suite(&["--exact", "suite::bad_expectation", "--set", "alert_cpu=off"])
        .env("PROOFLOAD_ON_ALERT", command(&package, "fail"))
        .run()
        .exits(101);
    ended.says("saying: the network is down; try it by hand");
    assert_eq!((taken(&package).len(), warnings(&package).len()), (2, 1));
}

fn a_missing_program_is_one_warning() {
    let package = Package::new();
    let arguments = [&["fast_", "--skip", "stages", "--skip", "stamped"], &TINY[..]].concat();
    let ended = package.suite(&arguments).env("PROOFLOAD_ON_ALERT", "proofload-is-no-program").run().exits(0);
    ended.says("warning: on_alert: the program `proofload-is-no-program` could not be started: ");
    assert!(alerts(&package).len() >= 4);
    let warnings = warnings(&package);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].ends_with("name one that is there, or its whole path"), "{warnings:?}");
}

fn the_run_has_the_figures_of_its_cases_beside_each_other() {
    let package = Package::new();
    let ended = package.run(&["bad_"]).exits(101);
    ended.says("Over 4 cases").says("mean of the cases");
    let of = &package.report()["statistics"];
    let success = &of["success_rate"];
    assert_eq!((&success["cases"], &success["without"]), (&json!(2), &json!(2)), "{of:#}");
    assert_eq!(
        (&success["best"]["case"], &success["best"]["value"]),
        (&json!("suite::bad_undecided"), &json!(1.0))
    );
    assert_eq!(
        (&success["worst"]["case"], &success["worst"]["value"]),
        (&json!("suite::bad_expectation"), &json!(0.0))
    );
    assert_eq!((&success["mean"], &success["median"]), (&json!(0.5), &json!(0.5)));
    let one = Package::new();
    let ended = one.run(&["--exact", "suite::fast_open"]).exits(0);
    assert!(!ended.stderr.contains("Over 1 case"), "{ended}");
}
