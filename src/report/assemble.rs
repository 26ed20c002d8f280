use std::time::Duration;

use super::alerts::{peaks, thresholds};
use crate::{
    case::CaseInfo,
    journal::MissedThreshold,
    judge::{Verdict, alerts, doubts},
    observe::Observation,
    report::{
        CaseReport, LimitsReport, LoadReport, SettingReport, StepReport, StopReport, bottleneck::bottleneck,
        recommend,
    },
    safety::Limits,
    settings::{Resolved, without_secret},
    stop::StopReason,
    supervisor::{Containment, Ending, Record},
    units::show_duration,
};

/// What the report of a case needs beside its record.
pub(crate) struct CaseFacts<'a> {
    pub(crate) info: &'a CaseInfo,
    pub(crate) settings: &'a Resolved,
    pub(crate) seed: u64,
    pub(crate) started_at: String,
    pub(crate) attempt: u32,
    pub(crate) repeat: String,
    pub(crate) limits: &'a Limits,
    pub(crate) folder: String,
}

/// The report of a case that has just begun.
pub(crate) fn begun_report(facts: &CaseFacts<'_>) -> CaseReport {
    let record = Record::begun(Containment::default());
    let report = CaseReport {
        name: facts.info.name(),
        about: facts.info.about.to_owned(),
        place: facts.info.place(),
        markers: facts.info.markers.iter().map(|m| (*m).to_owned()).collect(),
        severity: facts.info.severity,
        target: facts.info.target.map(str::to_owned),
        verdict: Verdict::Aborted,
        reasons: Vec::new(),
        started_at: facts.started_at.clone(),
        duration_s: 0.0,
        seed: facts.seed,
        attempt: facts.attempt,
        repeat: facts.repeat.clone(),
        ending: record.ending.clone(),
        ending_sentence: String::new(),
        stop: None,
        expectations: Vec::new(),
        loads: Vec::new(),
        figures: Vec::new(),
        findings: Vec::new(),
        bottleneck: None,
        steps: Vec::new(),
        faults: Vec::new(),
        comparison: None,
        history: None,
        notes: Vec::new(),
        resources: record.resources.clone(),
        nodes: Vec::new(),
        containment: record.containment.clone(),
        warnings: Vec::new(),
        recommendations: Vec::new(),
        alerts: Vec::new(),
        alert_thresholds: thresholds(facts.settings),
        limits: LimitsReport::from(facts.limits),
        settings: settings_report(facts.settings),
        output_tail: String::new(),
        folder: facts.folder.clone(),
    };
    with_record(report, &record)
}

/// The report of a case that is over: what it began as, and what became of it.
pub(crate) fn with_record(begun: CaseReport, record: &Record) -> CaseReport {
    let (verdict, reasons) = verdict_of(record);
    let gathered = &record.gathered;
    let mut warnings: Vec<String> = gathered.observations.iter().flat_map(doubts).collect();
    if record.left_processes > 0 {
        let outlived = match record.left_processes {
            1 => "1 process outlived the case and was ended".to_owned(),
            n => format!("{n} processes outlived the case and were ended"),
        };
        warnings.push(format!("{outlived}: end in the case what it starts"));
    }
    if gathered.losses.unreadable_lines > 0 {
        warnings.push(format!(
            "{} lines of the journal could not be read, so some of what was measured may be missing",
            gathered.losses.unreadable_lines
        ));
    }
    if gathered.losses.was_cut {
        warnings.push(
            "the journal was cut short while the case ran; the report has what was read before and after"
                .to_owned(),
        );
    }
    warnings.extend(gathered.warnings.iter().cloned());
    warnings.extend(record.warnings.iter().cloned());
    let mut report = CaseReport {
        verdict,
        reasons,
        duration_s: record.duration.as_secs_f64(),
        ending: record.ending.clone(),
        ending_sentence: record.ending.to_string(),
        stop: stop_report(record),
        expectations: gathered.judgements.clone(),
        loads: gathered.observations.iter().map(LoadReport::from).collect(),
        figures: gathered.figures.clone(),
        findings: gathered.findings.clone(),
        bottleneck: bottleneck(&begun, record),
        steps: gathered
            .steps
            .iter()
            .map(|(at_s, step)| StepReport { at_s: *at_s, step: step.clone() })
            .collect(),
        faults: gathered.faults.clone(),
        notes: gathered.notes.clone(),
        resources: record.resources.clone(),
        containment: record.containment.clone(),
        alerts: alerts(&begun.alert_thresholds, &gathered.observations, &peaks(record)),
        warnings,
        output_tail: record.output_tail.clone(),
        ..begun
    };
    report.recommendations = recommend(&report);
    report
}

