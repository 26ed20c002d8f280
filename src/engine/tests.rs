//! The engine on virtual time: tokio's clock jumps from timer to timer, so every figure is exact.

mod bad_input;
mod pacing;
mod parts;
mod queues;
mod truth;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::time::{Instant as TokioInstant, sleep};

use super::*;
use crate::{
    load::{ClosedLoad, Load, OpenLoad, Part},
    observe::{Counts, Observation, Purpose},
    outcome::{Outcome, Rejected, Retry},
    stop::{StopReason, StopToken},
    traffic::{Traffic, TrafficMeter},
    units::{millis, per_second, seconds},
};

struct Nobody;

impl Sink for Nobody {
    fn started(&self, _started: &Started) {}
    fn slice(&self, _slice: &Slice) {}
    fn finished(&self, _observation: &Observation) {}
}

fn job(load: impl Into<Load>) -> Job {
    Job {
        name: "load".to_owned(),
        number: 0,
        purpose: Purpose::Measure,
        load: load.into().checked().unwrap(),
        part: Part::WHOLE,
        starts_at: None,
        warm_up: None,
        timeout: seconds(30),
        drain: seconds(5),
        retry: Retry::NEVER,
        max_in_flight: 1_000,
        seed: 1,
        stop: StopToken::new(),
        reading: Reading::default(),
        case_started: Instant::now(),
        sink: Arc::new(Nobody),
        collecting: Collecting::AtTheEnd,
        counters: Box::new(BTreeMap::new),
        traffic: TrafficMeter::default(),
    }
}

async fn run<F, T>(job: Job, operation: F) -> Observation
where
    F: Fn(Op) -> T + Send + Sync + 'static,
    T: Future<Output: crate::IntoOutcome> + Send,
{
    let observation = drive(job, Async(operation)).await.unwrap();
    let counts = observation.total.counts;
    assert!(counts.is_balanced(), "{counts:?}");
    for phase in &observation.phases {
        assert!(phase.figures.counts.is_balanced(), "{phase:?}");
    }
    observation
}

fn open(rate: f64, length: Duration) -> OpenLoad {
    Load::rate(per_second(rate)).for_duration(length)
}

fn users(n: u32, length: Duration) -> ClosedLoad {
    Load::users(n).for_duration(length)
}

fn due_of(observation: &Observation) -> Vec<u64> {
    observation.phases.iter().map(|p| p.figures.counts.due).collect()
}

#[tokio::test(start_paused = true)]
async fn an_open_load_starts_what_each_stage_asks_for() {
    let load = open(10.0, seconds(5))
        .ramp_to(per_second(30), seconds(10))
        .pause(seconds(2))
        .spike(per_second(100), seconds(1))
        .step_to(per_second(20))
        .for_duration(seconds(3));
    let seen = run(job(load), |_op| sleep(millis(7))).await;
    assert_eq!(due_of(&seen), [50, 200, 0, 100, 60]);
    assert_eq!(seen.total.counts, Counts { due: 410, ok: 410, ..Counts::default() });
    assert_eq!(seen.total.duration_s, 21.0);
    assert_eq!(seen.phases[1].name, "10/s to 30/s in 10 s");
    assert_eq!(seen.phases[1].asked_per_sec, Some(20.0));
}

#[tokio::test(start_paused = true)]
async fn bytes_of_streams_are_those_of_the_load() {
    let meter = TrafficMeter::default();
    std::io::Write::write_all(&mut meter.count(Vec::new()), b"before").unwrap();
    let counted = meter.clone();
    let job = Job { traffic: meter, ..job(Load::users(2).iterations_each(5)) };
    let seen = run(job, move |_op| {
        let counted = counted.clone();
        async move { std::io::Write::write_all(&mut counted.count(Vec::new()), b"seven b") }
    })
    .await;
    assert_eq!(seen.traffic, Traffic { sent_bytes: 70, received_bytes: 0 });
}

