use std::{
    collections::BTreeMap,
    process::ExitCode,
    sync::{Arc, Mutex, OnceLock},
    time::Instant,
};

use libtest_mimic::{ColorSetting, FormatSetting};

use super::{
    arguments::CommandLine,
    baselines::{BaselineMistake, Baselines},
    compare::compare,
    exit,
    github::GitHub,
    history,
    nodes::{Nodes, NodesMistake},
    on_alert::OnAlert,
    place,
    recover::recover,
    self_check::self_check,
    trials::{Results, Shared, trials},
};
use crate::{
    case::{CaseInfo, Severity},
    live::{Exporter, LiveError, LiveRun},
    monitor::{BuildInfo, Environment},
    progress::{Board, Colour},
    report::{RunReport, SCHEMA_VERSION, Statistics, Summary, settings_report, summary_text},
    settings::{Settings, SettingsError, Sources, argument_without_secret, assignment, show},
    stop::StopReason,
    suite::{Registered, Suite},
    supervisor::become_subreaper,
};

/// Runs the suite.
pub(super) fn run(
    suite: &Suite,
    cases: &BTreeMap<String, Registered>,
    mut arguments: CommandLine,
) -> ExitCode {
    let infos: Vec<CaseInfo> = cases.values().map(|case| case.info).collect();
    let settings = match settings(suite, &infos, &arguments) {
        Ok(settings) => settings,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(exit::USAGE);
        }
    };
    if settings.run().switch("show_settings") {
        print!("{}", show(&settings, &infos));
        return ExitCode::from(exit::PASSED);
    }
    if arguments.self_check {
        return check_self(&settings);
    }
    if let Some(text) = &arguments.history {
        let store = history::store(suite, &place::reports(suite, settings.run()));
        return history::show(&store, &cases.keys().map(String::as_str).collect::<Vec<_>>(), text);
    }
    if let Some(runs) = &arguments.compare {
        return compare(&place::reports(suite, settings.run()), runs, &arguments.test, settings.run());
    }
    let threads = arguments.test.test_threads.or(settings.run().count("test_threads").map(|n| n as usize));
    arguments.test.test_threads = Some(threads.unwrap_or(1));
    let baselines = match baselines(suite, &settings, &arguments) {
        Ok(baselines) => baselines,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(exit::USAGE);
        }
    };
    let shared = match shared(suite, settings, baselines, &arguments, cases) {
        Ok(shared) => Arc::new(shared),
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(exit::USAGE);
        }
    };
    if let Some(run) = &arguments.recover {
        let history = history::store(suite, &shared.reports());
        return recover(suite, &shared.reports(), run, &shared.settings.run().list("report"), &history);
    }
    if let Err(error) = go_live(&shared, &arguments) {
        eprintln!("error: {error}");
        return ExitCode::from(exit::USAGE);
    }
    become_subreaper();
    let conclusion = libtest_mimic::run(&arguments.test, trials(&shared, cases, &arguments));
    let unfit = shared.results().unfit;
    let lost = shared.nodes.as_ref().and_then(|nodes| nodes.lost().map(str::to_owned));
    if let Some(lost) = &lost {
        eprintln!("error: the run did not come to its end on all nodes: {lost}");
    }
    let is_written = arguments.test.list || report(&shared);
    shared.nodes.iter().for_each(Nodes::leave);
    // A runner with a process for each case would take it for that case's failure.
    let is_alone = std::env::var_os("NEXTEST_RUN_ID").is_none();
    let nothing_ran = is_alone && unfit > 0 && conclusion.num_passed == 0;
    if nothing_ran {
        eprintln!(
            "error: none of the cases ran: the machine has no room for them, or not what they need; the reason \
             stands beside each of them above"
        );
    }
    let stopped = shared.begun.get().and_then(|begun| begun.control.stop_reason());
    ExitCode::from(match (stopped, conclusion.has_failed(), is_written) {
        (Some(StopReason::Terminated), _, _) => exit::TERMINATED,
        (Some(StopReason::HungUp), _, _) => exit::HUNG_UP,
        (Some(_), _, _) => exit::INTERRUPTED,
        (None, true, _) => exit::FAILED,
        (None, false, _) if lost.is_some() => exit::FAILED,
        (None, false, _) if nothing_ran => exit::NO_ROOM,
        (None, false, false) => exit::REPORT_NOT_WRITTEN,
        (None, false, true) => exit::PASSED,
    })
}

