//! Twins of the vector index.

use crate::twin::Twin;

#[test]
fn an_index_that_loses_an_insert() {
    let twin = Twin::with("vector_index.loses_inserts");
    twin.fails("exhaustion_recovery", "wrong answer");
}
