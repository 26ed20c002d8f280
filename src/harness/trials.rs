use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use libtest_mimic::{Completion, Failed, Trial};

use super::{
    arguments::CommandLine,
    audience::Audience,
    baselines::Baselines,
    exit,
    lock::{LockError, Turns},
    needs::{Needed, ask},
    nodes::Nodes,
    on_alert::OnAlert,
    place,
    selection::{Selection, select},
};
use crate::{
    context::Terms,
    judge::Verdict,
    live::Exporter,
    monitor::Supply,
    progress::Board,
    report::{
        CaseFacts, CaseReport, IgnoredCase, LATENCY_LOG, RunFolder, begun_report, case_line, with_record,
    },
    safety::{Limits, Needs, Preflight, preflight},
    settings::Settings,
    suite::{Registered, Suite},
    supervisor::{Control, Order, REPORTS, Record, SCRATCH, supervise, supervise_in_process},
    units::ByteSize,
};

/// What the trials of a run share.
pub(super) struct Shared {
    pub(super) suite: Suite,
    pub(super) settings: Settings,
    pub(super) seed: u64,
    pub(super) run_id: String,
    pub(super) began: Instant,
    pub(super) started_at: String,
    pub(super) shows_output: bool,
    /// Where people see how cases go.
    pub(super) board: Board,
    /// Cases may run beside each other.
    pub(super) is_parallel: bool,
    pub(super) begun: OnceLock<Begun>,
    pub(super) results: Mutex<Results>,
    pub(super) on_alert: Mutex<OnAlert>,
    pub(super) baselines: Baselines,
    /// Who sends live figures, if anybody does.
    pub(super) live: Mutex<Option<Exporter>>,
    /// The nodes of the run, if there are others.
    pub(super) nodes: Option<Nodes>,
}

/// What exists from the first case on.
pub(super) struct Begun {
    pub(super) folder: RunFolder,
    pub(super) control: Control,
    turns: Turns,
    /// The one turn of a run whose cases run beside each other.
    _turn: Option<std::fs::File>,
    /// Says that the run goes on.
    _running: std::fs::File,
}

/// What became of the cases so far.
#[derive(Default)]
pub(super) struct Results {
    pub(super) cases: Vec<CaseReport>,
    pub(super) ignored: Vec<IgnoredCase>,
    pub(super) is_unwritten: bool,
    /// What the run has to say beside its cases.
    pub(super) warnings: Vec<String>,
    /// Cases that the machine has no room for, or not what they need.
    pub(super) unfit: usize,
}

/// One trial for each case that libtest-mimic is to know of.
pub(super) fn trials(
    shared: &Arc<Shared>,
    cases: &BTreeMap<String, Registered>,
    arguments: &CommandLine,
) -> Vec<Trial> {
    cases.iter().filter_map(|(name, case)| trial(shared, name, case, arguments)).collect()
}

fn trial(shared: &Arc<Shared>, name: &str, case: &Registered, arguments: &CommandLine) -> Option<Trial> {
    let run = {
        let (shared, name, case) = (Arc::clone(shared), name.to_owned(), *case);
        move || {
            let completion = shared.run_case(&name, &case);
            shared.board.make_way();
            completion
        }
    };
    let ignored = |reason: String| {
        let (shared, ignored) = (Arc::clone(shared), IgnoredCase { name: name.to_owned(), reason });
        Trial::ignorable_test(name.to_owned(), move || {
            let reason = ignored.reason.clone();
            shared.results().ignored.push(ignored);
            shared.board.make_way();
            Ok(Completion::ignored_with(reason))
        })
    };
    match select(&case.info, &shared.settings) {
        Selection::Runs => Some(Trial::ignorable_test(name.to_owned(), run)),
        // libtest's own words for it, which nextest uses too: a list marks it, `--ignored` runs it.
        Selection::LeftOut { .. } if arguments.test.list || arguments.asks_for_ignored() => {
            Some(Trial::ignorable_test(name.to_owned(), run).with_ignored_flag(true))
        }
        Selection::LeftOut { reason } => Some(ignored(reason)),
        Selection::NotSelected { .. } if arguments.test.list || arguments.asks_for_ignored() => None,
        Selection::NotSelected { reason } => Some(ignored(reason)),
    }
}

