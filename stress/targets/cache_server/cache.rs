//! The cache of one agent: the prompts that it sent, by what they are about, and the state after each.
//!
//! A prompt is found by the angle between its vector and the new one's. The least recently used are first to go.

use std::collections::VecDeque;

use super::{super::vector_index::embed::Embedding, blocks::Held, model::State, wire::ModelName};

/// Prompts that an agent may have in its cache: each lookup looks at all of them.
const MOST: usize = 64;

/// A prompt that was read.
#[derive(Debug)]
pub(crate) struct Prefix {
    /// Which model read it: no other one can go on from its state.
    pub model: ModelName,
    /// What it is about.
    pub direction: Embedding,
    /// The state after reading it.
    pub state: State,
    /// Its tokens.
    pub tokens: u64,
    /// When it was last used, in uses.
    pub used: u64,
    /// The blocks that it occupies.
    pub held: Held,
}

/// The prefixes of one agent, the least recently used first.
#[derive(Debug, Default)]
pub(crate) struct PrefixCache {
    prefixes: VecDeque<Prefix>,
}

/// What a lookup asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// The model that is to go on.
    pub model: ModelName,
    /// What the prompt is about.
    pub direction: &'a Embedding,
    /// The least cosine between the two prompts.
    pub similarity: f32,
}

/// What a lookup found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// The state to go on from.
    pub state: State,
    /// The tokens that it has read.
    pub tokens: u64,
}

impl PrefixCache {
    /// The prefix most similar to what is wanted, if it is similar enough. It counts as used `now`.
    pub(crate) fn find(&mut self, wanted: &Wanted<'_>, now: u64) -> Option<Found> {
        let of_model = self.prefixes.iter().enumerate().filter(|(_, prefix)| prefix.model == wanted.model);
        let similar = of_model.map(|(at, prefix)| (at, cosine(&prefix.direction, wanted.direction)));
        let (at, nearest) = similar.max_by(|(_, one), (_, other)| one.total_cmp(other))?;
        if nearest < wanted.similarity {
            return None;
        }
        let mut prefix = self.prefixes.remove(at)?;
        prefix.used = now;
        let found = Found { state: prefix.state.clone(), tokens: prefix.tokens };
        self.prefixes.push_back(prefix);
        Some(found)
    }

    /// Adds a prefix that was used just now, in place of the oldest one where there are too many.
    pub(crate) fn insert(&mut self, prefix: Prefix) {
        if self.prefixes.len() >= MOST {
            self.prefixes.pop_front();
        }
        self.prefixes.push_back(prefix);
    }

    /// Takes out the one that was not used for longest.
    pub(crate) fn evict(&mut self) -> Option<Prefix> {
        self.prefixes.pop_front()
    }

    /// When the oldest one was used.
    pub(crate) fn oldest(&self) -> Option<u64> {
        self.prefixes.front().map(|prefix| prefix.used)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> u64 {
        self.prefixes.len() as u64
    }

    /// The blocks that they hold.
    pub(crate) fn blocks(&self) -> u64 {
        self.prefixes.iter().map(|prefix| prefix.held.blocks()).sum()
    }
}

/// Of two vectors of length one.
fn cosine(one: &Embedding, other: &Embedding) -> f32 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}
