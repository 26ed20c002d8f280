use std::{path::Path, process::ExitCode};

use super::{exit, github::GitHub, history, place};
use crate::{
    history::Store,
    judge::Verdict,
    report::{
        CaseReport, FolderError, LatencyLog, RebuildError, RunFolder, RunReport, summary_text, with_record,
    },
    suite::Suite,
    supervisor::{Ending, salvage},
};

/// Makes the reports of a run anew whose supervisor did not live to make them: from what it wrote when each case began
/// and ended, and from the journals of the cases.
pub(super) fn recover(
    suite: &Suite,
    base: &Path,
    run: &str,
    formats: &[String],
    history: &Store,
) -> ExitCode {
    match rebuilt(base, run, formats, history) {
        Ok((folder, run)) => {
            eprint!("{}", summary_text(&run));
            eprintln!("{}", place::reports_line(&folder));
            let github = GitHub::of_environment();
            github.annotate(suite, &run, &run);
            github.sum_up(&folder, &run, formats);
            let is_passed = run.cases.iter().all(|case| case.verdict == Verdict::Pass);
            ExitCode::from(if is_passed { exit::PASSED } else { exit::FAILED })
        }
        Err(error) => {
            eprintln!("error: {error}");
            let is_unwritten = matches!(error, RebuildError::Folder(_));
            ExitCode::from(if is_unwritten { exit::REPORT_NOT_WRITTEN } else { exit::USAGE })
        }
    }
}

fn rebuilt(
    base: &Path,
    run: &str,
    formats: &[String],
    history: &Store,
) -> Result<(RunFolder, RunReport), RebuildError> {
    let folder = RunFolder::of_past(base, run)?;
    let (mut run, cases) = folder.begun()?;
    for case in cases {
        let case = match case.ending {
            Ending::SupervisorLost => {
                let (case, warning) = history::kept(history, &run, salvaged(&folder, case, formats)?);
                run.warnings.extend(warning);
                case
            }
            // It is in the history since it ended.
            _ => case,
        };
        folder.write_course(&case, formats)?;
        run.duration_s += case.duration_s;
        run.cases.push(case);
    }
    run.warnings.push(
        "this run did not live to write its reports: they were made of its journals, and cases that had not begun are \
         not in them"
            .to_owned(),
    );
    Ok((folder.clone(), folder.write_run(run, formats)?))
}

/// The case with what its journal says, and its log of times anew; a journal that cannot be read leaves the case as it was.
fn salvaged(folder: &RunFolder, case: CaseReport, formats: &[String]) -> Result<CaseReport, FolderError> {
    let path = folder.path().join(&case.folder);
    let is_logged = formats.iter().any(|format| format == "hlog");
    let mut log = is_logged.then(|| LatencyLog::create(&path)).transpose()?;
    let salvaged = match &mut log {
        Some(log) => salvage(&path, log),
        None => salvage(&path, &mut ()),
    };
    log.map_or(Ok(()), |log| log.finish(&path))?;
    Ok(match salvaged {
        Ok(record) => with_record(case, &record),
        Err(error) => {
            eprintln!(
                "proofload: the journal of `{}` cannot be read, so what it measured is missing: {error}",
                case.name
            );
            case
        }
    })
}
