//! Answers that were given before, by the content of their window.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use quick_cache::sync::Cache;

use super::{Features, window::Fitted};

/// What the cache goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyedBy {
    /// Every bit of the window.
    Content,
    /// The twin's: the shape alone, which all fitted windows share.
    Shape,
}

/// A bounded cache. When it is full, a new answer takes the place of one that was asked for less.
#[derive(Debug)]
pub(crate) struct Answers {
    cache: Option<Cache<Key, Arc<Features>>>,
    keyed_by: KeyedBy,
}

/// The whole window, not only its hash: two windows with one hash are compared, and are two.
#[derive(Debug, Clone)]
struct Key {
    window: Arc<Fitted>,
    keyed_by: KeyedBy,
}

impl Answers {
    /// Room for `entries` answers, each with its window of 3.6 KB; none for 0.
    pub(crate) fn new(entries: usize, keyed_by: KeyedBy) -> Self {
        Self { cache: (entries > 0).then(|| Cache::new(entries)), keyed_by }
    }

    /// The answer for `window`, if it is still here.
    pub(crate) fn get(&self, window: &Arc<Fitted>) -> Option<Features> {
        self.cache.as_ref()?.get(&self.key(window)).map(|features| *features)
    }

    /// Keeps an answer.
    pub(crate) fn put(&self, window: &Arc<Fitted>, features: Features) {
        if let Some(cache) = &self.cache {
            cache.insert(self.key(window), Arc::new(features));
        }
    }

    /// How many answers are here.
    pub(crate) fn len(&self) -> usize {
        self.cache.as_ref().map_or(0, Cache::len)
    }

    fn key(&self, window: &Arc<Fitted>) -> Key {
        Key { window: Arc::clone(window), keyed_by: self.keyed_by }
    }
}

impl Key {
    /// The bits rather than the numbers: they are compared without exceptions.
    fn bits(&self) -> impl Iterator<Item = u32> {
        let seen = match self.keyed_by {
            KeyedBy::Content => self.window.values(),
            KeyedBy::Shape => &[],
        };
        seen.iter().map(|value| value.to_bits())
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.bits().eq(other.bits())
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bits().for_each(|bits| state.write_u32(bits));
    }
}
