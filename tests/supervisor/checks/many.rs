use std::{collections::BTreeSet, time::Duration};

use libtest_mimic::Trial;

use super::where_possible::{Need, trial_with};
use crate::{cgroup, fixture::Fixture, seen::Seen};

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial_with(
            Need::Proc,
            "two_hundred_cases_leave_nothing_in_the_supervisor",
            two_hundred_cases_leave_nothing_in_the_supervisor,
        ),
        trial_with(Need::Proc, "two_hundred_processes_are_ended", two_hundred_processes_are_ended),
    ]
}

/// What the supervisor held while a case ran.
#[derive(Debug, Clone, Copy)]
struct Held {
    supervisor: f64,
    descriptors: f64,
    threads: f64,
    memory_kib: f64,
    children: f64,
}

impl Held {
    fn told_by(case: &Seen) -> Self {
        let figures = case.at("/figures").as_array().expect("figures");
        let figure = |name| figures.iter().find(|f| f["name"] == name).and_then(|f| f["value"].as_f64());
        let figure = |name| figure(name).unwrap_or_else(|| panic!("no {name} in {:#}", case.0));
        Self {
            supervisor: figure("supervisor"),
            descriptors: figure("descriptors"),
            threads: figure("threads"),
            memory_kib: figure("memory"),
            children: figure("children"),
        }
    }
}

/// Every tenth leaves a process behind. The reports of the cases are kept until the end of the run, so that memory may
/// grow by what they are.
fn two_hundred_cases_leave_nothing_in_the_supervisor() {
    let run = Fixture::new().run("quick");
    let mut cases = run.all_cases(0);
    assert_eq!(cases.len(), 201);
    let after = cases.pop().expect("the good case");
    assert_eq!(after.fate(), "pass, returned, not stopped");
    for case in &cases {
        assert_eq!(case.fate(), "pass, returned, not stopped", "{:#}", case.0);
    }
    let left = cases.iter().filter(|case| {
        case.sentences("/warnings")
            .contains(&"1 process outlived the case and was ended: end in the case what it starts")
    });
    assert_eq!(left.count(), 20);
    let held: Vec<Held> = cases.iter().map(Held::told_by).collect();
    let supervisors: BTreeSet<u64> = held.iter().map(|held| held.supervisor as u64).collect();
    assert_eq!(supervisors, BTreeSet::from([u64::from(run.supervisor)]), "one process for all");
    // The first case is the first to fill pools; the twentieth is like all that follow.
    let (early, late) = (held[19], held[199]);
    let all = format!("{early:?}, {late:?}");
    assert!(late.descriptors <= early.descriptors + 2.0, "{all}");
    assert!(late.threads <= early.threads + 1.0, "{all}");
    // The case that tells, and whatever of the one before has not been taken note of.
    assert!(late.children <= 3.0, "{all}");
    assert!(late.memory_kib <= early.memory_kib + 10.0 * 1024.0, "{all}");
    assert_eq!(cgroup::left_by(run.supervisor).len(), 0);
}

fn two_hundred_processes_are_ended() {
    let run = Fixture::new().run("spawns_many");
    // That none of them is left is looked at for every run.
    let case = run.bad_case(0);
    assert_eq!(case.fate(), "pass, returned, not stopped");
    let warnings = case.sentences("/warnings");
    assert!(
        warnings.contains(&"200 processes outlived the case and were ended: end in the case what it starts"),
        "{warnings:?}"
    );
    assert!(run.took < Duration::from_secs(20), "took {:?}", run.took);
}
