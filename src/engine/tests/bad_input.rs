//! Loads that are only just ones: they run, and mean what the documents say.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_load_shorter_than_an_interval_has_one_operation() {
    let seen = run(job(open(1.0, millis(10))), |_op| sleep(millis(1))).await;
    assert_eq!(seen.total.counts, Counts { due: 1, ok: 1, ..Counts::default() });
    assert_eq!(seen.total.duration_s, 0.01);
}

#[tokio::test(start_paused = true)]
async fn a_load_shorter_than_an_operation_has_one_of_each_user() {
    let seen = run(job(users(3, Duration::from_nanos(1))), |_op| sleep(millis(50))).await;
    assert_eq!(seen.total.counts, Counts { due: 3, ok: 3, ..Counts::default() });
    assert_eq!(seen.total.throughput(), Some(0.0), "none of them ended while the load lasted");
}

#[tokio::test(start_paused = true)]
async fn a_ramp_of_no_length_changes_the_level_at_once() {
    let load = open(10.0, seconds(1)).ramp_to(per_second(100), Duration::ZERO).for_duration(seconds(1));
    let seen = run(job(load), |_op| async {}).await;
    assert_eq!(due_of(&seen), [10, 0, 100]);
    assert!(seen.phases.iter().all(|phase| phase.is_started), "{:?}", seen.phases);
    let load = users(1, seconds(1)).ramp_to(20, Duration::ZERO).for_duration(seconds(1));
    let seen = run(job(load), |_op| sleep(millis(100))).await;
    assert_eq!(seen.total.counts.due, 10 + 200);
    let load = users(20, seconds(1)).ramp_to(0, Duration::ZERO).for_duration(seconds(1));
    let seen = run(job(load), |_op| sleep(millis(100))).await;
    assert_eq!(seen.total.counts.due, 200, "down to nobody");
}

#[tokio::test(start_paused = true)]
async fn a_timeout_beyond_all_time_is_none() {
    let mut endless = job(open(10.0, seconds(1)));
    endless.timeout = Duration::MAX;
    endless.drain = Duration::MAX;
    let seen = run(endless, |_op| sleep(seconds(1_000))).await;
    assert_eq!(seen.total.counts, Counts { due: 10, ok: 10, ..Counts::default() });
}

#[tokio::test(start_paused = true)]
async fn a_load_as_long_as_allowed_keeps_its_times() {
    // One operation an hour for ten days, of which the last never ends.
    let mut long = job(Load::rate("1/h".parse().unwrap()).for_duration(seconds(240 * 3_600)));
    long.timeout = Duration::MAX;
    long.drain = seconds(3_600);
    let seen = run(long, |op| sleep(if op.index == 239 { Duration::MAX } else { seconds(1) })).await;
    assert_eq!(seen.total.counts, Counts { due: 240, ok: 239, unfinished: 1, ..Counts::default() });
    let waited = seen.total.at_least.max();
    assert!(waited.abs_diff(seconds(7_200)) < seconds(10), "{waited:?}");
}
