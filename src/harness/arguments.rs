use clap::Parser;

use crate::settings::without_secret;

/// The command line: libtest's own arguments, and ours. Each of ours is a setting, with a key for `stress.toml` and a
/// variable `PROOFLOAD_...`; what is given here is the strongest.
#[derive(Parser, Debug, Clone)]
#[command(
    about = "Stress tests of this package, each case in a process of its own.",
    after_help = "Every option after `--progress` that is listed here is also a key of stress.toml and a variable PROOFLOAD_...; \
                  `--show-settings` lists all of them with their values."
)]
pub(super) struct CommandLine {
    #[command(flatten)]
    pub(super) test: libtest_mimic::Arguments,

    /// Run the cases marked `slow` too.
    #[arg(long, help_heading = "Stress")]
    include_slow: bool,

    /// Run the cases marked `resource_intensive` too.
    #[arg(long, help_heading = "Stress")]
    include_resource_intensive: bool,

    /// Run every case, whatever its markers.
    #[arg(long, help_heading = "Stress")]
    include_all: bool,

    /// Run only the cases whose markers meet this: `slow and not resource_intensive`.
    #[arg(short = 'm', long, value_name = "EXPRESSION", help_heading = "Stress")]
    marker: Option<String>,

    /// Run only the cases with this target; several with commas, or given more than once.
    #[arg(long, value_name = "NAME", help_heading = "Stress")]
    target: Vec<String>,

    /// The profile of stress.toml to run with.
    #[arg(long, value_name = "NAME", help_heading = "Stress")]
    profile: Option<String>,

    /// Set a key for every case (`duration=5s`) or for one (`search.duration=5s`).
    #[arg(long, value_name = "[CASE.]KEY=VALUE", help_heading = "Stress")]
    pub(super) set: Vec<String>,

    /// The seed of everything random.
    #[arg(long, value_name = "N", help_heading = "Stress")]
    seed: Option<String>,

    /// Folder in which each run gets its own; `target/stress` unless given.
    #[arg(long, value_name = "FOLDER", help_heading = "Stress")]
    report_dir: Option<String>,

    /// Reports to write: json, text, html, junit, markdown, hlog, csv.
    #[arg(long, value_name = "FORMATS", help_heading = "Stress")]
    report: Option<String>,

    /// Compare each case with the runs saved under this name, and say what is better, worse or the same.
    #[arg(long, value_name = "NAME", help_heading = "Stress")]
    baseline: Option<String>,

    /// Save the cases that pass under this name; the newest 20 runs are kept.
    #[arg(long, value_name = "NAME", help_heading = "Stress")]
    save_baseline: Option<String>,

    /// Let a case fail of which a figure is worse than that of the baseline.
    #[arg(long, help_heading = "Stress")]
    fail_on_regression: bool,

    /// Carry out the run together with other machines, over this NATS server: nats://host:4222.
    #[arg(long, value_name = "URL", help_heading = "Stress")]
    cluster: Option<String>,

    /// How many nodes carry out the run; start the same program with the same options on each.
    #[arg(long, value_name = "N", help_heading = "Stress")]
    nodes: Option<String>,

    /// The number of this node, from 0, unless the scheduler or the order of joining says it.
    #[arg(long, value_name = "N", help_heading = "Stress")]
    node: Option<String>,

    /// What the run is called on the broker, for several at the same time.
    #[arg(long, value_name = "NAME", help_heading = "Stress")]
    cluster_run: Option<String>,

    /// Show what would run, with which load and for how long.
    #[arg(long, help_heading = "Stress")]
    dry_run: bool,

    /// Show every setting and where it came from.
    #[arg(long, help_heading = "Stress")]
    show_settings: bool,

    /// Measure the load generator on this machine, and say what rates and times can be trusted. No case runs.
    #[arg(long, help_heading = "Stress")]
    pub(super) self_check: bool,

    /// Write what a suite begins with (stress.toml with every setting, a first case) and show the lines for Cargo.toml,
    /// nextest and CI. Leaves alone what is there.
    #[arg(long, help_heading = "Stress")]
    pub(super) init: bool,

