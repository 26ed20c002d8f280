//! Rules: which cases a group of values is for.

use super::{Origin, Setting, Targets, Wrong, keys::Key, known::Known, value};
use crate::case::{CaseInfo, MarkerExpression};

/// One value for one key.
#[derive(Debug, Clone)]
pub(super) struct Assignment {
    pub(super) key: &'static Key,
    pub(super) setting: Setting,
}

impl Assignment {
    /// The text as a value of the key.
    pub(super) fn new(key: &'static Key, text: &str, origin: Origin) -> Result<Self, Wrong> {
        match value::canonical(key, text) {
            Ok(text) => Ok(Self { key, setting: Setting { text: Some(text), origin } }),
            Err(error) => Err(Wrong::Value { key: key.name, text: text.to_owned(), error }),
        }
    }
}

/// Values and the cases they are for. A later rule replaces the values of an earlier one.
#[derive(Debug, Clone, Default)]
pub(super) struct Rule {
    pub(super) selector: Selector,
    pub(super) values: Vec<Assignment>,
}

/// Which cases are meant; every case when nothing is asked.
#[derive(Debug, Clone, Default)]
pub(super) struct Selector {
    pub(super) case: Option<Pattern>,
    pub(super) marker: Option<MarkerExpression>,
    pub(super) target: Option<Targets>,
}

impl Selector {
    pub(super) fn is_everything(&self) -> bool {
        self.case.is_none() && self.marker.is_none() && self.target.is_none()
    }

    pub(super) fn matches(&self, case: &CaseInfo) -> bool {
        self.case.as_ref().is_none_or(|pattern| pattern.matches(&case.name()))
            && self.marker.as_ref().is_none_or(|marker| marker.matches(|name| case.is_marked(name)))
            && self.target.as_ref().is_none_or(|target| target.matches(case))
    }
}

/// A case's name, whole or from some `::` on, in which `*` stands for any text and `?` for any character.
#[derive(Debug, Clone)]
pub(super) struct Pattern(String);

impl Pattern {
    /// A pattern that matches at least one of the cases there are; else the nearest name.
    pub(super) fn of_known(text: &str, known: &Known<'_>) -> Result<Self, Option<String>> {
        let pattern = Self(text.to_owned());
        match known.names().iter().any(|name| pattern.matches(name)) {
            true => Ok(pattern),
            false => Err(known.nearest_case(text)),
        }
    }

    fn matches(&self, name: &str) -> bool {
        let inner_starts = name.match_indices("::").map(|(at, separator)| at + separator.len());
        std::iter::once(0).chain(inner_starts).any(|start| matches_glob(&self.0, &name[start..]))
    }
}

/// Goes back to the last `*` only, so that it never takes longer than the product of the two lengths.
pub(super) fn matches_glob(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    let mut last_star = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                last_star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match last_star {
                Some((star, taken)) => {
                    last_star = Some((star, taken + 1));
                    p = star + 1;
                    t = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_the_whole_name_or_its_end() {
        let name = "cases::search::sustained_search";
        for (pattern, expected) in [
            ("cases::search::sustained_search", true),
            ("search::sustained_search", true),
            ("sustained_search", true),
            ("sustained", false),
            ("ained_search", false),
            ("cases::search", false),
            ("cases::*", true),
            ("search::*", true),
            ("*", true),
            ("*_search", true),
            ("*sta*sea*", true),
            ("sustained?search", true),
            ("sustained??search", false),
            ("**h", true),
            ("*x*", false),
            ("", false),
        ] {
            assert_eq!(Pattern(pattern.to_owned()).matches(name), expected, "{pattern}");
        }
    }

    #[test]
    fn many_stars_do_not_take_forever() {
        assert!(!matches_glob(&format!("{}b", "*a".repeat(100)), &"a".repeat(5_000)));
    }
}
