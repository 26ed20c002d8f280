use std::{
    any::Any,
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    task::Poll,
};

use super::tag::Tag;

/// What the calling thread is doing.
#[derive(Debug, Clone, Copy)]
enum Here {
    /// Something that is no operation.
    Outside,
    /// An operation, and what it has called itself so far.
    Operation(Option<Tag>),
}

thread_local! {
    static HERE: Cell<Here> = const { Cell::new(Here::Outside) };
}

/// Polls something that belongs to an operation, which goes by `tag` from one poll to the next; `Err` with the payload
/// when it panics.
pub(super) fn catching<T>(
    tag: &mut Option<Tag>,
    poll: impl FnOnce() -> Poll<T>,
) -> Poll<Result<T, Box<dyn Any + Send>>> {
    match inside(tag, poll) {
        Ok(poll) => poll.map(Ok),
        Err(panic) => Poll::Ready(Err(panic)),
    }
}

/// Does a part of an operation; `Err` with the payload when it panics.
pub(super) fn inside<T>(tag: &mut Option<Tag>, part: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    let before = HERE.replace(Here::Operation(*tag));
    let done = catch_unwind(AssertUnwindSafe(part));
    if let Here::Operation(now) = HERE.replace(before) {
        *tag = now;
    }
    done
}

/// Calls the operation that the calling thread is in by `tag`; outside of one there is nothing to call.
pub(super) fn call(tag: Option<Tag>) {
    if let Here::Operation(_) = HERE.get() {
        HERE.set(Here::Operation(tag));
    }
}

/// What the operation that the calling thread is in is called; the next one here has no name yet.
#[inline]
pub(super) fn take_tag() -> Option<Tag> {
    match HERE.get() {
        Here::Operation(None) | Here::Outside => None,
        Here::Operation(tag) => {
            HERE.set(Here::Operation(None));
            tag
        }
    }
}

/// Whether the calling thread is inside an operation, so that a panic hook can tell an operation's panic, which is
/// counted and sampled, from the case's own.
pub(crate) fn is_in_operation() -> bool {
    matches!(HERE.get(), Here::Operation(_))
}