impl Shared {
    pub(super) fn results(&self) -> std::sync::MutexGuard<'_, Results> {
        self.results.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn on_alert(&self) -> std::sync::MutexGuard<'_, OnAlert> {
        self.on_alert.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn live(&self) -> std::sync::MutexGuard<'_, Option<Exporter>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run_case(&self, name: &str, case: &Registered) -> Result<Completion, Failed> {
        if self.settings.run().switch("dry_run") {
            return self.plan_case(name, case);
        }
        let begun = self.begun();
        if let Some(reason) = begun.control.stop_reason() {
            return Ok(
                self.stopped_before(name, format!("the run was stopped: {}", begun.control.sentence(reason)))
            );
        }
        let turn = match begun.turns.wait(&begun.control) {
            Ok(turn) => turn,
            Err(LockError::Stopped) => return Ok(self.stopped_before(name, LockError::Stopped.to_string())),
            Err(error) => fatal(&error),
        };
        let folder = RunFolder::of_case(name);
        let mut order = self.order(name, case, begun.folder.path().join(&folder), false)?;
        let mut unfit = match fitness(begun, &order) {
            Preflight::Fit { warnings } => {
                order.warnings = warnings;
                None
            }
            Preflight::Unfit { reason } => Some(reason),
        };
        let not_known = match (&unfit, ask(case.needs)) {
            (Some(_), _) | (None, Needed::There) => None,
            (None, Needed::Missing(what)) => {
                unfit = Some(what);
                None
            }
            (None, Needed::Unknown(why)) => Some(why),
        };
        if let Some(nodes) = &self.nodes {
            match nodes.begin(name, unfit.take()) {
                Ok(options) => order.terms.cluster = Some(options),
                Err(reason) => unfit = Some(reason),
            }
        }
        if let Some(reason) = unfit {
            self.results().unfit += 1;
            return Ok(self.skipped(name, reason));
        }
        let report = self.supervised(begun, case, &order, folder, not_known);
        let holds_back = self.nodes.as_ref().is_some_and(Nodes::holds_back);
        let report = if holds_back { report } else { self.compared(report) };
        let (report, verdict) = match &self.nodes {
            Some(nodes) => nodes.end(report),
            None => (report.clone(), report.verdict),
        };
        let report = if holds_back { report } else { self.with_history(report) };
        let line = case_line(&report);
        let formats = self.settings.run().list("report");
        if let Err(error) = begun.folder.write_course(&report, &formats) {
            eprintln!("error: {error}");
            self.results().is_unwritten = true;
        }
        // Before the next case has its turn, so that the command disturbs nothing that is measured.
        if !holds_back {
            self.on_alert().tell(&self.run_id, begun.folder.path(), &report, &begun.control);
        }
        rest(order.terms.settings.duration("pause_after").unwrap_or_default(), &begun.control);
        drop(turn);
        self.results().cases.push(report);
        match verdict {
            Verdict::Pass => Ok(Completion::Completed),
            Verdict::Inconclusive | Verdict::Fail | Verdict::Aborted => Err(Failed::from(line)),
        }
    }

    /// A case that a stop came before: the other nodes hear of it, and do not wait.
    fn stopped_before(&self, name: &str, reason: String) -> Completion {
        if let Some(nodes) = &self.nodes {
            let _all_skip = nodes.begin(name, Some(reason.clone()));
        }
        self.skipped(name, reason)
    }

    fn skipped(&self, name: &str, reason: String) -> Completion {
        self.results().ignored.push(IgnoredCase { name: name.to_owned(), reason: reason.clone() });
        Completion::ignored_with(reason)
    }

    /// The folder that the folders of runs are in.
    pub(super) fn reports(&self) -> std::path::PathBuf {
        place::reports(&self.suite, self.settings.run())
    }

    /// Makes the run's folder and starts to listen, before the first case.
    fn begun(&self) -> &Begun {
        self.begun.get_or_init(|| {
            let run = self.settings.run();
            let base = self.reports();
            let holds_back = self.nodes.as_ref().is_some_and(Nodes::holds_back);
            let open = if holds_back { RunFolder::open_aside } else { RunFolder::open };
            let folder = open(&base, &self.run_id).unwrap_or_else(|error| fatal(&error));
            let stop_file = run.text("stop_file").map_or_else(|| folder.path().join("stop"), Into::into);
            let control = Control::listen(Some(stop_file)).unwrap_or_else(|error| fatal(&error));
            let turns = Turns::of_setting(run.text("lock").unwrap_or("machine"));
            let turns = match &self.nodes {
                Some(nodes) => {
                    nodes.heed(&control);
                    turns.among_nodes()
                }
                None => turns,
            };
            let running = folder.begin(&self.run_report()).unwrap_or_else(|error| fatal(&error));
            match self.is_parallel {
                false => Begun { folder, control, turns, _turn: None, _running: running },
                true => {
                    let turn = turns.wait(&control).unwrap_or_else(|error| fatal(&error));
                    Begun { folder, control, turns: Turns::Off, _turn: turn, _running: running }
                }
            }
        })
    }

    /// Runs the case, or says in its report why it could not be.
    fn supervised(
        &self,
        begun: &Begun,
        case: &Registered,
        order: &Order,
        folder: String,
        not_known: Option<String>,
    ) -> CaseReport {
        let (counted, warning) = match begun.folder.put_away_earlier(&folder) {
            Ok(Some(earlier)) => (earlier.attempt + 1, Some(earlier.sentence)),
            Ok(None) => (1, None),
            // What cannot be put away is written over.
            Err(error) => (1, Some(error.to_string())),
        };
        let report = begun_report(&CaseFacts {
            info: &case.info,
            settings: &order.terms.settings,
            seed: order.terms.seed,
            started_at: place::now(),
            attempt: place::attempt().unwrap_or(counted),
            repeat: self.repeat(&order.name, case),
            limits: &order.limits,
            folder,
        });
        // What stays if this process does not live to say more.
        if let Err(error) = begun.folder.write_case(&report) {
            eprintln!("error: {error}");
            self.results().is_unwritten = true;
        }
        let mut audience = Audience::of(self, order);
        let is_in_process = self.settings.run().switch("in_process");
        let record = match (not_known, is_in_process) {
            (Some(why), _) => Err(why),
            (None, true) => supervise_in_process(order, case, &begun.control, &mut audience)
                .map_err(|error| error.to_string()),
            (None, false) => {
                supervise(order, &begun.control, &mut audience).map_err(|error| error.to_string())
            }
        };
        let is_logged = audience.is_logging();
        if let Err(error) = audience.finish() {
            eprintln!("error: {error}");
            self.results().is_unwritten = true;
        }
        let files = match (&record, is_in_process) {
            (Err(_), _) => &[][..],
            (Ok(_), true) => &["journal.ndjson"],
            (Ok(_), false) => &["journal.ndjson", "output.log"],
        };
        let log: &[&str] = if is_logged { &[LATENCY_LOG] } else { &[] };
        let gone = begun.folder.missing_in(&report.folder, &[files, log].concat());
        let mut report = with_record(report, &record.unwrap_or_else(not_run));
        report.warnings.extend(warning.into_iter().chain(gone));
        report
    }

    fn order(
        &self,
        name: &str,
        case: &Registered,
        folder: std::path::PathBuf,
        is_dry_run: bool,
    ) -> Result<Order, Failed> {
        let settings = self.settings.for_case(&case.info);
        let program = std::env::current_exe().map_err(|error| {
            Failed::from(format!("the program of this suite cannot be found: {error}; build it again"))
        })?;
        let memory = Supply::read(&[]).memory.map_or(0, |memory| memory.total_bytes);
        let limits = Limits::of(&settings, ByteSize::new(memory));
        Ok(Order {
            name: name.to_owned(),
            limits,
            terms: Terms {
                settings,
                folder,
                scratch: std::path::PathBuf::new(),
                data_limit_bytes: None,
                seed: seed_of(self.seed, name),
                is_dry_run,
                cluster: None,
            },
            program,
            shows_output: self.shows_output,
            board: self.board.clone(),
            shows_progress: !is_dry_run,
            warnings: Vec::new(),
        })
    }

    /// Runs the body with loads that only say what they are.
    fn plan_case(&self, name: &str, case: &Registered) -> Result<Completion, Failed> {
        match ask(case.needs) {
            Needed::There => {}
            Needed::Missing(what) => return Ok(Completion::ignored_with(what)),
            Needed::Unknown(why) => return Err(Failed::from(why)),
        }
        let folder = tempfile::tempdir().map_err(|error| {
            Failed::from(format!("no temporary folder could be made: {error}; make room or set TMPDIR"))
        })?;
        let order = self.order(name, case, folder.path().to_owned(), true)?;
        let record = supervise(&order, &Control::default(), &mut ())
            .map_err(|error| Failed::from(error.to_string()))?;
        let planned = &record.gathered.planned;
        if planned.is_empty() && record.ending != crate::Ending::Returned {
            return Err(Failed::from(format!("no load was reached: {}", record.ending)));
        }
        let longest = order.limits.time.map_or("without a time limit".to_owned(), |limit| {
            format!("at most {}", crate::units::show_duration(limit))
        });
        let on = case.info.target.map_or_else(String::new, |target| format!(" on {target}"));
        if planned.is_empty() {
            return Ok(Completion::ignored_with(format!("dry run{on}, {longest}: no load")));
        }
        let loads: Vec<String> = planned.iter().map(|p| format!("{}: {}", p.load, p.plan)).collect();
        Ok(Completion::ignored_with(format!("dry run{on}, {longest}: {}", loads.join("; "))))
    }

    /// The command that runs this case again.
    fn repeat(&self, name: &str, case: &Registered) -> String {
        let profile = match self.settings.profile() {
            "default" => String::new(),
            profile => format!(" --profile {profile}"),
        };
        let consent = match case.info.markers.iter().any(|m| crate::case::LEFT_OUT_BY_DEFAULT.contains(m)) {
            true => " --include-all",
            false => "",
        };
        let nodes = self.nodes.as_ref().map_or_else(String::new, Nodes::again);
        let suite = self.suite.crate_name;
        format!("cargo test --test {suite} -- --exact {name} --seed {}{profile}{consent}{nodes}", self.seed)
    }
}

