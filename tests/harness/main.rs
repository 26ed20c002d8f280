//! The harness from outside, as a process. This one program is both sides: with the variable `FIXTURE_PACKAGE` it is a
//! small stress suite (`suite.rs`) for the package in that folder; without, it drives that suite and looks at what it
//! prints, how it exits and what it leaves on disk.

mod alerts;
mod bad_input;
mod baselines;
#[cfg(unix)]
#[path = "../cluster/broker.rs"]
mod broker;
#[cfg(target_os = "linux")]
mod browser;
mod ci;
#[cfg(target_os = "linux")]
mod confined;
mod course;
#[cfg(target_os = "linux")]
mod ending;
mod fixture;
mod init;
mod inspection;
mod listing;
mod live;
#[cfg(target_os = "linux")]
mod lost;
#[cfg(target_os = "linux")]
mod messages;
mod mistakes;
mod needs;
mod nextest;
mod overrides;
#[cfg(target_os = "linux")]
mod progress;
mod reports;
mod selection;
mod status;
mod suite;
mod trends;
mod turns;
mod watched;

use std::{env, process::ExitCode};

use libtest_mimic::{Arguments, Completion, Trial};

/// The name of a test and what it does.
type Test = (&'static str, Body);

/// What a test does; it fails by a panic.
#[derive(Clone, Copy)]
enum Body {
    Always(fn()),
    /// Needs a tool or a right that not every machine has.
    WherePossible(fn() -> Result<(), Impossible>),
}

/// Why a test cannot be done here.
struct Impossible(String);

/// Makes the table of a module's tests; those that are not possible everywhere come after `where possible:`.
macro_rules! tests {
    ($($name:ident),* $(,)? $(; where possible: $($needy:ident),* $(,)?)?) => {
        pub(super) const TESTS: &[$crate::Test] = &[
            $((concat!(module_path!(), "::", stringify!($name)), $crate::Body::Always($name)),)*
            $($((concat!(module_path!(), "::", stringify!($needy)), $crate::Body::WherePossible($needy)),)*)?
        ];
    };
}
use tests;

/// Half of these tests wait for a load to end, so two at a time keep the machine free for their loads.
const THREADS: usize = 2;

fn main() -> ExitCode {
    if env::args().nth(1).as_deref() == Some(alerts::TAKE) {
        return alerts::take();
    }
    match env::var(fixture::PACKAGE_VARIABLE) {
        Ok(package) => suite::run(package),
        Err(_) => drive(),
    }
}

fn drive() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS);
    let tables: &[&[Test]] = &[
        alerts::TESTS,
        bad_input::TESTS,
        baselines::TESTS,
        #[cfg(target_os = "linux")]
        browser::TESTS,
        ci::TESTS,
        #[cfg(target_os = "linux")]
        confined::TESTS,
        course::TESTS,
        #[cfg(target_os = "linux")]
        ending::TESTS,
        init::TESTS,
        inspection::TESTS,
        listing::TESTS,
        live::TESTS,
        #[cfg(target_os = "linux")]
        lost::TESTS,
        #[cfg(target_os = "linux")]
        messages::TESTS,
        mistakes::TESTS,
        needs::TESTS,
        nextest::TESTS,
        overrides::TESTS,
        #[cfg(target_os = "linux")]
        progress::TESTS,
        reports::TESTS,
        selection::TESTS,
        status::TESTS,
        trends::TESTS,
        turns::TESTS,
        watched::TESTS,
    ];
    let trial = |(name, body): &Test| {
        let body = *body;
        Trial::ignorable_test(name.trim_start_matches("harness::"), move || {
            let done = match body {
                Body::Always(test) => {
                    test();
                    Ok(())
                }
                Body::WherePossible(test) => test(),
            };
            Ok(done.map_or_else(|Impossible(why)| Completion::ignored_with(why), |()| Completion::Completed))
        })
    };
    let trials = tables.iter().flat_map(|table| table.iter()).map(trial).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}
