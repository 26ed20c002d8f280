//! The documents that flows write from, and the index over them, all made from a seed.
//!
//! A document is a list of sentences about one topic: six words in ten come from the topic's own vocabulary, the others
//! from a general one whose first words are much more frequent than its last. No word is in two vocabularies, so that
//! what a search finds can be told right from wrong.

use std::collections::{BTreeMap, HashMap, hash_map::Entry};

use fastrand::Rng;

/// Topics. With 240 documents, each has 10.
pub(crate) const TOPICS: usize = 24;
/// Words that only one topic uses.
const TOPIC_WORDS: usize = 40;
/// Words that every topic uses.
const GENERAL_WORDS: usize = 600;

/// How quickly a term's weight in a document saturates, and how much a document's length counts: the usual values of
/// BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009).
const K1: f64 = 1.2;
const B: f64 = 0.75;

/// A word's number in the library's vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Word(u32);

/// A document.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    /// Each of 7 to 14 words.
    pub sentences: Vec<Vec<Word>>,
}

/// All documents, with where each word occurs. Never changes.
#[derive(Debug)]
pub(crate) struct Library {
    words: Vec<String>,
    known: HashMap<String, Word>,
    documents: Vec<Document>,
    /// For each word, the documents that it is in and how often.
    postings: Vec<Vec<(usize, u32)>>,
    mean_length: f64,
}

impl Library {
    /// A library of `documents` documents, at least 1: number n is about topic n, counted round.
    pub(crate) fn seeded(seed: u64, documents: usize) -> Self {
        let mut rng = Rng::with_seed(seed);
        let (words, known) = vocabulary(&mut rng);
        let documents: Vec<_> = (0..documents).map(|id| document(&mut rng, id % TOPICS)).collect();
        let mut postings = vec![Vec::new(); words.len()];
        let mut length = 0;
        for (id, document) in documents.iter().enumerate() {
            let mut counts = BTreeMap::<Word, u32>::new();
            for word in document.sentences.iter().flatten() {
                *counts.entry(*word).or_default() += 1;
                length += 1;
            }
            for (word, count) in counts {
                postings[word.0 as usize].push((id, count));
            }
        }
        let mean_length = f64::from(length) / documents.len() as f64;
        Self { words, known, documents, postings, mean_length }
    }

    /// Document `id`, one of those that a search found.
    pub(crate) fn document(&self, id: usize) -> &Document {
        &self.documents[id]
    }

    /// The word as it is written.
    pub(crate) fn spelt(&self, word: Word) -> &str {
        &self.words[word.0 as usize]
    }

    /// The word that is written so in lower case, if there is one.
    pub(crate) fn word(&self, spelt: &str) -> Option<Word> {
        self.known.get(spelt).copied()
    }

    /// `count` different words of the topic, drawn with `rng`.
    pub(crate) fn terms_of(&self, topic: usize, count: usize, rng: &mut Rng) -> Vec<Word> {
        rng.choose_multiple(0..TOPIC_WORDS, count).into_iter().map(|nth| topic_word(topic, nth)).collect()
    }

    /// How telling it is that a document has `word`: the rarer, the more.
    pub(crate) fn rarity(&self, word: Word) -> f64 {
        let (all, with) = (self.documents.len() as f64, self.postings[word.0 as usize].len() as f64);
        ((all - with + 0.5) / (with + 0.5)).ln_1p()
    }

    /// The `count` documents that fit `query` best by BM25, best first; fewer if fewer have any of its words.
    pub(crate) fn search(&self, query: &[Word], count: usize) -> Vec<usize> {
        let mut scores = BTreeMap::<usize, f64>::new();
        for &word in query {
            let rarity = self.rarity(word);
            for &(id, times) in &self.postings[word.0 as usize] {
                let length: usize = self.documents[id].sentences.iter().map(Vec::len).sum();
                let times = f64::from(times);
                let damped = times + K1 * (1.0 - B + B * length as f64 / self.mean_length);
                *scores.entry(id).or_default() += rarity * times * (K1 + 1.0) / damped;
            }
        }
        let mut found: Vec<_> = scores.into_iter().collect();
        // Stable, so that equals stay in the order of their numbers.
        found.sort_by(|one, other| other.1.total_cmp(&one.1));
        found.into_iter().take(count).map(|(id, _)| id).collect()
    }
}

/// General words first, then the words of each topic in turn.
fn vocabulary(rng: &mut Rng) -> (Vec<String>, HashMap<String, Word>) {
    let all = GENERAL_WORDS + TOPICS * TOPIC_WORDS;
    let (mut words, mut known) = (Vec::with_capacity(all), HashMap::with_capacity(all));
    while words.len() < all {
        let spelt = spelling(rng);
        if let Entry::Vacant(place) = known.entry(spelt.clone()) {
            place.insert(Word(words.len() as u32));
            words.push(spelt);
        }
    }
    (words, known)
}

fn topic_word(topic: usize, nth: usize) -> Word {
    Word((GENERAL_WORDS + topic * TOPIC_WORDS + nth) as u32)
}

/// Ten to sixteen sentences.
fn document(rng: &mut Rng, topic: usize) -> Document {
    let sentences = (0..rng.usize(10..=16)).map(|_| sentence(rng, topic)).collect();
    Document { sentences }
}

fn sentence(rng: &mut Rng, topic: usize) -> Vec<Word> {
    let word = |rng: &mut Rng| {
        if rng.u8(..10) < 6 {
            topic_word(topic, rng.usize(..TOPIC_WORDS))
        } else {
            // Squaring a uniform number makes the first words the frequent ones.
            Word((rng.f64().powi(2) * GENERAL_WORDS as f64) as u32)
        }
    };
    (0..rng.usize(7..=14)).map(|_| word(rng)).collect()
}

/// Two to four syllables.
fn spelling(rng: &mut Rng) -> String {
    const CONSONANTS: &[u8] = b"bcdfghjklmnprstvz";
    const VOWELS: &[u8] = b"aeiou";
    let mut spelt = String::with_capacity(8);
    for _ in 0..rng.usize(2..=4) {
        spelt.push(char::from(CONSONANTS[rng.usize(..CONSONANTS.len())]));
        spelt.push(char::from(VOWELS[rng.usize(..VOWELS.len())]));
    }
    spelt
}