#[tokio::test(start_paused = true)]
async fn operations_are_counted_by_what_they_call_themselves() {
    let mixed = |op: Op| async move {
        match op.index % 4 {
            0 => {
                op.tag("write");
                sleep(millis(300)).await;
                Err("disk full")
            }
            1 => {
                op.tag("stuck");
                sleep(seconds(60)).await;
                Ok(())
            }
            2 => {
                op.tag("fails loudly");
                sleep(millis(10)).await;
                panic!("loudly")
            }
            _ => {
                sleep(millis(20)).await;
                Ok(())
            }
        }
    };
    let open = Job { timeout: seconds(2), ..job(open(100.0, seconds(2))) };
    let closed = Job { timeout: seconds(2), ..job(Load::users(4).iterations_each(50)) };
    for job in [open, closed] {
        let seen = run(job, mixed).await;
        let of = |tag: &str| &seen.tags[tag];
        assert_eq!(seen.tags.keys().collect::<Vec<_>>(), ["fails loudly", "stuck", "write"]);
        assert_eq!(of("write").counts, Counts { due: 50, error: 50, ..Counts::default() });
        assert_eq!(of("write").response_percentile(0.5).unwrap().value.as_millis(), 300);
        assert_eq!(of("write").kinds[0].text, "disk full");
        assert_eq!(of("stuck").counts, Counts { due: 50, timeout: 50, ..Counts::default() });
        assert_eq!(of("fails loudly").counts, Counts { due: 50, error: 50, ..Counts::default() });
        assert_eq!(of("write").duration_s, seen.total.duration_s);
        assert_eq!(seen.total.counts.due, 200, "untagged ones are in the total alone");
    }
}

#[tokio::test(start_paused = true)]
async fn what_ends_in_a_later_stage_is_in_the_throughput_of_its_tag() {
    let load = Load::users(1).for_duration(seconds(1)).step_to(2).for_duration(seconds(1));
    let slow = |op: Op| async move {
        op.tag("slow");
        sleep(millis(300)).await;
    };
    let seen = run(job(load), slow).await;
    let (total, slow) = (&seen.total, &seen.tags["slow"]);
    assert!(seen.phases[0].figures.after_phase > 0 && total.after_load > 0, "{total:?}");
    assert_eq!(slow.counts, total.counts);
    assert_eq!((slow.throughput(), slow.goodput()), (total.throughput(), total.goodput()));
}

#[tokio::test]
async fn blocking_operations_call_themselves_something_too() {
    let job = job(Load::users(2).iterations_each(3));
    let work = Blocking(Arc::new(|op: Op| op.tag(if op.user == 0 { "first" } else { "second" })));
    let seen = drive(job, work).await.unwrap();
    let counts = ["first", "second"].map(|tag| seen.tags[tag].counts.ok);
    assert_eq!(counts, [3, 3]);
}

#[tokio::test(start_paused = true)]
async fn users_follow_their_stages() {
    let load = users(2, seconds(10)).ramp_to(6, seconds(4)).step_to(1).for_duration(seconds(10));
    let seen = run(job(load), |_op| sleep(seconds(1))).await;
    // 2 users for 10 s; then 3, 4, 5 and 6 of them from 0.5, 1.5, 2.5 and 3.5 s on; then 1 for 10 s.
    assert_eq!(due_of(&seen)[0], 20);
    assert_eq!(due_of(&seen)[1], 8 + 4 + 3 + 2 + 1);
    assert_eq!(due_of(&seen)[2], 10);
    assert_eq!(seen.total.counts.ok, seen.total.counts.due);
}

#[tokio::test(start_paused = true)]
async fn thinking_users_wait_between_operations() {
    let load = users(4, seconds(10)).think(millis(1_500));
    let seen = run(job(load), |_op| sleep(millis(500))).await;
    assert_eq!(seen.total.counts.due, 4 * 5, "one operation every 2 s each");
    assert_eq!(
        seen.total.response_percentile(1.0).unwrap().value.as_millis(),
        500,
        "thinking is no response time"
    );
}

#[tokio::test(start_paused = true)]
async fn iterations_are_done_once_each_and_shared() {
    let each = run(job(Load::users(7).iterations_each(3)), |_op| sleep(millis(10))).await;
    assert_eq!(each.total.counts.ok, 21);
    assert_eq!((each.total.duration_s * 1e3).round(), 30.0, "the load ends with the last iteration");
    let shared = run(job(Load::users(7).iterations(10)), |_op| sleep(millis(10))).await;
    assert_eq!(shared.total.counts.ok, 10);
    let numbers = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&numbers);
    run(job(Load::at_once(5)), move |op| {
        seen.lock().unwrap().push((op.index, op.user, op.iteration));
        sleep(millis(1))
    })
    .await;
    numbers.lock().unwrap().sort_unstable();
    assert_eq!(*numbers.lock().unwrap(), [(0, 0, 0), (1, 1, 0), (2, 2, 0), (3, 3, 0), (4, 4, 0)]);
}

