//! The pacer: what it does after a stall, and how soon it hears that it is time to stop.

use std::thread;

use super::*;

/// The moment at which each operation started, by its number, in milliseconds of the load.
async fn started_at(
    load: OpenLoad,
    stall: impl Fn(u64) -> Option<Duration> + Send + Sync + 'static,
) -> (Observation, Vec<u128>) {
    let started = Arc::new(Mutex::new(BTreeMap::new()));
    let noted = Arc::clone(&started);
    let origin = TokioInstant::now();
    let seen = run(job(load), move |op| {
        let noted = noted.lock().unwrap().insert(op.index, origin.elapsed().as_millis());
        assert_eq!(noted, None, "operation {} starts once", op.index);
        let stall = stall(op.index);
        async move {
            if let Some(length) = stall {
                // Time passes and nobody runs meanwhile, as when a thread blocks.
                tokio::time::advance(length).await;
            }
        }
    })
    .await;
    let started = started.lock().unwrap().clone();
    assert!(started.keys().copied().eq(0..seen.total.counts.due), "nothing is skipped");
    (seen, started.into_values().collect())
}

#[tokio::test(start_paused = true)]
async fn after_a_stall_everything_due_is_started_at_once() {
    // One operation every 10 ms; number 50 stops the world for a second when it is due, at 500 ms.
    let (seen, started) =
        started_at(open(100.0, seconds(3)), |index| (index == 50).then_some(seconds(1))).await;
    assert_eq!(seen.total.counts, Counts { due: 300, ok: 300, ..Counts::default() });
    for (k, at) in started.iter().enumerate() {
        let due = 10 * k as u128;
        let expected = if (501..1_500).contains(&due) { 1_500 } else { due };
        assert!(at.abs_diff(expected) <= 1, "operation {k} started at {at} ms, not at {expected} ms");
    }
    // The lateness of the hundred that were due falls from 990 ms to 0 in steps of 10 ms.
    for rank in 0..100 {
        let late = seen.total.lateness.at_rank(300 - rank).unwrap();
        let expected = millis(990 - 10 * rank);
        assert!(late.abs_diff(expected) <= millis(2), "{rank} from the last: {late:?}, not {expected:?}");
    }
    assert!(seen.total.lateness.at_rank(200).unwrap() <= millis(2), "no other one was late");
}

#[tokio::test(start_paused = true)]
async fn a_stall_longer_than_the_rest_of_the_load_skips_nothing() {
    let (seen, started) =
        started_at(open(1_000.0, seconds(1)), |index| (index == 100).then_some(seconds(60))).await;
    assert_eq!(seen.total.counts, Counts { due: 1_000, ok: 1_000, ..Counts::default() });
    assert!(started[101..].iter().all(|at| (60_100..=60_101).contains(at)), "{:?}", &started[101..110]);
    let longest = seen.total.response.max();
    assert!(longest.abs_diff(seconds(60)) <= millis(65), "{longest:?}");
}

#[tokio::test(start_paused = true)]
async fn stalls_on_the_edge_of_stages_shift_no_later_one() {
    let load = open(10.0, seconds(2)).pause(seconds(2)).step_to(per_second(20)).for_duration(seconds(1));
    // Stops the world from 1.9 s until in the last stage, over the pause.
    let (seen, started) = started_at(load, |index| (index == 19).then_some(millis(2_300))).await;
    assert_eq!(due_of(&seen), [20, 0, 20]);
    let expected: Vec<u128> =
        (0..20).map(|k| 100 * k).chain((0..20).map(|k| (4_000 + 50 * k).max(4_200))).collect();
    for (k, (at, expected)) in started.iter().zip(expected).enumerate() {
        assert!(at.abs_diff(expected) <= 1, "operation {k} started at {at} ms, not at {expected} ms");
    }
}

