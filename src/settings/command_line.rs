//! The layer of the command line: flags, `--set key=value` and `--set case.key=value`.

use super::{
    Key, Mistake, Origin, Scope, SettingsError, Wrong, argument_without_secret,
    known::Known,
    rule::{Assignment, Pattern, Rule, Selector},
};

/// Takes the text of a `--set` apart, into what [`Sources::command_line`](super::Sources) holds.
///
/// # Errors
/// There is no `=`, or nothing before it.
pub(crate) fn assignment(text: &str) -> Result<(String, String, String), SettingsError> {
    let how = format!("--set {}", argument_without_secret(text));
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned(), how)),
        _ => Err(SettingsError { mistakes: vec![Mistake::new(how, Wrong::NotAnAssignment)] }),
    }
}

/// Rules in the order given, those for one case after those for all: what is meant for one case holds there, wherever
/// it stands on the line.
pub(super) fn read(given: &[(String, String, String)], known: &Known<'_>) -> (Vec<Rule>, Vec<Mistake>) {
    let mut rules = Vec::new();
    let mut mistakes = Vec::new();
    for (name, text, how) in given {
        match rule(name, text, how, known) {
            Ok(rule) => rules.push(rule),
            Err(wrong) => mistakes.push(Mistake::new(how, wrong)),
        }
    }
    rules.sort_by_key(|rule: &Rule| !rule.selector.is_everything());
    (rules, mistakes)
}

fn rule(name: &str, text: &str, how: &str, known: &Known<'_>) -> Result<Rule, Wrong> {
    let (case, name) = match name.rsplit_once('.') {
        Some((case, name)) => (Some(case.trim()), name.trim()),
        None => (None, name),
    };
    let key = Key::find(name).ok_or_else(|| Wrong::UnknownKey {
        key: name.to_owned(),
        nearest: Key::nearest(name, &[]).map(str::to_owned),
    })?;
    let selector = match case {
        None => Selector::default(),
        Some(_) if key.scope == Scope::Run => return Err(Wrong::RunScope { key: key.name }),
        Some(case) => {
            let pattern = Pattern::of_known(case, known)
                .map_err(|nearest| Wrong::NoCase { pattern: case.to_owned(), nearest })?;
            Selector { case: Some(pattern), ..Selector::default() }
        }
    };
    Ok(Rule { selector, values: vec![Assignment::new(key, text, Origin::command_line(how))?] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_taken_apart_at_its_first_equals_sign() {
        let parts = |text| assignment(text).map_err(|error| error.to_string());
        let three =
            |key: &str, value: &str, how: &str| Ok((key.to_owned(), value.to_owned(), how.to_owned()));
        assert_eq!(parts("duration=5s"), three("duration", "5s", "--set duration=5s"));
        assert_eq!(parts("a::b.expect=x >= 1"), three("a::b.expect", "x >= 1", "--set a::b.expect=x >= 1"));
        assert_eq!(parts("report="), three("report", "", "--set report="));
        assert_eq!(parts("duration"), Err("--set duration: wants key=value or case.key=value".to_owned()));
        assert_eq!(parts("=5s"), Err("--set =5s: wants key=value or case.key=value".to_owned()));
    }
}
