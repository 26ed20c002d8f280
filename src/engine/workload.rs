use std::sync::Arc;

use super::{
    Op,
    inside::{call, inside},
};
use crate::outcome::{IntoOutcome, Outcome};

/// What a load does: one operation, and what each user keeps between two of them.
///
/// A closure is enough where users keep nothing; this trait is for sessions, connections, carts.
///
/// ```
/// use proofload::{Op, Outcome, Workload};
///
/// struct Shop;
///
/// struct Customer {
///     basket: Vec<u64>,
/// }
///
/// impl Workload for Shop {
///     type User = Customer;
///
///     fn user(&self, _number: u64) -> Customer {
///         Customer { basket: Vec::new() }
///     }
///
///     async fn operation(&self, customer: &mut Customer, op: Op) -> Outcome {
///         customer.basket.push(op.index);
///         Outcome::ok()
///     }
/// }
/// ```
pub trait Workload: Send + Sync + 'static {
    /// What one user keeps.
    type User: Send + 'static;

    /// A new user. In a closed load there is one for each user; an open load makes one for each operation, so
    /// keep it light there.
    fn user(&self, number: u64) -> Self::User;

    /// Carries out one operation. It may be cut off at any `await` when its timeout is reached.
    fn operation(&self, user: &mut Self::User, op: Op) -> impl Future<Output = Outcome> + Send;
}

impl<W: Workload> Workload for Arc<W> {
    type User = W::User;

    fn user(&self, number: u64) -> W::User {
        (**self).user(number)
    }

    async fn operation(&self, user: &mut W::User, op: Op) -> Outcome {
        (**self).operation(user, op).await
    }
}

/// A closure that returns a future.
pub(crate) struct Async<F>(pub(crate) F);

impl<F, T> Workload for Async<F>
where
    F: Fn(Op) -> T + Send + Sync + 'static,
    T: Future<Output: IntoOutcome> + Send,
{
    type User = ();

    fn user(&self, _number: u64) {}

    async fn operation(&self, _user: &mut (), op: Op) -> Outcome {
        (self.0)(op).await.into_outcome()
    }
}

/// A workload whose users keep nothing, from a closure that returns a future: for what takes a [`Workload`].
///
/// ```
/// use proofload::{Op, Workload, workload};
///
/// fn echo() -> impl Workload {
///     workload(|op: Op| async move { if op.index % 100 == 0 { Err("every hundredth fails") } else { Ok(()) } })
/// }
/// # let _ = echo();
/// ```
pub fn workload<F, T>(operation: F) -> impl Workload
where
    F: Fn(Op) -> T + Send + Sync + 'static,
    T: Future<Output: IntoOutcome> + Send + 'static,
{
    Async(operation)
}

/// A closure that blocks its thread; it runs on the runtime's pool for such work.
pub(crate) struct Blocking<F>(pub(crate) Arc<F>);

impl<F, R> Workload for Blocking<F>
where
    F: Fn(Op) -> R + Send + Sync + 'static,
    R: IntoOutcome,
{
    type User = ();

    fn user(&self, _number: u64) {}

    async fn operation(&self, _user: &mut (), op: Op) -> Outcome {
        let work = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || {
            let mut tag = None;
            (inside(&mut tag, || work(op).into_outcome()), tag)
        });
        match done.await {
            Ok((outcome, tag)) => {
                call(tag);
                outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            }
            Err(_cancelled) => Outcome::error("the runtime shut down before the operation began"),
        }
    }
}
