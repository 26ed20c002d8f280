use std::{
    any::Any,
    pin::{Pin, pin},
    task::{Context as TaskContext, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep, sleep_until};

use super::{Op, Workload, clock::Clock, inside::catching, tag::Tag};
use crate::{
    outcome::{Ending, Outcome, Retry},
    stop::StopToken,
};

/// Stands for a limit that is longer than the clock counts: ten years outlast every load.
const NEVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// How an operation ended, with the number of further attempts it took.
pub(super) struct Finished {
    /// `None` when the timeout cut it off.
    pub(super) outcome: Option<Outcome>,
    pub(super) retries: u32,
    /// What it called itself.
    pub(super) tag: Option<Tag>,
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
            let now = Instant::now();
            now.checked_add(self.limit.saturating_sub(spent)).unwrap_or(now + NEVER)
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
    pub(super) retry: &'a Retry,
    pub(super) stop: &'a StopToken,
}

/// Carries out one operation with its retries, all within the deadline. A panic is an error of that operation.
pub(super) async fn carry_out<W: Workload>(
    workload: &W,
    user: &mut W::User,
    op: Op,
    deadline: &mut Deadline,
    terms: &Terms<'_>,
) -> Finished {
    let attempts = async {
        let first = {
            let attempt = pin!(workload.operation(user, op));
            within(attempt, deadline, terms).await
        };
        match terms.wants_retry(first.as_ref()) {
            true => retry(workload, user, op, deadline, terms).await,
            false => (first, 0),
        }
    };
    let mut attempts = pin!(attempts);
    let mut tag = None;
    let caught = std::future::poll_fn(|cx| catching(&mut tag, || attempts.as_mut().poll(cx))).await;
    let (outcome, retries) = caught.unwrap_or_else(|panic| (Some(panicked(&*panic)), 0));
    Finished { outcome, retries, tag }
}

/// Further attempts after a first that failed: the last one's outcome, and how many there were.
pub(super) async fn retry<W: Workload>(
    workload: &W,
    user: &mut W::User,
    mut op: Op,
    deadline: &mut Deadline,
    terms: &Terms<'_>,
) -> (Option<Outcome>, u32) {
    let mut retries = 0;
    loop {
        retries += 1;
        let pause = pin!(async {
            sleep(terms.retry.pause_before(retries)).await;
            Outcome::ok()
        });
        if within(pause, deadline, terms).await.is_none() {
            return (None, retries);
        }
        op.attempt = retries;
        let attempt = pin!(workload.operation(user, op));
        let outcome = within(attempt, deadline, terms).await;
        if retries >= terms.retry.times || !terms.wants_retry(outcome.as_ref()) {
            return (outcome, retries);
        }
    }
}

impl Terms<'_> {
    /// Whether an attempt that ended so is to be followed by another.
    #[inline]
    pub(super) fn wants_retry(&self, outcome: Option<&Outcome>) -> bool {
        let has_failed = outcome.is_some_and(|outcome| !matches!(outcome.ending, Ending::Ok));
        has_failed && self.retry.times > 0 && !self.stop.is_stopped()
    }
}

/// The outcome of `attempt`, or `None` once the deadline has passed.
#[inline]
pub(super) fn within<'a, F: Future<Output = Outcome>>(
    mut attempt: Pin<&'a mut F>,
    deadline: &'a mut Deadline,
    terms: &'a Terms<'_>,
) -> impl Future<Output = Option<Outcome>> + use<'a, F> {
    let mut due = None;
    std::future::poll_fn(move |cx| match attempt.as_mut().poll(cx) {
        Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
        Poll::Pending if deadline.poll_passed(cx, terms, &mut due) => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    })
}

pub(super) fn panicked(payload: &(dyn Any + Send)) -> Outcome {
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
