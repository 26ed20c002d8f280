use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::watch,
    task::{JoinError, JoinSet, yield_now},
};

use super::{
    Workload,
    attempt::{panic_text, panicked, retry, within},
    clock::as_ns,
    drain::Drain,
    inside::{catching, take_tag},
    pacer::Pacer,
    shared::{Shared, Times, UserPanicked},
};
use crate::load::{ClosedLoad, Iterations, Part, Stage, StartUp, Think};

/// Operations without a pause between them that a user does before it lets others have the thread.
const OPERATIONS_IN_A_ROW: u32 = 64;

/// Users that come at once in a step up ...
const AT_ONCE: usize = 1_000;

/// ... and, where there are more, how many others a second: what making them costs stays a small part of a core.
const STARTED_PER_SECOND: f64 = 20_000.0;

/// These others come in groups: a millisecond's worth.
const GROUP: usize = 20;

/// A moment at which the number of users or the phase changes.
#[derive(Debug, PartialEq)]
struct Change {
    at: Duration,
    users: usize,
    phase: usize,
}

/// What the users of a load agree on.
struct Crowd {
    /// Users with a smaller number run, the others wait.
    wanted: AtomicUsize,
    phase: AtomicUsize,
    /// Iterations that all share and that were taken.
    tickets: AtomicU64,
    /// The most users there will ever be, those of other parts included.
    most_users: u64,
    part: Part,
    changed: watch::Sender<()>,
    iterations: Option<Iterations>,
    think: Think,
}

/// Lets users loop, as many as the schedule says.
pub(super) async fn drive<W: Workload>(
    shared: &Arc<Shared<W>>,
    load: &ClosedLoad,
    part: Part,
    drain: Drain,
) -> Result<(), UserPanicked> {
    let most_users = load.stages.iter().map(|s| s.peak() as u64).max().unwrap_or(0).max(1);
    let crowd = Arc::new(Crowd {
        wanted: AtomicUsize::new(0),
        phase: AtomicUsize::new(0),
        tickets: AtomicU64::new(0),
        most_users,
        part,
        changed: watch::Sender::new(()),
        iterations: load.iterations.map(|iterations| match iterations {
            Iterations::PerUser(n) => Iterations::PerUser(n),
            Iterations::Shared(n) => Iterations::Shared(part.of_turns(n, most_users)),
        }),
        think: load.think,
    });
    let mut users = JoinSet::new();
    let mut panicked = None;
    let mut pacer = Pacer::new(shared.clock, shared.stop.clone(), shared.nudge.clone());
    let mut made = 0;
    for change in changes(&load.stages, load.start_up) {
        let is_due = until(&mut pacer, as_ns(change.at), &mut users, &mut panicked).await;
        if !is_due {
            break;
        }
        shared.begin_phase(change.phase);
        crowd.phase.store(change.phase, Ordering::Release);
        let wanted = part.of_count(change.users as u64) as usize;
        crowd.wanted.store(wanted, Ordering::Release);
        for number in made..wanted {
            users.spawn(loop_as_user(Arc::clone(shared), Arc::clone(&crowd), number));
        }
        made = made.max(wanted);
        crowd.changed.send_replace(());
    }
    if load.stages.iter().any(|s| s.length.is_none()) && made > 0 {
        // Only the iterations, or the stop, end this one.
        until(&mut pacer, u64::MAX >> 1, &mut users, &mut panicked).await;
    }
    shared.end_schedule();
    crowd.changed.send_replace(());
    let all = async {
        while let Some(ended) = users.join_next().await {
            note_panic(ended, &mut panicked);
        }
    };
    drain.wait(&shared.stop, all).await;
    panicked.map_or(Ok(()), Err)
}

/// Waits for a moment of the schedule; `false` when it is time to stop or every user has left.
async fn until(
    pacer: &mut Pacer,
    due_ns: u64,
    users: &mut JoinSet<()>,
    panicked: &mut Option<UserPanicked>,
) -> bool {
    loop {
        tokio::select! {
            biased;
            is_due = pacer.until(due_ns) => return is_due,
            Some(ended) = users.join_next(), if !users.is_empty() => {
                note_panic(ended, panicked);
                // A user leaves before the end of the schedule when its iterations are done.
                if panicked.is_some() || users.is_empty() {
                    return false;
                }
            }
        }
    }
}

