//! What to do about what was seen: advice that follows from figures.
//!
//! Owns the rules and the order of importance. Each sentence begins with the figure it rests on; where there is no
//! figure there is no advice. Never changes a verdict.

mod bottleneck;
mod ending;
mod finding;
mod load;
mod resources;

use std::{cmp::Reverse, collections::BTreeMap};

use super::{CaseReport, Recommendation, text::show};

/// What a piece of advice is about, the most important first: what ended the case, then what failed, then what
/// limits, then what may limit next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Crash,
    Stop,
    Deaf,
    NoRecovery,
    Leak,
    Errors,
    Unfinished,
    Timeouts,
    Dropped,
    Collapse,
    FaultsSeen,
    Limit,
    Machine,
    LateStarts,
    Rejections,
    BreakingPoint,
    Capacity,
    MemoryNear,
    Drift,
    Tail,
}

/// One piece of advice on one case.
#[derive(Debug, Clone, PartialEq)]
struct Advice {
    kind: Kind,
    /// What makes two of a kind different pieces of advice: a place, the text of an error. Often nothing.
    topic: String,
    /// How bad it is, to be compared within a kind: the figure shown for several cases is that of the worst.
    weight: f64,
    /// What was seen.
    figure: String,
    /// What to do about it.
    action: String,
}

impl Advice {
    fn sentence(&self) -> String {
        format!("{}: {}", self.figure, self.action)
    }
}

/// What to do about a case, most important first.
pub(crate) fn recommend(case: &CaseReport) -> Vec<String> {
    advice_on(case).iter().map(Advice::sentence).collect()
}

/// The recommendations of all cases: what several cases say is said once, with the figure of the worst of them. The
/// most important kind comes first, and within a kind what most cases say.
pub(crate) fn without_repeats(cases: &[CaseReport]) -> Vec<Recommendation> {
    let mut alike = BTreeMap::<(Kind, String), Vec<(&CaseReport, Advice)>>::new();
    for case in cases {
        for advice in advice_on(case) {
            alike.entry((advice.kind, advice.topic.clone())).or_default().push((case, advice));
        }
    }
    let mut groups: Vec<_> = alike.into_iter().collect();
    groups.sort_by_key(|((kind, _), said)| (*kind, Reverse(said.len())));
    groups.into_iter().map(|(_, said)| as_one(&said)).collect()
}

/// Everything that the rules find in a case, most important first, each kind and topic once.
fn advice_on(case: &CaseReport) -> Vec<Advice> {
    let from_loads = case.loads.iter().flat_map(|one| {
        let mut found = load::advice(one, case);
        if case.loads.len() > 1 {
            found.iter_mut().for_each(|advice| advice.figure.push_str(&format!(" (load `{}`)", one.load)));
        }
        found
    });
    let all = ending::advice(case)
        .into_iter()
        .chain(finding::advice(case))
        .chain(bottleneck::advice(case))
        .chain(resources::advice(case))
        .chain(from_loads)
        .filter(|advice| !bottleneck::says(case, advice.kind));
    let mut worst = BTreeMap::<(Kind, String), Advice>::new();
    for advice in all {
        let key = (advice.kind, advice.topic.clone());
        match worst.get(&key) {
            Some(known) if known.weight >= advice.weight => {}
            _ => {
                worst.insert(key, advice);
            }
        }
    }
    worst.into_values().collect()
}

/// What several cases say, as one. `said` is never empty.
fn as_one(said: &[(&CaseReport, Advice)]) -> Recommendation {
    let mut cases: Vec<String> = said.iter().map(|(case, _)| case.name.clone()).collect();
    cases.dedup();
    let worst = said.iter().reduce(|a, b| if b.1.weight > a.1.weight { b } else { a });
    let sentence = worst.map_or(String::new(), |(case, advice)| match cases.len() {
        1 => advice.sentence(),
        n => format!(
            "{} in {}, the worst of {}: {}",
            advice.figure,
            case.name,
            show::counted(n as u64, "case"),
            advice.action
        ),
    });
    Recommendation { sentence, cases }
}