#[tokio::test(start_paused = true)]
async fn a_duration_ends_iterations_that_would_go_on() {
    let seen = run(job(users(1, seconds(2)).iterations_each(1_000)), |_op| sleep(millis(100))).await;
    assert_eq!(seen.total.counts.ok, 20);
}

#[tokio::test(start_paused = true)]
async fn the_warm_up_is_seen_but_not_counted() {
    let mut job = job(open(10.0, seconds(2)));
    job.warm_up = Some(seconds(3));
    let seen = run(job, |op| async move { if op.stage == 0 { Err("cold") } else { Ok(()) } }).await;
    assert_eq!(due_of(&seen), [30, 20]);
    assert!(seen.phases[0].is_warm_up);
    assert_eq!(seen.total.counts, Counts { due: 20, ok: 20, ..Counts::default() });
    assert_eq!(seen.total.duration_s, 2.0);
    assert!(seen.total.kinds.is_empty());
}

#[tokio::test(start_paused = true)]
async fn iterations_begin_after_the_warm_up() {
    let mut job = job(Load::users(2).iterations_each(5));
    job.warm_up = Some(seconds(1));
    let seen = run(job, |_op| sleep(millis(100))).await;
    assert_eq!(due_of(&seen), [20, 10]);
}

#[tokio::test(start_paused = true)]
async fn the_timeout_cuts_off_and_is_a_lower_bound() {
    let mut job = job(open(10.0, seconds(10)));
    job.timeout = millis(300);
    let seen = run(job, |op| sleep(if op.index % 4 == 0 { seconds(60) } else { millis(20) })).await;
    assert_eq!(seen.total.counts, Counts { due: 100, ok: 75, timeout: 25, ..Counts::default() });
    let p99 = seen.total.response_percentile(0.99).unwrap();
    assert!(p99.is_at_least && (300..=302).contains(&p99.value.as_millis()), "{p99:?}");
    assert_eq!(seen.total.kinds[0].text, "operation timeout");
    assert_eq!(seen.total.error_rate(), Some(0.25));
}

#[tokio::test(start_paused = true)]
async fn a_user_goes_on_after_a_timeout() {
    let mut job = job(users(1, seconds(10)));
    job.timeout = millis(500);
    let seen =
        run(job, |op| sleep(if op.index % 2 == 0 { seconds(60) } else { millis(500) - millis(1) })).await;
    assert_eq!(seen.total.counts.timeout, 11, "{:?}", seen.total.counts);
    assert_eq!(seen.total.counts.ok, 10);
}

#[tokio::test(start_paused = true)]
async fn retries_back_off_within_the_timeout() {
    let times = Arc::new(Mutex::new(Vec::new()));
    let seen_times = Arc::clone(&times);
    let mut job = job(Load::at_once(1));
    job.retry = Retry::times(3).with_backoff(millis(100), seconds(10));
    let started = TokioInstant::now();
    let seen = run(job, move |op| {
        seen_times.lock().unwrap().push(started.elapsed().as_millis());
        async move { if op.attempt < 2 { Err("not yet") } else { Ok(()) } }
    })
    .await;
    assert_eq!(*times.lock().unwrap(), [0, 100, 300]);
    assert_eq!((seen.total.counts.ok, seen.total.retries), (1, 2));

    let mut never = self::job(Load::at_once(1));
    never.retry = Retry::times(50).with_backoff(millis(100), millis(100));
    never.timeout = seconds(1);
    let seen = run(never, |_op| async { Err::<(), _>("never") }).await;
    assert_eq!(seen.total.counts.timeout, 1, "the timeout bounds all attempts together");
}

#[tokio::test(start_paused = true)]
async fn at_the_cap_arrivals_are_dropped_and_counted() {
    let mut job = job(open(100.0, seconds(10)));
    job.max_in_flight = 10;
    let seen = run(job, |_op| sleep(millis(995))).await;
    assert_eq!(seen.total.counts.due, 1_000);
    assert_eq!(seen.total.counts.ok, 100, "10 each second");
    assert_eq!(seen.total.counts.dropped, 900);
    assert!(seen.total.response_percentile(0.5).unwrap().is_at_least);
}

#[tokio::test(start_paused = true)]
async fn the_drain_waits_and_what_is_left_is_unfinished() {
    let mut job = job(open(1.0, seconds(4)));
    job.drain = seconds(3);
    let seen = run(job, |op| sleep(seconds(2 + 3 * op.index))).await;
    // Started at 0, 1, 2, 3 s and lasting 2, 5, 8, 11 s: the drain ends at 7 s.
    assert_eq!(seen.total.counts, Counts { due: 4, ok: 2, unfinished: 2, ..Counts::default() });
    assert_eq!(seen.total.throughput(), Some(0.25), "one of them ended while operations were due");
    let longest = seen.total.response_percentile(1.0).unwrap();
    assert!(longest.is_at_least && (4_999..5_010).contains(&longest.value.as_millis()), "{longest:?}");
}

