/// Every case that ran passed.
pub const PASSED: u8 = 0;

/// The command line, the settings or the suite are wrong; nothing ran.
pub const USAGE: u8 = 2;

/// The reports or the files of `--init` could not be written, or a folder or lock file that the run needs could not be used; what the cases
/// did is on standard error.
pub const REPORT_NOT_WRITTEN: u8 = 74;

/// Cases were to run, and the machine had no room for any of them or not what they need; what they lack is in their
/// lines (EX_TEMPFAIL).
pub const NO_ROOM: u8 = 75;

/// At least one case failed (a threshold with `abort` that ended one among them), was aborted or is inconclusive;
/// libtest's status for failed tests.
pub const FAILED: u8 = 101;

/// A person (Ctrl-C) or the stop file ended the run: 128 and the number of SIGINT, as shells say.
pub const INTERRUPTED: u8 = 130;

/// SIGTERM to the supervisor ended the run: 128 and its number. A test runner's timeout and a cancelled CI job send it.
pub const TERMINATED: u8 = 143;

/// The end of the terminal (SIGHUP) ended the run: 128 and its number.
pub const HUNG_UP: u8 = 129;
