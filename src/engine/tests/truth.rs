//! Targets with a known answer, on virtual time: what the engine measures is held against what the arrivals and the
//! target's rule make it, to the millisecond that tokio's timers have.

use super::*;

/// Timers fire at whole milliseconds, so an arrival waits up to one for its start and one for its end.
const TIMERS: Duration = millis(2);

/// Requires that `seen` is within `share` of `wanted`.
#[track_caller]
pub(super) fn close(what: &str, seen: Duration, wanted: Duration, share: f64) {
    let off = seen.as_secs_f64() / wanted.as_secs_f64() - 1.0;
    assert!(off.abs() <= share, "{what}: {seen:?} for {wanted:?}, off by {:.3} %", off * 100.0);
}

/// Requires that the response times are these, one for each operation, up to the timers and the histogram's 0.1 %.
#[track_caller]
fn are(seen: &Observation, mut times: Vec<Duration>) {
    times.sort_unstable();
    assert_eq!(seen.total.response.count(), times.len() as u64);
    for (q, rank) in [0.5, 0.75, 0.8, 0.85, 0.9, 0.95, 0.99, 0.999, 1.0].map(|q| (q, rank_of(q, times.len())))
    {
        let read = seen.total.response_percentile(q).unwrap();
        let exact = times[rank - 1];
        assert!(!read.is_at_least);
        assert!(read.value.abs_diff(exact) <= TIMERS + exact / 1_000, "{q}: {:?} for {exact:?}", read.value);
    }
}

/// The rank of a quantile: the smallest that a share `q` does not exceed.
fn rank_of(q: f64, n: usize) -> usize {
    ((q * n as f64 - 1e-6).ceil() as usize).max(1)
}

pub(super) fn response(seen: &Observation, q: f64) -> Duration {
    seen.total.response_percentile(q).unwrap().value
}

/// A target that holds every answer for the last second of each five.
fn held_until(at: Duration) -> Option<Duration> {
    let in_period = Duration::from_nanos((at.as_nanos() % 5_000_000_000) as u64);
    (in_period >= seconds(4)).then(|| at - in_period + seconds(5))
}

#[tokio::test(start_paused = true)]
async fn a_stall_every_five_seconds() {
    let load = open(1_000.0, seconds(100));
    let arrivals = load.arrivals(0);
    let mut job = job(load);
    job.max_in_flight = 2_000;
    let origin = TokioInstant::now();
    let seen = run(job, move |_op| async move {
        if let Some(end) = held_until(origin.elapsed()) {
            tokio::time::sleep_until(origin + end).await;
        }
    })
    .await;
    assert_eq!(seen.total.counts, Counts { due: 100_000, ok: 100_000, ..Counts::default() });
    // A fifth of the operations waits between 0 and 1 s: p90 is half-way among them, p99 has 95 % of them below.
    close("p90", response(&seen, 0.9), millis(500), 0.03);
    close("p99", response(&seen, 0.99), millis(950), 0.02);
    assert!(response(&seen, 0.79) <= TIMERS, "four fifths wait for nothing");
    close("the mean", seen.total.response.mean(), millis(100), 0.02);
    are(&seen, arrivals.map(|at| held_until(at).map_or(Duration::ZERO, |end| end - at)).collect());
}

/// A server of eight places that take 100 ms each: 80/s, and not one more.
fn eight_places() -> impl Fn(Op) -> Served + Send + Sync + 'static {
    let places = Arc::new(tokio::sync::Semaphore::new(8));
    move |_op| {
        let places = Arc::clone(&places);
        Box::pin(async move {
            let _place = places.acquire().await.expect("nobody closes it");
            sleep(millis(100)).await;
        })
    }
}

type Served = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

#[tokio::test(start_paused = true)]
async fn users_reach_the_capacity_of_the_places() {
    let seen = run(job(users(100, seconds(100))), eight_places()).await;
    let capacity = seen.total.throughput().unwrap();
    assert!((capacity / 80.0 - 1.0).abs() <= 0.02, "{capacity}/s");
    // Little's law: 100 users at 80/s are 1.25 s each.
    close("the mean", seen.total.response.mean(), millis(1_250), 0.02);
    let idle = run(job(users(4, seconds(100))), eight_places()).await;
    let half = idle.total.throughput().unwrap();
    assert!((half / 40.0 - 1.0).abs() <= 0.02, "half of the places are busy: {half}/s");
    close("nobody waits", idle.total.response.max(), millis(100), 0.02);
}