#[tokio::test(start_paused = true)]
async fn rejections_errors_and_panics_are_told_apart() {
    let seen = run(job(open(100.0, seconds(1))), |op| async move {
        match op.index % 4 {
            0 => Ok(Outcome::ok().with_status(200).with_bytes(10)),
            1 => Err(Outcome::rejected("busy").with_status(429)),
            2 => Err(Outcome::error(format_args!("slot {} is gone", op.index))),
            _ => panic!("slot {} exploded", op.index),
        }
    })
    .await;
    assert_eq!(seen.total.counts, Counts { due: 100, ok: 25, rejected: 25, error: 50, ..Counts::default() });
    let kinds: Vec<_> =
        seen.total.kinds.iter().map(|k| (k.class.as_str(), k.text.as_str(), k.count)).collect();
    assert_eq!(
        kinds,
        [("rejected", "busy", 25), ("error", "panic: slot N exploded", 25), ("error", "slot N is gone", 25)]
    );
    assert_eq!(seen.total.statuses, BTreeMap::from([(200, 25), (429, 25)]));
    assert_eq!(seen.total.bytes, 250);
    let rejected = run(job(Load::at_once(1)), |_op| async { Err::<(), _>(Rejected::because("full")) }).await;
    assert_eq!(rejected.total.counts.rejected, 1);
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_the_load_and_keeps_what_was_measured() {
    for load in [Load::from(open(10.0, seconds(60))), users(10, seconds(60)).think(millis(900)).into()] {
        let job = job(load);
        let stop = job.stop.clone();
        tokio::spawn(async move {
            sleep(millis(2_050)).await;
            stop.stop(StopReason::Cpu);
        });
        let began = TokioInstant::now();
        let seen = run(job, |_op| sleep(millis(100))).await;
        assert_eq!(seen.stopped, Some(StopReason::Cpu));
        assert!(began.elapsed() < millis(2_300), "{:?}", began.elapsed());
        assert!((20..=30).contains(&seen.total.counts.due), "{:?}", seen.total.counts);
        assert!(
            (2.0..2.1).contains(&seen.total.duration_s),
            "the span is what was run: {}",
            seen.total.duration_s
        );
    }
}

#[tokio::test(start_paused = true)]
async fn phases_that_were_not_reached_say_so() {
    let job = job(open(10.0, seconds(1)).step_to(per_second(20)).for_duration(seconds(60)).pause(seconds(1)));
    let stop = job.stop.clone();
    tokio::spawn(async move {
        sleep(millis(500)).await;
        stop.stop(StopReason::TimeLimit);
    });
    let seen = run(job, |_op| async {}).await;
    assert_eq!(seen.phases.iter().map(|p| p.is_started).collect::<Vec<_>>(), [true, false, false]);
}

/// A target that answers at once, except while it stalls for a second, must not look fast: the operations that were
/// due in the stall waited for its end.
#[tokio::test(start_paused = true)]
async fn a_stall_shows_in_response_times_of_an_open_load() {
    let origin = TokioInstant::now();
    let stall_ends = move || {
        let at = origin.elapsed().as_millis();
        if (5_000..6_000).contains(&at) { millis(6_000 - at as u64) } else { Duration::ZERO }
    };
    let seen = run(job(open(100.0, seconds(10))), move |_op| sleep(stall_ends())).await;
    assert_eq!(seen.total.counts.ok, 1_000);
    // A tenth of the operations fell into the stall and waited 0 to 1 s: p95 is half of it.
    let p95 = seen.total.response_percentile(0.95).unwrap().value.as_secs_f64();
    assert!((0.48..0.53).contains(&p95), "{p95}");
    let median = seen.total.response_percentile(0.5).unwrap().value;
    assert!(median < millis(3), "{median:?}");
}

/// The same stall, in the generator: it is late, starts what it missed at once, and the response times count from
/// when the operations should have started. The service times know nothing of it.
#[tokio::test]
async fn a_generator_that_was_kept_from_running_does_not_hide_it() {
    let blocked = Arc::new(AtomicU64::new(0));
    let once = Arc::clone(&blocked);
    let seen = run(job(open(200.0, seconds(3))), move |op| {
        let blocks = op.index == 100 && once.fetch_add(1, Ordering::Relaxed) == 0;
        async move {
            if blocks {
                // This runtime has one thread: nothing else runs meanwhile, the pacer neither.
                std::thread::sleep(seconds(1));
            }
        }
    })
    .await;
    assert_eq!(seen.total.counts.ok, 600);
    let response = seen.total.response_percentile(0.9).unwrap().value;
    let service = seen.total.service_percentile(0.9).unwrap();
    // 200 of 600 were due in the stall: p90 of all is the 70th percentile of 0..1 s among them.
    assert!(response > millis(550), "response time p90 {response:?}");
    assert!(service < millis(100), "service time p90 {service:?}");
    assert!(seen.total.lateness.max() > millis(900), "{:?}", seen.total.lateness.max());
}

#[tokio::test(start_paused = true)]
async fn users_keep_what_is_theirs() {
    struct Sessions(AtomicU64);
    impl Workload for Sessions {
        type User = Vec<u64>;

        fn user(&self, number: u64) -> Vec<u64> {
            self.0.fetch_add(1, Ordering::Relaxed);
            vec![number]
        }

        async fn operation(&self, user: &mut Vec<u64>, op: Op) -> Outcome {
            sleep(millis(1)).await;
            let is_own = user[0] == op.user && user.len() as u64 == op.iteration + 1;
            user.push(op.index);
            if is_own { Outcome::ok() } else { Outcome::error("another user's session") }
        }
    }
    let seen = drive(job(Load::users(5).iterations_each(4)), Sessions(AtomicU64::new(0))).await.unwrap();
    assert_eq!(seen.total.counts, Counts { due: 20, ok: 20, ..Counts::default() });
}

#[tokio::test(start_paused = true)]
async fn a_workload_that_cannot_make_a_user_is_an_error() {
    struct Broken;
    impl Workload for Broken {
        type User = ();

        fn user(&self, _number: u64) {
            panic!("no sockets left")
        }

        async fn operation(&self, (): &mut (), _op: Op) -> Outcome {
            Outcome::ok()
        }
    }
    let error = drive(job(users(3, seconds(5))), Broken).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "a user of the load `load` could not be made, its workload panicked: no sockets left; what may fail there belongs \
         into an operation, whose errors are counted"
    );
}

