use std::fmt;

use super::{Wrong, known::Known, rule::matches_glob};
use crate::case::{CaseInfo, nearest};

/// Names of targets, in which `*` stands for any text and `?` for any character.
#[derive(Debug, Clone)]
pub(crate) struct Targets(Vec<String>);

impl Targets {
    /// Names of which each is that of at least one case; else the first one that is not.
    pub(super) fn of_known<'t>(
        names: impl IntoIterator<Item = &'t str>,
        known: &Known<'_>,
    ) -> Result<Self, Wrong> {
        let check = |name: &str| match known.targets().iter().any(|target| matches_glob(name, target)) {
            true => Ok(name.to_owned()),
            false => Err(Wrong::NoTarget {
                name: name.to_owned(),
                nearest: nearest(name, known.targets().iter().copied()).map(str::to_owned),
                known: known.targets().iter().map(|target| (*target).to_owned()).collect(),
            }),
        };
        names.into_iter().map(check).collect::<Result<_, _>>().map(Self)
    }

    /// Whether the case has one of these targets. A case without a target has none of them.
    pub(crate) fn matches(&self, case: &CaseInfo) -> bool {
        case.target.is_some_and(|target| self.0.iter().any(|name| matches_glob(name, target)))
    }
}

impl fmt::Display for Targets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(", "))
    }
}
