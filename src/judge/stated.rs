use super::{Judgement, Verdict};

impl Judgement {
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
        }
    }
}
