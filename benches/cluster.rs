//! What nodes cost node 0, by their number: a barrier, a reading of one node, the ends of all. The nodes are those of a real
//! run, in one process, over the bus in memory and on a clock that is made to pass; what is measured is the time in which
//! node 0 works. One core of it is the limit: with five readings a second of each node, that many nodes are too many.

use proofload::__private::simulate_cluster;

/// Readings of a node in a second.
const READINGS: f64 = 5.0;

/// Operations that a node starts between two readings: 1 000 a second.
const OPERATIONS: u64 = 200;

fn main() {
    // Cargo says `--bench` to a benchmark that is to measure.
    let measures = std::env::args().any(|argument| argument == "--bench");
    let (counts, readings): (&[u32], u32) =
        if measures { (&[4, 16, 64, 256, 1_000], 25) } else { (&[4, 16], 3) };
    println!(
        "| nodes | barrier | one reading of one node | its length | ends of all | share of a core while a load runs |"
    );
    println!("|---|---|---|---|---|---|");
    for nodes in counts {
        let seen = simulate_cluster(*nodes, readings, OPERATIONS);
        assert_eq!(seen.due, u64::from(*nodes) * u64::from(readings) * OPERATIONS, "nothing is lost");
        let share = seen.reading.as_secs_f64() * READINGS * f64::from(*nodes);
        println!(
            "| {nodes} | {:.2} ms | {:.0} us | {:.1} KiB | {:.1} ms | {:.1}% |",
            seen.barrier.as_secs_f64() * 1e3,
            seen.reading.as_secs_f64() * 1e6,
            seen.reading_bytes as f64 / 1024.0,
            seen.end.as_secs_f64() * 1e3,
            share * 100.0
        );
    }
}
