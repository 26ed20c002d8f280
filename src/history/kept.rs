use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Kept;
use crate::{
    baseline::{SavedCase, apart, differs},
    monitor::Environment,
    observe::Purpose,
    report::{CaseReport, LoadReport, PastRun, RunReport, SettingReport, Trend},
    units::show_duration,
};

/// The version of a line of history; it rises when a key changes its meaning or goes away.
pub const HISTORY_VERSION: u32 = 1;

/// Runs in the trend of a case, the newest one included: what an eye takes in, and three weeks of nights.
const SHOWN_RUNS: usize = 20;

/// The settings that make another load or another machine of the same code. A limit that ends a case, a threshold of an
/// alert and where reports go do not change what is measured.
const SHAPING: [&str; 12] = [
    "duration",
    "users",
    "rate",
    "time_scale",
    "load_scale",
    "timeout",
    "fault_share",
    "workers",
    "max_concurrency",
    "max_memory",
    "base_url",
    "in_process",
];

/// How the term of a load begins; no key of a setting has a space.
const LOAD: &str = "the load ";

/// A case in one run: a line of its file of history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct KeptRun {
    /// The version of this format.
    #[cfg_attr(test, schemars(extend("const" = HISTORY_VERSION)))]
    pub schema_version: u32,
    /// The name of the case.
    pub case: String,
    /// The profile of `stress.toml` that was used.
    pub profile: String,
    /// The key figures.
    #[serde(flatten)]
    pub run: PastRun,
    /// What shaped the load: settings by their keys, and each load in words. Runs that differ in one that both have are
    /// not compared.
    pub terms: BTreeMap<String, String>,
    /// Machine, build, commit.
    pub environment: Environment,
}

impl KeptRun {
    /// What is kept of a case of a run.
    pub(crate) fn of(run: &RunReport, case: &CaseReport) -> Self {
        Self {
            schema_version: HISTORY_VERSION,
            case: case.name.clone(),
            profile: run.profile.clone(),
            run: PastRun::of(&run.run_id, run.environment.commit.as_deref(), case),
            terms: terms(run, case),
            environment: run.environment.clone(),
        }
    }

    /// What keeps two runs from being compared, a sentence each.
    fn differences(&self, now: &Self) -> Vec<String> {
        let around = apart((&self.profile, &self.environment), (&now.profile, &now.environment));
        // A load that an aborted run did not come to, and a setting that an older version did not have, are no difference.
        let both = self.terms.iter().filter_map(|(what, then)| Some((what, then, now.terms.get(what)?)));
        let (loads, settings): (Vec<_>, Vec<_>) = both.partition(|(what, ..)| what.starts_with(LOAD));
        let sentences = |of: Vec<(&String, &String, &String)>| -> Vec<String> {
            of.into_iter().filter_map(|(what, then, now)| differs(what, then, now)).collect()
        };
        let settings = sentences(settings);
        // A load that is another one by a setting is not said twice.
        let loads = if settings.is_empty() { sentences(loads) } else { Vec::new() };
        around.into_iter().chain(settings).chain(loads).collect()
    }
}

fn terms(run: &RunReport, case: &CaseReport) -> BTreeMap<String, String> {
    let is_shaping = |setting: &&SettingReport| SHAPING.contains(&setting.key.as_str());
    let settings = run.settings.iter().chain(&case.settings).filter(is_shaping);
    let value = |setting: &SettingReport| setting.value.clone().unwrap_or_else(|| "unset".to_owned());
    let mut terms: BTreeMap<String, String> =
        settings.map(|setting| (setting.key.clone(), value(setting))).collect();
    // The loads of a search differ from run to run; what they came to is compared.
    if SavedCase::from(case).findings.is_empty() {
        let measured = case.loads.iter().filter(|load| load.purpose == Purpose::Measure);
        terms.extend(measured.map(|load| (format!("{LOAD}{:?}", load.load), load_in_words(load))));
    }
    terms
}

fn load_in_words(load: &LoadReport) -> String {
    let timeout = std::time::Duration::try_from_secs_f64(load.timeout_s).unwrap_or_default();
    let cap = load.max_in_flight.map_or_else(String::new, |cap| format!(", at most {cap} in flight"));
    let model = format!("{:?}", load.model).to_lowercase();
    let workers = load.process.workers;
    format!("{} ({model}, timeout {}{cap}, {workers} workers)", load.plan, show_duration(timeout))
}

/// The last runs that are like `now`, with it as the last; later runs than it are not its past.
pub(crate) fn trend(kept: &Kept, now: &KeptRun) -> Trend {
    let is_earlier =
        |run: &&KeptRun| run.run.run_id != now.run.run_id && run.run.started_at <= now.run.started_at;
    let (alike, others): (Vec<&KeptRun>, Vec<&KeptRun>) =
        kept.runs.iter().filter(is_earlier).partition(|run| run.differences(now).is_empty());
    let mut trend = Trend::default();
    let first = alike.len().saturating_sub(SHOWN_RUNS - 1);
    trend.runs.extend(alike[first..].iter().copied().chain([now]).map(|run| run.run.clone()));
    if let Some(newest) = others.last() {
        let why = newest.differences(now).join(", ");
        trend.left_out.push(match others.len() {
            1 => format!("1 run under other conditions is left out: {why}"),
            n => format!("{n} runs under other conditions are left out; of the newest, {why}"),
        });
    }
    trend.left_out.extend(kept.skipped.clone());
    trend
}
