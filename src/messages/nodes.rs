use std::io;

use super::Page;
use crate::{
    cluster::{BusError, JoinError},
    harness::NodesMistake,
};

#[test]
fn nodes_of_a_run() {
    let mut page = Page::new("nodes", "Several nodes that cannot carry out a run together");
    page.family("The broker");
    let url = "nats://127.0.0.1:4222".to_owned();
    for error in [
        BusError::NotBuilt,
        BusError::Connect { url, reason: "connection refused".to_owned() },
        BusError::File {
            key: "cluster_ca",
            path: "ca.pem".to_owned(),
            source: io::ErrorKind::NotFound.into(),
        },
        BusError::Half { stated: "cluster_user", missing: "cluster_password" },
        BusError::Thread(io::ErrorKind::WouldBlock.into()),
        BusError::Subscribe("connection closed".to_owned()),
    ] {
        let given = match &error {
            BusError::NotBuilt => "built without the feature",
            BusError::Connect { .. } => "no broker at the address",
            BusError::File { .. } => "a file that is not there",
            BusError::Half { .. } => "--set cluster_user=ann",
            BusError::Thread(_) => "a table of threads without room",
            BusError::Subscribe(_) => "a broker that closes the door",
        };
        page.says(given, error.to_string());
    }
    page.family("Joining");
    let missing = |so_far: &str| JoinError::Missing {
        name: "stress".to_owned(),
        wait: "5m".to_owned(),
        so_far: so_far.to_owned(),
    };
    for error in [
        JoinError::Refused("node 4 of 4 cannot be: they are numbered from 0".to_owned()),
        missing("2 of 4 nodes came (a, b)"),
        JoinError::Ended,
        JoinError::Thread(io::ErrorKind::WouldBlock.into()),
    ] {
        let given = match &error {
            JoinError::Bus(_) => "the broker",
            JoinError::Refused(_) => "a number over those of the nodes",
            JoinError::Missing { .. } => "too few nodes",
            JoinError::Ended | JoinError::Thread(_) => "a thread",
        };
        page.says(given, error.to_string());
    }
    page.family("Options");
    for error in [
        NodesMistake::NoBroker(4),
        NodesMistake::Parallel,
        NodesMistake::Program(io::ErrorKind::PermissionDenied.into()),
    ] {
        let given = match &error {
            NodesMistake::NoBroker(_) => "--nodes 4",
            NodesMistake::Parallel => "--nodes 4 --test-threads 2",
            NodesMistake::Program(_) | NodesMistake::Join(_) | NodesMistake::Bus(_) => "the suite itself",
        };
        page.says(given, error.to_string());
    }
    page.check();
}
