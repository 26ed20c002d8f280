use std::{fmt, sync::Arc};

use super::{
    Answer, Http, Request,
    calls::outcome,
    client::{Client, Seat, Want},
    failure::Failure,
};
use crate::Outcome;

/// A client of one user: for operations of several requests, inside of a [`Workload`](crate::Workload) of your own.
///
/// ```no_run
/// use proofload::{Op, Outcome, Workload, http::{Agent, Http, Request}};
///
/// struct Shop(Http);
///
/// impl Workload for Shop {
///     type User = Agent;
///
///     fn user(&self, number: u64) -> Agent {
///         self.0.agent(number)
///     }
///
///     async fn operation(&self, agent: &mut Agent, _op: Op) -> Outcome {
///         match buy(agent).await {
///             Ok(outcome) | Err(outcome) => outcome,
///         }
///     }
/// }
///
/// async fn buy(agent: &mut Agent) -> Result<Outcome, Outcome> {
///     let basket = agent.send(Request::post("/basket").json(&["book"])).await?;
///     let number: u64 = basket.json().map_err(Outcome::error)?;
///     let paid = agent.send(Request::post(format!("/basket/{number}/pay"))).await?;
///     Ok(paid.outcome())
/// }
/// ```
pub struct Agent {
    client: Arc<Client>,
    seat: Seat,
}

impl Agent {
    pub(super) fn new(http: &Http, number: u64) -> Self {
        Self { client: Arc::clone(&http.client), seat: Seat::new(&http.client, number) }
    }

    /// Sends `request`, over the connection of the one before where that still stands.
    ///
    /// # Errors
    /// The outcome that the operation has if nothing follows: there was no answer, or its status is not ok.
    pub async fn send(&mut self, request: Request) -> Result<Answer, Outcome> {
        request.checked().map_err(|error| Failure::Request(error.to_string()).outcome())?;
        let want = Want::Answer { most_body: self.client.options.most_body };
        let called = self.seat.call(&request, None, want).await;
        let outcome = outcome(&self.client, called.as_ref());
        match called {
            Ok((reply, moved)) if outcome.is_ok() => Ok(reply.answer(moved)),
            Ok(_) | Err(_) => Err(outcome),
        }
    }
}

impl fmt::Debug for Agent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Agent").field("to", &self.client.base.authority).finish_non_exhaustive()
    }
}
