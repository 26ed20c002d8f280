use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::*;
use crate::{
    IntoOutcome, Op, Outcome,
    journal::{Event, FaultBand},
    pressure::Bounds,
    stop::{StopReason, StopToken},
    units::{millis, percent, seconds},
};

/// Far longer than anything here waits for.
const ENDLESS: Duration = Duration::from_secs(600);

/// A case as far as faults are concerned.
struct Case {
    board: Arc<Board>,
    stop: StopToken,
    told: Arc<Mutex<Vec<Event>>>,
}

impl Case {
    fn new() -> Self {
        let told = Arc::new(Mutex::new(Vec::new()));
        let board = Board::new(Instant::now(), {
            let told = Arc::clone(&told);
            move |event| told.lock().unwrap_or_else(PoisonError::into_inner).push(event)
        });
        Self { board, stop: StopToken::new(), told }
    }

    fn inject(&self, faults: Faults) -> Injection {
        let bounds = Bounds::stopped_by(self.stop.clone());
        let terms = Circumstances { seed: 7, bounds, share: None, time_scale: 1.0 };
        Injection::begin(faults, &self.board, terms).expect("it does not contradict itself")
    }

    fn bands(&self) -> Vec<FaultBand> {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let bands = told.iter().filter_map(|event| match event {
            Event::FaultsEnded { bands, .. } => Some(bands.clone()),
            _ => None,
        });
        bands.flatten().collect()
    }

    fn warnings(&self) -> Vec<String> {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let texts = told.iter().filter_map(|event| match event {
            Event::Warning { text } => Some(text.clone()),
            _ => None,
        });
        texts.collect()
    }
}

fn op(index: u64, load: u32) -> Op {
    Op { index, user: 0, iteration: 0, stage: 0, attempt: 0, load, seed: 7 }
}

/// Which of a hundred operations met an error.
async fn failed(injector: &Injector, attempt: u32) -> Vec<u64> {
    let mut failed = Vec::new();
    for index in 0..100 {
        if injector.before(&Op { attempt, ..op(index, 0) }).await.is_err() {
            failed.push(index);
        }
    }
    failed
}

fn ten_percent() -> Faults {
    Faults::share(percent(10)).error("injected")
}

#[tokio::test]
async fn the_same_seed_has_the_same_operations_and_a_retry_has_others() {
    let first = failed(&Case::new().inject(ten_percent()), 0).await;
    assert_eq!(first, failed(&Case::new().inject(ten_percent()), 0).await);
    assert!(!first.is_empty() && first.len() < 30, "{first:?}");
    assert_ne!(first, failed(&Case::new().inject(ten_percent()), 1).await);
    assert_ne!(first, failed(&Case::new().inject(ten_percent().named("others")), 0).await);
}

#[tokio::test]
async fn nothing_is_injected_once_the_guard_is_dropped() {
    let case = Case::new();
    let faults = case.inject(Faults::share(percent(100)).error("injected").named("all"));
    let (injector, around) = (faults.injector(), faults.around(async |_op| {}));
    assert_eq!(around(op(1, 0)).await, Outcome::error("injected"));
    assert_eq!((faults.met(), faults.is_in_force()), (1, true));
    drop(faults);
    assert_eq!(around(op(1, 0)).await, Outcome::ok());
    assert_eq!(failed(&injector, 0).await, [0; 0]);
    assert_eq!((injector.met(), injector.is_in_force()), (1, false));
}

#[tokio::test]
async fn the_end_of_the_case_heals_what_a_task_keeps_the_guard_of() {
    let case = Case::new();
    let faults = case.inject(Faults::share(percent(100)).error("injected").at("end of the case"));
    assert!(point("end of the case").await.is_err());
    case.board.end_all();
    assert_eq!(point("end of the case").await, Ok(()));
    assert!(!faults.is_in_force());
}

