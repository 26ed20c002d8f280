//! Targets with a known answer, on the real clock and through the public interface.
//!
//! The same answers hold exactly on virtual time, in the engine's own tests. Here a machine that is busy with other
//! things takes part: what no delay can undo (counts, orders, bounds) is required of every run, the tolerance of an idle
//! machine of the best of three.

use std::{
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use proofload::{Load, Op, drive_alone, millis, observe::Observation, per_second, seconds};
use tokio::sync::{oneshot, watch};

/// Runs that are tried before a machine counts as too slow for the tolerance.
const TRIES: usize = 3;

/// Runs `measure` until what it returns is empty: what was off, in words.
#[track_caller]
fn best_of_three(measure: impl Fn() -> Vec<String>) {
    let mut all = Vec::new();
    for _ in 0..TRIES {
        let off = measure();
        if off.is_empty() {
            return;
        }
        all.push(off.join("; "));
    }
    panic!("in none of {TRIES} runs: {all:#?}");
}

/// Says when `seen` is further than `share` from `wanted`.
fn off(what: &str, seen: f64, wanted: f64, share: f64) -> Option<String> {
    let by = seen / wanted - 1.0;
    (by.abs() > share).then(|| format!("{what} is {seen:.4}, off by {:.1} % from {wanted:.4}", by * 100.0))
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

fn run<F, T>(load: impl Into<Load>, operation: F) -> Observation
where
    F: Fn(Op) -> T + Send + Sync + 'static,
    T: Future<Output = ()> + Send,
{
    let seen = runtime().block_on(drive_alone(load, seconds(30), operation)).expect("the load can run");
    assert!(seen.total.counts.is_balanced(), "{:?}", seen.total.counts);
    assert_eq!(seen.total.counts.ok, seen.total.counts.due);
    seen
}

fn response_s(seen: &Observation, q: f64) -> f64 {
    seen.total.response_percentile(q).expect("samples").value.as_secs_f64()
}

/// How many times are over `least`.
fn over(histogram: &proofload::observe::Histogram, least: Duration) -> f64 {
    let n = histogram.count();
    let of_rank = |rank: u64| histogram.percentile(rank as f64 / n as f64).expect("a rank that is there");
    (1..=n).rev().take_while(|rank| of_rank(*rank) > least).count() as f64
}

/// A target that answers at once while its gate is open. A thread of its own closes and opens it, by the clock rather
/// than by timers of the runtime.
#[derive(Clone)]
struct Gate {
    is_open: watch::Receiver<bool>,
}

impl Gate {
    /// Closed from `from` to `to`, counted from now.
    fn closed(from: Duration, to: Duration) -> Self {
        let (say, is_open) = watch::channel(true);
        let began = Instant::now();
        thread::spawn(move || {
            sleep_until(began + from);
            say.send_replace(false);
            sleep_until(began + to);
            say.send_replace(true);
            // Until the last operation has asked.
            thread::sleep(seconds(20));
        });
        Self { is_open }
    }

    async fn pass(mut self) {
        self.is_open.wait_for(|is_open| *is_open).await.expect("the thread outlives the load");
    }
}

fn sleep_until(moment: Instant) {
    thread::sleep(moment.saturating_duration_since(Instant::now()));
}

fn through(
    gate: &Gate,
) -> impl Fn(Op) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync + 'static {
    let gate = gate.clone();
    move |_op| Box::pin(gate.clone().pass())
}

/// All answers are held for 1 s in 5: a fifth of the operations waits between 0 and 1 s.
#[test]
fn a_stall_of_a_second_in_five() {
    best_of_three(|| {
        let gate = Gate::closed(seconds(2), seconds(3));
        let seen = run(Load::rate(per_second(1_000)).for_duration(seconds(5)), through(&gate));
        assert_eq!(seen.total.counts.due, 5_000);
        let (p50, p90, p99) = (response_s(&seen, 0.5), response_s(&seen, 0.9), response_s(&seen, 0.99));
        assert!(p90 > 0.4 && p99 > 0.9, "a stall is never less than it is: p90 {p90}, p99 {p99}");
        assert!(p50 < p90 && p90 < p99, "{p50} {p90} {p99}");
        let checks = [
            off("p90 in s", p90, 0.5, 0.03),
            off("p99 in s", p99, 0.95, 0.02),
            (p50 > 0.05).then(|| format!("p50 is {p50} s, and most operations wait for nothing")),
        ];
        checks.into_iter().flatten().collect()
    });
}

/// The target pauses once, for 300 ms: at 1000/s that is 300 operations.
#[test]
fn a_pause_of_the_target() {
    best_of_three(|| {
        let gate = Gate::closed(seconds(1), millis(1_300));
        let seen = run(Load::rate(per_second(1_000)).for_duration(seconds(2)), through(&gate));
        let (response, service) = (&seen.total.response, &seen.total.service);
        assert!(response.max() > millis(250), "{:?}", response.max());
        assert!(response.max() >= service.max(), "the response time counts from the earlier moment");
        assert!(over(response, millis(150)) >= 100.0, "{}", over(response, millis(150)));
        let checks = [
            off("the longest in s", response.max().as_secs_f64(), 0.3, 0.05),
            off("operations over 150 ms", over(response, millis(150)), 150.0, 0.06),
            off("operations over 20 ms", over(response, millis(20)), 280.0, 0.06),
            off("operations served for over 150 ms", over(service, millis(150)), 150.0, 0.06),
        ];
        checks.into_iter().flatten().collect()
    });
}

/// The same pause with everything held up, the generator too: the operations were not served for long, but late.
#[test]
fn a_pause_of_the_generator() {
    best_of_three(|| {
        let seen = run(Load::rate(per_second(1_000)).for_duration(seconds(2)), |op| async move {
            // The workers are two.
            if (1_000..1_002).contains(&op.index) {
                thread::sleep(millis(300));
            }
        });
        let (response, service, late) = (&seen.total.response, &seen.total.service, &seen.total.lateness);
        assert!(late.max() > millis(250), "{:?}", late.max());
        assert!(over(response, millis(150)) >= 100.0, "{}", over(response, millis(150)));
        assert!(response.max() >= late.max(), "lateness is part of the response time");
        let served_for_long = over(service, millis(150));
        assert!(served_for_long >= 2.0, "{served_for_long}");
        match served_for_long {
            2.0 => Vec::new(),
            n => vec![format!("{n} operations were served for over 150 ms, and two held the others up")],
        }
    });
}

/// A server of some places, each a thread that takes 5 ms for a request by the clock: a late wake shortens the next one,
/// so that its capacity is exact while requests wait.
#[derive(Clone)]
struct Places {
    requests: mpsc::Sender<oneshot::Sender<()>>,
}

const SERVICE: Duration = millis(5);

impl Places {
    fn new(places: usize) -> Self {
        let (requests, queue) = mpsc::channel::<oneshot::Sender<()>>();
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..places {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let mut free_at = Instant::now();
                loop {
                    let asked = Instant::now();
                    let request = queue.lock().expect("no place panics").recv();
                    let Ok(answer) = request else { return };
                    // One that found nothing to do begins when it is asked.
                    if asked.elapsed() > millis(1) {
                        free_at = free_at.max(Instant::now());
                    }
                    free_at += SERVICE;
                    sleep_until(free_at);
                    let _gone = answer.send(());
                }
            });
        }
        Self { requests }
    }

    async fn serve(self) {
        let (answer, answered) = oneshot::channel();
        self.requests.send(answer).expect("the places are there");
        answered.await.expect("a place answers");
    }
}