/// The self-check as a case, so that settings apply to it.
const SELF_CHECK: CaseInfo = CaseInfo {
    function: "self_check",
    module: "self_check",
    file: file!(),
    line: line!(),
    markers: &[],
    settings: &[],
    severity: Severity::Medium,
    target: None,
    about: "",
};

fn check_self(settings: &Settings) -> ExitCode {
    // With what a case gets that states nothing itself.
    let settings = settings.for_case(&SELF_CHECK);
    let workers = settings.count("workers").map_or(1, |n| n as usize);
    match self_check(workers, settings.factor("time_scale")) {
        Ok(()) => ExitCode::from(exit::PASSED),
        Err(error) => {
            eprintln!("error: the self-check could not run: {error}");
            ExitCode::from(exit::USAGE)
        }
    }
}

/// The baselines of the run. A list and a recovery compare nothing, so that nothing of them can be wrong.
fn baselines(
    suite: &Suite,
    settings: &Settings,
    arguments: &CommandLine,
) -> Result<Baselines, BaselineMistake> {
    match arguments.test.list || arguments.recover.is_some() {
        true => Ok(Baselines::unused()),
        false => Baselines::of(settings.run(), place::reports(suite, settings.run())),
    }
}

/// Begins to send figures where that is asked for. A list and a dry run have none.
fn go_live(shared: &Shared, arguments: &CommandLine) -> Result<(), LiveError> {
    let settings = shared.settings.run();
    if arguments.test.list || settings.switch("dry_run") {
        return Ok(());
    }
    let run = LiveRun {
        run_id: &shared.run_id,
        suite: shared.suite.crate_name,
        profile: shared.settings.profile(),
    };
    *shared.live() = Exporter::of(settings, &run)?;
    Ok(())
}

fn shared(
    suite: &Suite,
    settings: Settings,
    baselines: Baselines,
    arguments: &CommandLine,
    cases: &BTreeMap<String, Registered>,
) -> Result<Shared, NodesMistake> {
    // A seed that people can type again.
    let seed = settings.run().count("seed").or_else(place::shared_seed);
    let seed = seed.unwrap_or_else(|| u64::from(fastrand::u32(..)));
    let run_id = place::run_id(seed);
    let nodes = Nodes::of(suite, &settings, arguments, cases, (seed, &run_id))?;
    let (seed, run_id) = nodes.as_ref().map_or((seed, run_id), Nodes::run);
    Ok(Shared {
        suite: *suite,
        seed,
        run_id,
        nodes,
        began: Instant::now(),
        started_at: place::now(),
        shows_output: arguments.test.nocapture,
        board: board(settings.run().text("progress").unwrap_or("auto"), &arguments.test),
        is_parallel: arguments.test.test_threads != Some(1),
        on_alert: Mutex::new(OnAlert::of(settings.run())),
        settings,
        begun: OnceLock::new(),
        results: Mutex::new(Results::default()),
        baselines,
        live: Mutex::new(None),
    })
}

/// Where progress is shown. libtest-mimic's colours are meant for it too.
fn board(setting: &str, arguments: &libtest_mimic::Arguments) -> Board {
    let colour = match arguments.color {
        Some(ColorSetting::Always) => Colour::Always,
        Some(ColorSetting::Never) => Colour::Never,
        Some(ColorSetting::Auto) | None => Colour::Auto,
    };
    let is_pretty = !arguments.quiet && matches!(arguments.format, Some(FormatSetting::Pretty) | None);
    // One case at a time has its line begun before it and ended after it.
    let leaves_lines_open = is_pretty && arguments.test_threads == Some(1) && arguments.logfile.is_none();
    Board::of(setting, colour, leaves_lines_open)
}

