//! A queue with one server on virtual time: Poisson arrivals and exponential service times are an M/M/1, of which
//! everything is known.
//!
//! The closed formula is what an endless run has; one run of 100 000 operations is off by more than is allowed here at
//! high load. Lindley's recursion (The theory of queues with a single server, 1952) gives the response times of the very
//! same arrivals and service times, so that what is left is the engine's own error.

use super::{
    truth::{close, response},
    *,
};

const SEED: u64 = 7;
const OPERATIONS: f64 = 120_000.0;

/// How long operation `op` is served: exponential with a mean of 1 s, in the whole milliseconds that timers have.
fn service(op: Op) -> Duration {
    let exponential = -(1.0 - op.rng().f64()).ln();
    millis((exponential * 1e3).round() as u64)
}

/// What was measured, and the response times that the recursion gives for the same sample path.
async fn measured_and_exact(load: f64) -> (Observation, Vec<Duration>) {
    let arrivals = open(load, Duration::from_secs_f64(OPERATIONS / load)).poisson();
    let moments: Vec<Duration> = arrivals.arrivals(SEED).collect();
    let mut job = job(arrivals);
    job.seed = SEED;
    job.max_in_flight = 10_000;
    job.timeout = seconds(100_000);
    job.drain = seconds(100_000);
    let served = Arc::new(Mutex::new(vec![Duration::ZERO; moments.len()]));
    let noted = Arc::clone(&served);
    // Tokio's mutex is fair: who came first is served first.
    let server = Arc::new(tokio::sync::Mutex::new(()));
    let seen = run(job, move |op| {
        let (server, noted) = (Arc::clone(&server), Arc::clone(&noted));
        async move {
            let _served = server.lock().await;
            noted.lock().unwrap()[op.index as usize] = service(op);
            sleep(service(op)).await;
        }
    })
    .await;
    assert_eq!(seen.total.counts.ok, moments.len() as u64);
    let served = served.lock().unwrap().clone();
    (seen, lindley(&moments, &served))
}

/// The sorted response times of a single server: each operation waits for what the one before still had to wait and to
/// be served when it came.
fn lindley(arrivals: &[Duration], served: &[Duration]) -> Vec<Duration> {
    let mut free_at = Duration::ZERO;
    let mut times: Vec<Duration> = arrivals
        .iter()
        .zip(served)
        .map(|(&arrival, &service)| {
            free_at = free_at.max(arrival) + service;
            free_at - arrival
        })
        .collect();
    times.sort_unstable();
    times
}

fn mean(times: &[Duration]) -> Duration {
    times.iter().sum::<Duration>() / times.len() as u32
}

/// The engine's own error is that of timers and of the histogram: a hundredth of the mean, not a twentieth.
#[track_caller]
fn agree(seen: &Observation, exact: &[Duration]) {
    close("the mean", seen.total.response.mean(), mean(exact), 0.01);
    for q in [0.5, 0.9, 0.99, 0.999] {
        let rank = (q * exact.len() as f64).ceil() as usize;
        close(&format!("percentile {q}"), response(seen, q), exact[rank - 1], 0.01);
    }
}

#[tokio::test(start_paused = true)]
async fn half_loaded_it_follows_the_sample_path_and_the_formula() {
    let (seen, exact) = measured_and_exact(0.5).await;
    assert!(exact.len() >= 100_000, "{}", exact.len());
    agree(&seen, &exact);
    // The response time of an M/M/1 is exponential with the mean 1 / (1 - 0.5) s.
    close("the mean, by the formula", seen.total.response.mean(), seconds(2), 0.05);
    let p99 = seconds(2).mul_f64(100f64.ln());
    close("p99, by the formula", response(&seen, 0.99), p99, 0.05);
}

#[tokio::test(start_paused = true)]
async fn at_four_fifths_it_follows_the_sample_path() {
    let (seen, exact) = measured_and_exact(0.8).await;
    assert!(exact.len() >= 100_000, "{}", exact.len());
    agree(&seen, &exact);
    // By the formula 5 s; one run is not expected to hit it, but to know which queue this is.
    close("the mean, by the formula", seen.total.response.mean(), seconds(5), 0.2);
}