/// Operations that block every worker of the runtime keep the pacer from running: the others start late, and that is
/// part of their response times but not of their service times.
#[test]
fn workers_that_are_blocked_show_as_lateness() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut job = job(open(200.0, seconds(2)));
    job.collecting = Collecting::ByThread;
    // Number 100 blocks one worker. If the pacer is on the other, number 101 blocks that one 5 ms later.
    let seen = runtime.block_on(run(job, |op| async move {
        if (100..=101).contains(&op.index) {
            thread::sleep(millis(500));
        }
    }));
    assert_eq!(seen.total.counts, Counts { due: 400, ok: 400, ..Counts::default() });
    // 100 of 400 were due meanwhile, 0 to 500 ms late.
    let p90 = seen.total.response_percentile(0.9).unwrap().value;
    assert!(p90 > millis(200), "{p90:?}");
    let late = &seen.total.lateness;
    assert!(late.max() > millis(400), "{:?}", late.max());
    let over = |histogram: &crate::observe::Histogram| histogram.count() - histogram.count_up_to(millis(200));
    assert!(over(late) >= 40, "{} started over 200 ms late", over(late));
    assert!(over(&seen.total.response) >= 42, "{} answered over 200 ms late", over(&seen.total.response));
    assert!(
        (2..20).contains(&over(&seen.total.service)),
        "{} were served for long",
        over(&seen.total.service)
    );
}

#[test]
fn one_blocked_worker_leaves_the_starts_to_the_others() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut job = job(open(200.0, seconds(2)));
    job.collecting = Collecting::ByThread;
    let seen = runtime.block_on(run(job, |op| async move {
        if op.index == 100 {
            thread::sleep(millis(1_000));
        }
    }));
    assert_eq!(seen.total.counts, Counts { due: 400, ok: 400, ..Counts::default() });
    // 200 were due meanwhile, half of which would be over 500 ms late if they had to wait.
    let late = &seen.total.lateness;
    let over = late.count() - late.count_up_to(millis(500));
    assert!(over < 30, "{over} started over 500 ms late");
}

/// How long the end of a load takes that is told to stop in the middle.
fn takes_to_stop(load: Load, workers: usize) -> Duration {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build().unwrap();
    let mut job = job(load);
    job.collecting = Collecting::ByThread;
    let stop = job.stop.clone();
    let stopper = thread::spawn(move || {
        thread::sleep(millis(150));
        let said = Instant::now();
        stop.stop(StopReason::Interrupted);
        said
    });
    let seen = runtime.block_on(run(job, |_op| async {}));
    let ended = Instant::now();
    assert_eq!(seen.stopped, Some(StopReason::Interrupted));
    ended - stopper.join().unwrap()
}

/// The budget is 20 ms. A machine that is busy with other things may miss it now and then, but not always.
#[track_caller]
fn stops_promptly(load: impl Into<Load>) {
    let load = load.into();
    let mut best = Duration::MAX;
    for workers in [2, 1, 2, 1, 2, 1, 2, 1] {
        let took = takes_to_stop(load.clone(), workers);
        assert!(took <= millis(500), "{} stopped after {took:?}", load.describe());
        best = best.min(took);
        if best <= millis(20) {
            return;
        }
    }
    panic!("{} stopped after {best:?} at best", load.describe());
}

#[test]
fn a_stop_is_heard_between_two_operations_that_are_an_hour_apart() {
    stops_promptly(Load::rate("1/h".parse().unwrap()).for_duration(seconds(7_200)));
}

#[test]
fn a_stop_is_heard_in_a_long_pause() {
    stops_promptly(open(100.0, millis(50)).pause(seconds(3_600)).for_duration(seconds(1)));
}

#[test]
fn a_stop_is_heard_while_operations_start_without_a_break() {
    stops_promptly(open(20_000.0, seconds(60)));
}

#[test]
fn a_stop_is_heard_by_users_and_before_more_of_them_come() {
    stops_promptly(users(2, seconds(3_600)).think(seconds(600)));
    stops_promptly(users(1, seconds(3_600)).think(millis(1)).step_to(5).for_duration(seconds(3_600)));
}
