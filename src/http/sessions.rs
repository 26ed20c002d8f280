use std::{fmt, marker::PhantomData, sync::Arc};

use super::{
    Answer, Http, HttpError, Prepared, Request,
    calls::checked,
    client::{Client, Seat, Want},
    failure::Failure,
};
use crate::{Op, Outcome, Workload};

/// Sessions with a service: each user has a state, from which a turn makes its request, and which hears the answer. What
/// [`Http::sessions`] makes.
pub struct Sessions<S, M, T, H> {
    client: Arc<Client>,
    make: M,
    turn: T,
    hear: H,
    state: PhantomData<fn() -> S>,
}

/// One user's session: its state, and its connection.
pub struct Session<S> {
    state: S,
    seat: Seat,
}

impl<S, M, T, H> Sessions<S, M, T, H> {
    pub(super) fn new(http: &Http, make: M, turn: T, hear: H) -> Self {
        Self { client: Arc::clone(&http.client), make, turn, hear, state: PhantomData }
    }
}

impl<S, M, T, H> Workload for Sessions<S, M, T, H>
where
    S: Send + 'static,
    M: Fn(u64) -> S + Send + Sync + 'static,
    T: Fn(&mut S, Op) -> Request + Send + Sync + 'static,
    H: Fn(&mut S, &Answer) -> Result<(), String> + Send + Sync + 'static,
{
    type User = Session<S>;

    fn user(&self, number: u64) -> Session<S> {
        Session { state: (self.make)(number), seat: Seat::new(&self.client, number) }
    }

    async fn operation(&self, session: &mut Session<S>, op: Op) -> Outcome {
        let request = (self.turn)(&mut session.state, op);
        if let Err(error) = request.checked() {
            return Failure::Request(error.to_string()).outcome();
        }
        let want = Want::Answer { most_body: self.client.options.most_body };
        let called = session.seat.call(&request, None, want).await;
        checked(&self.client, called, |answer| (self.hear)(&mut session.state, answer))
    }
}

impl<S, M, T, H> Prepared for Sessions<S, M, T, H>
where
    Self: Workload,
{
    fn prepared(&self) -> Result<(), HttpError> {
        self.client.checked()
    }
}

impl<S, M, T, H> fmt::Debug for Sessions<S, M, T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("with", &self.client.base.authority).finish_non_exhaustive()
    }
}
