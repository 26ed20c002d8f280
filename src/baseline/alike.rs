use super::saved::{SavedLoad, SavedRun};
use crate::monitor::Environment;

/// What keeps two runs from being compared, a sentence each. Without any they were made under the same conditions.
///
/// Kernel, compiler and the version of this crate are not among them: an upgrade is a change that one wants to see the
/// effect of, as one of the code. They are [remarks].
pub(super) fn differences(then: &SavedRun, now: &SavedRun) -> Vec<String> {
    apart((&then.profile, &then.environment), (&now.profile, &now.environment))
}

/// The same of two profiles with their environments.
pub(crate) fn apart(then: (&str, &Environment), now: (&str, &Environment)) -> Vec<String> {
    let (old, new) = (&then.1.machine, &now.1.machine);
    let (built_then, built_now) = (&then.1.build, &now.1.build);
    let optimised = |is: bool| if is { "optimised" } else { "not optimised" }.to_owned();
    let assertions = |is: bool| if is { "on" } else { "off" }.to_owned();
    let limit = |bytes: Option<u64>| bytes.map_or_else(|| "none".to_owned(), gibibytes);
    let facts = [
        ("the profile", then.0.to_owned(), now.0.to_owned()),
        ("the processor", old.cpu_model.clone(), new.cpu_model.clone()),
        ("the architecture", old.architecture.clone(), new.architecture.clone()),
        ("the number of cores", old.cores_available.to_string(), new.cores_available.to_string()),
        ("the memory", gibibytes(old.memory_bytes), gibibytes(close(old.memory_bytes, new.memory_bytes))),
        ("the limit of memory", limit(old.memory_limit_bytes), limit(new.memory_limit_bytes)),
        ("the operating system", old.os.clone(), new.os.clone()),
        ("the build", optimised(built_then.optimised), optimised(built_now.optimised)),
        (
            "the setting of debug assertions",
            assertions(built_then.debug_assertions),
            assertions(built_now.debug_assertions),
        ),
    ];
    facts.into_iter().filter_map(|(what, then, now)| differs(what, &then, &now)).collect()
}

/// What else is different between two environments.
pub(super) fn remarks(then: &Environment, now: &Environment) -> Vec<String> {
    let facts = [
        ("the compiler", &then.build.rustc, &now.build.rustc),
        ("the kernel", &then.machine.kernel, &now.machine.kernel),
        ("the version of proofload", &then.build.proofload, &now.build.proofload),
    ];
    facts.into_iter().filter_map(|(what, then, now)| differs(what, then, now)).collect()
}

/// What is different between two loads of the same name.
pub(super) fn load_differences(then: &SavedLoad, now: &SavedLoad) -> Vec<String> {
    let cap = |cap: Option<u64>| cap.map_or_else(|| "none".to_owned(), |cap| cap.to_string());
    let seconds = |s: f64| format!("{s} s");
    let facts = [
        ("the plan", then.plan.clone(), now.plan.clone()),
        ("the model", format!("{:?}", then.model).to_lowercase(), format!("{:?}", now.model).to_lowercase()),
        ("the timeout", seconds(then.timeout_s), seconds(now.timeout_s)),
        ("the cap of operations in flight", cap(then.max_in_flight), cap(now.max_in_flight)),
        ("the number of workers", then.workers.to_string(), now.workers.to_string()),
    ];
    let differing = facts.into_iter().filter_map(|(what, then, now)| differs(what, &then, &now));
    differing.map(|sentence| format!("{}: {sentence}", now.load)).collect()
}

/// A sentence about a fact that is another one now.
pub(crate) fn differs(what: &str, then: &str, now: &str) -> Option<String> {
    (then != now).then(|| format!("{what} was {then} and is {now}"))
}

/// The second size, or the first where it is within a hundredth: what firmware and kernel keep for themselves changes
/// with their versions.
fn close(old: u64, new: u64) -> u64 {
    if old.abs_diff(new) <= old / 100 { old } else { new }
}

fn gibibytes(bytes: u64) -> String {
    format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30))
}