fn note_panic(ended: Result<(), JoinError>, panicked: &mut Option<UserPanicked>) {
    if let Some(panic) = ended.err().and_then(|e| e.try_into_panic().ok()) {
        let text = panic_text(&*panic).to_owned();
        panicked.get_or_insert(UserPanicked { panic: text });
    }
}

/// A user, from coming to going. An operation that panics is an error of its own; the user comes back with a new
/// state and goes on. Panics are caught here rather than around each operation, where it would cost more than recording.
async fn loop_as_user<W: Workload>(shared: Arc<Shared<W>>, crowd: Arc<Crowd>, number: usize) {
    let iteration = AtomicU64::new(0);
    let mut tag = None;
    loop {
        let mut session = pin!(session(&shared, &crowd, number, &iteration));
        let caught = std::future::poll_fn(|cx| catching(&mut tag, || session.as_mut().poll(cx))).await;
        let Err(panic) = caught else { return };
        let ended_ns = shared.clock.now_ns();
        let Some((intended_ns, phase)) = shared.flight.take_of_user(number) else {
            // It was not in an operation: there is no user to go on as.
            std::panic::resume_unwind(panic)
        };
        let times = Times { intended_ns, actual_ns: intended_ns, ended_ns };
        shared.count(phase, times, Some(&panicked(&*panic)), 0, tag.take());
        iteration.fetch_add(1, Ordering::Relaxed);
    }
}

async fn session<W: Workload>(shared: &Shared<W>, crowd: &Crowd, number: usize, done: &AtomicU64) {
    // What it is called in the whole load.
    let user_number = crowd.part.in_whole(number as u64);
    let mut user = shared.workload.user(user_number);
    let mut deadline = shared.deadline();
    let mut in_a_row = 0;
    // When the last operation ended, unless something came between: then the next one starts at that moment.
    let mut now_ns = None;
    // Boxed, so that users that do not wait do not carry the waiting.
    while crowd.is_wanted(shared, number) || Box::pin(crowd.wait_for_turn(shared, number)).await {
        let phase = crowd.phase.load(Ordering::Acquire);
        let state = &shared.phases[phase];
        let iteration = done.load(Ordering::Relaxed);
        let Some(index) = crowd.next_index(state.is_warm_up(), number, iteration) else { break };
        state.recorder.due();
        let started_ns = now_ns.take().unwrap_or_else(|| shared.clock.now_ns());
        let slot = shared.flight.begin_of_user(number, started_ns, phase);
        let op = shared.op(index, user_number, iteration, phase);
        let terms = shared.terms(started_ns);
        let mut retries = 0;
        let mut outcome = {
            let attempt = pin!(shared.workload.operation(&mut user, op));
            within(attempt, &mut deadline, &terms).await
        };
        if terms.wants_retry(outcome.as_ref()) {
            // Boxed, so that users that never retry do not carry it.
            let again = Box::pin(retry(&shared.workload, &mut user, op, &mut deadline, &terms)).await;
            (outcome, retries) = again;
        }
        let ended_ns = shared.clock.now_ns();
        let tag = take_tag();
        if shared.flight.end_of_user(slot) {
            let times = Times { intended_ns: started_ns, actual_ns: started_ns, ended_ns };
            shared.count(phase, times, outcome.as_ref(), retries, tag);
        }
        if !state.is_warm_up() {
            done.store(iteration + 1, Ordering::Relaxed);
        }
        in_a_row += 1;
        match crowd.think {
            Think::Between(least, most) => {
                Box::pin(crowd.pause(shared, number, iteration, least, most)).await;
            }
            // Operations that never wait would keep the thread from everybody else.
            Think::Never if in_a_row >= OPERATIONS_IN_A_ROW => {
                in_a_row = 0;
                yield_now().await;
            }
            Think::Never => now_ns = Some(ended_ns),
        }
    }
}

