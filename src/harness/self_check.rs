use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};

use crate::{
    engine::drive_alone,
    load::Load,
    monitor::{OwnProcess, cores_available},
    observe::Observation,
    units::{per_second, seconds, show_duration},
};

/// The rates at which starts are looked at.
const RATES: [f64; 4] = [100.0, 1_000.0, 10_000.0, 50_000.0];

/// Long enough for a p99 of the lowest rate.
const LENGTH: Duration = Duration::from_secs(3);

/// Longer says nothing more.
const LONGEST_SCALE: f64 = 100.0;

/// A rate is trusted when it was achieved within a thousandth ...
const ACHIEVED: f64 = 0.999;

/// ... and the p99 of the lateness is at most this: a tenth of the shortest time that most services answer in.
const LATE: Duration = Duration::from_millis(1);

/// A response time is mostly the target's own from this many times the lateness on.
const TIMES_LATENESS: u32 = 10;

/// Operations of the known target a second, and how long each takes: 0.5 to 1.49 ms, evenly, by its number.
const KNOWN_RATE: u32 = 200;

/// Each of the 100 times once.
const ONE_ROUND: Duration = Duration::from_millis(500);

fn known(index: u64) -> Duration {
    Duration::from_micros(500 + 10 * (index % 100))
}

/// Starts at one rate.
struct Starts {
    rate: f64,
    achieved: f64,
    p50: Duration,
    p99: Duration,
    max: Duration,
    cores: f64,
}

/// Measures the load generator on this machine, with empty operations and a target whose times are known, and says
/// what can be trusted. Takes about 20 s, multiplied by `time_scale`.
pub(super) fn self_check(workers: usize, time_scale: f64) -> std::io::Result<()> {
    let runtime = Builder::new_multi_thread().worker_threads(workers).enable_all().build()?;
    let length = LENGTH.mul_f64(time_scale.min(LONGEST_SCALE));
    println!("self-check: {:.1} cores available, {workers} workers", cores_available());
    println!("\nstarts of operations, lateness");
    let starts: Vec<Starts> = RATES.into_iter().filter_map(|rate| starts(&runtime, rate, length)).collect();
    starts.iter().for_each(print_starts);
    println!("\noperations that do nothing");
    if let Some((rate, cpu)) = empty_operations(&runtime, length) {
        println!("  {:.2} M/s with 64 users, {} of CPU each", rate / 1e6, show_duration(cpu));
    }
    println!("\na target whose service times are known");
    let error = known_target(&runtime, length.max(ONE_ROUND));
    println!("\n{}", trust(&starts, error));
    Ok(())
}

fn starts(runtime: &Runtime, rate: f64, length: Duration) -> Option<Starts> {
    let mut own = OwnProcess::new();
    let (began, before) = (Instant::now(), own.sample().cpu);
    let load = Load::rate(per_second(rate)).for_duration(length);
    let seen = run(runtime, load, |_op| async {})?;
    let cpu = own.sample().cpu.saturating_sub(before);
    let late = &seen.total.lateness;
    Some(Starts {
        rate,
        achieved: seen.total.started_per_sec()? / rate,
        p50: late.percentile(0.5)?,
        p99: late.percentile(0.99)?,
        max: late.max(),
        cores: cpu.as_secs_f64() / began.elapsed().as_secs_f64(),
    })
}

fn run<F, T>(runtime: &Runtime, load: impl Into<Load>, operation: F) -> Option<Observation>
where
    F: Fn(crate::Op) -> T + Send + Sync + 'static,
    T: Future<Output = ()> + Send,
{
    // A load that is written here cannot contradict itself; without a thread for the collector there is no figure.
    runtime.block_on(drive_alone(load, seconds(30), operation)).ok()
}

fn print_starts(seen: &Starts) {
    println!(
        "  {:>6}/s  achieved {:>7.2}%  p50 {:>8}  p99 {:>8}  max {:>8}  {:.2} cores",
        seen.rate,
        seen.achieved * 100.0,
        show_duration(seen.p50),
        show_duration(seen.p99),
        show_duration(seen.max),
        seen.cores
    );
}

/// Operations per second, and the CPU time of each.
fn empty_operations(runtime: &Runtime, length: Duration) -> Option<(f64, Duration)> {
    let mut own = OwnProcess::new();
    let before = own.sample().cpu;
    let seen = run(runtime, Load::users(64).for_duration(length), |_op| async {})?;
    let cpu = own.sample().cpu.saturating_sub(before);
    let done = seen.total.counts.ok.max(1);
    Some((seen.total.throughput()?, cpu.div_f64(done as f64)))
}

/// The largest relative error of the percentiles looked at.
fn known_target(runtime: &Runtime, length: Duration) -> Option<f64> {
    let load = Load::rate(per_second(KNOWN_RATE)).for_duration(length);
    let seen = run(runtime, load, |op| async move {
        let began = Instant::now();
        while began.elapsed() < known(op.index) {
            std::hint::spin_loop();
        }
    })?;
    let mut worst = 0.0f64;
    for (name, q) in [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)] {
        // The 100 times of a round are evenly spaced: percentile p is the p-th of them.
        let right = known((q * 100.0) as u64 - 1);
        let read = seen.total.service_percentile(q)?;
        let error = read.as_secs_f64() / right.as_secs_f64() - 1.0;
        worst = worst.max(error.abs());
        println!(
            "  {name}  {:>8} read as {:>8} ({:+.2}%)",
            show_duration(right),
            show_duration(read),
            error * 100.0
        );
    }
    Some(worst)
}

/// What the figures mean.
fn trust(starts: &[Starts], error: Option<f64>) -> String {
    let is_good = |s: &&Starts| s.achieved >= ACHIEVED && s.p99 <= LATE;
    let Some(best) = starts.iter().take_while(is_good).last() else {
        return format!(
            "trust: none of these rates. Starts were more than {} late at p99, or missing: this machine is too busy to \
             generate load",
            show_duration(LATE)
        );
    };
    let from = best.p99 * TIMES_LATENESS;
    let error = error.map_or(String::new(), |e| format!(", percentiles within {:.1}%", e * 100.0));
    format!(
        "trust: open loads up to {}/s, response times from about {} on ({TIMES_LATENESS} times the p99 of the \
         lateness){error}",
        best.rate,
        show_duration(from)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(rate: f64, achieved: f64, p99: Duration) -> Starts {
        Starts { rate, achieved, p50: p99 / 2, p99, max: p99 * 2, cores: 0.1 }
    }

    #[test]
    fn trust_ends_at_the_first_rate_that_was_missed_or_late() {
        let quick = Duration::from_micros(30);
        let seen = [at(100.0, 1.0, quick), at(1_000.0, 0.9995, quick * 2), at(10_000.0, 0.98, quick)];
        assert_eq!(
            trust(&seen, Some(0.004)),
            "trust: open loads up to 1000/s, response times from about 600 us on (10 times the p99 of the lateness), \
             percentiles within 0.4%"
        );
        let late = [at(100.0, 1.0, Duration::from_millis(2)), at(1_000.0, 1.0, quick)];
        assert!(
            trust(&late, None)
                .starts_with("trust: none of these rates. Starts were more than 1 ms late at p99")
        );
    }
}
