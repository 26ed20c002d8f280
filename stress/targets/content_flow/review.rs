//! The fourth stage: reads a draft for spelling, repetition, readability and completeness, and passes it on or sends it
//! back.

use std::collections::BTreeSet;

use super::{
    library::Library,
    manuscript::{Manuscript, Place, words},
    outline::Outline,
};

/// Sentences that have so large a share of their word sequences in common say the same.
const SAME: f64 = 0.6;
/// The shortest and the longest sentence, in words.
const LENGTHS: std::ops::RangeInclusive<usize> = 4..=20;
/// The hardest text, by the automated readability index. The library's words are long: its texts come to 10 to 17.
const HARDEST: f64 = 20.0;
/// The shortest sequences of words that are compared.
const SHINGLE: usize = 3;

/// What a review comes to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Judgement {
    /// This very text may be published.
    Passed {
        /// The checksum of what was read.
        checksum: u32,
    },
    /// It may not, for these reasons.
    SentBack(Vec<Remark>),
}

/// What is wrong with a draft.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Remark {
    /// A word that the library does not have.
    Misspelt {
        /// In this sentence.
        place: Place,
        /// In lower case.
        word: String,
    },
    /// A sentence that says what an earlier one has said.
    Repeated {
        /// The later one.
        place: Place,
        /// The earlier one.
        earlier: Place,
    },
    /// A sentence that is too short or too long.
    Length {
        /// This one.
        place: Place,
        /// Its words.
        words: usize,
    },
    /// A text that is too hard to read.
    Hard {
        /// The hardest sentence.
        place: Place,
        /// The whole text's index.
        index: f64,
    },
    /// A section without text or with another heading, or a quotation that is not the archive's.
    Incomplete(&'static str),
}

impl Remark {
    /// The sentence to write anew; `None` where that would not help.
    pub(crate) fn place(&self) -> Option<Place> {
        match self {
            Self::Misspelt { place, .. }
            | Self::Repeated { place, .. }
            | Self::Length { place, .. }
            | Self::Hard { place, .. } => Some(*place),
            Self::Incomplete(_) => None,
        }
    }
}

/// Reads `draft`. Sentences are compared by their sequences of three words, and with each further `effort` by longer ones
/// too.
pub(crate) fn review(
    library: &Library,
    outline: &Outline,
    quotation: &str,
    draft: &Manuscript,
    effort: u32,
) -> Judgement {
    let mut remarks = incomplete(library, outline, quotation, draft);
    let read: Vec<(Place, Vec<String>)> =
        draft.sentences().map(|(place, text)| (place, words(text).collect())).collect();
    for (place, words) in &read {
        let unknown = words.iter().find(|word| library.word(word).is_none());
        remarks.extend(unknown.map(|word| Remark::Misspelt { place: *place, word: word.clone() }));
        if !LENGTHS.contains(&words.len()) {
            remarks.push(Remark::Length { place: *place, words: words.len() });
        }
    }
    remarks.extend(repeated(&read, effort));
    remarks.extend(hard(&read));
    match remarks.is_empty() {
        true => Judgement::Passed { checksum: draft.checksum() },
        false => Judgement::SentBack(remarks),
    }
}

fn incomplete(library: &Library, outline: &Outline, quotation: &str, draft: &Manuscript) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let headings = draft.sections.iter().map(|section| section.heading.to_lowercase());
    if !headings.eq(outline.sections.iter().map(|plan| library.spelt(plan.term).to_owned())) {
        remarks.push(Remark::Incomplete("the sections are not those of the outline"));
    }
    if draft.sections.iter().any(|section| section.sentences.is_empty()) {
        remarks.push(Remark::Incomplete("a section is empty"));
    }
    if draft.quotation != quotation {
        remarks.push(Remark::Incomplete("the quotation is not the archive's"));
    }
    remarks
}

/// Sentences that are too much like one before, by the share of common word sequences (Broder, "On the resemblance and
/// containment of documents", 1997).
fn repeated(read: &[(Place, Vec<String>)], effort: u32) -> Vec<Remark> {
    let mut remarks: Vec<Remark> = Vec::new();
    for length in SHINGLE..SHINGLE + effort.max(1) as usize {
        let shingles: Vec<BTreeSet<&[String]>> =
            read.iter().map(|(_, words)| words.windows(length).collect()).collect();
        for later in 1..read.len() {
            let is_same = |earlier: &usize| resemblance(&shingles[*earlier], &shingles[later]) >= SAME;
            let remark = (0..later).find(is_same).map(|earlier| (read[later].0, read[earlier].0));
            if let Some((place, earlier)) =
                remark.filter(|(place, _)| !remarks.iter().any(|r| r.place() == Some(*place)))
            {
                remarks.push(Remark::Repeated { place, earlier });
            }
        }
    }
    remarks
}

fn resemblance(one: &BTreeSet<&[String]>, other: &BTreeSet<&[String]>) -> f64 {
    let common = one.intersection(other).count();
    common as f64 / (one.len() + other.len() - common).max(1) as f64
}

/// The automated readability index (Senter and Smith, 1967): of the whole text, with the sentence that adds most to it.
fn hard(read: &[(Place, Vec<String>)]) -> Option<Remark> {
    let letters = |words: &[String]| words.iter().map(|word| word.chars().count()).sum::<usize>();
    let index = |letters: usize, words: usize, sentences: usize| {
        4.71 * letters as f64 / words.max(1) as f64 + 0.5 * words as f64 / sentences.max(1) as f64 - 21.43
    };
    let all = |of: &dyn Fn(&[String]) -> usize| read.iter().map(|(_, words)| of(words)).sum::<usize>();
    let whole = index(all(&letters), all(&|words| words.len()), read.len());
    let of_one = |words: &[String]| index(letters(words), words.len(), 1);
    let hardest = read.iter().max_by(|one, other| of_one(&one.1).total_cmp(&of_one(&other.1)));
    hardest.filter(|_| whole > HARDEST).map(|(place, _)| Remark::Hard { place: *place, index: whole })
}
