//! The one table of keys: name, kind, scope, default and help of every setting.

use crate::case::nearest;

/// One setting that exists.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// As the file and `--set` write it: `max_memory`.
    pub(crate) name: &'static str,
    /// What its values are.
    pub(crate) kind: Kind,
    /// What it belongs to.
    pub(crate) scope: Scope,
    /// The built-in value as text; none when something else decides, which `help` names.
    pub(crate) default: Option<&'static str>,
    /// A value to show where none is built in; without one, any of the kind will do.
    pub(crate) example: Option<&'static str>,
    /// One line for the guide.
    pub(crate) help: &'static str,
    /// A limit that `off` takes away.
    pub(crate) may_be_off: bool,
    /// Whether zero is a value; elsewhere it is a slip that would stop every case at once.
    pub(crate) may_be_zero: bool,
}

/// What the values of a setting are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `30s`, `1m 30s`.
    Duration,
    /// `30s`, within what is kept for it.
    Window,
    /// `512MiB`.
    Bytes,
    /// `512MiB` or `60%` of what the machine has.
    Portion,
    /// `10MB/s`.
    BytesPerSecond,
    /// `100/s`.
    Rate,
    /// A whole number.
    Count,
    /// A finite number over zero.
    Factor,
    /// A share from 0 to 100 %.
    Percent,
    /// On or off.
    Switch,
    /// Any text that is not empty.
    Text,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Texts, separated by commas.
    List,
    /// Some of these words, separated by commas.
    Choices(&'static [&'static str]),
}

/// What a setting belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Each case has its own value.
    Case,
    /// The run has one value.
    Run,
}

const fn case(name: &'static str, kind: Kind, default: Option<&'static str>, help: &'static str) -> Key {
    Key {
        name,
        kind,
        scope: Scope::Case,
        default,
        example: None,
        help,
        may_be_off: false,
        may_be_zero: false,
    }
}

const fn run(name: &'static str, kind: Kind, default: Option<&'static str>, help: &'static str) -> Key {
    Key { name, kind, scope: Scope::Run, default, example: None, help, may_be_off: false, may_be_zero: false }
}

impl Key {
    const fn or_off(self) -> Self {
        Self { may_be_off: true, ..self }
    }

    const fn or_zero(self) -> Self {
        Self { may_be_zero: true, ..self }
    }

    const fn like(self, example: &'static str) -> Self {
        Self { example: Some(example), ..self }
    }

    /// The environment variable: `PROOFLOAD_MAX_MEMORY`.
    pub(crate) fn variable(&self) -> String {
        format!("{PREFIX}{}", self.name.to_ascii_uppercase())
    }

    /// The key of this name.
    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.name == name)
    }

    /// The name closest to one that is not there, among the keys and `further` words.
    pub(crate) fn nearest<'a>(name: &str, further: &[&'a str]) -> Option<&'a str> {
        nearest(name, KEYS.iter().map(|key| key.name).chain(further.iter().copied()))
    }
}

/// What the name of every variable of ours starts with.
pub(super) const PREFIX: &str = "PROOFLOAD_";

/// The formats a report can be written in.
const REPORTS: &[&str] = &["json", "text", "html", "junit", "markdown", "hlog", "csv"];