    /// Make the reports of a run anew that did not live to write them; RUN is its name or its folder.
    #[arg(long, value_name = "RUN", help_heading = "Stress")]
    pub(super) recover: Option<String>,

    /// Show two runs beside each other, each a name, a folder, a report.json or `latest`; one alone is shown beside the newest.
    #[arg(long, value_name = "RUN", num_args = 1..=2, help_heading = "Stress")]
    pub(super) compare: Option<Vec<String>>,

    /// Show what is kept of the last runs of the cases with this in their name.
    #[arg(long, value_name = "CASE", help_heading = "Stress")]
    pub(super) history: Option<String>,

    /// Run cases without a child process, for debuggers: limits can only ask them to stop.
    #[arg(long, help_heading = "Stress")]
    in_process: bool,

    /// Stop softly when this file appears; `stop` in the run's folder unless given.
    #[arg(long, value_name = "FILE", help_heading = "Stress")]
    stop_file: Option<String>,

    /// How cases are shown while they run: auto (drawn on a terminal, else plain), plain (a line every 10 s), off.
    #[arg(long, value_name = "HOW", help_heading = "Stress")]
    progress: Option<String>,

    /// The same as --nocapture.
    #[arg(long, hide = true)]
    no_capture: bool,
}

impl CommandLine {
    /// Reads the arguments of this process; asks for help and mistakes end it, with status 0 and 2.
    pub(super) fn of_process() -> Self {
        let mut arguments = Self::parse();
        arguments.test.nocapture |= arguments.no_capture;
        arguments
    }

    /// What was given, as settings: key, value, and the words on the command line.
    pub(super) fn as_settings(&self) -> Vec<(String, String, String)> {
        let switches = [
            ("include_slow", self.include_slow),
            ("include_resource_intensive", self.include_resource_intensive),
            ("include_all", self.include_all),
            ("fail_on_regression", self.fail_on_regression),
            ("dry_run", self.dry_run),
            ("show_settings", self.show_settings),
            ("in_process", self.in_process),
        ];
        let target = (!self.target.is_empty()).then(|| self.target.join(","));
        let values = [
            ("marker", &self.marker),
            ("target", &target),
            ("profile", &self.profile),
            ("seed", &self.seed),
            ("report_dir", &self.report_dir),
            ("report", &self.report),
            ("baseline", &self.baseline),
            ("save_baseline", &self.save_baseline),
            ("cluster", &self.cluster),
            ("nodes", &self.nodes),
            ("node", &self.node),
            ("cluster_run", &self.cluster_run),
            ("stop_file", &self.stop_file),
            ("progress", &self.progress),
        ];
        let flag = |key: &str| format!("--{}", key.replace('_', "-"));
        let switches = switches.into_iter().filter(|(_, is_on)| *is_on);
        let switches = switches.map(|(key, _)| (key.to_owned(), "true".to_owned(), flag(key)));
        let values = values.into_iter().filter_map(|(key, value)| {
            let value = value.clone()?;
            let given = format!("{} {}", flag(key), without_secret(key, &value));
            Some((key.to_owned(), value, given))
        });
        switches.chain(values).collect()
    }

    /// Whether ignored cases were asked for in libtest's words.
    pub(super) const fn asks_for_ignored(&self) -> bool {
        self.test.ignored || self.test.include_ignored
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn options_are_settings_with_their_words() {
        let arguments =
            CommandLine::parse_from(["stress", "--include-slow", "-m", "not slow", "--seed", "7", "search"]);
        assert_eq!(
            arguments.as_settings(),
            [
                ("include_slow".to_owned(), "true".to_owned(), "--include-slow".to_owned()),
                ("marker".to_owned(), "not slow".to_owned(), "--marker not slow".to_owned()),
                ("seed".to_owned(), "7".to_owned(), "--seed 7".to_owned()),
            ]
        );
        assert_eq!(arguments.test.filter.as_deref(), Some("search"));
    }
}