/// What ended the case early: the supervisor, or a threshold of its own.
fn stop_report(record: &Record) -> Option<StopReport> {
    let by_supervisor = record.stop.as_ref().map(|stop| StopReport {
        reason: stop.reason,
        sentence: stop.sentence.clone(),
        at_s: stop.at_s,
        took_s: stop.took_s,
        by: stop.by.to_owned(),
    });
    let by_threshold = || {
        record.gathered.threshold.as_ref().map(|(missed, at_s)| StopReport {
            reason: StopReason::Threshold,
            sentence: threshold_sentence(missed),
            at_s: *at_s,
            took_s: (record.duration.as_secs_f64() - at_s).max(0.0),
            by: "stop token".to_owned(),
        })
    };
    by_supervisor.or_else(by_threshold)
}

fn threshold_sentence(missed: &MissedThreshold) -> String {
    let at = show_duration(Duration::try_from_secs_f64(missed.at_s).unwrap_or_default());
    format!("the load {:?} missed `{}`, {at} into it", missed.load, missed.expectation)
}

/// Settings as a report shows them.
pub(crate) fn settings_report(settings: &Resolved) -> Vec<SettingReport> {
    let shown = settings.iter().map(|(key, setting)| SettingReport {
        key: key.to_owned(),
        value: setting.text.as_ref().map(|text| without_secret(key, text)),
        origin: setting.origin.to_string(),
    });
    shown.collect()
}

/// The verdict of a case, and why it is no pass.
fn verdict_of(record: &Record) -> (Verdict, Vec<String>) {
    let mut verdict = Verdict::Pass;
    let mut reasons = Vec::new();
    let mut add = |worse: Verdict, sentence: String| {
        verdict = verdict.worse(worse);
        reasons.push(sentence);
    };
    if let Some(stop) = &record.stop {
        add(Verdict::Aborted, format!("stopped: {}", stop.sentence));
    }
    // What was measured is told; it is not what was asked for. What another node said may have come to the supervisor too.
    let is_news = |reason: StopReason| record.stop.is_none() || reason != StopReason::OtherNode;
    if let Some((reason, sentence)) = &record.gathered.nodes_stopped
        && is_news(*reason)
    {
        add(Verdict::Inconclusive, format!("stopped: {sentence}"));
    }
    // The target missed a threshold, and nobody had to save the machine from it.
    if let Some((missed, _)) = &record.gathered.threshold {
        add(Verdict::Fail, format!("stopped: {}", threshold_sentence(missed)));
    }
    let was_stopped = record.stop.is_some()
        || record.gathered.threshold.is_some()
        || record.gathered.nodes_stopped.is_some();
    match &record.ending {
        Ending::Returned => {}
        // No fault of the case.
        Ending::SupervisorLost => add(Verdict::Aborted, record.ending.to_string()),
        // Both follow from the stop, which has its own sentence.
        Ending::Killed | Ending::Failed { .. } if was_stopped => {}
        ending => add(Verdict::Fail, ending.to_string()),
    }
    for judgement in &record.gathered.judgements {
        // What could not be judged because of the stop is no reason beside it.
        let is_reason = match judgement.verdict {
            Verdict::Pass => false,
            Verdict::Inconclusive => !was_stopped,
            Verdict::Fail | Verdict::Aborted => true,
        };
        if is_reason {
            let load =
                if judgement.load.is_empty() { String::new() } else { format!("{}: ", judgement.load) };
            add(judgement.verdict, format!("{load}{}", judgement.sentence));
        }
    }
    // A node may have nothing to do where a load has fewer users than there are nodes: the whole has the nodes' figures.
    let is_share = |seen: &Observation| seen.nodes.is_empty() && record.gathered.shared.contains(&seen.load);
    for seen in record.gathered.observations.iter().filter(|_| !was_stopped) {
        if !seen.total.counts.is_balanced() {
            add(
                Verdict::Inconclusive,
                format!("{}: the counts of operations do not add up: a defect of proofload", seen.load),
            );
        } else if seen.total.counts.due == 0 && !is_share(seen) {
            add(
                Verdict::Inconclusive,
                format!(
                    "{}: no operation was due, so nothing was measured: give it a higher rate or more time",
                    seen.load
                ),
            );
        }
    }
    (verdict, reasons)
}
