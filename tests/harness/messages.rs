//! What a person reads on the command line, on one page beside the others of `src/messages`.

use std::fmt::Write;

use super::{
    fixture::{Ended, Package, wait_for},
    tests,
};

tests![what_is_said_on_the_command_line];

/// Adds what was typed, the exit status, and what was said but for the summary of the run.
fn tell(page: &mut String, package: &Package, typed: &str, ended: &Ended) {
    let folder = package.folder().display().to_string();
    let is_message =
        |line: &&str| ["error: ", "warning: ", "proofload: "].iter().any(|mark| line.starts_with(mark));
    let said: Vec<String> = ended
        .stderr
        .lines()
        .filter(is_message)
        // How this program was built is not what it says about the run.
        .filter(|line| !line.contains("built without optimisation"))
        .map(|line| line.replace(&folder, "FOLDER"))
        .collect();
    let _written = write!(page, "\n{typed}\n    (exit status {})\n", ended.code());
    for line in said.iter().map(String::as_str).chain(ended.outcomes().iter().map(String::as_str)) {
        let _written = writeln!(page, "    {line}");
    }
}

fn what_is_said_on_the_command_line() {
    let package = Package::new();
    let mut page = "# On the command line\n".to_owned();
    let lock = package.folder().join("nowhere/lock").display().to_string();
    let lock = format!("--set lock={lock}");
    for typed in [
        "-m slwo",
        "--profile nigthly",
        "--seed much",
        "--set usres=5",
        "--recover run-1",
        "--baseline main",
        "--baseline ../main",
        "--fail-on-regression",
        "--set regression_level=60%",
        &lock,
        "--exact suite::needy_moon",
        "--exact suite::bad_error",
    ] {
        let arguments: Vec<&str> = typed.split(' ').chain(["fast_open"]).collect();
        let arguments = if typed.starts_with("--exact") { &arguments[..2] } else { &arguments[..] };
        let ended = package.suite(arguments).without("PROOFLOAD_LOCK").run();
        let typed = typed.replace(&package.folder().display().to_string(), "FOLDER");
        tell(&mut page, &package, &typed, &ended);
    }
    runs_beside_each_other(&mut page, &package);
    nothing_to_begin_with(&mut page, &package);
    stopped_while_it_waits(&mut page, &package);
    insta::with_settings!(
        {
            snapshot_path => "../../src/messages/pages",
            prepend_module_to_snapshot => false,
            omit_expression => true,
        },
        { insta::assert_snapshot!("command-line", page) }
    );
}

/// A run that is compared with itself, and a case that it does not have.
fn runs_beside_each_other(page: &mut String, package: &Package) {
    package.run(&["fast_open"]).exits(0);
    let id = package.report()["run_id"].as_str().unwrap().to_owned();
    for (typed, exits) in [
        (&["--compare", &id, "latest"][..], 2),
        (&["fast_open"], 0),
        (&["--compare", &id, "latest", "fast_opne"], 2),
    ] {
        let ended = package.run(typed).exits(exits);
        if exits == 0 {
            continue;
        }
        let mut told = String::new();
        tell(&mut told, package, &typed.join(" "), &ended);
        page.push_str(&told.replace(&id, "RUN"));
    }
}

/// What `--init` cannot write, and a suite that is somewhere else.
fn nothing_to_begin_with(page: &mut String, package: &Package) {
    std::fs::write(package.file("stress/cases"), "no folder").unwrap();
    tell(page, package, "--init, and cases is a file", &package.run(&["--init"]));
    std::fs::rename(package.file("stress/main.rs"), package.file("stress/other.rs")).unwrap();
    tell(page, package, "--init, and the suite is not there", &package.run(&["--init"]));
    std::fs::rename(package.file("stress/other.rs"), package.file("stress/main.rs")).unwrap();
    for file in ["stress/cases", "stress/stress.toml"] {
        std::fs::remove_file(package.file(file)).unwrap();
    }
}

/// Another run has the turn, and the run that waits for it is stopped.
fn stopped_while_it_waits(page: &mut String, package: &Package) {
    let [lock, stop] = ["lock", "stop"].map(|name| package.folder().join(name));
    let held = std::fs::File::create(&lock).unwrap();
    held.lock().unwrap();
    let suite = package.suite(&["--exact", "suite::fast_open", "--stop-file", stop.to_str().unwrap()]);
    let running = suite.env("PROOFLOAD_LOCK", &lock).start();
    wait_for("the run that waits", || running.stderr().contains("waiting for another").then_some(()));
    std::fs::write(&stop, "").unwrap();
    tell(page, package, "a stop file, while another run has the turn", &running.end());
}
