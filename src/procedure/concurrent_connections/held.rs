use std::{
    collections::BTreeMap,
    io, mem,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use serde::{Deserialize, Serialize};

use super::{ConnectionEnd, ConnectionFailure, Connector};
use crate::{Op, Outcome, engine::Workload};

/// Users that each hold a connection: the first operation opens it, all use it, and one that is lost stays lost, so that
/// what is counted is connections held at the same time and not attempts.
pub(super) struct Held<C> {
    pub(super) connector: Arc<C>,
    pub(super) tally: Arc<Tally>,
}

/// The connections of one level.
#[derive(Debug, Default)]
pub(super) struct Tally {
    open: AtomicU64,
    most: AtomicU64,
    failures: Mutex<Failures>,
}

/// What the connections of one level came to: on one node, or on all.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Seen {
    /// The most that were open at the same time; of several nodes each for itself, which is the same where none was lost.
    pub(super) most: u64,
    pub(super) failures: Failures,
}

/// Connections that did not come about or did not last.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Failures {
    pub(super) count: u64,
    pub(super) first: Option<ConnectionFailure>,
    /// The first that is a limit of this process: it may be the reason for others.
    pub(super) own: Option<ConnectionFailure>,
}

/// The connection of a user.
pub(super) enum Line<C> {
    New,
    Open(Counted<C>),
    Gone,
}

/// An open connection, counted until it is dropped.
pub(super) struct Counted<C> {
    connection: C,
    tally: Arc<Tally>,
}

impl Seen {
    /// What all nodes saw. Which of several failures was the first is not known: it is the one that met the fewest.
    pub(super) fn of(nodes: BTreeMap<u32, Self>) -> Self {
        let is_one = nodes.len() == 1;
        let mut whole = Self::default();
        for (node, seen) in nodes {
            let Failures { count, first, own } = seen.failures;
            let there = |failure: ConnectionFailure| match is_one {
                true => failure,
                false => ConnectionFailure { node: Some(node), ..failure },
            };
            let fewest = |one: Option<ConnectionFailure>, other: Option<ConnectionFailure>| {
                one.into_iter().chain(other.map(there)).min_by_key(|failure| failure.open)
            };
            whole.most += seen.most;
            whole.failures.count += count;
            whole.failures.first = fewest(whole.failures.first, first);
            whole.failures.own = fewest(whole.failures.own, own);
        }
        whole
    }
}

impl Tally {
    /// What this process saw.
    pub(super) fn seen(&self) -> Seen {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Seen { most: self.most.load(Ordering::Acquire), failures }
    }

    fn count<C>(self: &Arc<Self>, connection: C) -> Counted<C> {
        let open = self.open.fetch_add(1, Ordering::AcqRel) + 1;
        self.most.fetch_max(open, Ordering::AcqRel);
        Counted { connection, tally: Arc::clone(self) }
    }

    fn failed(&self, end: ConnectionEnd, text: String) {
        let open = self.open.load(Ordering::Acquire);
        let failure = ConnectionFailure { end, open, node: None, text };
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.count += 1;
        if end.generators_limit().is_some() {
            failures.own.get_or_insert_with(|| failure.clone());
        }
        failures.first.get_or_insert(failure);
    }
}

impl<C> Drop for Counted<C> {
    fn drop(&mut self) {
        self.tally.open.fetch_sub(1, Ordering::AcqRel);
    }
}

impl<C: Connector> Workload for Held<C> {
    type User = Line<C::Connection>;

    fn user(&self, _number: u64) -> Self::User {
        Line::New
    }

    async fn operation(&self, line: &mut Self::User, op: Op) -> Outcome {
        let attempt = Attempt { tally: &self.tally, is_over: false };
        // Whatever ends this early, a timeout or a panic, has taken the connection: half an answer may be on its way.
        let mut held = match mem::replace(line, Line::Gone) {
            Line::New => match self.connector.open(op.user).await {
                Ok(connection) => self.tally.count(connection),
                Err(error) => return attempt.failed(&error),
            },
            Line::Open(held) => held,
            Line::Gone => return attempt.over(Outcome::error("the connection is gone")),
        };
        match self.connector.operation(&mut held.connection, op).await {
            Ok(outcome) => {
                *line = Line::Open(held);
                attempt.over(outcome)
            }
            Err(error) => {
                // What it says of those that are open is about the others.
                drop(held);
                attempt.failed(&error)
            }
        }
    }
}

