use std::{path::Path, process::ExitCode};

use super::{exit, place};
use crate::{
    judge::Verdict,
    report::{CaseReport, RebuildError, RunFolder, RunReport, summary_text, with_record},
    supervisor::{Ending, salvage},
};

/// Makes the reports of a run anew whose supervisor did not live to make them: from what it wrote when each case began
/// and ended, and from the journals of the cases.
pub(super) fn recover(base: &Path, run: &str, formats: &[String]) -> ExitCode {
    match rebuilt(base, run, formats) {
        Ok((folder, run)) => {
            eprint!("{}", summary_text(&run));
            eprintln!("{}", place::reports_line(&folder));
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

fn rebuilt(base: &Path, run: &str, formats: &[String]) -> Result<(RunFolder, RunReport), RebuildError> {
    let folder = RunFolder::of_past(base, run)?;
    let (mut run, cases) = folder.begun()?;
    for case in cases {
        let case = match case.ending {
            Ending::SupervisorLost => salvaged(&folder, case),
            _ => case,
        };
        folder.write_case(&case)?;
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

/// The case with what its journal says; a journal that cannot be read leaves it as it was.
fn salvaged(folder: &RunFolder, case: CaseReport) -> CaseReport {
    match salvage(&folder.path().join(&case.folder)) {
        Ok(record) => with_record(case, &record),
        Err(error) => {
            eprintln!(
                "proofload: the journal of `{}` cannot be read, so what it measured is missing: {error}",
                case.name
            );
            case
        }
    }
}
