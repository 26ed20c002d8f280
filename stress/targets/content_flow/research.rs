//! The first stage: finds documents about the topic, and the terms that tell them from the others.

use std::collections::BTreeMap;

use super::{
    brief::Brief,
    library::{Library, Word},
};

/// Documents that a flow writes from.
const SOURCES: usize = 6;

/// What research hands on.
#[derive(Debug, Clone)]
pub(crate) struct Findings {
    /// The numbers of the documents, best first.
    pub sources: Vec<usize>,
    /// The most telling terms of the sources, one for each section, most telling first.
    pub key_terms: Vec<Word>,
}

/// Searches for the terms of the brief, `effort` times: each further time with the most telling term of what was found
/// before, as by relevance feedback (Rocchio, 1971). None where the library has nothing.
pub(crate) fn research(library: &Library, brief: &Brief, effort: u32) -> Option<Findings> {
    let mut query = brief.terms.clone();
    let mut sources = library.search(&query, SOURCES);
    for _ in 1..effort {
        let further = telling_terms(library, &sources).into_iter().find(|term| !query.contains(term));
        query.extend(further);
        sources = library.search(&query, SOURCES);
    }
    let key_terms: Vec<_> = telling_terms(library, &sources).into_iter().take(brief.sections).collect();
    (key_terms.len() == brief.sections).then_some(Findings { sources, key_terms })
}

/// The words of the documents by how often they occur there and how rare they are elsewhere (tf-idf), highest first.
fn telling_terms(library: &Library, sources: &[usize]) -> Vec<Word> {
    let mut counts = BTreeMap::<Word, u32>::new();
    for word in sources.iter().flat_map(|&id| library.document(id).sentences.iter().flatten()) {
        *counts.entry(*word).or_default() += 1;
    }
    let weigh = |(word, count): (Word, u32)| (word, f64::from(count) * library.rarity(word));
    let mut weighed: Vec<_> = counts.into_iter().map(weigh).collect();
    weighed.sort_by(|one, other| other.1.total_cmp(&one.1));
    weighed.into_iter().map(|(word, _)| word).collect()
}
