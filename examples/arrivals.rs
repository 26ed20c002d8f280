//! A load by itself: the moments at which operations start, without anything that starts them.
//!
//! `cargo run --example arrivals`

use proofload::{Load, per_second, seconds};

fn main() {
    let load = Load::rate(per_second(2)).for_duration(seconds(2)).ramp_to(per_second(6), seconds(2));
    println!("{}", Load::from(load.clone()).describe());
    for (number, moment) in load.arrivals(7).enumerate() {
        println!("{number:>3}  {:6.3} s", moment.as_secs_f64());
    }

    let independent = load.poisson();
    println!("{}", Load::from(independent.clone()).describe());
    println!("{} arrivals with seed 7", independent.arrivals(7).count());
}
