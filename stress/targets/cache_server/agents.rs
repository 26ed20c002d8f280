//! The agents: each has a token and a cache of its own, and no request reaches another's.
//!
//! That is by construction: a request gets hold of the one agent that it names, and a cache is reached through its agent.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{
    cache::{Found, Prefix, PrefixCache, Wanted},
    model::hash,
};

/// The agents that the server knows. Names come from outside: with more than `most`, the one that was silent for longest is
/// forgotten, with its cache.
#[derive(Debug)]
pub(crate) struct Agents {
    known: RwLock<BTreeMap<String, Arc<Agent>>>,
    most: usize,
    secret: String,
    /// Counts uses: what is older has the smaller number.
    uses: AtomicU64,
    leaks: bool,
}

/// One agent.
#[derive(Debug)]
pub(crate) struct Agent {
    seal: u64,
    cache: Mutex<PrefixCache>,
    used: AtomicU64,
}

impl Agents {
    /// No agents yet, of which at most `most` are known at a time. Agents that leak are the broken twin: where an agent's
    /// own cache has nothing, it looks into the others'.
    pub(crate) fn new(secret: &str, most: usize, leaks: bool) -> Self {
        let uses = AtomicU64::new(0);
        Self { known: RwLock::default(), most: most.max(1), secret: secret.to_owned(), uses, leaks }
    }

    /// The agent called `name`.
    pub(crate) fn named(&self, name: &str) -> Arc<Agent> {
        let now = self.now();
        if let Some(agent) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            agent.used.store(now, Ordering::Relaxed);
            return Arc::clone(agent);
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= self.most && !known.contains_key(name) {
            let silent = known.iter().min_by_key(|(_, agent)| agent.used.load(Ordering::Relaxed));
            if let Some(silent) = silent.map(|(name, _)| name.clone()) {
                known.remove(&silent);
            }
        }
        let seal = seal(&self.secret, name);
        let agent = || Arc::new(Agent { seal, cache: Mutex::default(), used: AtomicU64::new(now) });
        Arc::clone(known.entry(name.to_owned()).or_insert_with(agent))
    }

    /// What `agent` has read that is similar to what is wanted.
    pub(crate) fn find(&self, agent: &Agent, wanted: &Wanted<'_>) -> Option<Found> {
        let found = agent.cache().find(wanted, self.now());
        if found.is_some() || !self.leaks {
            return found;
        }
        self.all().iter().find_map(|other| other.cache().find(wanted, self.now()))
    }

    /// Gives `agent` a prefix.
    pub(crate) fn insert(&self, agent: &Agent, prefix: Prefix) {
        agent.cache().insert(prefix);
    }

    /// Evicts the prefix that was not used for longest, whoever it belongs to; false when there is none.
    pub(crate) fn evict(&self) -> bool {
        let agents = self.all();
        loop {
            let oldest = agents.iter().filter_map(|agent| Some((agent.cache().oldest()?, agent)));
            let Some((_, agent)) = oldest.min_by_key(|(used, _)| *used) else { return false };
            // Somebody else may have taken its last one in between.
            if agent.cache().evict().is_some() {
                return true;
            }
        }
    }

    /// Forgets all agents and what they have cached; says how many prefixes that were.
    pub(crate) fn forget(&self) -> u64 {
        let forgotten = std::mem::take(&mut *self.known.write().unwrap_or_else(PoisonError::into_inner));
        forgotten.values().map(|agent| agent.cache().len()).sum()
    }

    /// The agents that are known.
    pub(crate) fn all(&self) -> Vec<Arc<Agent>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// The number of this use.
    pub(crate) fn now(&self) -> u64 {
        self.uses.fetch_add(1, Ordering::Relaxed)
    }
}

impl Agent {
    /// What its states are sealed with.
    pub(crate) fn seal(&self) -> u64 {
        self.seal
    }

    pub(crate) fn cache(&self) -> MutexGuard<'_, PrefixCache> {
        // Nothing that can panic halfway through a change runs under the lock.
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What tells agent `name`'s states from others' on a server with `secret`. It is there to find leaks, not to withstand
/// anybody who wants to forge one.
fn seal(secret: &str, name: &str) -> u64 {
    hash(name) ^ hash(secret).rotate_left(29)
}

/// A seal as it is shown.
pub(crate) fn token(seal: u64) -> String {
    format!("{seal:016x}")
}

/// The token of agent `name` on a server with `secret`.
pub(crate) fn token_of(secret: &str, name: &str) -> String {
    token(seal(secret, name))
}
