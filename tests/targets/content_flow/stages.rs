//! What each stage makes of what it is given.

use std::collections::BTreeSet;
use std::fs;

use crate::targets::content_flow::brief::{Brief, generator};
use crate::targets::content_flow::draft::Writer;
use crate::targets::content_flow::library::{Library, TOPICS, Word};
use crate::targets::content_flow::manuscript::{Manuscript, Place, words};
use crate::targets::content_flow::outline::{Outline, outline};
use crate::targets::content_flow::publish::{Shelf, Tearing, read_html, read_markdown, render};
use crate::targets::content_flow::research::{Findings, research};
use crate::targets::content_flow::review::{Judgement, Remark, review};

const QUOTATION: &str = "\"So it is\" <archive>";

/// A text on its way, up to the outline.
struct Desk {
    library: Library,
    findings: Findings,
    outline: Outline,
}

impl Desk {
    fn new(number: u64, effort: u32) -> Self {
        let library = Library::seeded(42, 240);
        let brief = Brief::new(&library, 42, number);
        let findings = research(&library, &brief, effort).expect("the library has enough");
        let outline = outline(&library, &findings, effort).expect("the sources have enough");
        Self { library, findings, outline }
    }

    fn writer(&self, slips: f64, seed: u64) -> Writer<'_> {
        Writer::new(&self.library, &self.findings, &self.outline, 2, slips, generator(42, seed, 1))
    }

    fn review(&self, draft: &Manuscript) -> Vec<Remark> {
        match review(&self.library, &self.outline, QUOTATION, draft, 1) {
            Judgement::Passed { checksum } => {
                assert_eq!(checksum, draft.checksum(), "what was read is what was passed");
                Vec::new()
            }
            Judgement::SentBack(remarks) => remarks,
        }
    }
}

fn topic_words(library: &Library, topic: usize) -> BTreeSet<Word> {
    library.terms_of(topic, 40, &mut generator(0, 0, 0)).into_iter().collect()
}

#[test]
fn research_finds_the_topic() {
    let library = Library::seeded(42, 240);
    for number in 0..3 * TOPICS as u64 {
        let brief = Brief::new(&library, 42, number);
        let own = topic_words(&library, brief.topic);
        for effort in [1, 4] {
            let found = research(&library, &brief, effort).expect("the library has enough");
            assert_eq!((found.sources.len(), found.key_terms.len()), (6, brief.sections), "flow {number}");
            let is_off = |id: &&usize| **id % TOPICS != brief.topic;
            assert_eq!(found.sources.iter().find(is_off), None, "flow {number} is about {}", brief.topic);
            let telling = found.key_terms.iter().filter(|term| own.contains(term)).count();
            assert_eq!(telling, brief.sections, "the topic's own words tell more than general ones");
        }
    }
    let none = Library::seeded(42, 1);
    assert!(
        research(&none, &Brief::new(&none, 42, 5), 1).is_none(),
        "it has one document, about another topic"
    );
}

