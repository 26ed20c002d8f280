use std::{
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use super::{baselines::rule, exit, place};
use crate::{
    baseline::beside,
    report::{PastError, RunReport, beside_text, past_run},
    settings::Resolved,
};

/// With which run one that is named alone is compared.
const NEWEST: &str = "latest";

/// Why two runs are not compared.
#[derive(Debug, thiserror::Error)]
enum CompareError {
    #[error("--compare: {0}")]
    Past(#[from] PastError),
    #[error("--compare: {first:?} and {second:?} are the same run, {run_id}: name another one")]
    Same { first: String, second: String, run_id: String },
    #[error("--compare: no case of either run is called like {filter:?}")]
    NoCase { filter: String },
}

/// Prints two runs beside each other; nothing is run and nothing is written.
pub(super) fn compare(
    base: &Path,
    names: &[String],
    filter: &libtest_mimic::Arguments,
    settings: &Resolved,
) -> ExitCode {
    let rule = match rule(settings) {
        Ok(rule) => rule,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(exit::USAGE);
        }
    };
    let compared = both(base, names).and_then(|[first, second]| {
        let is_asked_for = |case: &str| is_asked_for(case, filter);
        let has_case =
            [&first, &second].iter().any(|run| run.cases.iter().any(|case| is_asked_for(&case.name)));
        match &filter.filter {
            Some(filter) if !has_case => Err(CompareError::NoCase { filter: filter.clone() }),
            _ => Ok(beside([&first, &second], &rule, is_asked_for)),
        }
    });
    match compared {
        Ok(runs) => {
            print(&beside_text(&runs));
            ExitCode::from(exit::PASSED)
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(exit::USAGE)
        }
    }
}

fn both(base: &Path, names: &[String]) -> Result<[RunReport; 2], CompareError> {
    let base = place::shown(base);
    let newest = NEWEST.to_owned();
    let (first, second) = match names {
        [first, second, ..] => (first, second),
        [first] => (first, &newest),
        [] => (&newest, &newest),
    };
    let runs = [past_run(&base, first)?, past_run(&base, second)?];
    match runs[0].run_id == runs[1].run_id {
        true => Err(CompareError::Same {
            first: first.clone(),
            second: second.clone(),
            run_id: runs[0].run_id.clone(),
        }),
        false => Ok(runs),
    }
}

/// Whether the filters of the command line, which are libtest's, take a case in.
pub(super) fn is_asked_for(case: &str, filter: &libtest_mimic::Arguments) -> bool {
    let is_meant = |text: &String| if filter.exact { case == text } else { case.contains(text.as_str()) };
    filter.filter.as_ref().is_none_or(is_meant) && !filter.skip.iter().any(is_meant)
}

/// Prints for a person, who may have read enough before the end.
pub(super) fn print(text: &str) {
    let mut out = io::stdout().lock();
    let _unread = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
