//! The documents and the questions, all made from a seed: no file, no network, the same text everywhere.
//!
//! A document is 60 to 120 made-up words about one topic: six words in ten come from the topic's own vocabulary, the
//! others from a general one whose first words are much more frequent than its last, as in real text. Documents of
//! one topic are therefore close neighbours, and telling them apart is the index's work.

use fastrand::Rng;

/// Topics. With 1 000 documents, each has 20: more than the ten hits of a search.
const TOPICS: usize = 50;
/// Words that only one topic uses.
const TOPIC_WORDS: usize = 80;
/// Words that every topic uses.
const GENERAL_WORDS: usize = 2_000;
/// A query leaves out every fourth word of its document, so that it is like the document but not equal to it.
const LEFT_OUT: usize = 4;
/// One copy in three of a huge query is of another document: noise that must not hide the answer.
const STRANGER: usize = 3;

/// A text with its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Document {
    /// The key in the index.
    pub id: u32,
    /// Lower-case ASCII words, one space between them.
    pub text: String,
}

/// A vocabulary and the rule that makes documents out of it.
#[derive(Debug, Clone)]
pub(crate) struct Corpus {
    seed: u64,
    documents: u32,
    general: Vec<String>,
    topics: Vec<Vec<String>>,
}

impl Corpus {
    /// A corpus of `documents` documents. The same seed gives the same texts, whatever the number of documents.
    pub(crate) fn seeded(seed: u64, documents: u32) -> Self {
        let mut rng = Rng::with_seed(seed);
        let general = (0..GENERAL_WORDS).map(|_| word(&mut rng)).collect();
        let topics = (0..TOPICS).map(|_| (0..TOPIC_WORDS).map(|_| word(&mut rng)).collect()).collect();
        Self { seed, documents, general, topics }
    }

    /// How many documents belong to the corpus: those numbered from 0.
    pub(crate) fn documents(&self) -> u32 {
        self.documents
    }

    /// Document `id`. Numbers at and over [`documents`](Self::documents) are further documents of the same kind, for
    /// inserting later.
    pub(crate) fn document(&self, id: u32) -> Document {
        let mut rng = self.rng(u64::from(id));
        let topic = &self.topics[rng.usize(..TOPICS)];
        let length = rng.usize(60..=120);
        let mut text = String::with_capacity(length * 8);
        for position in 0..length {
            if position > 0 {
                text.push(' ');
            }
            text.push_str(if rng.u8(..10) < 6 {
                &topic[rng.usize(..TOPIC_WORDS)]
            } else {
                // Squaring a uniform number makes the first words the frequent ones.
                &self.general[(rng.f64().powi(2) * GENERAL_WORDS as f64) as usize]
            });
        }
        Document { id, text }
    }

    /// A question whose answer is document `id`: three quarters of its words, in their order.
    pub(crate) fn query_for(&self, id: u32) -> String {
        let document = self.document(id).text;
        let kept = document.split(' ').enumerate().filter(|(at, _)| at % LEFT_OUT != LEFT_OUT - 1);
        let mut query = String::with_capacity(document.len());
        for (at, word) in kept {
            if at > 0 {
                query.push(' ');
            }
            query.push_str(word);
        }
        query
    }

    /// A question of exactly `bytes` bytes whose answer is document `id`: its text over and over, one copy in three
    /// replaced by a document of the corpus drawn with `seed`. Under a document's length (about 700 bytes) it is the
    /// beginning of the document, and the shorter, the less sure is the answer.
    pub(crate) fn text_of(&self, id: u32, bytes: usize, seed: u64) -> String {
        let document = self.document(id).text;
        let mut strangers = self.rng(seed.rotate_left(32) ^ u64::from(id));
        let mut text = String::with_capacity(bytes + document.len() + 1);
        for copy in 1.. {
            if copy % STRANGER == 0 {
                text.push_str(&self.document(strangers.u32(..self.documents.max(1))).text);
            } else {
                text.push_str(&document);
            }
            if text.len() >= bytes {
                break;
            }
            text.push(' ');
        }
        // ASCII, so every byte is a place to cut.
        text.truncate(bytes);
        text
    }

    /// A generator of its own for each number, so that no document depends on which were made before it.
    fn rng(&self, number: u64) -> Rng {
        // The golden ratio's bits spread consecutive numbers over the seeds (Steele et al., "SplitMix", 2014).
        Rng::with_seed(self.seed ^ number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }
}

/// A word of two to four syllables.
fn word(rng: &mut Rng) -> String {
    const CONSONANTS: &[u8] = b"bcdfghjklmnprstvz";
    const VOWELS: &[u8] = b"aeiou";
    let mut word = String::with_capacity(8);
    for _ in 0..rng.usize(2..=4) {
        word.push(char::from(CONSONANTS[rng.usize(..CONSONANTS.len())]));
        word.push(char::from(VOWELS[rng.usize(..VOWELS.len())]));
    }
    word
}
