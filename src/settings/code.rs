//! The layer of the case's own attribute.

use super::{Key, Kind, Mistake, Origin, Scope, Wrong, rule::Assignment};
use crate::case::CaseInfo;

/// What the attribute of a case states. A list that is stated more than once grows; anything else is a mistake then.
pub(super) fn read(case: &CaseInfo) -> (Vec<Assignment>, Vec<Mistake>) {
    let mut values = Vec::new();
    let mut mistakes = Vec::new();
    for (i, (name, _)) in case.settings.iter().enumerate() {
        let earlier = &case.settings[..i];
        let is_repeated = earlier.iter().any(|(other, _)| other == name);
        let value = find(name).and_then(|key| match (is_repeated, key.kind) {
            (true, Kind::List | Kind::Choices(_)) => Ok(None),
            (true, _) => Err(Wrong::Twice { key: key.name }),
            (false, _) => Assignment::new(key, &stated(case, name), Origin::code(case.place())).map(Some),
        });
        match value {
            Ok(value) => values.extend(value),
            Err(wrong) => mistakes.push(Mistake::new(case.place(), wrong)),
        }
    }
    (values, mistakes)
}

fn find(name: &str) -> Result<&'static Key, Wrong> {
    match Key::find(name) {
        Some(key) if key.scope == Scope::Case => Ok(key),
        Some(key) => Err(Wrong::RunScope { key: key.name }),
        None => Err(Wrong::UnknownKey {
            key: name.to_owned(),
            nearest: Key::nearest(name, &[]).map(str::to_owned),
        }),
    }
}

/// The text of a key, with all of its repeats for a list; the first one for anything else.
fn stated(case: &CaseInfo, name: &str) -> String {
    let is_list = Key::find(name).is_some_and(|key| matches!(key.kind, Kind::List | Kind::Choices(_)));
    let texts = case.settings.iter().filter(|(other, _)| *other == name).map(|(_, text)| *text);
    texts.take(if is_list { usize::MAX } else { 1 }).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Severity;

    fn case(settings: &'static [(&'static str, &'static str)]) -> CaseInfo {
        CaseInfo {
            function: "search",
            module: "stress::cases",
            file: "stress/cases.rs",
            line: 12,
            markers: &[],
            settings,
            severity: Severity::Medium,
            target: None,
            about: "",
        }
    }

    #[test]
    fn a_repeated_list_grows() {
        let case = case(&[("expect", "a < 1"), ("users", "5"), ("expect", "b < 2")]);
        let (values, mistakes) = read(&case);
        assert!(mistakes.is_empty(), "{mistakes:?}");
        let texts: Vec<_> = values.iter().map(|v| (v.key.name, v.setting.text.as_deref().unwrap())).collect();
        assert_eq!(texts, [("expect", "a < 1, b < 2"), ("users", "5")]);
        assert_eq!(values[0].setting.origin.to_string(), "stress/cases.rs:12");
    }

    #[test]
    fn mistakes_name_the_place() {
        let case = case(&[
            ("users", "5"),
            ("users", "6"),
            ("max_memmory", "1GiB"),
            ("colour", "red"),
            ("report", "json"),
            ("timeout", "10"),
        ]);
        let (_, mistakes) = read(&case);
        let lines: Vec<_> = mistakes.iter().map(Mistake::to_string).collect();
        assert_eq!(
            lines,
            [
                "stress/cases.rs:12: users is stated twice: leave one of the two away",
                "stress/cases.rs:12: unknown key \"max_memmory\"; did you mean \"max_memory\"?",
                "stress/cases.rs:12: unknown key \"colour\"; --show-settings lists the keys",
                "stress/cases.rs:12: report belongs to the whole run and cannot be set for one case: set it at the top of stress.toml, in a \
                 profile, or with --set report=...",
                "stress/cases.rs:12: timeout = \"10\": \"10\" is not a duration like 30s, 250ms, 1m 30s or 2h",
            ]
        );
    }
}
