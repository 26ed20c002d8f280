use std::collections::BTreeSet;

use crate::case::{CaseInfo, nearest};

/// The cases there are, to check names, markers and targets against.
#[derive(Debug)]
pub(super) struct Known<'a> {
    names: Vec<String>,
    markers: BTreeSet<&'a str>,
    targets: BTreeSet<&'a str>,
}

impl<'a> Known<'a> {
    pub(super) fn new(cases: &'a [CaseInfo]) -> Self {
        Self {
            names: cases.iter().map(CaseInfo::name).collect(),
            markers: cases.iter().flat_map(|case| case.markers.iter().copied()).collect(),
            targets: cases.iter().filter_map(|case| case.target).collect(),
        }
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    pub(super) fn markers(&self) -> &BTreeSet<&'a str> {
        &self.markers
    }

    pub(super) fn targets(&self) -> &BTreeSet<&'a str> {
        &self.targets
    }

    /// The whole name of the case that `text` was most likely meant to be, by the whole name or by the function.
    pub(super) fn nearest_case(&self, text: &str) -> Option<String> {
        let function_of = |name: &'_ str| name.rsplit("::").next().map(str::to_owned).unwrap_or_default();
        let whole = nearest(text, self.names.iter().map(String::as_str)).map(str::to_owned);
        whole.or_else(|| {
            let functions: Vec<_> = self.names.iter().map(|name| function_of(name)).collect();
            let function = nearest(&function_of(text), functions.iter().map(String::as_str))?;
            self.names.iter().find(|name| function_of(name) == function).cloned()
        })
    }
}
