//! Several that carry out parts of a load together do what one does that carries out the whole.

use super::*;

/// The operations of a load in so many parts: index, user, iteration and when they started.
async fn operations(load: impl Into<Load> + Clone, parts: u64) -> Vec<(u64, u64, u64, u128)> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    for number in 0..parts {
        let start = TokioInstant::now();
        let job = Job { part: Part { number, of: parts }, ..job(load.clone()) };
        let seen = Arc::clone(&seen);
        run(job, move |op| {
            seen.lock().unwrap().push((op.index, op.user, op.iteration, start.elapsed().as_micros()));
            sleep(millis(7))
        })
        .await;
    }
    let mut all = std::mem::take(&mut *seen.lock().unwrap());
    all.sort_unstable();
    all
}

#[tokio::test(start_paused = true)]
async fn parts_of_an_open_load_start_what_the_whole_starts_when_it_does() {
    let ramp = Load::rate(per_second(50)).for_duration(seconds(1)).ramp_to(per_second(200), seconds(2));
    for load in [ramp.clone(), ramp.poisson()] {
        let whole = operations(load.clone(), 1).await;
        assert!(whole.len() > 250, "{}", whole.len());
        assert_eq!(operations(load.clone(), 3).await, whole);
        assert_eq!(operations(load, 7).await, whole);
    }
}

#[tokio::test(start_paused = true)]
async fn parts_of_a_closed_load_have_its_users_and_iterations() {
    let stages = Load::users(5).for_duration(seconds(1)).ramp_to(11, seconds(1)).think(millis(13));
    assert_eq!(operations(stages.clone(), 4).await, operations(stages, 1).await);
    let each = Load::users(3).iterations_each(4);
    assert_eq!(operations(each.clone(), 2).await, operations(each.clone(), 1).await);
    assert_eq!(operations(each.clone(), 5).await, operations(each, 1).await, "two of the five have no user");
}

#[tokio::test(start_paused = true)]
async fn iterations_that_all_share_are_done_once() {
    let indices = |all: Vec<(u64, u64, u64, u128)>| all.into_iter().map(|op| op.0).collect::<Vec<_>>();
    for (users, parts) in [(4, 1), (4, 3), (1, 3), (2, 5)] {
        let load = Load::users(users).iterations(50);
        let done = indices(operations(load, parts).await);
        assert_eq!(done, (0..50).collect::<Vec<_>>(), "{users} users in {parts} parts");
    }
}
