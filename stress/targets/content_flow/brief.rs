//! What a flow is asked to write.

use fastrand::Rng;

use super::library::{Library, TOPICS, Word};

/// Terms that a brief names.
const TERMS: usize = 3;

/// An order for a text.
#[derive(Debug, Clone)]
pub(crate) struct Brief {
    /// The flow's number: each has a text of its own.
    pub number: u64,
    /// What the text is about.
    pub topic: usize,
    /// Words of the topic that it is to go by.
    pub terms: Vec<Word>,
    /// How many sections it is to have: 3 to 5.
    pub sections: usize,
}

impl Brief {
    /// The brief of flow `number`: the same for the same seed.
    pub(crate) fn new(library: &Library, seed: u64, number: u64) -> Self {
        let topic = (number % TOPICS as u64) as usize;
        let terms = library.terms_of(topic, TERMS, &mut generator(seed, number, 0));
        Self { number, topic, terms, sections: 3 + (number % 3) as usize }
    }
}

/// Random numbers for one purpose of one flow, whatever other flows have drawn.
pub(crate) fn generator(seed: u64, number: u64, purpose: u64) -> Rng {
    // The golden ratio's bits spread consecutive numbers over the seeds (Steele et al., "SplitMix", 2014).
    let spread = |seed: u64, number: u64| (seed ^ number.wrapping_add(1)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Rng::with_seed(spread(spread(seed, number).rotate_left(29), purpose))
}
