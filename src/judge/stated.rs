use std::collections::BTreeSet;

use super::{Judgement, Verdict};
use crate::expect::Expectation;

impl Judgement {
    /// An expectation of a load that did not run; `ran` did.
    pub(crate) fn of_no_load(expectation: &Expectation, ran: &BTreeSet<String>) -> Self {
        let ran: Vec<String> = ran.iter().map(|load| format!("{load:?}")).collect();
        let ran =
            if ran.is_empty() { "none ran".to_owned() } else { format!("there were: {}", ran.join(", ")) };
        let load = expectation.load().unwrap_or_default();
        let sentence = format!("`{expectation}` was not judged: no load called {load:?} ran; {ran}");
        Self { expectation: expectation.to_string(), ..Self::stated(Verdict::Inconclusive, sentence) }
    }

    /// What a case found out by itself, in its own words.
    pub(crate) fn stated(verdict: Verdict, sentence: String) -> Self {
        Self {
            expectation: sentence.clone(),
            load: String::new(),
            verdict,
            observed: None,
            limit_text: String::new(),
            margin: None,
            sentence,
            breach: None,
        }
    }
}
