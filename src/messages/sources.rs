//! Reads the sources for what they can say, and the pages for what was said.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Whose sentences are all to be on a page, not only its errors.
const ALL_OF: [&str; 5] =
    ["src/judge/", "src/safety/", "src/expect/error.rs", "src/stop.rs", "src/supervisor/ending.rs"];

/// What nobody is told: texts that are looked for in what others say, and what guards a case that cannot come.
const NOT_SAID: [&str; 9] = [
    "too many open files",
    "has overflowed its stack",
    "too few windows of memory",
    "goodput is not a number",
    "{metric} is known for the whole load only",
    "there are samples, and a quantile is a share from 0 to 1",
    "nothing was due in it",
    "memory allocation of",
    "no phase was measured",
];

/// From so many words on a text in the code is a sentence that is said to somebody.
const LEAST_WORDS: usize = 4;

/// A text of the code in which something may be filled in.
#[derive(Debug, PartialEq, Eq)]
struct Template {
    line: usize,
    text: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `#[error("...")]`.
    Error,
    /// Of another attribute: what the compiler says, or a reason that nobody sees at run time.
    Attribute,
    Code,
}

impl Template {
    /// What is between the places that are filled in.
    fn parts(&self) -> Vec<String> {
        let text = self.text.replace("{{", "\u{1}").replace("}}", "\u{2}");
        let mut parts = Vec::new();
        for (n, piece) in text.split('{').enumerate() {
            let fixed = if n == 0 { piece } else { piece.split_once('}').map_or("", |(_, after)| after) };
            parts.push(fixed.replace('\u{1}', "{").replace('\u{2}', "}"));
        }
        parts.retain(|part| !part.trim().is_empty());
        parts
    }

    fn words(&self) -> usize {
        let is_word =
            |word: &&str| word.len() > 1 && word.chars().all(|c| c.is_alphabetic() || ",;:.'".contains(c));
        self.parts().iter().map(|part| part.split_whitespace().filter(is_word).count()).sum()
    }

    /// Whether one of the lines has all its parts in their order. Pages show a message of several lines line by line.
    fn is_in(&self, pages: &[String]) -> bool {
        let parts = self.parts();
        let parts: Vec<&str> =
            parts.iter().flat_map(|part| part.lines()).filter(|p| !p.trim().is_empty()).collect();
        pages.iter().any(|page| {
            let first = parts.first().copied().unwrap_or_default();
            page.match_indices(first).any(|(at, _)| {
                // A message is no longer than this, with what is filled in.
                let end = (at + 2_000).min(page.len());
                let mut rest = page.get(at..end).unwrap_or(&page[at..]);
                parts.iter().all(|part| {
                    let Some(at) = rest.find(part) else { return false };
                    rest = &rest[at + part.len()..];
                    true
                })
            })
        })
    }
}

/// The texts of a file, without those of its comments and tests.
fn templates(source: &str) -> Vec<Template> {
    let source = ["\n#[cfg(test)]\nmod tests {", "\n#[cfg(all(test, unix))]\nmod tests {"]
        .iter()
        .filter_map(|mark| source.find(mark))
        .min()
        .map_or(source, |end| &source[..end]);
    let (mut found, mut rest, mut kind) = (Vec::new(), source, Kind::Code);
    let line_of = |rest: &str| source[..source.len() - rest.len()].matches('\n').count() + 1;
    let mut depth = 0_usize;
    while let Some(c) = rest.chars().next() {
        if rest.starts_with("//") {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
        } else if depth == 0 && (rest.starts_with("#[") || rest.starts_with("#![")) {
            kind = if rest.starts_with("#[error(") { Kind::Error } else { Kind::Attribute };
            depth = 1;
            rest = &rest[rest.find('[').map_or(1, |at| at + 1)..];
        } else if c == '[' && depth > 0 {
            depth += 1;
            rest = &rest[1..];
        } else if c == ']' && depth > 0 {
            depth -= 1;
            kind = if depth == 0 { Kind::Code } else { kind };
            rest = &rest[1..];
        } else if rest.starts_with("r#\"") {
            let end = rest.find("\"#").unwrap_or(rest.len() - 2);
            found.push(Template { line: line_of(rest), text: rest[3..end.max(3)].to_owned(), kind });
            rest = &rest[end + 2..];
        } else if c == '"' {
            let line = line_of(rest);
            let (text, after) = literal(&rest[1..]);
            found.push(Template { line, text, kind });
            rest = after;
        } else if c == '\'' {
            rest = &rest[length_of_char(rest)..];
        } else {
            rest = &rest[c.len_utf8()..];
        }
    }
    found
}

