//! What a flow writes: the text with its parts, from draft to shelf.

/// A text with all its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Manuscript {
    /// One line.
    pub title: String,
    /// In the order of the outline.
    pub sections: Vec<Section>,
    /// What the archive said about the topic, one line.
    pub quotation: String,
}

/// A part of a manuscript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Section {
    /// One word with a capital.
    pub heading: String,
    /// Each begins with a capital, ends in a full stop, and has no other.
    pub sentences: Vec<String>,
}

impl Manuscript {
    /// A checksum over all of its text and over where one part ends and the next begins (CRC-32).
    pub(crate) fn checksum(&self) -> u32 {
        let mut sum = crc32fast::Hasher::new();
        let mut part = |text: &str, end: u8| {
            sum.update(text.as_bytes());
            sum.update(&[end]);
        };
        part(&self.title, b'#');
        for section in &self.sections {
            part(&section.heading, b'=');
            section.sentences.iter().for_each(|sentence| part(sentence, b'.'));
        }
        part(&self.quotation, b'>');
        sum.finalize()
    }

    /// All sentences, with the number of their section and their own within it.
    pub(crate) fn sentences(&self) -> impl Iterator<Item = (Place, &str)> {
        self.sections.iter().enumerate().flat_map(|(section, part)| {
            let place = move |sentence| Place { section, sentence };
            part.sentences.iter().enumerate().map(move |(at, text)| (place(at), text.as_str()))
        })
    }
}

/// Where a sentence stands: its section's number and its own in the section, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    /// The number of the section.
    pub section: usize,
    /// The number within the section.
    pub sentence: usize,
}

/// The words of a sentence in lower case, without what is between them.
pub(crate) fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// `text` with its first letter as a capital.
pub(crate) fn capitalised(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}