#[tokio::test]
async fn a_hang_ends_with_its_guard_and_with_an_emergency_stop() {
    for ends_by_stop in [false, true] {
        let case = Case::new();
        let faults = case.inject(Faults::share(percent(100)).hang());
        let hanging = tokio::spawn(faults.around(async |_op| {})(op(1, 0)));
        let blocking = std::thread::spawn({
            let injector = faults.injector();
            move || injector.before_blocking(&op(2, 0))
        });
        while faults.met() < 2 {
            tokio::task::yield_now().await;
        }
        tokio::time::sleep(millis(20)).await;
        assert!(!hanging.is_finished() && !blocking.is_finished());
        match ends_by_stop {
            true => case.stop.stop(StopReason::TimeLimit),
            false => drop(faults),
        }
        let outcome = tokio::time::timeout(ENDLESS, hanging).await.expect("it ends").expect("it goes on");
        assert_eq!(outcome, Outcome::ok());
        assert_eq!(blocking.join().expect("it goes on"), Ok(()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_delay_lasts_as_long_as_it_says() {
    let faults = Case::new().inject(Faults::share(percent(100)).latency(Latency::constant(millis(250))));
    let began = tokio::time::Instant::now();
    assert_eq!(faults.before(&op(1, 0)).await, Ok(()));
    let took = began.elapsed();
    // The delay is on the system's clock, which goes on meanwhile.
    assert!(took > millis(200) && took <= millis(260), "{took:?}");
}

#[test]
fn a_delay_blocks_its_thread_where_it_is_asked_to() {
    let faults = Case::new().inject(Faults::share(percent(100)).latency(Latency::constant(millis(30))));
    let began = Instant::now();
    let outcome = faults.around_blocking(|_op| ())(op(1, 0));
    assert!(outcome.is_ok() && began.elapsed() >= millis(30));
}

#[tokio::test]
async fn a_panic_is_one() {
    let faults = Case::new().inject(Faults::share(percent(100)).panic("out of luck"));
    let panicked = tokio::spawn(faults.around(async |_op| {})(op(1, 0))).await.expect_err("it panics");
    let payload = panicked.into_panic();
    assert_eq!(payload.downcast_ref::<String>().map(String::as_str), Some("out of luck"));
    assert_eq!(faults.met_by_kind().into_iter().collect::<Vec<_>>(), [("panic".to_owned(), 1)]);
}

#[tokio::test]
async fn points_are_met_by_name_and_counted() {
    let case = Case::new();
    let everything = |name: &str| Faults::share(percent(100)).error("no route").at(name);
    let faults = case.inject(everything("tests: model").at("tests: cache"));
    assert_eq!(point("tests: other").await, Ok(()));
    assert_eq!(point("tests: model").await.map_err(String::from), Err("no route".to_owned()));
    assert!(point_blocking("tests: cache").is_err());
    assert_eq!((faults.met(), faults.passed()), (2, 2));
    assert_eq!(faults.before(&op(1, 0)).await, Ok(()), "faults at points are nowhere else");
    drop(faults);
    assert_eq!((point("tests: model").await, point_blocking("tests: cache")), (Ok(()), Ok(())));
    assert_eq!(case.warnings(), [""; 0]);

    let never = case.inject(everything("tests: modle").named("typo"));
    assert_eq!(point("tests: model").await, Ok(()));
    drop(never);
    assert_eq!(
        case.warnings(),
        [
            "the faults \"typo\" are at the point \"tests: modle\", which was never reached while they were in force: see \
          that the target's code has a point of this name and comes by it"
        ]
    );
}

#[tokio::test]
async fn the_passages_of_a_point_that_fail_are_the_same_again() {
    async fn failing(name: &str) -> Vec<usize> {
        let faults = Case::new().inject(ten_percent().at(name));
        let mut failing = Vec::new();
        for number in 0..100 {
            if point(name).await.is_err() {
                failing.push(number);
            }
        }
        assert_eq!(faults.passed(), 100);
        failing
    }
    let first = failing("tests: again").await;
    assert!(!first.is_empty() && first == failing("tests: again").await, "{first:?}");
}

#[tokio::test]
async fn bands_have_what_met_them_by_load() {
    let case = Case::new();
    let always = case.inject(Faults::share(percent(100)).error("injected"));
    assert!(always.before(&op(0, 0)).await.is_err(), "while no load runs");
    let first = case.board.load("first", Duration::ZERO);
    for index in 0..3 {
        assert!(always.before(&op(index, first.number())).await.is_err());
    }
    drop(first);
    let second = case.board.load("second", Duration::ZERO);
    assert!(always.before(&op(0, second.number())).await.is_err());
    drop(always);
    drop(second);
    let bands = case.bands();
    let seen: Vec<_> = bands.iter().map(|band| (band.load.as_str(), band.met, &band.kinds)).collect();
    let errors = |n: u64| std::collections::BTreeMap::from([("error".to_owned(), n)]);
    assert_eq!(
        seen,
        [("first", Some(3), &errors(3)), ("second", Some(1), &errors(1)), ("", Some(1), &errors(1))]
    );
    for band in &bands {
        let (first, last) = (band.first_s.expect("one"), band.last_s.expect("one"));
        assert!(band.from_s <= first && first <= last && last <= band.until_s, "{band:?}");
    }
    assert!(bands[0].until_s <= bands[1].from_s);
}

#[tokio::test]
async fn a_schedule_is_on_the_clock_of_each_load() {
    let case = Case::new();
    let faults =
        Faults::share(percent(100)).error("injected").during(millis(100)..millis(200)).every(millis(200));
    let faults = case.inject(faults);
    let before_load = Instant::now();
    let load = case.board.load("load", millis(50));
    let after_load = Instant::now();
    let mut met = Vec::new();
    while after_load.elapsed() < millis(600) {
        let before = after_load.elapsed();
        let has_failed = faults.before(&op(0, load.number())).await.is_err();
        // Somewhere between the two, whatever the machine does meanwhile.
        met.push((before, before_load.elapsed(), has_failed));
        tokio::time::sleep(millis(5)).await;
    }
    assert_eq!(faults.before(&op(0, 0)).await, Ok(()), "of another load nothing is known");
    drop(load);
    // After the warm-up of 50 ms: 150 to 250 ms, 350 to 450, 550 to 650.
    let stretches = [150, 350, 550].map(|from| (millis(from), millis(from + 100)));
    for (before, after, has_failed) in &met {
        let is_within = stretches.iter().any(|(from, until)| from <= before && after < until);
        let is_outside = stretches.iter().all(|(from, until)| after < from || until <= before);
        assert!(*has_failed || !is_within, "{before:?} to {after:?}");
        assert!(!*has_failed || !is_outside, "{before:?} to {after:?}");
    }
    assert!(met.iter().any(|(.., has_failed)| *has_failed));
    let bands = case.bands();
    assert_eq!(bands.len(), 3);
    let lengths: Vec<f64> = bands.iter().map(|band| band.until_s - band.from_s).collect();
    assert!(lengths[..2].iter().all(|length| (length - 0.1).abs() < 1e-6), "{lengths:?}");
    assert!((bands[1].from_s - bands[0].from_s - 0.2).abs() < 1e-6);
    drop(faults);

    let late = case.inject(Faults::new().hang().during(seconds(5)..seconds(6)).named("late"));
    drop(case.board.load("short", Duration::ZERO));
    assert_eq!(
        case.warnings(),
        [
            "the faults \"late\" (5% of the operations from 5 s to 6 s of the load: hang) were never in force while the \
          load `short` ran"
        ]
    );
    drop(late);
}

#[tokio::test]
async fn a_hang_ends_with_the_stretch_it_began_in() {
    let case = Case::new();
    let faults = case.inject(Faults::share(percent(100)).hang().during(Duration::ZERO..seconds(1)));
    let load = case.board.load("load", Duration::ZERO);
    let hanging = faults.around(async |_op| Ok::<_, String>(()))(op(1, load.number()));
    let outcome = tokio::time::timeout(ENDLESS, hanging).await.expect("it ends").into_outcome();
    assert_eq!((outcome, faults.met()), (Outcome::ok(), 1));
    drop((faults, load));
}
