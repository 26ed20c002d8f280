//! Twins of the semantic-cache server.

use crate::twin::Twin;

#[test]
fn a_server_without_admission_control() {
    let twin = Twin::with("cache_server.no_admission");
    twin.fails("server_exhaustion", "http_500");
}

#[test]
fn a_server_whose_agents_read_each_others_cache() {
    let twin = Twin::with("cache_server.leaks_between_agents");
    twin.fails("server_agents", "a leak: an agent's answer has another agent's token");
}

#[test]
fn a_server_that_gets_no_block_back() {
    let twin = Twin::with("cache_server.keeps_blocks");
    twin.fails("server_exhaustion", "the pool gave its blocks back within 10s: ");
}
