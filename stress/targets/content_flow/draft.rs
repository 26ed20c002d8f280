//! The third stage: writes the sections out, and rewrites what a review has sent back.

use std::collections::BTreeMap;

use fastrand::Rng;

use super::{
    library::{Library, Word},
    manuscript::{Manuscript, Place, Section, capitalised},
    outline::Outline,
    research::Findings,
    review::Remark,
};

/// Sentences of a section that the writer composes, after those of the sources.
const COMPOSED: usize = 3;
/// Words of a composed sentence.
const LENGTH: std::ops::RangeInclusive<usize> = 7..=13;

/// What a writer has on the desk.
pub(crate) struct Writer<'a> {
    library: &'a Library,
    outline: &'a Outline,
    /// For each word of the sources, those that follow it there, as often as they do: a Markov chain of the first order.
    chain: BTreeMap<Word, Vec<Word>>,
    /// Candidates for a sentence, of which the one with the most key terms stands, at least 1.
    effort: u32,
    /// The chance that there is a slip in what is written.
    slips: f64,
    rng: Rng,
}

impl<'a> Writer<'a> {
    /// A writer who has the sources of `findings` and keeps to `outline`.
    pub(crate) fn new(
        library: &'a Library,
        findings: &Findings,
        outline: &'a Outline,
        effort: u32,
        slips: f64,
        rng: Rng,
    ) -> Self {
        let mut chain = BTreeMap::<Word, Vec<Word>>::new();
        for sentence in findings.sources.iter().flat_map(|&id| &library.document(id).sentences) {
            for pair in sentence.windows(2) {
                chain.entry(pair[0]).or_default().push(pair[1]);
            }
        }
        Self { library, outline, chain, effort, slips, rng }
    }

    /// The first draft: in each section the sentences of the outline and some composed ones.
    pub(crate) fn write(&mut self, quotation: &str) -> Manuscript {
        let outline = self.outline;
        let mut sections = Vec::new();
        for plan in &outline.sections {
            let mut sentences: Vec<_> = plan.sentences.iter().map(|words| self.spelt(words)).collect();
            sentences.extend((0..COMPOSED).map(|_| self.compose(plan.term)));
            sections.push(Section { heading: capitalised(self.library.spelt(plan.term)), sentences });
        }
        let [first, second] = outline.title.map(|word| capitalised(self.library.spelt(word)));
        let mut draft =
            Manuscript { title: format!("{first} & {second}"), sections, quotation: quotation.to_owned() };
        self.maybe_slip(&mut draft);
        draft
    }

    /// Writes the sentences that the remarks name anew.
    pub(crate) fn revise(&mut self, mut draft: Manuscript, remarks: &[Remark]) -> Manuscript {
        for Place { section, sentence } in remarks.iter().filter_map(Remark::place) {
            let Some(plan) = self.outline.sections.get(section) else { continue };
            let composed = self.compose(plan.term);
            if let Some(old) = draft.sections.get_mut(section).and_then(|s| s.sentences.get_mut(sentence)) {
                *old = composed;
            }
        }
        self.maybe_slip(&mut draft);
        draft
    }

    /// A sentence that begins with `term` and goes on as the sources do.
    fn compose(&mut self, term: Word) -> String {
        let key_terms: Vec<_> = self.outline.sections.iter().map(|plan| plan.term).collect();
        let candidates: Vec<_> = (0..self.effort.max(1)).map(|_| self.walk(term)).collect();
        let worth = |words: &&Vec<Word>| key_terms.iter().filter(|key| words.contains(key)).count();
        candidates.iter().max_by_key(worth).map(|words| self.spelt(words)).unwrap_or_default()
    }

    fn walk(&mut self, term: Word) -> Vec<Word> {
        let mut words = vec![term];
        let length = self.rng.usize(LENGTH);
        while let (Some(last), true) = (words.last(), words.len() < length) {
            // A word that only ends sentences goes on with the term.
            let next = self.chain.get(last).and_then(|next| self.rng.choice(next)).copied();
            words.push(next.unwrap_or(term));
        }
        words
    }

    fn spelt(&self, words: &[Word]) -> String {
        let words: Vec<_> = words.iter().map(|&word| self.library.spelt(word)).collect();
        format!("{}.", capitalised(&words.join(" ")))
    }

    /// Now and then a letter is written twice, or a sentence.
    fn maybe_slip(&mut self, draft: &mut Manuscript) {
        if self.rng.f64() >= self.slips {
            return;
        }
        let Some(section) = self.rng.choice(&mut draft.sections) else { return };
        let Some((last, before)) = section.sentences.split_last_mut() else { return };
        match (self.rng.bool(), before.first()) {
            (true, Some(first)) => last.clone_from(first),
            // No word of the library has the same letter twice in a row.
            (true, None) | (false, _) => last.insert_str(1, &last[..1].to_lowercase()),
        }
    }
}
