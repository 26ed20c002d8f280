//! Targets with a known answer: arithmetic on the clock, so that a late wake changes nothing of what they can do.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use proofload::{Outcome, millis};
use tokio::time::sleep;

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a [`Server`] does with a request that would have to wait.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Queue {
    /// Refuses it at once where it would wait longer than this.
    Admits(Duration),
    /// Takes every one. Whoever asked goes away after this; the work is done all the same.
    Endless(Duration),
}

/// Some permits and a fixed service time: permits divided by service time is what it can do a second, exactly.
#[derive(Clone)]
pub(crate) struct Server {
    service: Duration,
    queue: Queue,
    /// When each permit is free again, the next one first.
    free_at: Arc<Mutex<VecDeque<Instant>>>,
}

impl Server {
    pub(crate) fn new(permits: usize, service: Duration, queue: Queue) -> Self {
        let free_at = vec![Instant::now(); permits].into();
        Self { service, queue, free_at: Arc::new(Mutex::new(free_at)) }
    }

    pub(crate) async fn serve(self) -> Outcome {
        let now = Instant::now();
        let asked = {
            let mut free_at = locked(&self.free_at);
            let begins = free_at.front().map_or(now, |free| (*free).max(now));
            match self.queue {
                Queue::Admits(longest) if begins - now > longest => None,
                Queue::Admits(_) | Queue::Endless(_) => {
                    // Every service takes the same time, so permits become free in the order in which they were taken.
                    free_at.pop_front();
                    free_at.push_back(begins + self.service);
                    Some(begins + self.service - now)
                }
            }
        };
        match (asked, self.queue) {
            (None, _) => Outcome::rejected("no place"),
            (Some(takes), Queue::Endless(patience)) if takes > patience => {
                sleep(patience).await;
                Outcome::error("nobody waited for the answer")
            }
            (Some(takes), Queue::Admits(_) | Queue::Endless(_)) => {
                sleep(takes).await;
                Outcome::ok()
            }
        }
    }
}

/// Fails everything for a known time after the last moment at which it was asked for too much.
#[derive(Clone)]
pub(crate) struct Sulking {
    down_for: Duration,
    state: Arc<Mutex<Asked>>,
}

struct Asked {
    /// When the last ones were.
    recent: VecDeque<Instant>,
    down_until: Option<Instant>,
}

/// So many requests ...
const MANY: usize = 20;

/// ... within this are too much: 400 a second.
const WITHIN: Duration = millis(50);

impl Sulking {
    pub(crate) fn new(down_for: Duration) -> Self {
        let state = Asked { recent: VecDeque::new(), down_until: None };
        Self { down_for, state: Arc::new(Mutex::new(state)) }
    }

    pub(crate) fn ask(&self) -> Outcome {
        let now = Instant::now();
        let mut asked = locked(&self.state);
        asked.recent.push_back(now);
        if asked.recent.len() > MANY {
            asked.recent.pop_front();
            if asked.recent.front().is_some_and(|first| now - *first < WITHIN) {
                asked.down_until = Some(now + self.down_for);
            }
        }
        match asked.down_until.is_some_and(|until| now < until) {
            true => Outcome::error("down"),
            false => Outcome::ok(),
        }
    }
}
