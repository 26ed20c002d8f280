//! What it costs to run, time and record one operation of a closed loop, beside a loop written by hand.
//!
//! Both run the same number of users on the same runtime for the same time, in turns, so that a busy machine slows
//! both; the figure that counts is the ratio.

#[path = "loops.rs"]
mod loops;
#[path = "rounds.rs"]
mod rounds;
#[path = "table.rs"]
mod table;

use std::time::Duration;

use loops::{USERS, WORKERS, by_hand, by_load, show};
use rounds::Rounds;
use table::{Purpose, Row, Table};

fn main() {
    let purpose = Purpose::of_this_run();
    let length = purpose.choose(Duration::from_secs(2), Duration::from_millis(50));
    let title = format!("Closed loop, empty async operation, {USERS} users, {WORKERS} workers");
    let table = Table::begin(purpose, &title);
    let told = |way: &str, per_second: f64| {
        eprintln!("{way}: {}", show(per_second));
        per_second
    };
    let round = |_| (told("proofload", by_load(length)), told("by hand", by_hand(length)));
    let seen = Rounds::of((0..purpose.choose(5, 1)).map(round));
    table.row(Row {
        what: "operations timed and recorded, ours with a timeout",
        ours: show(seen.ours),
        yardstick: format!("by hand: {}", show(seen.theirs)),
        ratio: Some(seen.ratio),
        budget: Some((seen.ratio, ">= 1.00")),
    });
}
