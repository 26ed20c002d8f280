//! What the extractor's answers mean to a load, and the two rates that every case reports.

use proofload::{CaseRatio, Context, Outcome};

use super::{Answer, ExtractorError, Source};

/// Counts where answers came from: `cache_hit_rate` and `fallback_rate`, shares of all answers.
#[derive(Debug, Clone)]
pub(crate) struct Tally {
    hits: CaseRatio,
    fallbacks: CaseRatio,
}

impl Tally {
    /// The tally of a case.
    pub(crate) fn of(cx: &Context) -> Self {
        Self { hits: cx.ratio("cache_hit_rate"), fallbacks: cx.ratio("fallback_rate") }
    }

    /// A full queue is a polite refusal, anything else that is not the right answer is an error, told apart by its
    /// kind. A fallback's answer is one.
    pub(crate) fn outcome(&self, answer: Result<Answer, ExtractorError>) -> Outcome {
        self.outcome_of_all(answer.map(|answer| [answer]))
    }

    /// The same of several answers, or none.
    pub(crate) fn outcome_of_all<A>(&self, answers: Result<A, ExtractorError>) -> Outcome
    where
        A: IntoIterator<Item = Answer>,
    {
        match answers {
            Ok(answers) => {
                answers.into_iter().for_each(|answer| self.count(&answer));
                Outcome::ok()
            }
            Err(error @ ExtractorError::Busy(_)) => Outcome::rejected(error),
            Err(error) => Outcome::error(format_args!("{}: {error}", error.kind())),
        }
    }

    fn count(&self, answer: &Answer) {
        let (is_hit, is_fallback) = match answer.source {
            Source::Model => (false, false),
            Source::Cache => (true, false),
            Source::Fallback(_) => (false, true),
        };
        self.hits.record(is_hit);
        self.fallbacks.record(is_fallback);
    }
}
