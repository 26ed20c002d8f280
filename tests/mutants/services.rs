//! Twins of the services: the server is sound, and what is between it and the case is not.

use crate::twin::Twin;

#[test]
fn transactions_that_lose_updates() {
    let twin = Twin::with("services.postgres_loses_updates");
    twin.fails_where_it_runs(
        "service_postgres",
        "two transactions changed the same account, and both were confirmed",
    );
}

#[test]
fn somebody_else_who_counts() {
    let twin = Twin::with("services.redis_counts_twice");
    twin.fails_where_it_runs("service_redis", "the counters add up: ");
}

#[test]
fn messages_that_are_lost() {
    let twin = Twin::with("services.nats_loses_messages");
    twin.fails_where_it_runs("service_nats", "no message is lost: ");
}
