use super::{Advice, Kind};
use crate::{
    observe::Model,
    report::{CaseReport, LoadReport, PhaseReport, TimesReport, text::show},
};

/// From this share of all operations on a failure is worth a sentence.
const NOTABLE: f64 = 0.01;

/// A kind of error with this share of all errors is the one to start with.
const DOMINANT: f64 = 0.5;

/// A p99 of so many medians, and of so many microseconds, is a tail that users feel.
const TAIL_RATIO: f64 = 20.0;
const TAIL_FLOOR_US: f64 = 50_000.0;

/// Starts that are less late than this are a busy scheduler's time slices.
const LATE_FLOOR_US: f64 = 10_000.0;

/// Under 80 % of the goodput that a lower level had, the target does less because it is asked for more.
const HELD: f64 = 0.8;

/// A phase with fewer operations says nothing about goodput.
const LEAST_DUE: u64 = 20;

/// With less CPU than this in use, in percent, there is room for a wider pool.
const IDLE_CPU_PERCENT: f64 = 70.0;

/// What follows from one load.
pub(super) fn advice(load: &LoadReport, case: &CaseReport) -> Vec<Advice> {
    let rules = [
        errors(load),
        unfinished(load),
        timeouts(load),
        dropped(load),
        collapse(load),
        late_starts(load),
        rejections(load, case),
        tail(load),
    ];
    rules.into_iter().flatten().collect()
}

fn one(kind: Kind, weight: f64, figure: String, action: String) -> Option<Advice> {
    Some(Advice { kind, topic: String::new(), weight, figure, action })
}

/// `30 of 500 operations (6%)`, and the share; `None` when there are none.
fn part(n: u64, load: &LoadReport) -> Option<(f64, String)> {
    let due = load.total.counts.due;
    let share = (n > 0 && due > 0).then(|| n as f64 / due as f64)?;
    Some((
        share,
        format!("{} of {} ({})", show::count(n), show::counted(due, "operation"), show::share(share)),
    ))
}

fn errors(load: &LoadReport) -> Option<Advice> {
    let errors = load.total.counts.error;
    let (share, _) = part(errors, load).filter(|(share, _)| *share >= NOTABLE)?;
    let kind = load.total.kinds.iter().filter(|kind| kind.class == "error").max_by_key(|kind| kind.count)?;
    if (kind.count as f64) < errors as f64 * DOMINANT {
        return None;
    }
    let sample = kind.sample.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(Advice {
        kind: Kind::Errors,
        topic: kind.text.clone(),
        weight: share,
        figure: format!("{} of {} are \"{sample}\"", show::count(kind.count), show::counted(errors, "error")),
        action: format!(
            "{} of all operations failed; start with this one, first seen {} into the load",
            show::share(share),
            show::seconds(kind.first_s)
        ),
    })
}

fn unfinished(load: &LoadReport) -> Option<Advice> {
    // A load that was cut short leaves operations behind whatever the target does.
    if load.stopped.is_some() || !load.complete {
        return None;
    }
    let (share, part) = part(load.total.counts.unfinished, load)?;
    let action = "they hang, or need longer: find what they wait for, or allow a longer drain";
    one(Kind::Unfinished, share, format!("{part} still ran when the drain had ended"), action.to_owned())
}

fn timeouts(load: &LoadReport) -> Option<Advice> {
    let (share, part) = part(load.total.counts.timeout, load).filter(|(share, _)| *share >= NOTABLE)?;
    let median = load.total.service.p50_us;
    let others = median
        .map_or(String::new(), |us| format!(", while the median of the others is {}", show::micros(us)));
    let figure = format!("{part} ran into the timeout of {}{others}", show::seconds(load.timeout_s));
    let action = "find what they wait for; a target that refuses early answers the others sooner";
    one(Kind::Timeouts, share, figure, action.to_owned())
}

fn dropped(load: &LoadReport) -> Option<Advice> {
    let (share, part) = part(load.total.counts.dropped, load)?;
    let cap =
        load.max_in_flight.map_or(String::new(), |cap| format!(", with {} in flight", show::count(cap)));
    let action = match load.total.throughput_per_sec {
        Some(carried) => format!(
            "the target carried out {} and is slower than the rate; lower the rate, or let more be in flight \
             (max_in_flight, max_concurrency)",
            show::rate(carried)
        ),
        None => "the target is slower than the rate; lower the rate, or let more be in flight".to_owned(),
    };
    one(Kind::Dropped, share, format!("{part} were never started{cap}"), action)
}

/// Users of a closed load, operations per second of an open one.
fn level(phase: &PhaseReport) -> Option<f64> {
    phase.users.map(|users| users as f64).or(phase.asked_per_sec)
}

