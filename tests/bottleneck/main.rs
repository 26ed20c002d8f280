//! What limits a target, found by a whole run: a case in its own process, watched by the supervisor, judged from its
//! report. One program in two roles: with `FIXTURE_PACKAGE` in its environment it is a suite of targets with a known limit;
//! without, it runs that suite case by case and looks at what the reports say.
//!
//! The rules themselves are tested on made-up data beside them. Here a machine that is busy with other things takes
//! part: a limit has to be found in one of three runs.

#[cfg(target_os = "linux")]
mod targets;

use std::process::ExitCode;

/// Only there is everything sampled that the answers rest on.
#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    ExitCode::SUCCESS
}

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    match std::env::var(linux::PACKAGE) {
        Ok(package) => linux::suite(package),
        Err(_) => linux::drive(),
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::{
        env, fs,
        path::Path,
        process::{Command, ExitCode, Stdio},
    };

    use libtest_mimic::{Arguments, Failed, Trial};
    use serde_json::Value;

    /// Names the folder that the suite takes for its package.
    pub(super) const PACKAGE: &str = "FIXTURE_PACKAGE";

    /// Runs of a case that are tried before a machine counts as too busy.
    const TRIES: usize = 3;

    /// A case, the limit that it has, and what else its bottleneck must say.
    type Target = (&'static str, &'static str, fn(&Value) -> bool);

    const TARGETS: &[Target] = &[
        ("cpu_bound", "cpu", |found| says(found, "busy")),
        ("lock_bound", "lock", |found| (0.6..1.5).contains(&at_once(found))),
        ("pool_bound", "pool", |found| (6.0..10.0).contains(&at_once(found))),
        ("pool_that_refuses", "pool", |found| {
            says(found, "were refused within") && says(found, "in service at once")
        }),
        ("memory_bound", "memory", |found| says(found, "memory")),
        ("generator_bound", "generator", |found| says(found, "worker thread")),
        ("healthy", "nothing", |found| found["saturation"].is_null()),
    ];

    fn says(found: &Value, text: &str) -> bool {
        found["sentence"].as_str().is_some_and(|sentence| sentence.contains(text))
    }

    fn at_once(found: &Value) -> f64 {
        found["saturation"]["concurrency"].as_f64().unwrap_or(f64::NAN)
    }

    pub(super) fn suite(package: String) -> ExitCode {
        proofload::__private::main(proofload::__private::Suite {
            package_dir: package.leak(),
            package: "fixture",
            version: "0.0.0",
            crate_name: "fixture",
            main_file: "stress/main.rs",
            folder: "cases",
            files: &[],
            tmp: None,
        })
    }

    pub(super) fn drive() -> ExitCode {
        let mut arguments = Arguments::from_args();
        // A load beside another would be limited by it.
        arguments.test_threads = Some(1);
        let trial = |target: &Target| {
            let target = *target;
            Trial::test(target.0, move || attributed(target))
        };
        libtest_mimic::run(&arguments, TARGETS.iter().map(trial).collect()).exit_code()
    }

    fn attributed((case, limit, is_right): Target) -> Result<(), Failed> {
        let mut seen = Vec::new();
        for _ in 0..TRIES {
            let report = run(case);
            let found = &report["cases"][0]["bottleneck"];
            if found["limit"] == limit && is_right(found) {
                return counted(&report, limit);
            }
            seen.push(format!("{found:#}"));
        }
        Err(format!("{case} should be limited by {limit}:\n{}", seen.join("\n")).into())
    }

    /// The run's report counts the limit, the summary names it.
    fn counted(report: &Value, limit: &str) -> Result<(), Failed> {
        let counts = &report["bottlenecks"];
        let is_right = match limit {
            "nothing" => counts == &serde_json::json!([]),
            _ => counts == &serde_json::json!([{"limit": limit, "cases": 1}]),
        };
        if is_right { Ok(()) } else { Err(format!("the run counts {counts:#}").into()) }
    }

    /// Runs one case to its end, whatever that is; its `report.json`.
    fn run(case: &str) -> Value {
        let home = tempfile::tempdir().expect("a temporary folder");
        for folder in ["package/stress", "tmp"] {
            fs::create_dir_all(home.path().join(folder)).expect("a folder");
        }
        fs::write(home.path().join("package/stress/main.rs"), "").expect("a file");
        let mut command = Command::new(env::current_exe().expect("this program"));
        for (name, _value) in env::vars_os() {
            let is_ours =
                name.to_str().is_some_and(|n| n.starts_with("PROOFLOAD_") || n.starts_with("NEXTEST"));
            if is_ours {
                command.env_remove(name);
            }
        }
        let ended = command
            .args(["--exact", &format!("targets::{case}")])
            .env(PACKAGE, home.path().join("package"))
            .env("PROOFLOAD_REPORT_DIR", home.path().join("reports"))
            .env("PROOFLOAD_LOCK", "off")
            .env("PROOFLOAD_PROGRESS", "off")
            .env("TMPDIR", home.path().join("tmp"))
            .current_dir(home.path())
            .stdin(Stdio::null())
            .output()
            .expect("the suite starts");
        read(&home.path().join("reports/latest/report.json"))
            .unwrap_or_else(|error| panic!("{error}\n{}", String::from_utf8_lossy(&ended.stderr)))
    }

    fn read(path: &Path) -> Result<Value, String> {
        let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
    }
}