#[tokio::test(start_paused = true)]
async fn a_load_that_is_told_to_end_is_complete_and_drains() {
    let mut job = job(open(10.0, seconds(10)));
    let part = StopToken::new().child();
    job.stop = part.clone();
    tokio::spawn(async move {
        sleep(millis(1_050)).await;
        part.end();
    });
    // Longer than the drain of a case that was stopped.
    let seen = run(job, |_op| sleep(seconds(3))).await;
    let counts = seen.total.counts;
    assert_eq!((seen.stopped, counts.due, counts.ok), (None, 11, 11));
    assert!((1.0..1.2).contains(&seen.total.duration_s), "{}", seen.total.duration_s);
}

#[tokio::test]
async fn the_timeline_has_a_window_for_each_second() {
    struct Slices(Mutex<Vec<Slice>>);
    impl Sink for Slices {
        fn started(&self, _started: &Started) {}
        fn slice(&self, slice: &Slice) {
            self.0.lock().unwrap().push(slice.clone());
        }
        fn finished(&self, _observation: &Observation) {}
    }
    let slices = Arc::new(Slices(Mutex::new(Vec::new())));
    let mut job = job(open(100.0, millis(2_500)));
    job.collecting = Collecting::ByThread;
    job.sink = Arc::clone(&slices) as Arc<dyn Sink>;
    let seen = run(job, |_op| sleep(millis(5))).await;
    let mut of_windows = Counts::default();
    seen.timeline.iter().for_each(|w| of_windows.merge(&w.counts));
    assert_eq!(of_windows, seen.total.counts, "every operation is in one window");
    assert!((2..=3).contains(&seen.timeline.len()), "{:?}", seen.timeline);
    let mut of_slices = Counts::default();
    slices.0.lock().unwrap().iter().for_each(|s| of_slices.merge(&s.figures.counts));
    assert_eq!(of_slices, seen.total.counts, "every operation is in one slice");
    assert!(slices.0.lock().unwrap().len() >= 5, "a slice every 200 ms");
    #[cfg(target_os = "linux")]
    assert!(seen.timeline.iter().all(|w| w.memory_bytes > 100_000), "{:?}", seen.timeline);
}
