use std::{cmp::Reverse, collections::BTreeMap};

use super::{BottleneckCount, CaseReport};
use crate::{
    judge::{Bottleneck, Surroundings},
    stop::StopReason,
    supervisor::{Ending, Record},
};

/// What limited the target of the case that `begun` and `record` tell of.
pub(super) fn bottleneck(begun: &CaseReport, record: &Record) -> Option<Bottleneck> {
    let sentence = record.ending.to_string();
    let stopped = record.stop.as_ref().map(|stop| (stop.reason, stop.sentence.as_str()));
    let limits = &begun.limits;
    let around = Surroundings {
        resources: &record.resources,
        memory_limit_bytes: limits.memory_bytes,
        descriptor_limit: limits.descriptors.into_iter().chain(record.resources.descriptor_limit).min(),
        ended_by: stopped
            .or_else(|| is_for_want_of_memory(&record.ending).then_some((StopReason::Memory, &*sentence))),
    };
    Bottleneck::find(&record.gathered.observations, &around)
}

const fn is_for_want_of_memory(ending: &Ending) -> bool {
    match ending {
        Ending::AllocationFailed | Ending::OutOfMemory => true,
        Ending::Returned
        | Ending::Failed { .. }
        | Ending::Panicked { .. }
        | Ending::Aborted
        | Ending::StackOverflow
        | Ending::Signal { .. }
        | Ending::Exited { .. }
        | Ending::Hung
        | Ending::JournalFailed
        | Ending::Killed
        | Ending::SupervisorLost
        | Ending::NotRun { .. } => false,
    }
}

/// How many cases each limit limited, the most frequent first. Cases that reached none do not count.
pub(crate) fn bottlenecks(cases: &[CaseReport]) -> Vec<BottleneckCount> {
    let mut counts = BTreeMap::new();
    for found in cases.iter().filter_map(|case| case.bottleneck.as_ref()).filter(|found| found.is_reached()) {
        *counts.entry(found.limit).or_insert(0) += 1;
    }
    let mut counts: Vec<_> =
        counts.into_iter().map(|(limit, cases)| BottleneckCount { limit, cases }).collect();
    counts.sort_by_key(|count| Reverse(count.cases));
    counts
}