/// Every setting, in the order of the guide.
pub(crate) static KEYS: [Key; 73] = [
    case("time_limit", Kind::Duration, Some("300s"), "longest time for a case, everything included").or_off(),
    case("max_memory", Kind::Portion, Some("1GiB"), "most memory of a case's process tree").or_off(),
    case(
        "max_memory_growth",
        Kind::BytesPerSecond,
        Some("10MB/s"),
        "fastest lasting growth of a case's memory",
    )
    .or_off(),
    case(
        "containment",
        Kind::Choice(&["auto", "hard", "polling"]),
        Some("auto"),
        "what holds memory: `hard` runs a case only in a cgroup, `polling` without the kernel's help",
    ),
    case("memory_growth_window", Kind::Window, Some("10s"), "time over which growth of memory is judged"),
    case(
        "memory_growth_warm_up",
        Kind::Duration,
        Some("10s"),
        "time at the start of a case in which memory may grow as it likes",
    )
    .or_zero(),
    case("max_cpu", Kind::Percent, Some("90%"), "most CPU, as a share of the cores available").or_off(),
    case("cpu_window", Kind::Window, Some("5s"), "time over which CPU is judged: shorter bursts are allowed"),
    case("max_concurrency", Kind::Count, Some("50"), "most operations of a case in flight at once").or_off(),
    case("max_descriptors", Kind::Count, Some("off"), "most open descriptors of a case's process tree")
        .or_off(),
    case("max_threads", Kind::Count, Some("off"), "most threads of a case's process tree").or_off(),
    case("max_disk_written", Kind::Bytes, Some("off"), "most bytes that a case sends towards storage")
        .or_off(),
    case("min_free_memory", Kind::Portion, Some("5%"), "memory that must stay free on the machine").or_off(),
    case(
        "min_free_disk",
        Kind::Portion,
        Some("5%"),
        "space that must stay free where the scratch folder and the reports are",
    )
    .or_off(),
    case(
        "max_machine_load",
        Kind::Factor,
        Some("off"),
        "highest load average a core before a case starts; it is left out above",
    )
    .or_off(),
    case("needs_memory", Kind::Portion, None, "free memory without which a case is left out"),
    case(
        "needs_disk",
        Kind::Portion,
        None,
        "free space for the scratch folder without which a case is left out",
    ),
    case("duration", Kind::Duration, None, "how long each load lasts, instead of what the case states"),
    case("users", Kind::Count, None, "users of closed loads, instead of what the case states"),
    case("rate", Kind::Rate, None, "rate of open loads, instead of what the case states"),
    case("time_scale", Kind::Factor, Some("1"), "multiplies every duration of a load"),
    case("load_scale", Kind::Factor, Some("1"), "multiplies every rate and number of users of a load"),
    case("timeout", Kind::Duration, Some("30s"), "longest time for one operation"),
    case("drain", Kind::Duration, Some("5s"), "time for the operations that still run when a load ends")
        .or_zero(),
    case(
        "fault_share",
        Kind::Percent,
        None,
        "share of the operations that meet an injected fault, instead of what the case states; `0%` for none",
    )
    .or_zero(),
    case("workers", Kind::Count, Some("4"), "threads that run the operations"),
    case("min_samples", Kind::Count, Some("1"), "fewest operations that a verdict may rest on"),
    case(
        "pause_after",
        Kind::Duration,
        Some("0s"),
        "rest for the machine after the case, before the next one",
    )
    .or_zero(),
    case("expect", Kind::List, None, "further expectations: `success_rate >= 95%, latency.p95 < 100ms`")
        .like("success_rate >= 95%, latency.p95 < 100ms"),
    case(
        "base_url",
        Kind::Text,
        None,
        "the service that cases over HTTP are put on, instead of their own: `http://127.0.0.1:8080`",
    )
    .like("http://127.0.0.1:8080"),
    case(
        "alert_success_rate",
        Kind::Percent,
        Some("95%"),
        "success rate of a load under which there is an alert",
    )
    .or_off(),
    case(
        "alert_latency",
        Kind::Duration,
        Some("100ms"),
        "p95 of the response time over which there is an alert",
    )
    .or_off(),
    case(
        "alert_cpu",
        Kind::Percent,
        Some("85%"),
        "peak CPU, as a share of the cores available, over which there is an alert",
    )
    .or_off(),
    case("alert_memory", Kind::Bytes, Some("2000MB"), "peak memory over which there is an alert").or_off(),
    case("alert_error_rate", Kind::Percent, Some("5%"), "error rate of a load over which there is an alert")
        .or_off()
        .or_zero(),
    run("profile", Kind::Text, Some("default"), "the profile of stress.toml to run with"),
    run("seed", Kind::Count, None, "seed of everything random; a new one for each run unless set").or_zero(),
    run("report_dir", Kind::Text, None, "folder in which each run gets its own; `target/stress` unless set")
        .like("target/stress"),
    run("report", Kind::Choices(REPORTS), Some("json,text,html,junit,markdown,hlog,csv"), "reports to write"),
    run(
        "on_alert",
        Kind::List,
        None,
        "program and arguments that get each alert, as JSON on standard input; no shell: `notify-send, stress`",
    )
    .like("notify-send, stress"),
    run(
        "otlp_endpoint",
        Kind::Text,
        None,
        "OpenTelemetry collector that gets live figures over HTTP (feature `otlp`): `http://127.0.0.1:4318`",
    )
    .like("http://127.0.0.1:4318"),
    run("otlp_interval", Kind::Duration, Some("5s"), "time between two sets of live figures"),
    run("baseline", Kind::Text, None, "the saved runs that cases are compared with").like("main"),
    run("save_baseline", Kind::Text, None, "save the cases that pass under this name").like("main"),
    run("baseline_dir", Kind::Text, None, "folder of all baselines; `baselines` beside the runs unless set")
        .like("target/baselines"),
    run(
        "fail_on_regression",
        Kind::Switch,
        Some("false"),
        "a case fails of which a figure is worse than that of the baseline",
    ),
    run(
        "regression_level",
        Kind::Percent,
        Some("5%"),
        "chance with which a figure that did not change may come out worse",
    ),
    run("include_slow", Kind::Switch, Some("false"), "run the cases marked `slow` too"),
    run(
        "include_resource_intensive",
        Kind::Switch,
        Some("false"),
        "run the cases marked `resource_intensive` too",
    ),
    run("include_all", Kind::Switch, Some("false"), "run every case, whatever its markers"),
    run("marker", Kind::Text, None, "run only the cases whose markers meet this: `slow and not nightly`")
        .like("not slow"),
    run("target", Kind::List, None, "run only the cases with one of these targets: `vector_index, service_*`")
        .like("count_words"),
    run("in_process", Kind::Switch, Some("false"), "run cases without a child process, for debuggers"),
    run("dry_run", Kind::Switch, Some("false"), "show what would run, with which load and for how long"),
    run("show_settings", Kind::Switch, Some("false"), "show every setting and where it came from"),
    run(
        "lock",
        Kind::Text,
        Some("machine"),
        "`machine` for one case at a time on it, `off`, or a lock file's path",
    ),
    run("stop_file", Kind::Text, None, "the run stops softly when this file appears").like("stop"),
    run(
        "progress",
        Kind::Choice(&["auto", "plain", "off"]),
        Some("auto"),
        "what standard error shows of running cases: `auto` draws on a terminal, `plain` prints a line every 10 s",
    ),
    run(
        "cluster",
        Kind::Text,
        None,
        "the NATS server over which several nodes carry out the run together: `nats://host:4222`",
    ).like("nats://127.0.0.1:4222"),
    run("nodes", Kind::Count, Some("1"), "how many nodes carry out the run, all started with the same options"),
    run(
        "node",
        Kind::Count,
        None,
        "the number of this node, from 0; by `JOB_COMPLETION_INDEX`, `SLURM_PROCID` or the order of joining unless set",
    )
    .or_zero()
    .like("0"),
    run(
        "cluster_run",
        Kind::Text,
        None,
        "name of the run on the broker, the same on all its nodes; the suite's and the Slurm job's unless set",
    ).like("nightly"),
    run("cluster_wait", Kind::Duration, Some("5m"), "longest wait for all nodes to join"),
    run(
        "on_lost_node",
        Kind::Choice(&["stop", "continue"]),
        Some("stop"),
        "what becomes of a run that loses a node: it ends inconclusive, or goes on and says so",
    ),
    run("cluster_user", Kind::Text, None, "user name at the broker").like("stress"),
    run("cluster_password", Kind::Text, None, "password at the broker; no report shows it").like("secret"),
    run("cluster_token", Kind::Text, None, "token at the broker; no report shows it").like("secret"),
    run("cluster_nkey", Kind::Text, None, "file with the seed of an NKey for the broker").like("nats.nk"),
    run("cluster_credentials", Kind::Text, None, "file of credentials for the broker, as `nsc` makes it").like("nats.creds"),
    run("cluster_ca", Kind::Text, None, "file of certificates that the broker's is to be signed by, beside the system's").like("ca.pem"),
    run("cluster_certificate", Kind::Text, None, "file of this node's own certificate for the broker").like("node.pem"),
    run("cluster_key", Kind::Text, None, "file of the key of that certificate").like("node.key"),
    run("test_threads", Kind::Count, None, "cases that run at the same time; one unless set").like("1"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_snake_case_and_explained() {
        for (i, key) in KEYS.iter().enumerate() {
            assert!(key.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{}", key.name);
            assert!(KEYS[..i].iter().all(|other| other.name != key.name), "{} is there twice", key.name);
            assert!(!key.help.is_empty() && !key.help.ends_with('.'), "{}", key.name);
            let is_free = matches!(key.kind, Kind::Text | Kind::List) && key.name != "profile";
            assert!(
                !is_free || key.default.or(key.example).is_some(),
                "{} needs an example for the file of `--init`: .like(\"...\")",
                key.name
            );
        }
    }

    #[test]
    fn keys_are_found_by_name_and_nearly_so() {
        assert_eq!(
            Key::find("max_memory").map(|key| key.variable()),
            Some("PROOFLOAD_MAX_MEMORY".to_owned())
        );
        assert_eq!(Key::find("max_memmory"), None);
        assert_eq!(Key::nearest("max_memmory", &[]), Some("max_memory"));
        assert_eq!(Key::nearest("inherit", &["inherits"]), Some("inherits"));
    }
}
