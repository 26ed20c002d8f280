//! The tests. Each runs one bad case and says how it must end; what holds for all of them is the fixture's.

mod appetite;
mod ceilings;
mod crashes;
mod endings;
mod greed;
mod halts;
mod hangs;
mod many;
mod noise;
mod offspring;
mod page;
mod runaway;
mod sabotage;
mod soon;
mod turns;
mod where_possible;

use std::{
    path::Path,
    process::ExitCode,
    sync::{PoisonError, RwLock},
};

use libtest_mimic::{Arguments, Completion, Failed, Trial};

/// Tests at a time, unless the command line says otherwise: most of their time they wait.
const AT_A_TIME: usize = 2;

/// Held for reading by each test, and for writing by one beside which no other may run.
static TURNS: RwLock<()> = RwLock::new(());

/// Runs the tests as the command line says.
pub(crate) fn run() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = arguments.test_threads.or(Some(AT_A_TIME));
    // The slowest are first, so that they do not run alone at the end.
    let trials = [
        many::trials(),
        greed::trials(),
        appetite::trials(),
        ceilings::trials(),
        runaway::trials(),
        soon::trials(),
        hangs::trials(),
        halts::trials(),
        noise::trials(),
        offspring::trials(),
        sabotage::trials(),
        turns::trials(),
        crashes::trials(),
        endings::trials(),
        page::trials(),
    ];
    libtest_mimic::run(&arguments, trials.into_iter().flatten().collect()).exit_code()
}

/// A test called `name`.
fn trial(name: &str, test: fn()) -> Trial {
    Trial::test(name, move || -> Result<(), Failed> {
        let _beside = TURNS.read().unwrap_or_else(PoisonError::into_inner);
        test();
        Ok(())
    })
}

/// A test that may find out that it cannot be made here.
fn ignorable_trial(name: &str, test: impl FnOnce() -> Result<Completion, Failed> + Send + 'static) -> Trial {
    Trial::ignorable_test(name, move || {
        let _beside = TURNS.read().unwrap_or_else(PoisonError::into_inner);
        test()
    })
}

/// A test that needs the program `setsid`, which some systems do not have.
fn trial_with_setsid(name: &str, test: fn()) -> Trial {
    ignorable_trial(name, move || {
        let path = std::env::var_os("PATH").unwrap_or_default();
        if !std::env::split_paths(&path).any(|folder: std::path::PathBuf| is_in(&folder)) {
            return Ok(Completion::ignored_with("there is no setsid"));
        }
        test();
        Ok(Completion::Completed)
    })
}

fn is_in(folder: &Path) -> bool {
    folder.join("setsid").is_file()
}