fn show_level(phase: &PhaseReport) -> String {
    match (phase.users, phase.asked_per_sec) {
        (Some(users), _) => show::counted(users, "user"),
        (None, Some(asked)) => format!("{} asked", show::rate(asked)),
        (None, None) => phase.name.clone(),
    }
}

/// Goodput that falls while the level rises: the phase that lost most against any earlier and lower one.
fn collapse(load: &LoadReport) -> Option<Advice> {
    let counted = |p: &&PhaseReport| !p.is_warm_up && p.is_started && p.figures.counts.due >= LEAST_DUE;
    let seen: Vec<_> = load
        .phases
        .iter()
        .filter(counted)
        .filter_map(|phase| Some((phase, level(phase)?, phase.figures.goodput_per_sec?)))
        .collect();
    let pairs =
        seen.iter().enumerate().flat_map(|(i, later)| seen[..i].iter().map(move |earlier| (earlier, later)));
    // Where as high a level held, the fall has another reason than the level.
    let held_at = |level: f64| {
        seen.iter().filter(move |(_, other, _)| *other >= level).map(|(_, _, held)| *held).fold(0.0, f64::max)
    };
    let fallen =
        pairs.filter(|((_, low, before), (_, high, _))| high > low && held_at(*high) < before * HELD);
    let lost = |((_, _, before), (_, _, after)): &(&(_, _, f64), &(_, _, f64))| 1.0 - after / before;
    let worst = fallen.max_by(|a, b| lost(a).total_cmp(&lost(b)))?;
    let ((low, _, before), (high, _, after)) = worst;
    let figure = format!(
        "goodput fell from {} at {} to {} at {}",
        show::rate(*before),
        show_level(low),
        show::rate(*after),
        show_level(high)
    );
    let action = "the target does less when it is asked for more: bound its queue or its concurrency near the level \
                  that it held, and refuse the rest";
    one(Kind::Collapse, lost(&worst), figure, action.to_owned())
}

fn is_lower_bound(times: &TimesReport, percentile: &str) -> bool {
    times.lower_bounds.iter().any(|bound| bound == percentile)
}

/// Response times that are mostly a wait for the start. Users of a closed load start when they are free.
fn late_starts(load: &LoadReport) -> Option<Advice> {
    let (response, service) = (load.total.response.p99_us?, load.total.service.p99_us?);
    let late = load.total.lateness.p99_us.filter(|late| *late > LATE_FLOOR_US)?;
    let is_late = load.model == Model::Open
        && response >= 2.0 * service
        && !is_lower_bound(&load.total.response, "p99");
    if !is_late {
        return None;
    }
    let figure = format!(
        "operations started {} late at p99, so that a service time of {} became a response time of {}",
        show::micros(late),
        show::micros(service),
        show::micros(response)
    );
    let action = "the wait is in the generator: give operations that block to `run_blocking`, free the machine, or \
                  lower the rate";
    one(Kind::LateStarts, late, figure, action.to_owned())
}

fn rejections(load: &LoadReport, case: &CaseReport) -> Option<Advice> {
    let (share, part) = part(load.total.counts.rejected, load).filter(|(share, _)| *share >= NOTABLE)?;
    let goodput = load.total.goodput_per_sec?;
    let cpu = case.resources.peak_cpu_percent.filter(|peak| *peak < IDLE_CPU_PERCENT);
    let room = cpu
        .map_or(String::new(), |peak| format!("; CPU peaked at {}, so there is room", show::percent(peak)));
    let figure = format!("{part} were refused while {} succeeded", show::rate(goodput));
    let action = format!("that is the limit of the target's admission: offer less, or widen its pool{room}");
    one(Kind::Rejections, share, figure, action)
}

fn tail(load: &LoadReport) -> Option<Advice> {
    let (p50, p99) = (load.total.response.p50_us?, load.total.response.p99_us?);
    let is_tail = p50 > 0.0 && p99 / p50 >= TAIL_RATIO && p99 > TAIL_FLOOR_US;
    if !is_tail || is_lower_bound(&load.total.response, "p99") {
        return None;
    }
    let worst = load.timeline.iter().max_by(|a, b| a.p99_us.total_cmp(&b.p99_us));
    let when = worst.map_or(String::new(), |window| {
        format!(
            ", first of all {} into the load, where p99 was {}",
            show::seconds(window.at_s),
            show::micros(window.p99_us)
        )
    });
    let figure =
        format!("p99 is {}, {:.0} times the median of {}", show::micros(p99), p99 / p50, show::micros(p50));
    let action =
        format!("a few operations wait for what the others do not: look for locks, flushes and pauses{when}");
    one(Kind::Tail, p99 / p50, figure, action)
}
