//! The exit status, and that nothing runs after a mistake.

use std::{
    fs::{self, File},
    time::{Duration, SystemTime},
};

use super::{fixture::Package, tests};

tests![
    passed,
    failed,
    undecided_is_no_pass,
    an_unknown_flag_is_a_mistake,
    settings_of_no_use_are_mistakes,
    a_report_folder_that_cannot_be_made,
    a_report_that_cannot_be_written,
    a_lock_that_cannot_be_used,
    a_file_that_was_not_built_in,
    a_machine_without_room_for_any_case_is_no_success,
];

fn passed() {
    let package = Package::new();
    let ended = package.run(&["fast_", "--skip", "fast_st"]).exits(0);
    assert_eq!(ended.outcomes(), ["fast_closed ok", "fast_nightly ok", "fast_open ok", "fast_plain ok"]);
    assert_eq!(package.temporary_files(), [""; 0]);
}

fn failed() {
    let package = Package::new();
    let ended = package.run(&["bad_", "--skip", "undecided"]).exits(101);
    assert_eq!(ended.outcomes(), ["bad_error FAILED", "bad_expectation FAILED", "bad_panic FAILED"]);
    let ended = ended
        .prints("the case returned an error: the index is not there")
        .prints("success_rate is 0%, wanted >= 95%");
    ended.prints("the case panicked at tests/harness/suite.rs:").prints(": this cannot be");
    assert_eq!(package.report()["summary"]["failed"], 3);
    for (case, ending) in
        [("bad_error", "failed"), ("bad_expectation", "returned"), ("bad_panic", "panicked")]
    {
        assert_eq!(
            (&package.case(case)["verdict"], &package.case(case)["ending"]["kind"]),
            (&"fail".into(), &ending.into())
        );
    }
    let expectations = &package.case("bad_expectation")["expectations"];
    assert_eq!((&expectations[0]["verdict"], &expectations[1]["verdict"]), (&"fail".into(), &"pass".into()));
    assert_eq!(package.temporary_files(), [""; 0]);
}

fn undecided_is_no_pass() {
    let package = Package::new();
    let ended = package.run(&["bad_undecided"]).exits(101);
    assert_eq!(ended.outcomes(), ["bad_undecided FAILED"]);
    ended.prints("INCONCLUSIVE");
    assert_eq!(package.case("bad_undecided")["verdict"], "inconclusive");
    assert_eq!(package.report()["summary"]["inconclusive"], 1);
}

fn an_unknown_flag_is_a_mistake() {
    let package = Package::new();
    let ended = package.run(&["--include-slwo"]).exits(2).says("unexpected argument '--include-slwo'");
    assert_eq!(ended.says("--include-slow").stdout, "");
    package
        .run(&["--set", "duration"])
        .exits(2)
        .says("error: --set duration: wants key=value or case.key=value\n");
    assert!(!package.reports().exists(), "nothing ran");
}

fn settings_of_no_use_are_mistakes() {
    let package = Package::new();
    let ended = package.suite(&["fast_open"]).env("PROOFLOAD_USRES", "5").run().exits(2);
    assert_eq!(
        ended.stderr,
        "error: PROOFLOAD_USRES: no setting has this variable; did you mean \"PROOFLOAD_USERS\"?\n"
    );
    let ended = package.suite(&["fast_open"]).env("PROOFLOAD_RATE", "fast").run().exits(2);
    assert_eq!(
        ended.stderr,
        "error: PROOFLOAD_RATE: rate = \"fast\": \"fast\" is not a rate like 100/s, 90/m or 10/h\n"
    );
    let ended = package.run(&["fast_open", "--set", "fast_opne.users=3"]).exits(2);
    ended.says("--set fast_opne.users=3: no case matches \"fast_opne\"; did you mean \"suite::fast_open\"?");
    assert!(package.said("operations").is_empty() && !package.reports().exists(), "nothing ran");
}

fn a_report_folder_that_cannot_be_made() {
    let package = Package::new();
    fs::write(package.reports(), "a file in the folder's place").unwrap();
    let ended = package.run(&["fast_"]).exits(74);
    assert_eq!(ended.stderr.lines().filter(|line| line.starts_with("error: ")).count(), 1, "{ended}");
    let path = package.reports().display().to_string();
    let ended = ended
        .says(&format!("error: the report folder {path}/"))
        .says("choose another folder with --report-dir");
    assert!(!ended.stdout.contains(" ok") && package.said("operations").is_empty(), "nothing ran\n{ended}");
}

fn a_report_that_cannot_be_written() {
    let package = Package::new();
    let in_the_way = package.reports().join("run/report.json");
    fs::create_dir_all(in_the_way.join("full")).unwrap();
    let ended = package.suite(&["fast_closed"]).env("NEXTEST_RUN_ID", "run").run().exits(74);
    assert_eq!(ended.outcomes(), ["fast_closed ok"]);
    ended.says(&format!(
        "error: the report {} cannot be written: ",
        in_the_way.canonicalize().unwrap().display()
    ));
}

fn a_lock_that_cannot_be_used() {
    let package = Package::new();
    let lock = package.file("nowhere/lock");
    let ended = package.suite(&["fast_open"]).env("PROOFLOAD_LOCK", &lock).run();
    let ended = ended.says(&format!("error: the lock file {} cannot be used: ", lock.display()));
    assert!(package.said("operations").is_empty(), "nothing ran\n{ended}");
    ended.exits(74);
}

fn a_file_that_was_not_built_in() {
    let package = Package::new();
    fs::create_dir(package.file("stress/cases")).unwrap();
    for file in ["built.rs", ".hidden.rs", "notes.md"] {
        fs::write(package.file("stress/cases").join(file), "").unwrap();
    }
    package.run(&["fast_closed"]).exits(0);

    fs::write(package.file("stress/cases/added.rs"), "").unwrap();
    let main = File::options().append(true).open(package.file("stress/main.rs")).unwrap();
    let earlier = SystemTime::now() - Duration::from_secs(3600);
    main.set_modified(earlier).unwrap();
    for arguments in [&["fast_closed"][..], &["--list"]] {
        let ended = package.run(arguments).exits(2);
        assert_eq!(ended.stdout, "");
        let ended =
            ended.says("error: stress/cases/added.rs came after this build: run the same command again");
        assert_eq!(ended.stderr.lines().count(), 1, "{ended}");
    }
    assert!(main.metadata().unwrap().modified().unwrap() > earlier, "cargo builds it anew");
}

fn a_machine_without_room_for_any_case_is_no_success() {
    let package = Package::new();
    let ended = package.run(&["fast_open", "--set", "needs_memory=900TiB"]).exits(75);
    let ended = ended.says("none of the cases ran: the machine has no room for them");
    assert!(
        ended.outcomes()[0].starts_with("fast_open ignored (needs 900 TiB of memory (needs_memory), "),
        "{ended}"
    );
    let some = package.run(&[
        "-m",
        "not slow",
        "fast_",
        "--skip",
        "stamped",
        "--set",
        "fast_open.needs_memory=900TiB",
    ]);
    let some = some.exits(0);
    assert!(some.outcomes().iter().any(|outcome| outcome == "fast_closed ok"), "{some}");
}
