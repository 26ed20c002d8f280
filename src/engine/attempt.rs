use std::{
    any::Any,
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    task::{Context as TaskContext, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep, sleep_until};

use super::{Op, Workload, clock::Clock};
use crate::{
    outcome::{Ending, Outcome, Retry},
    stop::StopToken,
};

/// How an operation ended, with the number of further attempts it took.
pub(super) struct Finished {
    /// `None` when the timeout cut it off.
    pub(super) outcome: Option<Outcome>,
    pub(super) retries: u32,
}

/// The timer of a user or of an operation. Only operations that have to wait ever touch it, and it is moved on when
/// it fires rather than for each operation: a timer for each would cost more than recording.
pub(super) struct Deadline {
    timer: Option<Pin<Box<Sleep>>>,
    limit: Duration,
}

impl Deadline {
    pub(super) const fn new(limit: Duration) -> Self {
        Self { timer: None, limit }
    }

    /// Whether the limit has passed; asks to be woken when it will have.
    fn poll_passed(
        &mut self,
        cx: &mut TaskContext<'_>,
        terms: &Terms<'_>,
        due: &mut Option<Instant>,
    ) -> bool {
        // Read only when there is something to wait for: most of what an empty operation costs is the clock.
        let due = *due.get_or_insert_with(|| {
            let spent = Duration::from_nanos(terms.clock.now_ns().saturating_sub(terms.started_ns));
            Instant::now() + self.limit.saturating_sub(spent)
        });
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
        // The timer may still be set for an earlier operation: then it fires early and is moved on.
        while timer.as_mut().poll(cx).is_ready() {
            if timer.deadline() >= due {
                return true;
            }
            timer.as_mut().reset(due);
        }
        false
    }
}

/// What bounds an operation.
pub(super) struct Terms<'a> {
    pub(super) clock: Clock,
    pub(super) started_ns: u64,
    pub(super) retry: Retry,
    pub(super) stop: &'a StopToken,
}

/// Carries out one operation with its retries, all within the deadline. A panic is an error of that operation.
pub(super) async fn carry_out<W: Workload>(
    workload: &W,
    user: &mut W::User,
    mut op: Op,
    deadline: &mut Deadline,
    terms: &Terms<'_>,
) -> Finished {
    let mut retries = 0;
    let mut due = None;
    loop {
        op.attempt = retries;
        let attempt = pin!(async { workload.operation(user, op).await });
        let outcome = within(attempt, deadline, terms, &mut due).await;
        let is_last = retries == terms.retry.times || terms.stop.is_stopped();
        match outcome {
            Some(outcome) if !is_last && !matches!(outcome.ending, Ending::Ok) => {}
            outcome => return Finished { outcome, retries },
        }
        retries += 1;
        // Boxed, so that users that never retry do not carry it.
        let pause = Box::pin(async { sleep(terms.retry.pause_before(retries)).await });
        let paused = pin!(async {
            pause.await;
            Outcome::ok()
        });
        if within(paused, deadline, terms, &mut due).await.is_none() {
            return Finished { outcome: None, retries };
        }
    }
}

/// The outcome of `attempt`, its panic as an error, or `None` once the deadline has passed.
fn within<'a, F: Future<Output = Outcome>>(
    mut attempt: Pin<&'a mut F>,
    deadline: &'a mut Deadline,
    terms: &'a Terms<'_>,
    due: &'a mut Option<Instant>,
) -> impl Future<Output = Option<Outcome>> + use<'a, F> {
    std::future::poll_fn(move |cx| {
        let was_inside = IS_IN_OPERATION.replace(true);
        let polled = catch_unwind(AssertUnwindSafe(|| attempt.as_mut().poll(cx)));
        IS_IN_OPERATION.set(was_inside);
        match polled {
            Ok(Poll::Ready(outcome)) => Poll::Ready(Some(outcome)),
            Ok(Poll::Pending) if deadline.poll_passed(cx, terms, due) => Poll::Ready(None),
            Ok(Poll::Pending) => Poll::Pending,
            Err(panic) => Poll::Ready(Some(panicked(&*panic))),
        }
    })
}

thread_local! {
    static IS_IN_OPERATION: Cell<bool> = const { Cell::new(false) };
}

/// Whether the calling thread is inside an operation, so that a panic hook can tell an operation's panic, which is
/// counted and sampled, from the case's own.
pub(crate) fn is_in_operation() -> bool {
    IS_IN_OPERATION.get()
}

fn panicked(payload: &(dyn Any + Send)) -> Outcome {
    Outcome::error(format_args!("panic: {}", panic_text(payload)))
}

/// What a panic says.
pub(crate) fn panic_text(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(a payload that is not text)")
}
