//! Expectations of the operations that call themselves something: `with tag "read"`.

use super::{Judge, Selection, holds};
use crate::{
    judge::reading::{Part, read},
    observe::{Counts, Observation},
};

/// The operations of one tag, or why there are none.
pub(super) fn selection<'a>(tag: &str, observation: &'a Observation) -> Result<Selection<'a>, String> {
    let figures = observation.tags.get(tag).ok_or_else(|| {
        let seen: Vec<String> = observation.tags.keys().map(|seen| format!("{seen:?}")).collect();
        let seen = if seen.is_empty() { "none".to_owned() } else { seen.join(", ") };
        match observation.complete {
            true => format!("no operation that ended had the tag {tag:?}; there were: {seen}"),
            false => "tags are told at the end of a load, and the case did not live to it".to_owned(),
        }
    })?;
    Ok(Selection { parts: vec![Part { figures, asked: None, phase: None }], doubt: None })
}

/// Why a bound that holds for the operations of a tag is still not known to hold, if so: what those would have called
/// themselves that never started or never ended is not known, and with them among the others it may not hold.
pub(super) fn doubt(judge: &Judge<'_>, part: &Part<'_>) -> Option<String> {
    judge.terms.tag.as_ref()?;
    let Counts { unfinished, dropped, .. } = judge.observation.total.counts;
    // Every figure goes one way with each of the two numbers, so the worst is at a corner.
    let corners = [(unfinished, 0), (0, dropped), (unfinished, dropped)];
    let may_fail =
        corners.into_iter().filter(|lost| *lost != (0, 0)).any(|lost| !holds_with(judge, part, lost));
    may_fail.then(|| {
        let lost = unfinished + dropped;
        let operations = if lost == 1 { "operation" } else { "operations" };
        format!("{lost} {operations} never started or never ended, and may have been of this tag")
    })
}

/// Whether the bound is known to hold were so many unfinished and dropped operations of the part as well.
fn holds_with(judge: &Judge<'_>, part: &Part<'_>, (unfinished, dropped): (u64, u64)) -> bool {
    let mut figures = part.figures.clone();
    figures.counts.due += unfinished + dropped;
    figures.counts.unfinished += unfinished;
    // For how long the unfinished ones waited is known of all tags together only: here they wait without end, as the
    // dropped ones do.
    figures.counts.dropped += unfinished + dropped;
    let part = Part { figures: &figures, asked: part.asked, phase: part.phase };
    let reading = read(&judge.terms.metric, judge.observation, &part, judge.least_samples);
    reading.is_ok_and(|reading| holds(judge.terms, &reading) == Ok(true))
}
