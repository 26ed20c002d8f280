//! A case as its `case.json` tells it.

use serde_json::Value;

/// The report of one case. Read as plain JSON: its keys are what readers rely on.
pub(crate) struct Seen(pub(crate) Value);

impl Seen {
    /// The value at a JSON pointer; null where there is none.
    pub(crate) fn at(&self, pointer: &str) -> &Value {
        self.0.pointer(pointer).unwrap_or(&Value::Null)
    }

    pub(crate) fn text(&self, pointer: &str) -> &str {
        self.at(pointer).as_str().unwrap_or_else(|| panic!("no text at {pointer} of {:#}", self.0))
    }

    pub(crate) fn number(&self, pointer: &str) -> f64 {
        self.at(pointer).as_f64().unwrap_or_else(|| panic!("no number at {pointer} of {:#}", self.0))
    }

    /// The sentences of a list.
    pub(crate) fn sentences(&self, pointer: &str) -> Vec<&str> {
        self.at(pointer).as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// Verdict, how the process ended, and what stopped it for which reason, in one line.
    pub(crate) fn fate(&self) -> String {
        let stop = match self.at("/stop") {
            Value::Null => "not stopped".to_owned(),
            _ => format!("{} by {}", self.text("/stop/reason"), self.text("/stop/by")),
        };
        format!("{}, {}, {stop}", self.text("/verdict"), self.text("/ending/kind"))
    }

    /// Asserts that the load was salvaged: cut off, but not lost, and its counts add up.
    pub(crate) fn assert_partial(&self, load: usize) {
        assert_eq!(self.at(&format!("/loads/{load}/complete")), false, "{:#}", self.0);
        self.assert_counts(load);
    }

    /// Asserts that the load has told its end itself.
    pub(crate) fn assert_complete(&self, load: usize) {
        assert_eq!(self.at(&format!("/loads/{load}/complete")), true, "{:#}", self.0);
        self.assert_counts(load);
    }

    fn assert_counts(&self, load: usize) {
        let count = |name| self.number(&format!("/loads/{load}/total/counts/{name}"));
        let ended = ["ok", "rejected", "error", "timeout", "unfinished", "dropped"].map(count);
        assert!(count("due") >= 10.0, "{} due of load {load}", count("due"));
        assert_eq!(count("due"), ended.iter().sum::<f64>(), "{ended:?}");
    }
}