impl Crowd {
    /// Whether the load goes on and the schedule wants this user.
    fn is_wanted<W: Workload>(&self, shared: &Shared<W>, number: usize) -> bool {
        shared.is_going_on() && number < self.wanted.load(Ordering::Acquire)
    }

    /// Waits while the schedule wants fewer users; `false` when this one may go home.
    async fn wait_for_turn<W: Workload>(&self, shared: &Shared<W>, number: usize) -> bool {
        let mut changed = self.changed.subscribe();
        loop {
            if !shared.is_going_on() {
                return false;
            }
            if number < self.wanted.load(Ordering::Acquire) {
                return true;
            }
            tokio::select! {
                _ = changed.changed() => {}
                () = shared.stop.stopped() => return false,
            }
        }
    }

    /// The number of a user's next operation, unless the iterations are done. Counted without asking the others
    /// where that is possible: a counter that all share would cost more than recording.
    fn next_index(&self, is_warm_up: bool, number: usize, iteration: u64) -> Option<u64> {
        let own = iteration * self.most_users + self.part.in_whole(number as u64);
        match self.iterations {
            _ if is_warm_up => Some(own),
            None => Some(own),
            Some(Iterations::PerUser(n)) => (iteration < n).then_some(own),
            Some(Iterations::Shared(n)) => {
                let ticket = Some(self.tickets.fetch_add(1, Ordering::Relaxed)).filter(|ticket| *ticket < n);
                ticket.map(|ticket| self.part.turn_in_whole(ticket, self.most_users))
            }
        }
    }

    async fn pause<W: Workload>(
        &self,
        shared: &Shared<W>,
        number: usize,
        iteration: u64,
        least: Duration,
        most: Duration,
    ) {
        let share = shared.user_rng(self.part.in_whole(number as u64), iteration).f64();
        let pause = least + most.saturating_sub(least).mul_f64(share);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = shared.stop.stopped() => {}
        }
    }
}

/// The moments at which the number of users changes; a ramp passes through every number, at the moment its straight
/// line is half-way to it. The last change of a schedule that ends sends everybody home.
fn changes(stages: &[Stage], start_up: StartUp) -> impl Iterator<Item = Change> {
    let mut start = Duration::ZERO;
    let mut before = 0;
    let mut all: Vec<Box<dyn Iterator<Item = Change> + Send>> = Vec::new();
    for (phase, stage) in stages.iter().enumerate() {
        let (from, to) = (stage.from.round() as usize, stage.to.round() as usize);
        let length = stage.length.unwrap_or(Duration::ZERO);
        let steps = from.abs_diff(to);
        let phase_start = start;
        // A ramp has numbers of its own to pass through.
        let start_up = if steps > 0 { StartUp::AtOnce } else { start_up };
        all.push(Box::new(step(before, from, stage.length, start_up).map(move |(after, users)| Change {
            at: phase_start + after,
            users,
            phase,
        })));
        all.push(Box::new((0..steps).map(move |k| Change {
            at: phase_start + length.mul_f64((k as f64 + 0.5) / steps as f64),
            users: if to > from { from + k + 1 } else { from - k - 1 },
            phase,
        })));
        start += length;
        before = to;
    }
    if stages.iter().all(|s| s.length.is_some()) {
        let phase = stages.len().saturating_sub(1);
        all.push(Box::new(std::iter::once(Change { at: start, users: 0, phase })));
    }
    all.into_iter().flatten()
}