/// Between two looks for a stop while the machine rests.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Lets the machine settle. The next case waits for the turn that this one still has, in whatever process it is.
fn rest(length: Duration, control: &Control) {
    let until = Instant::now() + length;
    while control.stop_reason().is_none() {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        std::thread::sleep(left.min(LOOK_EVERY));
    }
}

/// Whether the machine has what the case needs, now that it is its turn.
fn fitness(begun: &Begun, order: &Order) -> Preflight {
    let scratch = std::env::temp_dir();
    let supply = Supply::read(&[(SCRATCH, &scratch), (REPORTS, begun.folder.path())]);
    preflight(&Needs::of(&order.terms.settings), &order.limits, &supply)
}

/// Ends the program before the first case: there is nothing to lose yet.
fn fatal(error: &dyn std::fmt::Display) -> ! {
    eprintln!("error: {error}");
    std::process::exit(i32::from(exit::REPORT_NOT_WRITTEN))
}

/// The record of a case that could not even be started.
fn not_run(error: String) -> Record {
    Record { ending: crate::Ending::NotRun { error }, ..Record::begun(crate::Containment::default()) }
}

/// Each case has a seed of its own, so that leaving one out does not change the others.
fn seed_of(run: u64, name: &str) -> u64 {
    // FNV-1a: short, and the same on every machine, which std's hasher does not promise.
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    // 53 bits: JSON numbers are read as floats in many places.
    (run ^ hash) & ((1 << 53) - 1)
}
