use super::{
    chart::Chart,
    levels,
    table::{Table, cell},
};
use crate::{
    judge::{
        AgentSeen, Brief, DataRow, Detail, ExhaustionStep, Finding, LoadSummary, PhaseSeen, Recovery,
        Resilience, ResponseTime, TrialResult, UnderPressure,
    },
    report::{CaseReport, text::show},
};

/// What a procedure found out, with what it rests on.
#[derive(Debug, Clone)]
pub(super) struct FindingPart<'a> {
    pub(super) procedure: &'a str,
    pub(super) heading: &'static str,
    pub(super) sentence: &'a str,
    pub(super) charts: Vec<Chart>,
    pub(super) table: Table,
}

impl<'a> FindingPart<'a> {
    pub(super) fn of(case: &CaseReport, finding: &'a Finding) -> Self {
        let (heading, charts, table) = parts(case, &finding.detail);
        Self { procedure: &finding.procedure, heading, sentence: &finding.sentence, charts, table }
    }
}

fn parts(case: &CaseReport, detail: &Detail) -> (&'static str, Vec<Chart>, Table) {
    let nothing = Table::default;
    match detail {
        Detail::BreakingPoint { found, trials, .. } => {
            let tried: Vec<f64> = trials.iter().map(|trial| trial.per_sec).collect();
            let rows = trials.iter().map(|trial| (show::rate(trial.per_sec), &trial.result));
            ("Breaking point", levels::breaking_point(case, found, &tried), trial_table("rate", rows))
        }
        Detail::Degradation { loads, .. } => ("Degradation", vec![levels::degradation(loads)], nothing()),
        Detail::Leak { .. } => ("Leak", Vec::new(), nothing()),
        Detail::Drift { .. } => ("Latency drift", Vec::new(), nothing()),
        Detail::ErrorDrift { .. } => ("Error drift", Vec::new(), nothing()),
        Detail::Capacity { found, trials, .. } => {
            let tried: Vec<u64> = trials.iter().map(|trial| trial.level).collect();
            let rows = trials.iter().map(|trial| (show::count(trial.level), &trial.result));
            ("Capacity", levels::capacity(case, found, &tried), trial_table("at once", rows))
        }
        Detail::Saturation { levels, .. } => ("Saturation", vec![levels::saturation(levels)], nothing()),
        Detail::RapidScale { phases } => ("Rapid scale", Vec::new(), phase_table(phases)),
        Detail::MixedAgents { agents } => ("Kinds of users", Vec::new(), agent_table(agents)),
        Detail::Recovery { attempts, .. } => ("Recovery", Vec::new(), attempt_table(attempts)),
        Detail::Exhaustion { steps, .. } => ("Exhaustion", Vec::new(), step_table(steps)),
        Detail::Resilience { found } => ("Resilience", Vec::new(), resilience_table(found)),
        Detail::UnderPressure { found } => ("Under pressure", Vec::new(), pressure_table(found)),
        Detail::ExtremeData { rows } => ("Extreme data", Vec::new(), data_table(rows)),
    }
}

fn trial_table<'a>(level: &str, trials: impl Iterator<Item = (String, &'a TrialResult)>) -> Table {
    let mut table = Table::new(&["trial", level, "result"]);
    for (n, (level, result)) in trials.enumerate() {
        table.row([(n + 1).to_string(), level, result_words(result)]);
    }
    table
}

fn result_words(result: &TrialResult) -> String {
    match result {
        TrialResult::Held => "held".to_owned(),
        TrialResult::Broke { objective } => format!("broke: {objective}"),
        TrialResult::Unknown { reason } => format!("not known: {reason}"),
    }
}

/// What [`brief_cells`] has in its columns.
const BRIEF: [&str; 8] = ["due", "ok", "errors", "rejected", "carried out", "p50", "p95", "p99"];

