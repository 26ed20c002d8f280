use super::{alerts::alerts, case_line, comparison, lay::Page, show, statistics::statistics};
use crate::{
    monitor::Environment,
    report::{CaseReport, IgnoredCase, Recommendation, RunReport},
};

/// Cases named beside a recommendation.
const MOST_NAMES: usize = 3;

/// Characters of a commit: what git itself shows in a large repository.
const COMMIT: usize = 12;

/// The whole run: how it went, a few lines a case, what was left out, what to do. The worst cases come last, beside
/// what to do about them: that is where a terminal stops.
pub(crate) fn summary_text(run: &RunReport) -> String {
    let mut page = Page::default();
    head(&mut page, run);
    let mut cases: Vec<&CaseReport> = run.cases.iter().collect();
    cases.sort_by_key(|case| case.verdict);
    for case in cases {
        page.gap();
        case_line(case).lines().for_each(|line| page.whole(0, line));
    }
    ignored(&mut page, &run.ignored);
    statistics(&mut page, run);
    alerts(&mut page, &run.alerts);
    recommendations(&mut page, &run.recommendations);
    page.finish() + "\n"
}

fn head(page: &mut Page, run: &RunReport) {
    let started = [
        format!("proofload {}", run.environment.build.proofload),
        format!("run {}", run.run_id),
        format!("profile {}", run.profile),
        format!("seed {}", run.seed),
        show::seconds(run.duration_s),
    ];
    page.groups(0, "", &started.map(|part| vec![part]));
    let of = &run.summary;
    let counts = [
        (of.passed, "passed"),
        (of.failed, "failed"),
        (of.inconclusive, "inconclusive"),
        (of.aborted, "aborted"),
        (of.ignored, "ignored"),
    ];
    let counts = counts.map(|(n, word)| format!("{n} {word}"));
    page.groups(
        0,
        &format!("{}: ", outcome(run)),
        &[counts.to_vec(), vec![show::counted(of.operations, "operation")]],
    );
    if !run.bottlenecks.is_empty() {
        let limits = run.bottlenecks.iter().map(|count| format!("{} {}", count.limit, count.cases));
        page.groups(0, "bottlenecks: ", &[limits.collect()]);
    }
    if let Some(reason) = &run.stopped {
        // Some reasons begin with the word.
        let lead = if reason.starts_with("stopped") { "" } else { "stopped: " };
        page.prose(0, lead, reason);
    }
    comparison::lay_run(page, &run.cases);
    environment(page, &run.environment);
    for warning in &run.warnings {
        page.prose(0, "warning: ", warning);
    }
}

/// The run in a word.
pub(in crate::report) fn outcome(run: &RunReport) -> &'static str {
    let of = &run.summary;
    match (of.failed + of.aborted, of.inconclusive) {
        (1.., _) => "FAILED",
        (0, _) if run.stopped.is_some() => "STOPPED",
        (0, _) if of.cases == 0 => "NOTHING RAN",
        (0, 1..) => "INCONCLUSIVE",
        (0, 0) => "PASSED",
    }
}

fn environment(page: &mut Page, environment: &Environment) {
    let machine = &environment.machine;
    let cores = match machine.cores_available {
        1.0 => "1 core".to_owned(),
        some => format!("{} cores", show::number(some)),
    };
    let cores = match f64::from(machine.cores_total) > machine.cores_available {
        true => format!("{cores} of {}", machine.cores_total),
        false => cores,
    };
    let memory = match machine.memory_limit_bytes {
        Some(limit) => format!("{} of {}", show::bytes(limit), show::bytes(machine.memory_bytes)),
        None => show::bytes(machine.memory_bytes),
    };
    let hardware = vec![
        machine.cpu_model.clone(),
        cores,
        memory,
        machine.os.clone(),
        format!("kernel {}", machine.kernel),
    ];
    let build = &environment.build;
    // `rustc 1.89.0 (29483883e 2025-08-04)`: the version is enough here.
    let compiler = build.rustc.split(" (").next().unwrap_or_default().to_owned();
    let optimised = if build.optimised { "optimised" } else { "NOT OPTIMISED" };
    let mut built = vec![compiler, optimised.to_owned()];
    if build.debug_assertions {
        built.push("debug assertions".to_owned());
    }
    built.retain(|part| !part.is_empty());
    let commit = environment
        .commit
        .iter()
        .map(|commit| format!("commit {}", commit.chars().take(COMMIT).collect::<String>()));
    page.groups(0, "machine: ", &[hardware]);
    page.groups(0, "built: ", &[built, commit.collect()]);
}

fn ignored(page: &mut Page, ignored: &[IgnoredCase]) {
    if ignored.is_empty() {
        return;
    }
    page.gap();
    page.prose(0, "", &format!("IGNORED ({})", ignored.len()));
    let mut by_reason: Vec<(&str, Vec<&str>)> = Vec::new();
    for case in ignored {
        match by_reason.iter_mut().find(|(reason, _)| *reason == case.reason) {
            Some((_, names)) => names.push(&case.name),
            None => by_reason.push((&case.reason, vec![&case.name])),
        }
    }
    for (reason, names) in by_reason {
        page.prose(6, "", &format!("{reason}: {}", names.join(", ")));
    }
}

fn recommendations(page: &mut Page, recommendations: &[Recommendation]) {
    if recommendations.is_empty() {
        return;
    }
    page.gap();
    page.prose(0, "", "Recommendations");
    for (i, advice) in recommendations.iter().enumerate() {
        page.prose(2, &format!("{}. ", i + 1), &format!("{} [{}]", advice.sentence, named(&advice.cases)));
    }
}

fn named(cases: &[String]) -> String {
    let names = cases.iter().take(MOST_NAMES).cloned().collect::<Vec<_>>().join(", ");
    match cases.len().saturating_sub(MOST_NAMES) {
        0 => names,
        more => format!("{names} and {more} more"),
    }
}
