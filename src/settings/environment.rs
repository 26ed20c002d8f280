//! The layer of the environment: `PROOFLOAD_<KEY>`.

use super::{
    Key, Kind, Mistake, Origin, Wrong,
    keys::{KEYS, PREFIX},
    rule::{Assignment, Rule},
    value,
};
use crate::case::nearest;

/// Variables that the supervisor hands to a case's process; no settings.
const INTERNAL: [&str; 1] = ["PROOFLOAD_CHILD"];

/// What every further variable of that sort starts with.
const INTERNAL_PREFIX: &str = "PROOFLOAD_INTERNAL_";

/// What a variable ends in that says where a target of the suite's own is: `PROOFLOAD_REDIS_URL`.
const OF_A_TARGET: &str = "_URL";

/// Reads the variables, in any order.
///
/// An empty variable is as good as none, because CI writes `PROOFLOAD_RATE: ${{ inputs.rate }}`; for a switch it means
/// no. Any other text turns a switch on: an error there would break the list of the user's whole workspace.
pub(super) fn read(variables: &[(String, String)]) -> (Rule, Vec<Mistake>) {
    let mut rule = Rule::default();
    let mut mistakes = Vec::new();
    let mut variables: Vec<_> = variables
        .iter()
        .filter(|(variable, _)| !is_internal(variable) && !is_of_a_target(variable))
        .collect();
    variables.sort();
    for (variable, text) in variables {
        match assignment(variable, text) {
            Ok(value) => rule.values.extend(value),
            Err(wrong) => mistakes.push(Mistake::new(variable, wrong)),
        }
    }
    (rule, mistakes)
}

fn is_internal(variable: &str) -> bool {
    INTERNAL.contains(&variable) || variable.starts_with(INTERNAL_PREFIX)
}

/// Whether a case reads this variable rather than we. One that is nearly a setting's is a slip all the same.
fn is_of_a_target(variable: &str) -> bool {
    let is_key = || KEYS.iter().any(|key| key.variable() == variable);
    variable.ends_with(OF_A_TARGET) && !is_key() && nearest_variable(variable).is_none()
}

fn assignment(variable: &str, text: &str) -> Result<Option<Assignment>, Wrong> {
    let Some(key) = KEYS.iter().find(|key| key.variable() == variable) else {
        return Err(Wrong::UnknownVariable { nearest: nearest_variable(variable) });
    };
    let origin = Origin::environment(variable);
    let text = text.trim();
    match key.kind {
        Kind::Switch => {
            let is_on = !value::FALSE.contains(&text.to_lowercase().as_str());
            Assignment::new(key, &is_on.to_string(), origin).map(Some)
        }
        _ if text.is_empty() => Ok(None),
        _ => Assignment::new(key, text, origin).map(Some),
    }
}

/// By the part after the prefix: the prefix alone would make everything look near.
fn nearest_variable(variable: &str) -> Option<String> {
    let name = variable.strip_prefix(PREFIX).unwrap_or(variable);
    let found = nearest(name, KEYS.iter().map(|key| key.name))?;
    Key::find(found).map(Key::variable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_one(variable: &str, text: &str) -> Result<Option<String>, String> {
        let (rule, mistakes) = read(&[(variable.to_owned(), text.to_owned())]);
        match mistakes.first() {
            Some(mistake) => Err(mistake.to_string()),
            None => Ok(rule.values.first().and_then(|value| value.setting.text.clone())),
        }
    }

    #[test]
    fn a_switch_takes_any_text() {
        for (text, expected) in [
            ("1", "true"),
            ("yes", "true"),
            ("on", "true"),
            ("please", "true"),
            ("", "false"),
            ("0", "false"),
            ("No", "false"),
            ("FALSE", "false"),
            ("f", "false"),
            ("off", "false"),
        ] {
            let value = read_one("PROOFLOAD_INCLUDE_SLOW", text);
            assert_eq!(value, Ok(Some(expected.to_owned())), "{text:?}");
        }
    }

    #[test]
    fn an_empty_variable_is_none() {
        assert_eq!(read_one("PROOFLOAD_RATE", ""), Ok(None));
        assert_eq!(read_one("PROOFLOAD_RATE", "100"), Ok(Some("100/s".to_owned())));
    }

    #[test]
    fn where_a_target_is_belongs_to_its_case() {
        for name in ["POSTGRES", "REDIS", "NATS", "SEARCH_INDEX"] {
            assert_eq!(read_one(&format!("PROOFLOAD_{name}_URL"), "x://127.0.0.1:1"), Ok(None), "{name}");
        }
        let slip = read_one("PROOFLOAD_RATE_URI", "x://127.0.0.1:1");
        assert!(slip.is_err_and(|said| said.contains("no setting has this variable")));
    }

    #[test]
    fn internal_variables_are_left_alone_and_unknown_ones_are_not() {
        assert_eq!(read_one("PROOFLOAD_CHILD", "x"), Ok(None));
        assert_eq!(read_one("PROOFLOAD_INTERNAL_WHATEVER", "x"), Ok(None));
        for (variable, text, expected) in [
            ("PROOFLOAD_DURATON", "5s", "no setting has this variable; did you mean \"PROOFLOAD_DURATION\"?"),
            ("PROOFLOAD_COLOUR", "red", "no setting has this variable; --show-settings lists the keys"),
            ("PROOFLOAD_RATE", "x", "rate = \"x\": \"x\" is not a rate like 100/s, 90/m or 10/h"),
        ] {
            assert_eq!(read_one(variable, text), Err(format!("{variable}: {expected}")));
        }
    }
}
