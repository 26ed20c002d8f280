//! Twins of the feature extractor.

use crate::twin::Twin;

#[test]
fn an_extractor_whose_cache_returns_the_answer_of_another() {
    let twin = Twin::with("extractor.ignores_content");
    twin.fails("extractor_constant", "wrong answer");
}

#[test]
fn an_extractor_without_a_fallback() {
    let twin = Twin::with("extractor.has_no_fallback");
    twin.fails("extractor_failures", "model: the model failed: injected");
}

#[test]
fn an_extractor_that_keeps_every_result() {
    let twin = Twin::with("extractor.keeps_everything");
    twin.fails("extractor_long_running", "without an end");
}
