//! The last stage: sets a manuscript as Markdown and HTML, puts the files on a shelf, and reads them back.
//!
//! A file is written under another name, brought to the disk and renamed: whoever looks sees a whole document or none.

use std::{
    collections::VecDeque,
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use super::manuscript::{Manuscript, Section};

/// Columns of the first Markdown edition; each further one is wider by [`WIDER`].
const COLUMNS: usize = 72;
/// Columns between two editions.
const WIDER: usize = 16;

/// The texts of a document, ready to be written.
#[derive(Debug, Clone)]
pub(crate) struct Rendered {
    /// As Markdown, one for each edition.
    pub markdown: Vec<String>,
    /// As HTML.
    pub html: String,
}

/// Sets `manuscript` in `effort` editions of Markdown, at least one, and one of HTML.
pub(crate) fn render(manuscript: &Manuscript, effort: u32) -> Rendered {
    let editions = 0..effort.max(1) as usize;
    Rendered {
        markdown: editions.map(|edition| markdown(manuscript, COLUMNS + WIDER * edition)).collect(),
        html: html(manuscript),
    }
}

fn markdown(manuscript: &Manuscript, columns: usize) -> String {
    let mut text = format!("# {}\n", manuscript.title);
    for section in &manuscript.sections {
        let paragraph = wrapped(&section.sentences.join(" "), columns);
        text.push_str(&format!("\n## {}\n\n{paragraph}\n", section.heading));
    }
    text.push_str(&format!("\n> {}\n", manuscript.quotation));
    text
}

/// Breaks lines so that none is longer than `columns` and the blanks at their ends, squared, are fewest (Knuth and Plass,
/// "Breaking Paragraphs into Lines", 1981, without stretching).
fn wrapped(paragraph: &str, columns: usize) -> String {
    let words: Vec<&str> = paragraph.split(' ').collect();
    // For each word: the badness of the best lines from there on, and where the next line begins.
    let mut best = vec![(0, words.len()); words.len() + 1];
    for from in (0..words.len()).rev() {
        let mut width = 0;
        best[from] = (usize::MAX, from + 1);
        for to in from..words.len() {
            width += words[to].len() + usize::from(to > from);
            if width > columns && to > from {
                break;
            }
            let blank = if to + 1 == words.len() { 0 } else { columns.saturating_sub(width).pow(2) };
            let badness = blank.saturating_add(best[to + 1].0);
            if badness < best[from].0 {
                best[from] = (badness, to + 1);
            }
        }
    }
    let mut lines = Vec::new();
    let mut from = 0;
    while from < words.len() {
        let to = best[from].1;
        lines.push(words[from..to].join(" "));
        from = to;
    }
    lines.join("\n")
}

fn html(manuscript: &Manuscript) -> String {
    let title = escaped(&manuscript.title);
    let mut text = format!("<!doctype html>\n<title>{title}</title>\n<h1>{title}</h1>\n");
    for section in &manuscript.sections {
        let sentences: Vec<_> = section.sentences.iter().map(|sentence| escaped(sentence)).collect();
        text.push_str(&format!("<h2>{}</h2>\n<p>{}</p>\n", escaped(&section.heading), sentences.join(" ")));
    }
    text.push_str(&format!("<blockquote>{}</blockquote>\n", escaped(&manuscript.quotation)));
    text
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn unescaped(text: &str) -> String {
    text.replace("&quot;", "\"").replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&")
}

/// The manuscript that was set as this Markdown; what is missing there is missing here.
pub(crate) fn read_markdown(text: &str) -> Manuscript {
    let mut read = Manuscript { title: String::new(), sections: Vec::new(), quotation: String::new() };
    for block in text.split("\n\n").map(|block| block.trim_matches('\n')) {
        if let Some(heading) = block.strip_prefix("## ") {
            read.sections.push(Section { heading: heading.to_owned(), sentences: Vec::new() });
        } else if let Some(title) = block.strip_prefix("# ") {
            title.clone_into(&mut read.title);
        } else if let Some(quotation) = block.strip_prefix("> ") {
            quotation.clone_into(&mut read.quotation);
        } else if let Some(section) = read.sections.last_mut() {
            section.sentences.extend(sentences(&block.replace('\n', " ")));
        }
    }
    read
}

/// The manuscript that was set as this HTML; what is missing there is missing here.
pub(crate) fn read_html(text: &str) -> Manuscript {
    let mut read = Manuscript { title: String::new(), sections: Vec::new(), quotation: String::new() };
    let within = |line: &str, tag: &str| {
        let inner = line.strip_prefix(&format!("<{tag}>"))?.strip_suffix(&format!("</{tag}>"))?;
        Some(unescaped(inner))
    };
    for line in text.lines() {
        if let Some(heading) = within(line, "h2") {
            read.sections.push(Section { heading, sentences: Vec::new() });
        } else if let Some(title) = within(line, "h1") {
            read.title = title;
        } else if let Some(quotation) = within(line, "blockquote") {
            read.quotation = quotation;
        } else if let (Some(paragraph), Some(section)) = (within(line, "p"), read.sections.last_mut()) {
            section.sentences.extend(sentences(&paragraph));
        }
    }
    read
}

fn sentences(paragraph: &str) -> impl Iterator<Item = String> {
    paragraph.split_inclusive('.').map(|sentence| sentence.trim_start().to_owned())
}

/// The folder that documents are put in, and the last of them.
#[derive(Debug)]
pub(crate) struct Shelf {
    folder: PathBuf,
    keep: usize,
    tearing: Tearing,
    /// Of the next document: two flows with one number write two documents.
    serial: AtomicU64,
    kept: Mutex<VecDeque<Arc<Publication>>>,
}

/// Whether a shelf brings whole documents to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tearing {
    /// It does.
    Never,
    /// The twin that stops in the middle of every seventh.
    EverySeventh,
}

/// A published document. Its files are removed when nobody has it any more.
#[derive(Debug)]
pub(crate) struct Publication {
    /// The Markdown editions, then the HTML.
    files: Vec<PathBuf>,
}

impl Shelf {
    /// A shelf for the last `keep` documents, in a folder that must exist.
    pub(crate) fn new(folder: &Path, keep: usize, tearing: Tearing) -> Self {
        Self { folder: folder.to_owned(), keep, tearing, serial: AtomicU64::new(0), kept: Mutex::default() }
    }

    /// Writes the document of flow `number`. When it returns, all its files are on the disk.
    pub(crate) fn put(&self, number: u64, rendered: &Rendered) -> io::Result<Arc<Publication>> {
        // From the first file on, so that an error for a later one removes those before.
        let mut publication = Publication { files: Vec::new() };
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        for (edition, text) in rendered.markdown.iter().enumerate() {
            let whole = match self.tearing {
                Tearing::EverySeventh if number % 7 == 3 => &text[..text.len() / 2],
                Tearing::EverySeventh | Tearing::Never => text,
            };
            publication.files.push(self.write(&format!("{serial}-{edition}.md"), whole)?);
        }
        publication.files.push(self.write(&format!("{serial}.html"), &rendered.html)?);
        let publication = Arc::new(publication);
        let mut kept = self.kept();
        kept.push_back(Arc::clone(&publication));
        let oldest = if kept.len() > self.keep { kept.pop_front() } else { None };
        drop(kept);
        // Outside of the lock: its files go with it.
        drop(oldest);
        Ok(publication)
    }

    /// How many documents are kept.
    pub(crate) fn len(&self) -> usize {
        self.kept().len()
    }

    fn write(&self, name: &str, text: &str) -> io::Result<PathBuf> {
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        let path = self.folder.join(name);
        file.persist(&path)?;
        Ok(path)
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<Arc<Publication>>> {
        // Nothing that can panic runs under the lock.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Publication {
    /// Reads every file from the disk, as the manuscripts that stand in them.
    pub(crate) fn read(&self) -> io::Result<Vec<Manuscript>> {
        let read = |path: &PathBuf| {
            let text = fs::read_to_string(path)?;
            let is_html = path.extension().is_some_and(|extension| extension == "html");
            Ok(if is_html { read_html(&text) } else { read_markdown(&text) })
        };
        self.files.iter().map(read).collect()
    }
}

impl Drop for Publication {
    fn drop(&mut self) {
        for file in &self.files {
            // The folder may be gone already, with all that was in it.
            let _ = fs::remove_file(file);
        }
    }
}