fn brief_cells(figures: &Brief) -> [String; 8] {
    [
        show::count(figures.due),
        cell(figures.success_rate, show::share),
        cell(figures.error_rate, show::share),
        cell(figures.rejected_rate, show::share),
        cell(figures.throughput_per_sec, show::rate),
        cell(figures.p50, |time| time.to_string()),
        cell(figures.p95, |time| time.to_string()),
        cell(figures.p99, |time| time.to_string()),
    ]
}

fn phase_table(phases: &[PhaseSeen]) -> Table {
    let mut table = Table::new(&["phase", "verdict"]);
    table.head.extend(BRIEF.map(str::to_owned));
    table.head.extend(["settled", "missed"].map(str::to_owned));
    for phase in phases {
        let lead = [phase.name.clone(), phase.verdict.words().to_owned()];
        let end = [phase.settling.to_string(), phase.missed.join("; ")];
        table.row(lead.into_iter().chain(brief_cells(&phase.figures)).chain(end));
    }
    table
}

fn agent_table(agents: &[AgentSeen]) -> Table {
    let mut table = Table::new(&["kind", "load", "verdict"]);
    table.head.extend(BRIEF.map(str::to_owned));
    table.head.push("missed".to_owned());
    for agent in agents {
        let lead = [agent.name.clone(), agent.plan.clone(), agent.verdict.words().to_owned()];
        let end = [agent.missed.join("; ")];
        table.row(lead.into_iter().chain(brief_cells(&agent.figures)).chain(end));
    }
    table
}

fn attempt_table(attempts: &[Recovery]) -> Table {
    let mut table = Table::new(&["attempt", "result"]);
    for (n, attempt) in attempts.iter().enumerate() {
        table.row([(n + 1).to_string(), attempt.to_string()]);
    }
    table
}

/// What [`summary_cells`] has in its columns.
const SUMMARY: [&str; 5] = ["due", "ok", "p50", "p95", "p99"];

fn summary_cells(seen: &LoadSummary) -> [String; 5] {
    let [p50, p95, p99] = [seen.p50, seen.p95, seen.p99].map(|time| cell(time, response_time));
    [show::count(seen.due), cell(seen.success_rate, show::share), p50, p95, p99]
}

fn response_time(time: ResponseTime) -> String {
    let sign = if time.is_at_least { ">= " } else { "" };
    format!("{sign}{}", show::micros(time.us))
}

fn step_table(steps: &[ExhaustionStep]) -> Table {
    let mut table = Table::new(&["load"]);
    table.head.extend(SUMMARY.map(str::to_owned));
    for step in steps {
        table.row(std::iter::once(step.level.to_string()).chain(summary_cells(&step.seen)));
    }
    table
}

fn pressure_table(found: &UnderPressure) -> Table {
    let applied = found.applied.as_ref().map_or_else(|| "under pressure".to_owned(), ToString::to_string);
    let loads = [("before", &found.baseline), (&applied, &found.pressed), ("after", &found.released)];
    three_loads(loads)
}

fn resilience_table(found: &Resilience) -> Table {
    let faults = if found.faults.is_empty() { "with faults" } else { &found.faults };
    three_loads([("before", &found.baseline), (faults, &found.faulty), ("after", &found.after)])
}

/// A load without, with and after something.
fn three_loads(loads: [(&str, &LoadSummary); 3]) -> Table {
    let mut table = Table::new(&[""]);
    table.head.extend(SUMMARY.map(str::to_owned));
    for (name, seen) in loads {
        table.row(std::iter::once(name.to_owned()).chain(summary_cells(seen)));
    }
    table
}

fn data_table(rows: &[DataRow]) -> Table {
    let mut table =
        Table::new(&["data", "due", "ok", "panics", "p50", "p95", "max", "result", "first error"]);
    for row in rows {
        table.row([
            row.cell.to_string(),
            show::count(row.counts.due),
            show::count(row.counts.ok),
            show::count(row.panics),
            cell(row.p50, response_time),
            cell(row.p95, response_time),
            cell(row.max_us, show::micros),
            result_words(&row.result),
            row.first_error.as_deref().map(super::load::shortened).unwrap_or_default(),
        ]);
    }
    table
}
