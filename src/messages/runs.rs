use std::io;

use super::Page;
use crate::{
    Containment, Ending,
    journal::MissedThreshold,
    observe::{Counts, Observation},
    report::{
        tests::{case, observation},
        with_record,
    },
    stop::StopReason,
    supervisor::{Record, StopCause, SuperviseError},
};
#[cfg(unix)]
use crate::{
    supervisor::{Control, HandOverError, hand_over},
    units::{millis, seconds},
};

#[test]
fn reasons_and_warnings() {
    let mut page = Page::new("reports", "Why a case has its verdict, and what is warned of");
    let says = |page: &mut Page, given: &str, change: &dyn Fn(&mut Record)| {
        let mut record = Record::begun(Containment::default());
        record.ending = Ending::Returned;
        change(&mut record);
        let report = with_record(case("x", &[]), &record);
        let warned = report.warnings.iter().map(|warning| format!("warning: {warning}"));
        let reasons = report.reasons.iter().map(|reason| format!("{}: {reason}", report.verdict.words()));
        page.says(given, reasons.chain(warned).collect::<Vec<_>>().join("\n"));
    };
    page.family("Reasons");
    says(&mut page, "a limit", &|record| {
        record.stop = Some(StopCause {
            reason: StopReason::Cpu,
            sentence: "it used 97% of the available cores over 5 s, the limit is 90% (max_cpu)".to_owned(),
            at_s: 3.0,
            took_s: 0.1,
            by: "stop token",
        });
    });
    says(&mut page, "a threshold with `abort`", &|record| {
        let missed = MissedThreshold {
            load: "reads".to_owned(),
            expectation: "error_rate < 5% over 5s abort".to_owned(),
            at_s: 12.0,
        };
        record.gathered.threshold = Some((missed, 13.0));
    });
    says(&mut page, "an error", &|record| {
        record.ending = Ending::Failed { error: "the index is empty".to_owned() }
    });
    let seen = |counts| Observation { timeline: Vec::new(), ..observation("reads", counts) };
    says(&mut page, "nothing due", &|record| record.gathered.observations = vec![seen(Counts::default())]);
    says(&mut page, "an operation that got lost", &|record| {
        record.gathered.observations = vec![seen(Counts { due: 500, ok: 499, ..Counts::default() })];
    });
    page.family("Warnings");
    says(&mut page, "1 process", &|record| record.left_processes = 1);
    says(&mut page, "3 processes", &|record| record.left_processes = 3);
    says(&mut page, "torn lines", &|record| record.gathered.losses.unreadable_lines = 2);
    says(&mut page, "a shorter journal", &|record| record.gathered.losses.was_cut = true);
    page.check();
}

/// What keeps a case from being run by its supervisor: a full disk, a table of processes without room.
#[test]
fn cases_that_cannot_be_supervised() {
    let mut page = Page::new("supervisor", "Processes that cannot be started");
    page.family("The process of a case");
    let full = || io::Error::from(io::ErrorKind::StorageFull);
    for error in [
        SuperviseError::Folder { path: "target/stress/run-1/cases/search".to_owned(), source: full() },
        SuperviseError::Scratch(full()),
        SuperviseError::Spawn(io::ErrorKind::WouldBlock.into()),
        SuperviseError::Containment("no cgroup with a memory controller is mounted".to_owned()),
    ] {
        let given = match &error {
            SuperviseError::Folder { .. } => "no folder for its report",
            SuperviseError::Scratch(_) => "no folder for its temporary files",
            SuperviseError::Spawn(_) => "no room for a process",
            SuperviseError::Containment(_) => "no cgroup, and `containment` is hard",
        };
        page.says(given, error);
    }
    #[cfg(unix)]
    commands(&mut page);
    page.check();
}

#[cfg(unix)]
fn commands(page: &mut Page) {
    page.family("A command of the user's, as in `on_alert`: the program `NAME` ...");
    let start = |program: &str, arguments: &[&str], patience, control: &Control| {
        let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
        hand_over((program, &arguments), b"", patience, control).unwrap_err()
    };
    let folder = tempfile::tempdir().unwrap();
    let stop = folder.path().join("stop");
    std::fs::write(&stop, "").unwrap();
    for error in [
        start("proofload-is-no-program", &[], seconds(5), &Control::default()),
        start("sleep", &["600"], millis(50), &Control::default()),
        start("sleep", &["600"], seconds(600), &Control::of_file(stop)),
        start(
            "sh",
            &["-c", "echo no route to the mail server >&2; exit 3"],
            seconds(20),
            &Control::default(),
        ),
    ] {
        let given = match &error {
            HandOverError::Start(_) => "that is not there",
            HandOverError::Hung(_) => "that does not end",
            HandOverError::Stopped => "when the run is stopped",
            HandOverError::Failed { .. } => "that fails",
        };
        page.says(given, error);
    }
}