#[test]
fn a_library_is_made_of_its_seed_alone() {
    let first = |seed| {
        let library = Library::seeded(seed, 30);
        let sentence = library.document(29).sentences.first().cloned().unwrap_or_default();
        sentence.iter().map(|&word| library.spelt(word).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(first(1), first(1));
    assert_ne!(first(1), first(2));
    let library = Library::seeded(1, 30);
    let known =
        first(1).iter().all(|spelt| library.word(spelt).is_some_and(|word| library.spelt(word) == spelt));
    assert!(known && library.word("no such word").is_none());
}

#[test]
fn an_outline_takes_sentences_of_the_sources_once_and_more_effort_only_orders_them() {
    let (quick, slow) = (Desk::new(5, 1), Desk::new(5, 1));
    let slow_outline = outline(&slow.library, &slow.findings, 8).expect("the sources have enough");
    let sentences = quick.findings.sources.iter().flat_map(|&id| &quick.library.document(id).sentences);
    let known: BTreeSet<_> = sentences.collect();
    let mut seen = BTreeSet::new();
    for (plan, ordered) in quick.outline.sections.iter().zip(&slow_outline.sections) {
        assert_eq!(plan.sentences.len(), 4);
        assert!(
            plan.sentences[..].iter().any(|sentence| sentence.contains(&plan.term)),
            "one is about the term"
        );
        assert!(
            plan.sentences.iter().all(|sentence| known.contains(sentence) && seen.insert(sentence.clone()))
        );
        let set = |plan: &[Vec<Word>]| plan.iter().cloned().collect::<BTreeSet<_>>();
        assert_eq!(set(&plan.sentences), set(&ordered.sentences));
    }
    let terms: Vec<_> = quick.outline.sections.iter().map(|plan| plan.term).collect();
    assert_eq!(terms, quick.findings.key_terms);
}

#[test]
fn a_draft_goes_on_as_the_sources_do() {
    let desk = Desk::new(5, 1);
    let draft = desk.writer(0.0, 1).write(QUOTATION);
    assert_eq!(desk.review(&draft), []);
    let follows: BTreeSet<_> = (desk.findings.sources.iter())
        .flat_map(|&id| &desk.library.document(id).sentences)
        .flat_map(|sentence| sentence.windows(2).map(|pair| (pair[0], pair[1])))
        .collect();
    for (section, plan) in draft.sections.iter().zip(&desk.outline.sections) {
        assert_eq!(section.sentences.len(), 7, "four of the sources and three composed");
        for sentence in &section.sentences[4..] {
            let words: Vec<_> = words(sentence).filter_map(|word| desk.library.word(&word)).collect();
            assert_eq!(words.first(), Some(&plan.term), "{sentence}");
            // After a word that only ends sentences, the term comes again.
            let is_known = |pair: &[Word]| follows.contains(&(pair[0], pair[1])) || pair[1] == plan.term;
            assert!(words.windows(2).all(is_known), "{sentence}");
        }
    }
    assert_ne!(desk.writer(0.0, 2).write(QUOTATION), draft);
    assert_eq!(desk.writer(0.0, 1).write(QUOTATION), draft);
}

#[test]
fn a_slip_is_sent_back_and_corrected() {
    let desk = Desk::new(5, 1);
    let (mut misspelt, mut repeated) = (0, 0);
    for seed in 0..40 {
        let draft = desk.writer(1.0, seed).write(QUOTATION);
        let remarks = desk.review(&draft);
        match remarks.as_slice() {
            [Remark::Misspelt { .. }] => misspelt += 1,
            [Remark::Repeated { .. }] => repeated += 1,
            other => panic!("one slip is one remark: {other:?}"),
        }
        let second = desk.writer(0.0, seed + 1_000).revise(draft.clone(), &remarks);
        assert_eq!(desk.review(&second), [], "after {remarks:?}");
        let changed = draft.sentences().zip(second.sentences()).filter(|(one, other)| one != other).count();
        assert_eq!(changed, 1, "only what was named is written anew");
    }
    assert!(misspelt > 5 && repeated > 5, "{misspelt} and {repeated} of 40");
}

#[test]
fn a_review_sees_what_is_wrong() {
    let desk = Desk::new(5, 1);
    let sound = desk.writer(0.0, 1).write(QUOTATION);
    let place = Place { section: 1, sentence: 2 };
    let with = |text: &str| {
        let mut draft = sound.clone();
        text.clone_into(&mut draft.sections[1].sentences[2]);
        desk.review(&draft)
    };
    let known = &sound.sections[0].sentences[0];
    assert_eq!(with(known), [Remark::Repeated { place, earlier: Place { section: 0, sentence: 0 } }]);
    let long = [known.trim_end_matches('.'); 4].join(" ");
    assert!(with(&long).contains(&Remark::Length { place, words: 4 * words(known).count() }));
    assert!(with("Gude.").contains(&Remark::Length { place, words: 1 }));
    let strange = sound.sections[1].sentences[2].replacen(' ', " zzyzx ", 1);
    assert!(with(&strange).contains(&Remark::Misspelt { place, word: "zzyzx".to_owned() }));
    let endless = ["m".repeat(2_000).as_str(), "bo", "ba", "bu."].join(" ");
    let remarks = with(&endless);
    assert!(
        remarks
            .iter()
            .any(|r| matches!(r, Remark::Hard { place: at, index } if *at == place && *index > 20.0))
    );

    let changed = |change: fn(&mut Manuscript)| {
        let mut draft = sound.clone();
        change(&mut draft);
        desk.review(&draft)
    };
    let sections = Remark::Incomplete("the sections are not those of the outline");
    assert_eq!(changed(|draft| drop(draft.sections.pop())), std::slice::from_ref(&sections));
    assert_eq!(changed(|draft| draft.sections.reverse()), [sections]);
    let empty = Remark::Incomplete("a section is empty");
    assert_eq!(changed(|draft| draft.sections[0].sentences.clear()), [empty]);
    let quotation = Remark::Incomplete("the quotation is not the archive's");
    assert_eq!(changed(|draft| draft.quotation.clear()), [quotation]);
}

#[test]
fn what_is_set_reads_back_as_it_was() {
    let desk = Desk::new(5, 1);
    let mut manuscript = desk.writer(0.0, 1).write(QUOTATION);
    manuscript.title = "\"Gude\" & <Bevi>".to_owned();
    let rendered = render(&manuscript, 3);
    assert_eq!(rendered.markdown.len(), 3);
    for (text, columns) in rendered.markdown.iter().zip([72, 88, 104]) {
        assert_eq!(read_markdown(text), manuscript);
        let longest = text.lines().map(str::len).max();
        assert!(longest.is_some_and(|longest| longest <= columns), "{longest:?} of {columns} columns");
    }
    assert!(rendered.html.contains("<h1>&quot;Gude&quot; &amp; &lt;Bevi&gt;</h1>"), "{}", rendered.html);
    assert_eq!(read_html(&rendered.html), manuscript);
    assert_ne!(read_markdown(&rendered.markdown[0][..900]).checksum(), manuscript.checksum());
}

#[test]
fn a_checksum_tells_texts_and_their_parts_apart() {
    let desk = Desk::new(5, 1);
    let manuscript = desk.writer(0.0, 1).write(QUOTATION);
    let mut moved = manuscript.clone();
    let last = moved.sections[0].sentences.pop().expect("there are sentences");
    moved.sections[1].sentences.insert(0, last);
    assert_ne!(moved.checksum(), manuscript.checksum(), "the same words in another section");
}

#[test]
fn a_shelf_keeps_the_last_documents() -> std::io::Result<()> {
    let dir = tempfile::tempdir()?;
    let files = || fs::read_dir(dir.path()).map(Iterator::count);
    let desk = Desk::new(5, 1);
    let manuscript = desk.writer(0.0, 1).write(QUOTATION);
    let rendered = render(&manuscript, 2);
    let shelf = Shelf::new(dir.path(), 3, Tearing::Never);
    let first = shelf.put(0, &rendered)?;
    for number in 1..6 {
        shelf.put(number, &rendered)?;
    }
    assert_eq!((shelf.len(), files()?), (3, 4 * 3), "three, and the first, which somebody has");
    assert_eq!(first.read()?, vec![manuscript; 3]);
    drop(first);
    assert_eq!(files()?, 3 * 3);
    let gone = Shelf::new(&dir.path().join("gone"), 3, Tearing::Never);
    assert!(gone.put(0, &rendered).is_err());
    Ok(())
}
