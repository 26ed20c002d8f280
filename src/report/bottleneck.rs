use std::{borrow::Cow, cmp::Reverse, collections::BTreeMap};

use super::{BottleneckCount, CaseReport};
use crate::{
    judge::{Bottleneck, Surroundings},
    observe::Observation,
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
    Bottleneck::find(&without_faults(record), &around)
}

/// The loads of which no operation met an injected fault: what those do is no limit of the target.
fn without_faults(record: &Record) -> Cow<'_, [Observation]> {
    let (all, faults) = (&record.gathered.observations, &record.gathered.faults);
    let has_met = |load: &str| faults.iter().any(|band| band.load == load && band.met != Some(0));
    match all.iter().any(|seen| has_met(&seen.load)) {
        true => all.iter().filter(|seen| !has_met(&seen.load)).cloned().collect(),
        false => Cow::Borrowed(all),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FaultBand, supervisor::Containment};

    #[test]
    fn loads_that_met_faults_are_left_out() {
        let mut record = Record::begun(Containment::default());
        let seen = |load: &str| Observation { load: load.to_owned(), ..Observation::default() };
        record.gathered.observations = ["before", "with", "mine", "after"].map(seen).to_vec();
        let names = |record: &Record| -> Vec<String> {
            without_faults(record).iter().map(|seen| seen.load.clone()).collect()
        };
        assert_eq!(names(&record), ["before", "with", "mine", "after"]);
        let band = |load: &str, met| FaultBand { load: load.to_owned(), met, ..FaultBand::default() };
        record.gathered.faults = vec![band("before", Some(0)), band("with", Some(3)), band("mine", None)];
        assert_eq!(names(&record), ["before", "after"]);
    }
}