/// A literal up to its end, and what follows.
fn literal(rest: &str) -> (String, &str) {
    let (mut text, mut chars) = (String::new(), rest.char_indices());
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (text, &rest[at + 1..]),
            '\\' => match chars.next().map(|(_, escaped)| escaped) {
                Some('\n') => {
                    let after = chars.as_str().trim_start();
                    chars = rest.char_indices();
                    let skipped = rest.len() - after.len();
                    while chars.clone().next().is_some_and(|(at, _)| at < skipped) {
                        chars.next();
                    }
                }
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some(other) => text.push(other),
                None => break,
            },
            other => text.push(other),
        }
    }
    (text, "")
}

/// Of a character's literal; 1 for the mark of a lifetime.
fn length_of_char(rest: &str) -> usize {
    let mut chars = rest[1..].chars();
    match (chars.next(), chars.next()) {
        (Some('\\'), Some(_)) => rest[3..].find('\'').map_or(1, |end| end + 4),
        (Some(c), Some('\'')) => c.len_utf8() + 2,
        _ => 1,
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            found.extend(files(&entry, ending));
        } else if entry.to_string_lossy().ends_with(ending) {
            found.push(entry);
        }
    }
    found.sort();
    found
}

/// The pages: each message begins on a line of its own.
fn pages() -> Vec<String> {
    let pages = files(&root().join("src/messages/pages"), ".snap");
    assert!(pages.len() > 10, "{pages:?}");
    pages.iter().map(|page| fs::read_to_string(page).unwrap()).collect()
}

/// Path from the package's folder, line and text of what can be said and stands on no page.
fn missing(is_meant: impl Fn(&str, &Template) -> bool) -> Vec<String> {
    let (root, pages) = (root(), pages());
    let mut missing = Vec::new();
    for file in files(&root.join("src"), ".rs") {
        let path = file.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
        let is_test =
            path.starts_with("src/messages/") || path.contains("tests") || path.ends_with("/made.rs");
        let is_of_http = path.starts_with("src/http/") && !cfg!(feature = "http");
        let is_of_nodes = path.ends_with("/nodes.rs") || path.starts_with("src/cluster/");
        if is_test || is_of_http || is_of_nodes && !cfg!(feature = "cluster") {
            continue;
        }
        let texts = templates(&fs::read_to_string(&file).unwrap());
        let left = texts.iter().filter(|text| is_meant(&path, text) && !text.is_in(&pages));
        missing.extend(left.map(|text| format!("{path}:{}: {}", text.line, text.text)));
    }
    missing
}

/// An error that consists of others alone says nothing by itself.
#[test]
fn every_error_is_on_a_page() {
    let missing = missing(|_, text| {
        text.kind == Kind::Error && !text.parts().concat().trim_matches([':', ' ']).is_empty()
    });
    assert!(
        missing.is_empty(),
        "these errors stand on no page: add an example of each to a file of src/messages or to \
         tests/harness/messages.rs, so that one sees whether it says what is wrong, where, and what to do\n{}",
        missing.join("\n")
    );
}

#[test]
fn every_sentence_of_a_verdict_is_on_a_page() {
    let is_of = |path: &str| ALL_OF.iter().any(|of| path.starts_with(of));
    let is_said = |text: &Template| {
        text.kind == Kind::Code && text.words() >= LEAST_WORDS && !NOT_SAID.contains(&text.text.as_str())
    };
    let missing = missing(|path, text| is_of(path) && is_said(text));
    assert!(missing.is_empty(), "these sentences stand on no page\n{}", missing.join("\n"));
}

#[test]
fn what_can_be_said_is_read_from_the_code() {
    let source = r##"
        /// "no text" of a comment
        #[error("the file {path} is {}: \
                 take it away", state[0])]
        #[must_use = "never said"]
        fn say<'a>(c: char) -> String { if c == '"' { format!("a \"b\" {{c}}") } else { "d".into() } }
"##;
    let found = templates(source);
    let text = |n: usize| (found[n].text.as_str(), found[n].kind, found[n].line);
    assert_eq!(text(0), ("the file {path} is {}: take it away", Kind::Error, 3));
    assert_eq!(text(1), ("never said", Kind::Attribute, 5));
    assert_eq!(text(2), ("a \"b\" {{c}}", Kind::Code, 6));
    assert_eq!(
        (found.len(), found[0].parts(), found[2].parts()),
        (
            4,
            vec!["the file ".to_owned(), " is ".to_owned(), ": take it away".to_owned()],
            vec!["a \"b\" {c}".to_owned()]
        )
    );
    let pages = ["x\n    the file a.toml is torn: take it away\n".to_owned()];
    assert!(found[0].is_in(&pages) && !found[2].is_in(&pages));
    assert!(!found[0].is_in(&["the file a.toml is torn: leave it".to_owned()]));
}
