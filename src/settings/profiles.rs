//! Profiles and what they inherit.

use std::collections::BTreeMap;

use super::{Mistake, Wrong, file::Profile};
use crate::case::nearest;

/// The profile that is there even if no file defines it.
pub(super) const DEFAULT: &str = "default";

/// Every profile whose parent is not there, and every circle once.
pub(super) fn check(profiles: &BTreeMap<String, Profile>) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    for (name, profile) in profiles {
        let Some((parent, place)) = &profile.inherits else { continue };
        if let Some(wrong) = unknown(profiles, parent) {
            mistakes.push(Mistake::new(place, wrong));
        }
        let mut names = lineage(profiles, name);
        let is_circle = names.last().and_then(|last| parent_of(profiles, last)) == Some(name);
        // A circle is met once from each of its profiles; the first by name reports it.
        if is_circle && names.iter().min() == Some(&name.as_str()) {
            names.push(name);
            let names = names.into_iter().map(str::to_owned).collect();
            mistakes.push(Mistake::new(place, Wrong::Circle { names }));
        }
    }
    mistakes
}

/// What is wrong with asking for this profile, if anything.
pub(super) fn unknown(profiles: &BTreeMap<String, Profile>, name: &str) -> Option<Wrong> {
    let mut known: Vec<_> = profiles.keys().map(String::as_str).filter(|known| *known != DEFAULT).collect();
    known.insert(0, DEFAULT);
    (!known.contains(&name)).then(|| Wrong::UnknownProfile {
        name: name.to_owned(),
        nearest: nearest(name, known.iter().copied()).map(str::to_owned),
        known: known.into_iter().map(str::to_owned).collect(),
    })
}

/// The profile and its ancestors, the eldest first.
pub(super) fn chain<'a>(profiles: &'a BTreeMap<String, Profile>, name: &'a str) -> Vec<&'a Profile> {
    lineage(profiles, name).into_iter().rev().filter_map(|name| profiles.get(name)).collect()
}

/// The names from this profile up, each once.
fn lineage<'a>(profiles: &'a BTreeMap<String, Profile>, name: &'a str) -> Vec<&'a str> {
    let mut names = vec![name];
    let mut last = name;
    while let Some(parent) = parent_of(profiles, last).filter(|parent| !names.contains(parent)) {
        names.push(parent);
        last = parent;
    }
    names
}

fn parent_of<'a>(profiles: &'a BTreeMap<String, Profile>, name: &str) -> Option<&'a str> {
    profiles.get(name)?.inherits.as_ref().map(|(parent, _)| parent.as_str())
}
