//! The second stage: picks sentences of the sources for each section and brings them into an order.

use std::collections::BTreeSet;

use super::{
    library::{Library, Word},
    research::Findings,
};

/// Sentences of a section that stand in the sources.
const PICKED: usize = 4;

/// What the text is to look like.
#[derive(Debug, Clone)]
pub(crate) struct Outline {
    /// The terms that the title names: the first two key terms.
    pub title: [Word; 2],
    /// One for each key term.
    pub sections: Vec<Plan>,
}

/// What a section is to look like.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// What it is about.
    pub term: Word,
    /// Sentences of the sources, in their order; no sentence is in two sections.
    pub sentences: Vec<Vec<Word>>,
}

/// Picks the sentences that are about each key term and unlike each other, and orders them so that neighbours have words
/// in common: nearest neighbours first, then `effort` passes that turn a stretch round where that is better (2-opt, Croes
/// 1958). `None` where the sources do not have enough sentences.
pub(crate) fn outline(library: &Library, findings: &Findings, effort: u32) -> Option<Outline> {
    let (&first, &second) = (findings.key_terms.first()?, findings.key_terms.get(1)?);
    let sentences = findings.sources.iter().flat_map(|&id| &library.document(id).sentences);
    let mut left: Vec<_> = sentences.map(|sentence| (sentence.clone(), set(sentence))).collect();
    let mut sections = Vec::new();
    for &term in &findings.key_terms {
        let mut picked = pick(&mut left, term, &findings.key_terms);
        (picked.len() == PICKED).then_some(())?;
        order(&mut picked, effort);
        sections.push(Plan { term, sentences: picked.into_iter().map(|(sentence, _)| sentence).collect() });
    }
    Some(Outline { title: [first, second], sections })
}

/// A sentence, and the set of its words.
type Candidate = (Vec<Word>, BTreeSet<Word>);

fn set(sentence: &[Word]) -> BTreeSet<Word> {
    sentence.iter().copied().collect()
}

/// The share of words that two sentences have in common (Jaccard's index).
fn likeness(one: &BTreeSet<Word>, other: &BTreeSet<Word>) -> f64 {
    let common = one.intersection(other).count();
    common as f64 / (one.len() + other.len() - common).max(1) as f64
}

/// Takes the best sentences out of what is left, by maximal marginal relevance (Carbonell and Goldstein, 1998).
fn pick(left: &mut Vec<Candidate>, term: Word, key_terms: &[Word]) -> Vec<Candidate> {
    let mut picked: Vec<Candidate> = Vec::new();
    while picked.len() < PICKED {
        let worth = |(_, words): &Candidate| {
            let about = if words.contains(&term) { 2.0 } else { 0.0 };
            let related = key_terms.iter().filter(|key| words.contains(key)).count() as f64;
            let known = picked.iter().map(|(_, other)| likeness(words, other)).fold(0.0, f64::max);
            about + 0.25 * related - known
        };
        let weighed = left.iter().map(worth).enumerate();
        let best = weighed.max_by(|one, other| one.1.total_cmp(&other.1)).map(|(at, _)| at);
        let Some(best) = best else { break };
        let candidate = left.swap_remove(best);
        // The same sentence twice would be sent back by the review.
        left.retain(|(_, words)| *words != candidate.1);
        picked.push(candidate);
    }
    picked
}

fn order(sentences: &mut [Candidate], effort: u32) {
    for at in 1..sentences.len() {
        let to_last = |i: usize| likeness(&sentences[at - 1].1, &sentences[i].1);
        let next = (at..sentences.len()).max_by(|&one, &other| to_last(one).total_cmp(&to_last(other)));
        sentences.swap(at, next.unwrap_or(at));
    }
    for _ in 0..effort {
        for from in 0..sentences.len() {
            for to in from + 1..sentences.len() {
                let before = flow(sentences);
                sentences[from..=to].reverse();
                if flow(sentences) <= before {
                    sentences[from..=to].reverse();
                }
            }
        }
    }
}

/// How much neighbours have in common.
fn flow(sentences: &[Candidate]) -> f64 {
    sentences.windows(2).map(|pair| likeness(&pair[0].1, &pair[1].1)).sum()
}
