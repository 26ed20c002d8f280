use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use tokio::task::{JoinSet, yield_now};

use super::{
    Workload,
    attempt::panic_text,
    clock::as_ns,
    drain::Drain,
    pacer::Pacer,
    shared::{Shared, Start, UserPanicked},
};
use crate::{
    load::{Load, OpenLoad, Part},
    outcome::Outcome,
};

/// After so many starts in a row, a pacer that is behind lets the operations that it started have its thread.
const STARTS_IN_A_ROW: u32 = 128;

/// Starts operations when the schedule says so; late ones at once, none before its time, those over the cap never.
pub(super) async fn drive<W: Workload>(
    shared: Arc<Shared<W>>,
    load: OpenLoad,
    seed: u64,
    part: Part,
    drain: Drain,
) -> Result<(), UserPanicked> {
    let mut running = JoinSet::new();
    let mut pacer = Pacer::new(shared.clock, shared.stop.clone(), shared.nudge.clone());
    let mut arrivals = load.arrivals(seed);
    // Of the whole load, whoever carries out the others.
    let mut next_index = 0;
    let mut cursor = 0;
    let mut in_a_row = 0;
    let mut stage_begun = None;
    while let Some((moment, phase)) = arrivals.next_with_stage() {
        let index = next_index;
        next_index += 1;
        if !part.has(index) {
            continue;
        }
        let intended_ns = as_ns(moment);
        if !pacer.until(intended_ns).await {
            break;
        }
        if stage_begun != Some(phase) {
            // A pause has no arrival that would begin it.
            (stage_begun.map_or(0, |s| s + 1)..=phase).for_each(|p| shared.begin_phase(p));
            stage_begun = Some(phase);
        }
        while running.try_join_next().is_some() {}
        let recorder = &shared.phases[phase].recorder;
        match shared.flight.begin(&mut cursor, intended_ns, phase) {
            None => recorder.due_and_dropped(),
            Some(slot) => {
                recorder.due();
                let start = Start { slot, phase, intended_ns, index, user: index, iteration: 0 };
                running.spawn(operate(Arc::clone(&shared), start));
            }
        }
        in_a_row += 1;
        if in_a_row >= STARTS_IN_A_ROW {
            in_a_row = 0;
            yield_now().await;
        }
    }
    let length = Load::Open(load).length();
    if pacer.until(length.map_or(0, as_ns)).await {
        (0..shared.phases.len()).for_each(|p| shared.begin_phase(p));
    }
    shared.end_schedule();
    let all = async { while running.join_next().await.is_some() {} };
    drain.wait(&shared.stop, all).await;
    Ok(())
}

async fn operate<W: Workload>(shared: Arc<Shared<W>>, start: Start) {
    let is_ours = |slot| shared.flight.end(slot);
    match catch_unwind(AssertUnwindSafe(|| shared.workload.user(start.user))) {
        Ok(mut user) => {
            shared.operate(&mut user, start, &mut shared.deadline(), is_ours).await;
        }
        Err(panic) => {
            shared.fail(&start, Outcome::error(format_args!("panic: {}", panic_text(&*panic))), is_ours)
        }
    }
}