#[tokio::test(start_paused = true)]
async fn a_rate_above_the_capacity_of_the_places_gets_the_capacity() {
    let mut job = job(open(120.0, seconds(60)));
    job.max_in_flight = 10_000;
    job.timeout = seconds(600);
    job.drain = seconds(600);
    let seen = run(job, eight_places()).await;
    assert_eq!(seen.total.counts, Counts { due: 7_200, ok: 7_200, ..Counts::default() });
    let capacity = seen.total.throughput().unwrap();
    assert!((capacity / 80.0 - 1.0).abs() <= 0.02, "{capacity}/s");
    // The queue grows by 40/s: the operation due at t waits t / 2, and the last ones 30 s.
    close("p50", response(&seen, 0.5), millis(15_100), 0.02);
    close("p99", response(&seen, 0.99), millis(29_800), 0.02);
    let late = seen.total.lateness.max();
    assert!(late <= TIMERS, "the target is slow, not the generator: {late:?}");
}

/// The pause of the target: 300 ms, once.
const PAUSE: Duration = millis(300);
const PAUSE_BEGINS: Duration = seconds(5);

fn waits_for_the_pause(at: Duration) -> Duration {
    match at >= PAUSE_BEGINS && at < PAUSE_BEGINS + PAUSE {
        true => PAUSE_BEGINS + PAUSE - at,
        false => Duration::ZERO,
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_of_the_target_shows_in_both_times() {
    let origin = TokioInstant::now();
    let load = open(1_000.0, seconds(20));
    let arrivals = load.arrivals(0);
    let seen =
        run(job(load), move |_op| async move { sleep(waits_for_the_pause(origin.elapsed())).await }).await;
    assert_pause(&seen, arrivals);
    let service = &seen.total.service;
    close("the service time", service.max(), PAUSE, 0.01);
    let over = service.count() - service.count_up_to(millis(150));
    assert!((148..=151).contains(&over), "{over} were served for over 150 ms");
    assert!(seen.total.lateness.max() <= TIMERS, "{:?}", seen.total.lateness.max());
}

/// The same pause, of everything: the generator did not run either.
#[tokio::test(start_paused = true)]
async fn a_pause_of_the_generator_shows_in_response_times_alone() {
    let load = open(1_000.0, seconds(20));
    let arrivals = load.arrivals(0);
    let seen = run(job(load), |op| async move {
        // This one is due a millisecond before the pause.
        if op.index == 4_999 {
            tokio::time::advance(PAUSE + millis(1)).await;
        }
    })
    .await;
    // The one that held everybody up took as long itself, and is not among those that were due meanwhile.
    let held_up = seen.total.service.count() - seen.total.service.count_up_to(TIMERS);
    assert_eq!(held_up, 1, "nobody else was served for long");
    let arrivals = arrivals.enumerate().filter(|(k, _)| *k != 4_999).map(|(_, at)| at);
    let over = seen.total.response.count() - seen.total.response.count_up_to(millis(150)) - held_up;
    assert!((148..=152).contains(&over), "{over} were over 150 ms");
    let affected = arrivals.filter(|at| !waits_for_the_pause(*at).is_zero()).count() as u64;
    let late = &seen.total.lateness;
    assert_eq!(affected, 300);
    let seen_late = late.count() - late.count_up_to(TIMERS);
    assert!((296..=301).contains(&seen_late), "{seen_late} started late");
    close("lateness", late.max(), PAUSE, 0.01);
}

#[track_caller]
fn assert_pause(seen: &Observation, arrivals: impl Iterator<Item = Duration>) {
    assert_eq!(seen.total.counts, Counts { due: 20_000, ok: 20_000, ..Counts::default() });
    let response = &seen.total.response;
    let over = |least: Duration| response.count() - response.count_up_to(least);
    assert!((296..=301).contains(&over(TIMERS)), "{} of 300 were affected", over(TIMERS));
    assert!((148..=152).contains(&over(millis(150))), "{} of 150 were over 150 ms", over(millis(150)));
    close("the longest", response.max(), PAUSE, 0.01);
    are(seen, arrivals.map(waits_for_the_pause).collect());
}