/// How a stage that is held comes from `before` users to `users`: after which times there are how many.
fn step(
    before: usize,
    users: usize,
    length: Option<Duration>,
    start_up: StartUp,
) -> impl Iterator<Item = (Duration, usize)> + Send {
    let first = match start_up {
        StartUp::AtOnce => users,
        // Also where there are fewer than before.
        StartUp::Spread => users.min(before + AT_ONCE),
    };
    let others = users - first;
    let within = Duration::from_secs_f64(others as f64 / STARTED_PER_SECOND);
    let within = length.map_or(within, |length| within.min(length / 10));
    let groups = others.div_ceil(GROUP);
    std::iter::once((Duration::ZERO, first)).chain(
        (1..=groups).map(move |k| (within.mul_f64(k as f64 / groups as f64), users.min(first + k * GROUP))),
    )
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::{
        engine::{Async, clock::Clock, flight::Flight, pacer::Nudge, phase::phases_of},
        load::Load,
        outcome::Retry,
        stop::StopToken,
        units::seconds,
    };

    #[test]
    fn a_ramp_passes_through_every_number() {
        let load = Load::users(1)
            .for_duration(seconds(1))
            .ramp_to(3, seconds(4))
            .step_to(1)
            .for_duration(seconds(1));
        let seen: Vec<_> =
            changes(&load.stages, StartUp::Spread).map(|c| (c.at.as_secs_f64(), c.users, c.phase)).collect();
        assert_eq!(seen, [(0.0, 1, 0), (1.0, 1, 1), (2.0, 2, 1), (4.0, 3, 1), (5.0, 1, 2), (6.0, 0, 2)]);
    }

    #[test]
    fn a_crowd_does_not_come_as_a_burst_unless_asked() {
        let seen = |load: ClosedLoad| -> Vec<(f64, usize)> {
            changes(&load.stages, load.start_up).map(|c| (c.at.as_secs_f64(), c.users)).collect()
        };
        let crowd = || Load::users(21_000).for_duration(seconds(100));
        let spread = seen(crowd());
        assert_eq!(spread[..3], [(0.0, 1_000), (0.001, 1_020), (0.002, 1_040)]);
        assert_eq!(spread[1_000..], [(1.0, 21_000), (100.0, 0)]);
        assert_eq!(seen(crowd().all_at_once()), [(0.0, 21_000), (100.0, 0)]);
        let hurried = seen(Load::users(21_000).for_duration(seconds(1)));
        assert_eq!(hurried[1_000..], [(0.1, 21_000), (1.0, 0)], "within a tenth of the stage");
        let down = seen(Load::users(21_000).for_duration(seconds(100)).step_to(10).for_duration(seconds(1)));
        assert_eq!(down[1_001..], [(100.0, 10), (101.0, 0)], "leaving is no burst");
        let more = seen(Load::users(500).for_duration(seconds(1)).step_to(1_500).for_duration(seconds(1)));
        assert_eq!(more, [(0.0, 500), (1.0, 1_500), (2.0, 0)]);
    }

    #[test]
    fn a_waiting_user_is_under_a_kibibyte_beside_its_work() {
        let work = || async { tokio::time::sleep(seconds(1)).await };
        let own = size_of_val(&work());
        let shared = Arc::new(Shared {
            workload: Async(move |_op| work()),
            clock: Clock::start(true),
            stop: StopToken::new(),
            nudge: Nudge::new(Clock::start(true)),
            flight: Flight::of_users(1),
            tags: Arc::default(),
            phases: phases_of(&Load::from(Load::users(1).for_duration(seconds(1))), false),
            is_over: AtomicBool::new(false),
            end_ns: AtomicU64::new(0),
            timeout: seconds(1),
            retry: Retry::NEVER,
            load: 0,
            seed: 0,
        });
        let crowd = Arc::new(Crowd {
            wanted: AtomicUsize::new(0),
            phase: AtomicUsize::new(0),
            tickets: AtomicU64::new(0),
            most_users: 1,
            part: Part::WHOLE,
            changed: watch::Sender::new(()),
            iterations: None,
            think: Think::Never,
        });
        let user = size_of_val(&loop_as_user(shared, crowd, 0));
        // Beside the task: its header and the allocator's, its place in the set, the timer of its timeout, its slot.
        let around = 192 + size_of::<tokio::time::Sleep>() + 16 + 8;
        assert!(user - own + around < 1024, "{user} with {own} of its own, {around} around it");
    }
}