/// Four places of 5 ms each are 800/s, however many users ask.
#[test]
fn users_reach_the_capacity_of_the_places() {
    best_of_three(|| {
        let places = Places::new(4);
        let seen = run(Load::users(200).for_duration(seconds(3)), move |_op| places.clone().serve());
        let rate = seen.total.throughput().expect("a length");
        assert!(rate < 900.0, "more than the places can do: {rate}/s");
        // 200 users at 800/s are 250 ms each (Little's law); the first ones find an empty queue.
        let checks = [
            off("throughput a second", rate, 800.0, 0.02),
            off("p50 in s", response_s(&seen, 0.5), 0.25, 0.05),
        ];
        checks.into_iter().flatten().collect()
    });
}

/// At 1200/s the same places do 800/s, and the queue grows by 400 a second.
#[test]
fn a_rate_above_the_capacity_of_the_places() {
    best_of_three(|| {
        let places = Places::new(4);
        let load = Load::rate(per_second(1_200)).for_duration(seconds(3));
        let seen = run(load, move |_op| places.clone().serve());
        assert_eq!(seen.total.counts.due, 3_600);
        let rate = seen.total.throughput().expect("a length");
        assert!(rate < 900.0, "more than the places can do: {rate}/s");
        let longest = seen.total.response.max().as_secs_f64();
        assert!(
            longest > 1.2,
            "3600 operations at 800/s take 4.5 s, 1.5 s more than they were given: {longest}"
        );
        let checks = [
            off("throughput a second", rate, 800.0, 0.02),
            off("the longest in s", longest, 1.5, 0.05),
            off("p50 in s", response_s(&seen, 0.5), 0.75, 0.05),
        ];
        checks.into_iter().flatten().collect()
    });
}
