use super::{
    chart::Chart,
    outcome::{OUTCOMES, Outcome},
    spectrum::spectrum,
    table::{BRIEF, Table, brief, cell, times},
    track::phase_spans,
};
use crate::{
    observe::{Kind, Model, Purpose},
    report::{LoadReport, text::show},
};

/// Kinds of failures shown of a load; the others are in `report.json`.
const MOST_KINDS: usize = 20;

/// Characters shown of the text of a failure.
const LONGEST_SAMPLE: usize = 500;

/// One load of a case.
#[derive(Debug, Clone)]
pub(super) struct LoadPart<'a> {
    pub(super) name: &'a str,
    pub(super) plan: &'a str,
    /// What is to be known beside the plan.
    pub(super) remarks: Vec<String>,
    pub(super) validity: &'a [String],
    pub(super) outcomes: Vec<OutcomeBar>,
    pub(super) times: Table,
    pub(super) phases: Table,
    pub(super) tags: Table,
    pub(super) kinds: Vec<KindRow<'a>>,
    pub(super) more_kinds: usize,
    pub(super) counts: Table,
    pub(super) spectrum: Chart,
}

/// How many operations ended in one way.
#[derive(Debug, Clone)]
pub(super) struct OutcomeBar {
    pub(super) name: &'static str,
    pub(super) class: &'static str,
    pub(super) count: String,
    pub(super) share: String,
    /// The length of its bar in percent.
    pub(super) width: String,
}

/// A kind of failure.
#[derive(Debug, Clone)]
pub(super) struct KindRow<'a> {
    pub(super) class: &'a str,
    pub(super) text: String,
    pub(super) count: String,
    pub(super) first: String,
    pub(super) last: String,
    pub(super) sample: String,
}

impl<'a> LoadPart<'a> {
    pub(super) fn of(load: &'a LoadReport) -> Self {
        let kinds = &load.total.kinds;
        Self {
            name: &load.load,
            plan: &load.plan,
            remarks: remarks(load),
            validity: &load.validity,
            outcomes: outcomes(load),
            times: times(&load.total),
            phases: phases(load),
            tags: tags(load),
            kinds: kinds.iter().take(MOST_KINDS).map(|kind| kind_row(kind, load.started_s)).collect(),
            more_kinds: kinds.len().saturating_sub(MOST_KINDS),
            counts: counts(load),
            spectrum: spectrum(load),
        }
    }
}

/// All loads of a case beside each other.
pub(super) fn beside(loads: &[LoadReport]) -> Table {
    let mut table = Table::new(&["load"]);
    table.head.extend(BRIEF.map(str::to_owned));
    loads.iter().for_each(|load| table.row(std::iter::once(load.load.clone()).chain(brief(&load.total))));
    table
}

fn remarks(load: &LoadReport) -> Vec<String> {
    let model = match load.model {
        Model::Open => "open: operations start when the schedule says so",
        Model::Closed => "closed: users loop",
    };
    let mut remarks = vec![model.to_owned()];
    match load.purpose {
        Purpose::Measure => {}
        Purpose::Probe => remarks.push("a probe: it may break the target, and raises no alert".to_owned()),
    }
    remarks.push(format!("began {} into the case", show::seconds(load.started_s)));
    remarks.push(format!("operation timeout {}", show::seconds(load.timeout_s)));
    if let Some(most) = load.max_in_flight {
        remarks.push(format!("at most {} in flight", show::count(most)));
    }
    if let Some(reason) = load.stopped {
        remarks.push(format!("ended before its schedule: {reason}"));
    }
    if !load.complete {
        remarks.push("put together from the journal of a case that did not live to report".to_owned());
    }
    if load.total.retries > 0 {
        remarks.push(format!("{} retries", show::count(load.total.retries)));
    }
    if load.total.bytes > 0 {
        remarks.push(format!("{} of payload", show::bytes(load.total.bytes)));
    }
    remarks
}

fn outcomes(load: &LoadReport) -> Vec<OutcomeBar> {
    let counts = &load.total.counts;
    let due = counts.due.max(1) as f64;
    let counted = OUTCOMES.map(|Outcome { name, ink, count }| (name, ink, count(counts)));
    let bars = counted.into_iter().filter(|(_, _, count)| *count > 0).map(|(name, ink, count)| {
        let share = count as f64 / due;
        OutcomeBar {
            name,
            class: ink.class(),
            count: show::count(count),
            share: show::share(share),
            // One operation among a million is still to be seen.
            width: format!("{:.2}", (share * 100.0).clamp(0.3, 100.0)),
        }
    });
    bars.collect()
}

fn phases(load: &LoadReport) -> Table {
    let mut table = Table::new(&["phase", "from", "for", "asked"]);
    table.head.extend(BRIEF.map(str::to_owned));
    for (phase, (from, to)) in load.phases.iter().zip(phase_spans(load)) {
        let mut name = phase.name.clone();
        if phase.is_warm_up {
            name.push_str(" (warm-up, in no statistic)");
        }
        if !phase.is_started {
            name.push_str(" (did not begin)");
        }
        let users = phase.users.map(|users| show::counted(users, "user"));
        let asked = phase.asked_per_sec.map(show::rate).or(users);
        let place = [name, show::seconds(from), show::seconds(to - from), cell(asked, |asked| asked)];
        table.row(place.into_iter().chain(brief(&phase.figures)));
    }
    table
}

fn tags(load: &LoadReport) -> Table {
    let mut table = Table::new(&["tag"]);
    table.head.extend(BRIEF.map(str::to_owned));
    load.tags.iter().for_each(|(tag, figures)| {
        table.row(std::iter::once(tag.clone()).chain(brief(figures)));
    });
    table
}

/// The user's counters, the statuses, and what the process used.
fn counts(load: &LoadReport) -> Table {
    let mut table = Table::new(&["counted", ""]);
    for (name, counter) in &load.counters {
        let value = match (counter.of, counter.value) {
            (Some(of), Some(share)) => {
                format!("{} ({} of {})", show::share(share), show::count(counter.count), show::count(of))
            }
            (Some(_), None) => "never asked".to_owned(),
            (None, _) => show::count(counter.count),
        };
        table.row([name.clone(), value]);
    }
    for (status, count) in &load.total.statuses {
        table.row([format!("status {status}"), show::count(*count)]);
    }
    if let Some(law) = &load.littles_law {
        let (seen, by_law) = (show::number(law.in_flight), show::number(law.per_sec * law.time_s));
        table.row(["in flight, counted".to_owned(), format!("{seen}; by Little's law {by_law}")]);
    }
    table
}

fn kind_row(kind: &Kind, started_s: f64) -> KindRow<'_> {
    // On the time axis of the charts, which is the case's.
    let at = |s: f64| show::seconds(started_s + s);
    KindRow {
        class: &kind.class,
        text: shortened(&kind.text),
        count: show::count(kind.count),
        first: at(kind.first_s),
        last: at(kind.last_s),
        sample: shortened(&kind.sample),
    }
}

pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST_SAMPLE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
