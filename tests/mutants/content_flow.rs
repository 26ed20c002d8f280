//! Twins of the content flow.

use crate::twin::Twin;

#[test]
fn a_flow_that_tears_documents() {
    Twin::with("content_flow.tears_documents").fails("flow_extreme_concurrency", "wrong document");
}

#[test]
fn a_flow_whose_breaker_never_closes() {
    let why = "the breaker closes within 5s of the archive's return: it is Open";
    Twin::with("content_flow.breaker_never_closes").fails("flow_breaker", why);
}

#[test]
fn a_flow_that_retries_without_end() {
    Twin::with("content_flow.retries_without_end").fails("flow_breaker", "timeouts is ");
}

#[test]
fn a_flow_that_loses_a_place_with_each_failure() {
    Twin::with("content_flow.loses_places").fails("flow_breaker", "no place stays taken: 16 are");
}
