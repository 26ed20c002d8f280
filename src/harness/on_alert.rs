//! Alerts for a command of the user's: the setting `on_alert`.

use std::{path::Path, time::Duration};

use crate::{
    report::{AlertMessage, CaseReport, RunAlert, SCHEMA_VERSION},
    settings::Resolved,
    supervisor::{Control, HandOverError, hand_over},
};

/// The longest time for the command to take one alert: enough for a message over a slow network, and a run of many
/// cases is not much longer for it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Alerts that are handed over in a run: whoever gets more at once reads the report instead.
const MOST_ALERTS: u32 = 20;

/// Hands alerts to the command, each as it comes, and says once what goes wrong.
#[derive(Debug, Default)]
pub(super) struct OnAlert {
    /// Program and arguments; empty when there is none.
    command: Vec<String>,
    handed: u32,
    state: State,
    warnings: Vec<String>,
}

/// Whether the command is worth another try.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Tries,
    /// It hung, is not there, or has had enough.
    GaveUp,
}

impl OnAlert {
    /// From the settings of the run.
    pub(super) fn of(run: &Resolved) -> Self {
        Self { command: run.list("on_alert"), ..Self::default() }
    }

    /// Hands over the alerts of a case, one after the other.
    pub(super) fn tell(&mut self, run_id: &str, folder: &Path, case: &CaseReport, control: &Control) {
        for alert in &case.alerts {
            let message = AlertMessage {
                schema_version: SCHEMA_VERSION,
                run_id: run_id.to_owned(),
                repeat: case.repeat.clone(),
                folder: folder.join(&case.folder).display().to_string(),
                alert: RunAlert { case: case.name.clone(), alert: alert.clone() },
            };
            self.tell_one(&message, control);
        }
    }

    fn tell_one(&mut self, message: &AlertMessage, control: &Control) {
        let Some((program, arguments)) = self.command.split_first() else { return };
        // Whoever stops the run waits for its reports: a test runner that asked for the end kills some seconds later.
        if self.state == State::GaveUp || control.stop_reason().is_some() {
            return;
        }
        if self.handed == MOST_ALERTS {
            return self.give_up(format!(
                "on_alert: {MOST_ALERTS} alerts were handed over, the others are in the reports only"
            ));
        }
        self.handed += 1;
        let handed = serde_json::to_vec(message).map_err(|error| HandOverError::Start(error.into()));
        let handed = handed.and_then(|mut input| {
            input.push(b'\n');
            hand_over((program, arguments), &input, PATIENCE, control)
        });
        if let Err(error) = handed {
            let program = program.clone();
            self.note(&program, &error);
        }
    }

    /// What went wrong, once each.
    pub(super) fn into_warnings(self) -> Vec<String> {
        self.warnings
    }

    fn note(&mut self, program: &str, error: &HandOverError) {
        match error {
            HandOverError::Start(_) => self.give_up(format!(
                "on_alert: the program `{program}` {error}; the alerts are in the reports only: name one that is \
                 there, or its whole path"
            )),
            HandOverError::Hung(_) => self.give_up(format!(
                "on_alert: the program `{program}` {error}; it gets no more alerts in this run: have it end by itself"
            )),
            HandOverError::Stopped => self.state = State::GaveUp,
            // The next alert may fare better. Said once: every alert would have the same to say.
            HandOverError::Failed { .. } if self.warnings.is_empty() => self.warn(format!(
                "on_alert: the program `{program}` {error}; try it by hand with the alert on its standard input"
            )),
            HandOverError::Failed { .. } => {}
        }
    }

    fn give_up(&mut self, warning: String) {
        self.state = State::GaveUp;
        self.warn(warning);
    }

    fn warn(&mut self, warning: String) {
        eprintln!("warning: {warning}");
        self.warnings.push(warning);
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::judge::{AlertThresholds, Peak, Peaks, alerts};

    fn message() -> AlertMessage {
        let at = AlertThresholds { cpu_percent: Some(85.0), ..AlertThresholds::default() };
        let peaks = Peaks { cpu_percent: Some(Peak { value: 99.0, at_s: None }), ..Peaks::default() };
        AlertMessage {
            schema_version: SCHEMA_VERSION,
            run_id: "run".to_owned(),
            repeat: "cargo test".to_owned(),
            folder: "folder".to_owned(),
            alert: RunAlert { case: "cases::a".to_owned(), alert: alerts(&at, &[], &peaks).remove(0) },
        }
    }

    /// What is said after so many alerts were told to a command.
    fn told(command: &[&str], times: u32) -> Vec<String> {
        let command = command.iter().map(|word| (*word).to_owned()).collect();
        let mut on_alert = OnAlert { command, ..OnAlert::default() };
        (0..times).for_each(|_| on_alert.tell_one(&message(), &Control::default()));
        on_alert.into_warnings()
    }

    #[test]
    fn a_flood_of_alerts_is_cut_off_and_that_is_said_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("told");
        let command = ["tee", "-a", file.to_str().unwrap()];
        let said = told(&command, MOST_ALERTS + 5);
        assert_eq!(said, ["on_alert: 20 alerts were handed over, the others are in the reports only"]);
        let text = std::fs::read_to_string(file).unwrap();
        assert_eq!(text.lines().count(), MOST_ALERTS as usize);
        let first: AlertMessage = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!(first, message());
    }

    #[test]
    fn a_run_that_is_being_stopped_hands_nothing_over() {
        let folder = tempfile::tempdir().unwrap();
        let [stop, file] = ["stop", "told"].map(|name| folder.path().join(name));
        let control = Control::of_file(stop.clone());
        let command = ["tee", "-a", file.to_str().unwrap()].map(str::to_owned).to_vec();
        let mut on_alert = OnAlert { command, ..OnAlert::default() };
        on_alert.tell_one(&message(), &control);
        std::fs::write(stop, "").unwrap();
        on_alert.tell_one(&message(), &control);
        assert_eq!((on_alert.handed, std::fs::read_to_string(file).unwrap().lines().count()), (1, 1));
        let mut hangs = OnAlert { command: vec!["sleep".to_owned(), "600".to_owned()], ..OnAlert::default() };
        hangs.tell_one(&message(), &control);
        assert_eq!(hangs.into_warnings(), [""; 0]);
    }

    #[test]
    fn the_same_trouble_is_said_once() {
        assert_eq!(told(&[], 3), [""; 0]);
        assert_eq!(
            told(&["false"], 3),
            [
                "on_alert: the program `false` ended with exit status: 1; try it by hand with the alert on its standard input"
            ]
        );
        let missing = told(&["proofload-is-no-program"], 3);
        assert_eq!(missing.len(), 1, "{missing:?}");
        assert!(
            missing[0].starts_with("on_alert: the program `proofload-is-no-program` could not be started: ")
        );
    }
}
