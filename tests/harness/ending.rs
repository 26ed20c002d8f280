//! The end of a run before its time: Ctrl-C once and twice, other signals, the stop file, the supervisor's own death.

use std::{fs, path::Path};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{
    fixture::{Ended, Package, Running, wait_for},
    tests,
};

tests![
    ctrl_c_stops_softly_and_skips_the_rest,
    sigterm_is_a_stop_too,
    the_end_of_the_terminal_is_a_stop_too,
    ctrl_c_twice_kills,
    a_stop_file_of_the_runs_folder,
    a_stop_file_of_choice,
    ctrl_c_stops_a_case_in_process,
    the_supervisors_death_leaves_nothing,
    whoever_waits_for_a_turn_can_be_stopped,
];

/// Cases that last a minute end within this when they are stopped: it cannot be mistaken for their own end.
const STOPPED_WITHIN_S: f64 = 20.0;

/// Waits until the first case is at work, and returns its process.
fn begun(package: &Package) -> u32 {
    wait_for("the case to begin", || package.said("pid").first()?.parse().ok())
}

fn send(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(pid.try_into().unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

/// Whether the process is there and no zombie that waits for its parent.
pub(super) fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().next());
    !matches!(state, None | Some("Z" | "X"))
}

/// Requires that neither process nor file of the case is left.
#[track_caller]
fn nothing_is_left(package: &Package, case: u32) {
    wait_for("the process of the case to end", || (!is_alive(case)).then_some(()));
    for scratch in package.said("scratch") {
        wait_for("the scratch folder to go", || (!Path::new(&scratch).exists()).then_some(()));
    }
    wait_for("the temporary folder to be empty", || package.temporary_files().is_empty().then_some(()));
}

/// Requires the reports of a run that was stopped in its first case, by `reason`.
#[track_caller]
fn stopped_softly(package: &Package, ended: &Ended, reason: &str) -> Value {
    let outcomes = ended.outcomes();
    assert_eq!(outcomes[0], "long_first FAILED");
    assert!(outcomes[1].starts_with("long_second ignored (the run was stopped: "), "{ended}");
    let report = package.report();
    assert!(report["stopped"].is_string());
    assert_eq!((&report["summary"]["aborted"], &report["summary"]["cases"]), (&1.into(), &1.into()));
    assert_eq!(report["ignored"][0]["name"], "suite::long_second");
    let case = package.case("long_first");
    assert_eq!((&case["verdict"], &case["stop"]["reason"]), (&"aborted".into(), &reason.into()));
    assert_eq!(case["stop"]["by"], "stop token");
    assert!(case["duration_s"].as_f64().unwrap() < STOPPED_WITHIN_S, "{case:#}");
    let load = &case["loads"][0];
    assert_eq!((&load["complete"], &load["stopped"]), (&true.into(), &reason.into()));
    let counts = &load["total"]["counts"];
    assert!(counts["ok"].as_u64().unwrap() > 0 && counts["due"] == counts["ok"], "{counts:#}");
    assert!(fs::read_to_string(package.latest("summary.txt")).unwrap().contains("suite::long_first"));
    case
}

/// Starts two cases of a minute and waits until the first is at work.
fn start(package: &Package, arguments: &[&str]) -> (Running, u32) {
    let running = package.suite(&[&["long_", "--skip", "deaf"], arguments].concat()).start();
    let case = begun(package);
    (running, case)
}

fn ctrl_c_stops_softly_and_skips_the_rest() {
    let package = Package::new();
    let (running, case) = start(&package, &[]);
    assert!(is_alive(case));
    send(running.pid(), Signal::INT);
    let ended = running.end().exits(130);
    stopped_softly(&package, &ended, "interrupted");
    nothing_is_left(&package, case);
    assert_eq!(package.said("pid").len(), 1, "the second case did not begin");
}

fn sigterm_is_a_stop_too() {
    let package = Package::new();
    let (running, case) = start(&package, &[]);
    send(running.pid(), Signal::TERM);
    let report = stopped_softly(&package, &running.end().exits(143), "terminated");
    assert_eq!(report["stop"]["sentence"], "the run was asked to end (SIGTERM to the supervisor)");
    nothing_is_left(&package, case);
}

fn the_end_of_the_terminal_is_a_stop_too() {
    let package = Package::new();
    let (running, case) = start(&package, &[]);
    send(running.pid(), Signal::HUP);
    let report = stopped_softly(&package, &running.end().exits(129), "hung_up");
    assert_eq!(report["stop"]["sentence"], "the terminal of the run was closed (SIGHUP)");
    nothing_is_left(&package, case);
}

fn ctrl_c_twice_kills() {
    let package = Package::new();
    let running = package.suite(&["long_deaf"]).start();
    let case = begun(&package);
    send(running.pid(), Signal::INT);
    // A signal that is pending is not sent once more.
    std::thread::sleep(std::time::Duration::from_millis(100));
    send(running.pid(), Signal::INT);
    running.end().exits(130);
    let report = package.case("long_deaf");
    assert_eq!((&report["verdict"], &report["ending"]["kind"]), (&"aborted".into(), &"killed".into()));
    assert_eq!(report["stop"]["by"], "SIGKILL", "alone it would have been SIGTERM, two seconds later");
    nothing_is_left(&package, case);
}

fn a_stop_file_of_the_runs_folder() {
    let package = Package::new();
    let (running, case) = start(&package, &[]);
    fs::write(package.latest("stop"), "").unwrap();
    stopped_softly(&package, &running.end().exits(130), "stop_file");
    nothing_is_left(&package, case);
}

fn a_stop_file_of_choice() {
    let package = Package::new();
    let (running, case) = start(&package, &["--stop-file", "please-stop"]);
    fs::write(package.file("please-stop"), "").unwrap();
    let report = stopped_softly(&package, &running.end().exits(130), "stop_file");
    assert_eq!(report["stop"]["sentence"], "the stop file `please-stop` appeared");
    nothing_is_left(&package, case);
}

fn ctrl_c_stops_a_case_in_process() {
    let package = Package::new();
    let (running, case) = start(&package, &["--in-process"]);
    assert_eq!(running.pid(), case);
    send(running.pid(), Signal::INT);
    stopped_softly(&package, &running.end().exits(130), "interrupted");
    nothing_is_left(&package, case);
}

fn the_supervisors_death_leaves_nothing() {
    let package = Package::new();
    for arguments in [&["long_first"][..], &["long_deaf"]] {
        let running = package.suite(arguments).start();
        let case = wait_for("the case to begin", || {
            package.said("pid").last()?.parse().ok().filter(|pid| is_alive(*pid))
        });
        send(running.pid(), Signal::KILL);
        drop(running);
        nothing_is_left(&package, case);
    }
}

fn whoever_waits_for_a_turn_can_be_stopped() {
    let package = Package::new();
    let lock = package.file("lock");
    let first = package.suite(&["long_first"]).env("PROOFLOAD_LOCK", &lock).start();
    let case = begun(&package);
    let second = package.suite(&["fast_open"]).env("PROOFLOAD_LOCK", &lock).start();
    wait_for("the second to wait", || {
        second.stderr().contains("waiting for another stress case").then_some(())
    });
    send(second.pid(), Signal::INT);
    let ended = second.end().exits(130);
    assert_eq!(ended.outcomes(), ["fast_open ignored (the run was stopped while it waited for another one)"]);
    assert_eq!(package.said("operations"), [""; 0]);
    assert!(is_alive(case), "the first goes on");
    send(first.pid(), Signal::INT);
    first.end().exits(130);
    nothing_is_left(&package, case);
}
