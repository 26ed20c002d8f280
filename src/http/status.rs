use super::options::Redirects;
use crate::Outcome;

/// Whether the answer asks to come back later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RetryAfter {
    Said,
    NotSaid,
}

/// What a status means for the operation. 2xx is ok, so is 3xx unless configured otherwise; 429, and 503 with
/// `retry-after`, are polite refusals; everything else is an error of that code.
pub(super) fn outcome(status: u16, retry_after: RetryAfter, redirects: Redirects) -> Outcome {
    // The code is part of a word, so that the kinds of two codes are not one with its number replaced.
    let kind = || format!("http_{status}");
    let outcome = match (status, retry_after, redirects) {
        (200..=299, _, _) => Outcome::ok(),
        (300..=399, _, Redirects::AreOk | Redirects::Follow(_)) => Outcome::ok(),
        (300..=399, _, Redirects::AreErrors) => Outcome::error(kind()),
        (429, _, _) | (503, RetryAfter::Said, _) => Outcome::rejected(kind()),
        _ => Outcome::error(kind()),
    };
    outcome.with_status(status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Ending, OutcomeClass};

    #[test]
    fn every_class_of_statuses_has_its_outcome() {
        use OutcomeClass::{Error, Ok, Rejected};
        use Redirects::{AreErrors, AreOk, Follow};
        use RetryAfter::{NotSaid, Said};
        for (status, retry_after, redirects, class, kind) in [
            (200, NotSaid, AreOk, Ok, ""),
            (204, NotSaid, AreOk, Ok, ""),
            (299, Said, AreOk, Ok, ""),
            (301, NotSaid, AreOk, Ok, ""),
            (304, NotSaid, Follow(3), Ok, ""),
            (302, NotSaid, AreErrors, Error, "http_302"),
            (400, NotSaid, AreOk, Error, "http_400"),
            (404, NotSaid, AreOk, Error, "http_404"),
            (429, NotSaid, AreOk, Rejected, "http_429"),
            (429, Said, AreOk, Rejected, "http_429"),
            (500, Said, AreOk, Error, "http_500"),
            (503, NotSaid, AreOk, Error, "http_503"),
            (503, Said, AreOk, Rejected, "http_503"),
            (599, NotSaid, AreOk, Error, "http_599"),
            (600, NotSaid, AreOk, Error, "http_600"),
        ] {
            let outcome = outcome(status, retry_after, redirects);
            let (seen, text) = match &outcome.ending {
                Ending::Ok => (Ok, ""),
                Ending::Rejected(reason) => (Rejected, reason.as_deref().unwrap_or("")),
                Ending::Error(kind) => (Error, &**kind),
            };
            assert_eq!((seen, text, outcome.status), (class, kind, Some(status)), "{status} {retry_after:?}");
        }
    }
}
