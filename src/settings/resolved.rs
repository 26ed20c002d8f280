use std::{collections::BTreeMap, fmt, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    Origin, Setting,
    keys::{KEYS, Key, Scope},
    rule::Assignment,
    value,
};
use crate::units::{Portion, Rate, Ratio, parse_duration};

/// The settings of the run, or of one case, with all layers applied: every key of that scope.
///
/// The accessors panic for a key that is not of this scope or not of this kind: the table of keys is ours, and values
/// were checked when they were loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Resolved(BTreeMap<String, Setting>);

impl Resolved {
    /// The built-in values of all keys of this scope.
    pub(crate) fn built_in(scope: Scope) -> Self {
        let of_scope = KEYS.iter().filter(|key| key.scope == scope);
        let setting = |key: &Key| {
            let text = key.default.map(|text| checked(key.name, text, value::canonical(key, text)));
            (key.name.to_owned(), Setting { text, origin: Origin::built_in() })
        };
        Self(of_scope.map(setting).collect())
    }

    /// Replaces a value, if its key is of this scope.
    pub(super) fn apply(&mut self, assignment: &Assignment) {
        if let Some(setting) = self.0.get_mut(assignment.key.name) {
            *setting = assignment.setting.clone();
        }
    }

    /// A time, if there is one and it is not off.
    pub(crate) fn duration(&self, key: &str) -> Option<Duration> {
        self.read(key, parse_duration)
    }

    /// Bytes, or bytes in a second, if there is a value and it is not off.
    pub(crate) fn bytes(&self, key: &str) -> Option<u64> {
        self.read(key, value::bytes)
    }

    /// A rate, if there is one.
    pub(crate) fn rate(&self, key: &str) -> Option<Rate> {
        self.read(key, str::parse)
    }

    /// A whole number, if there is one and it is not off.
    pub(crate) fn count(&self, key: &str) -> Option<u64> {
        self.read(key, value::count)
    }

    /// An amount of memory or of disk, if there is one and it is not off.
    pub(crate) fn portion(&self, key: &str) -> Option<Portion> {
        self.read(key, value::portion)
    }

    /// A factor that limits, if there is one and it is not off.
    pub(crate) fn factor_limit(&self, key: &str) -> Option<f64> {
        self.read(key, value::factor)
    }

    /// A factor; 1 when there is none.
    pub(crate) fn factor(&self, key: &str) -> f64 {
        self.read(key, value::factor).unwrap_or(1.0)
    }

    /// A share, if there is one and it is not off.
    pub(crate) fn percent(&self, key: &str) -> Option<Ratio> {
        self.read(key, value::percent)
    }

    /// Whether a switch is on.
    pub(crate) fn switch(&self, key: &str) -> bool {
        self.setting(key).text.as_deref().is_some_and(|text| checked(key, text, value::switch(text)))
    }

    /// A text or a word, if there is one; `off` is a word like any other here.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.setting(key).text.as_deref()
    }

    /// The entries of a list; none when there is no value.
    pub(crate) fn list(&self, key: &str) -> Vec<String> {
        self.text(key).map_or_else(Vec::new, |text| value::list(text).map(str::to_owned).collect())
    }

    /// Where the value of a key came from.
    pub(crate) fn origin(&self, key: &str) -> &Origin {
        &self.setting(key).origin
    }

    /// Every key with its setting, by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Setting)> {
        self.0.iter().map(|(name, setting)| (name.as_str(), setting))
    }

    fn setting(&self, key: &str) -> &Setting {
        self.0.get(key).unwrap_or_else(|| panic!("no setting is called {key:?} here"))
    }

    fn read<T, E: fmt::Display>(&self, key: &str, parse: impl Fn(&str) -> Result<T, E>) -> Option<T> {
        let text = self.setting(key).text.as_deref().filter(|text| *text != value::OFF)?;
        Some(checked(key, text, parse(text)))
    }
}

fn checked<T, E: fmt::Display>(key: &str, text: &str, value: Result<T, E>) -> T {
    value.unwrap_or_else(|error| {
        panic!("setting {key} = {text:?} is not of the kind it was checked for: {error}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{gib, minutes, seconds};

    #[test]
    fn built_in_values_are_those_of_the_table() {
        let case = Resolved::built_in(Scope::Case);
        assert_eq!(case.duration("time_limit"), Some(minutes(5)));
        assert_eq!(case.duration("timeout"), Some(seconds(30)));
        assert_eq!(case.duration("drain"), Some(seconds(5)));
        assert_eq!(case.duration("duration"), None);
        assert_eq!(case.portion("max_memory"), Some(Portion::Size(gib(1))));
        assert_eq!(case.portion("min_free_memory"), Some(Portion::Share(Ratio::new(0.05))));
        assert_eq!(case.portion("min_free_disk"), Some(Portion::Share(Ratio::new(0.05))));
        assert_eq!(case.duration("cpu_window"), Some(seconds(5)));
        assert_eq!(case.count("max_threads"), None);
        assert_eq!(case.factor_limit("max_machine_load"), None);
        assert_eq!(case.bytes("max_memory_growth"), Some(10_000_000));
        assert_eq!(case.percent("max_cpu"), Some(Ratio::new(0.9)));
        assert_eq!(case.count("max_concurrency"), Some(50));
        assert_eq!(case.count("workers"), Some(4));
        assert_eq!(case.rate("rate"), None);
        assert_eq!(case.factor("time_scale"), 1.0);
        assert_eq!(case.list("expect"), Vec::<String>::new());
        assert_eq!(case.percent("alert_success_rate"), Some(Ratio::new(0.95)));
        assert_eq!(case.duration("alert_latency"), Some(crate::units::millis(100)));
        assert_eq!(case.percent("alert_cpu"), Some(Ratio::new(0.85)));
        assert_eq!(case.bytes("alert_memory"), Some(2_000_000_000));
        assert_eq!(case.percent("alert_error_rate"), Some(Ratio::new(0.05)));
        assert!(!case.origin("time_limit").is_from_outside());

        let run = Resolved::built_in(Scope::Run);
        assert_eq!(run.list("report"), ["json", "text", "html", "junit", "markdown", "hlog", "csv"]);
        assert_eq!(run.list("on_alert"), [""; 0]);
        assert_eq!(run.text("profile"), Some("default"));
        assert_eq!(run.text("lock"), Some("machine"));
        assert!(!run.switch("include_slow"));
        assert_eq!(run.origin("profile").to_string(), "built in");
    }

    #[test]
    #[should_panic(expected = "no setting is called \"max_memmory\" here")]
    fn a_key_that_is_not_there_is_our_own_bug() {
        Resolved::built_in(Scope::Case).portion("max_memmory");
    }

    #[test]
    #[should_panic(expected = "setting max_memory = \"1 GiB\" is not of the kind it was checked for")]
    fn a_key_of_another_kind_is_our_own_bug() {
        Resolved::built_in(Scope::Case).duration("max_memory");
    }

    #[test]
    fn it_goes_through_json_unchanged() {
        let run = Resolved::built_in(Scope::Run);
        let json = serde_json::to_string(&run).unwrap();
        assert!(
            json.contains(
                r#""report":{"text":"json, text, html, junit, markdown, hlog, csv","origin":{"layer":"built_in""#
            ),
            "{json}"
        );
        assert_eq!(serde_json::from_str::<Resolved>(&json).unwrap(), run);
    }
}