fn settings(suite: &Suite, cases: &[CaseInfo], arguments: &CommandLine) -> Result<Settings, SettingsError> {
    let mut command_line = arguments.as_settings();
    for text in &arguments.set {
        command_line.push(assignment(text)?);
    }
    let file = place::shown(&place::suite_folder(suite).join("stress.toml"));
    let around = Sources::around(&file);
    let all = around
        .and_then(|around| Settings::load(Sources { command_line: command_line.clone(), ..around }, cases));
    match all {
        // Listing is what editors and nextest do for a whole workspace: a mistake in one suite's settings must not
        // take the others' lists away.
        Err(error) if arguments.test.list => {
            let settings = Settings::load(Sources { command_line, ..Sources::default() }, cases)?;
            eprintln!("warning: {error}");
            Ok(settings)
        }
        all => all,
    }
}

impl Shared {
    /// What is known of the run: all but what becomes of its cases.
    pub(super) fn run_report(&self) -> RunReport {
        let environment = Environment::read(BuildInfo {
            rustc: env!("BUILT_BY_RUSTC").to_owned(),
            optimised: env!("BUILT_WITH_OPT_LEVEL") != "0",
            debug_assertions: cfg!(debug_assertions),
            proofload: env!("CARGO_PKG_VERSION").to_owned(),
        });
        let mut warnings = Vec::new();
        if !environment.build.optimised {
            warnings.push(
                "the suite was built without optimisation, so the load generator may be the limit: set `opt-level = 2` \
                 in [profile.test] of Cargo.toml"
                    .to_owned(),
            );
        }
        RunReport {
            schema_version: SCHEMA_VERSION,
            run_id: self.run_id.clone(),
            started_at: self.started_at.clone(),
            duration_s: self.began.elapsed().as_secs_f64(),
            profile: self.settings.profile().to_owned(),
            seed: self.seed,
            command: std::env::args().skip(1).map(|argument| argument_without_secret(&argument)).collect(),
            summary: Summary::default(),
            statistics: Statistics::default(),
            alerts: Vec::new(),
            stopped: None,
            warnings,
            bottlenecks: Vec::new(),
            recommendations: Vec::new(),
            environment,
            settings: settings_report(self.settings.run()),
            cases: Vec::new(),
            ignored: Vec::new(),
        }
    }
}

/// Writes the reports and shows the summary; whether everything could be written. Without a case that ran there is
/// nothing to tell.
fn report(shared: &Shared) -> bool {
    let Some(begun) = shared.begun.get() else { return true };
    shared.board.make_way();
    if shared.nodes.as_ref().is_some_and(Nodes::holds_back) {
        let own = place::shown(begun.folder.path());
        eprintln!("node 0 judges and has the report; the share of this node is in {}", own.display());
        return !shared.results().is_unwritten;
    }
    let results = std::mem::take(&mut *shared.results());
    let stopped = begun.control.stop_reason().map(|reason| begun.control.sentence(reason));
    let mut run =
        RunReport { stopped, cases: results.cases, ignored: results.ignored, ..shared.run_report() };
    run.warnings.extend(std::mem::take(&mut *shared.on_alert()).into_warnings());
    run.warnings.extend(results.warnings);
    run.warnings.extend(shared.baselines.unanswered(&run.cases));
    let live = shared.live().take();
    run.warnings.extend(live.and_then(Exporter::finish));
    let formats = shared.settings.run().list("report");
    let github = GitHub::of_environment();
    let is_written = match begun.folder.write_run(run.clone(), &formats) {
        Ok(whole) => {
            eprint!("\n{}", summary_text(&whole));
            eprintln!("{}", place::reports_line(&begun.folder));
            github.annotate(&shared.suite, &run, &whole);
            github.sum_up(&begun.folder, &whole, &formats);
            !results.is_unwritten
        }
        Err(error) => {
            eprint!("\n{}", summary_text(&run));
            eprintln!("error: {error}");
            github.annotate(&shared.suite, &run, &run);
            false
        }
    };
    let is_saved = save(shared, &run);
    is_written && is_saved
}

/// Saves the run as a baseline if that is asked for; whether that could be done.
fn save(shared: &Shared, run: &RunReport) -> bool {
    match shared.baselines.save(run) {
        Ok(Some(said)) => eprintln!("{said}"),
        Ok(None) => {}
        Err(error) => {
            eprintln!("error: {error}");
            return false;
        }
    }
    true
}
