use std::{fmt, sync::Arc};

use serde::Serialize;

use super::{
    Answer, Http, HttpError, Prepared, Request, Same, Source,
    client::{Client, Failed, Reply, Seat, Want},
    failure::Failure,
    source::Outgoing,
    status,
};
use crate::{Op, Outcome, Workload};

/// What an answer must be.
type Check = Arc<dyn Fn(Op, &Answer) -> Result<(), String> + Send + Sync>;

/// Requests to a service, one for each operation: what [`Http::get`] and its kind make. Send them with
/// [`LoadBuilder::send`](crate::LoadBuilder::send), or wherever a [`Workload`] is taken.
pub struct Calls<S> {
    client: Arc<Client>,
    source: S,
    check: Option<Check>,
}

impl<S: Source> Calls<S> {
    pub(super) fn new(http: &Http, source: S) -> Self {
        Self { client: Arc::clone(&http.client), source, check: None }
    }

    /// Looks at every answer that is ok by its status. An `Err` makes it an error of the kind `wrong answer: ...`. The
    /// body is kept for it, see [`Http::largest_body`].
    ///
    /// ```no_run
    /// # fn calls(http: proofload::http::Http) {
    /// use proofload::http::Answer;
    ///
    /// let calls = http.get("/health").check(|answer: &Answer| match answer.text()? {
    ///     "ok" => Ok(()),
    ///     other => Err(format!("health is {other}")),
    /// });
    /// # drop(calls);
    /// # }
    /// ```
    pub fn check(self, check: impl Fn(&Answer) -> Result<(), String> + Send + Sync + 'static) -> Self {
        self.check_each(move |_op, answer| check(answer))
    }

    /// As [`Calls::check`], for answers that depend on the operation.
    pub fn check_each(
        mut self,
        check: impl Fn(Op, &Answer) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.check = Some(Arc::new(check));
        self
    }
}

impl Calls<Same> {
    /// Adds a header.
    pub fn header(self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        self.with(|request| request.header(name, value))
    }

    /// The body, as it is.
    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        self.with(|request| request.body(body))
    }

    /// `value` in JSON as the body, the same for each operation; [`Http::each`] makes one for each.
    pub fn json(self, value: &(impl Serialize + ?Sized)) -> Self {
        self.with(|request| request.json(value))
    }

    fn with(self, change: impl FnOnce(Request) -> Request) -> Self {
        Self { source: Same::new(change(self.source.request)), ..self }
    }
}

impl<S: Source> Workload for Calls<S> {
    type User = Seat;

    fn user(&self, number: u64) -> Seat {
        Seat::new(&self.client, number)
    }

    async fn operation(&self, seat: &mut Seat, op: Op) -> Outcome {
        let want = match self.check {
            None => Want::Status,
            Some(_) => Want::Answer { most_body: self.client.options.most_body },
        };
        let called = match self.source.next(&self.client, op) {
            Outgoing::Written(request, wire) => seat.call(request, Some(wire), want).await,
            Outgoing::New(request) => match request.checked() {
                Ok(()) => seat.call(&request, None, want).await,
                Err(error) => return Failure::Request(error.to_string()).outcome(),
            },
        };
        match (&self.check, called) {
            (None, called) => outcome(&self.client, called.as_ref()),
            (Some(check), called) => checked(&self.client, called, |answer| check(op, answer)),
        }
    }
}

impl<S: Source> Prepared for Calls<S> {
    fn prepared(&self) -> Result<(), HttpError> {
        self.client.checked()?;
        self.source.checked()
    }
}

/// What a reply means by its status.
pub(super) fn outcome(client: &Client, called: Result<&(Reply, u64), &Failed>) -> Outcome {
    match called {
        Ok((reply, moved)) => {
            status::outcome(reply.status, reply.retry_after, client.options.redirects).with_bytes(*moved)
        }
        Err(failed) => failed.failure.outcome().with_bytes(failed.moved),
    }
}

/// What a reply means, a check of those that are ok included.
pub(super) fn checked(
    client: &Client,
    called: Result<(Reply, u64), Failed>,
    check: impl FnOnce(&Answer) -> Result<(), String>,
) -> Outcome {
    let outcome = outcome(client, called.as_ref());
    match called {
        Ok((reply, moved)) if outcome.is_ok() => {
            let answer = reply.answer(moved);
            match check(&answer) {
                Ok(()) => outcome,
                Err(text) => Outcome::error(format_args!("wrong answer: {text}"))
                    .with_status(answer.status)
                    .with_bytes(moved),
            }
        }
        Ok(_) | Err(_) => outcome,
    }
}

impl<S> fmt::Debug for Calls<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls").field("to", &self.client.base.authority).finish_non_exhaustive()
    }
}
