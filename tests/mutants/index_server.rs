//! Twins of the index's server.

use crate::twin::Twin;

#[test]
fn a_server_that_keeps_the_places_of_broken_connections() {
    let twin = Twin::with("index_server.keeps_places_of_the_broken");
    twin.fails("network_faults", "again, 0 of 50 questions are answered");
}