/// An operation that, dropped before it is over, was cut off.
struct Attempt<'a> {
    tally: &'a Tally,
    is_over: bool,
}

impl Attempt<'_> {
    fn over(mut self, outcome: Outcome) -> Outcome {
        self.is_over = true;
        outcome
    }

    fn failed(self, error: &io::Error) -> Outcome {
        self.tally.failed(ConnectionEnd::of(error), error.to_string());
        self.over(Outcome::error(error))
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            let end = match std::thread::panicking() {
                true => ConnectionEnd::Panicked,
                false => ConnectionEnd::TimedOut,
            };
            self.tally.failed(end, String::new());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Opens the first two connections, and loses each at its third operation.
    struct Two;

    impl Connector for Two {
        type Connection = u64;

        async fn open(&self, number: u64) -> io::Result<u64> {
            if number < 2 { Ok(0) } else { Err(io::ErrorKind::ConnectionRefused.into()) }
        }

        async fn operation(&self, used: &mut u64, _op: Op) -> io::Result<Outcome> {
            *used += 1;
            match used {
                3 => Err(io::ErrorKind::ConnectionReset.into()),
                4.. => panic!("it was lost"),
                _ => Ok(Outcome::ok()),
            }
        }
    }

    /// Never opens.
    struct Silent;

    impl Connector for Silent {
        type Connection = ();

        async fn open(&self, _number: u64) -> io::Result<()> {
            std::future::pending().await
        }

        async fn operation(&self, _connection: &mut (), _op: Op) -> io::Result<Outcome> {
            Ok(Outcome::ok())
        }
    }

    fn op(user: u64) -> Op {
        Op { index: 0, user, iteration: 0, stage: 0, attempt: 0, load: 0, seed: 0 }
    }

    #[tokio::test]
    async fn connections_are_held_and_counted_and_stay_lost() {
        let tally = Arc::new(Tally::default());
        let held = Held { connector: Arc::new(Two), tally: Arc::clone(&tally) };
        let mut lines = [0, 1, 2].map(|number| held.user(number));
        for _ in 0..2 {
            for (number, line) in lines.iter_mut().enumerate() {
                let is_ok = held.operation(line, op(number as u64)).await.is_ok();
                assert_eq!(is_ok, number < 2);
            }
        }
        assert_eq!((tally.seen().most, tally.seen().failures.count), (2, 1));
        let first = tally.seen().failures.first.unwrap();
        assert_eq!((first.end, first.open), (ConnectionEnd::Refused, 2));
        for _ in 0..2 {
            assert!(!held.operation(&mut lines[0], op(0)).await.is_ok());
        }
        assert_eq!((tally.open.load(Ordering::Acquire), tally.seen().failures.count), (1, 2));
        drop(lines);
        assert_eq!((tally.open.load(Ordering::Acquire), tally.seen().most), (0, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_is_cut_off_has_timed_out() {
        let tally = Arc::new(Tally::default());
        let held = Held { connector: Arc::new(Silent), tally: Arc::clone(&tally) };
        let mut line = held.user(0);
        let cut = tokio::time::timeout(Duration::from_secs(5), held.operation(&mut line, op(0))).await;
        assert!(cut.is_err());
        let first = tally.seen().failures.first.unwrap();
        assert_eq!(first.to_string(), "with 0 open a connection got no answer in time");
        assert_eq!(tally.seen().failures.own, None);
    }

    #[test]
    fn what_nodes_saw_is_added_up() {
        let failure = |end, open| Some(ConnectionFailure { end, open, node: None, text: String::new() });
        let refused = Failures { count: 3, first: failure(ConnectionEnd::Refused, 40), own: None };
        let out = failure(ConnectionEnd::NoDescriptors, 20);
        let out = Failures { count: 1, first: out.clone(), own: out };
        let one = Seen { most: 40, failures: refused };
        assert_eq!(Seen::of(BTreeMap::from([(0, one.clone())])), one, "one node has no number");
        let other = Seen { most: 20, failures: out };
        let none = Seen { most: 50, ..Seen::default() };
        let all = Seen::of(BTreeMap::from([(0, one), (1, other), (2, none)]));
        assert_eq!((all.most, all.failures.count), (110, 4));
        let first = all.failures.first.unwrap();
        assert_eq!(first.to_string(), "with 20 open on node 1 a connection found no descriptor left");
        assert_eq!(all.failures.own.unwrap().node, Some(1));
    }
}
