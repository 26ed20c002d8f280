use std::{
    collections::BTreeSet,
    fs,
    ops::Range,
    path::{Path, PathBuf},
};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// Where pages are; `target` and what git keeps are not among them.
const PLACES: [&str; 5] = ["README.md", "CHANGELOG.md", "docs", "examples", "benches"];

/// A Markdown file of the repository.
pub(super) struct Page {
    /// From the repository's root: `docs/guide/loads.md`.
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// A block of code, a piece of code in a line, or a link.
pub(super) struct Piece {
    /// `docs/guide/loads.md:12`.
    pub(super) place: String,
    /// What stands behind the backticks of a block: `rust,no_run`; nothing of an indented block.
    pub(super) info: Option<String>,
    pub(super) text: String,
}

pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every page.
pub(super) fn pages() -> Vec<Page> {
    let mut paths = Vec::new();
    PLACES.iter().for_each(|place| collect(&root().join(place), &mut paths));
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Page { path: path.strip_prefix(root()).expect("it is below the root").to_owned(), text }
    };
    paths.into_iter().map(read).collect()
}

fn collect(path: &Path, paths: &mut Vec<PathBuf>) {
    if path.is_dir() {
        let entries = fs::read_dir(path).expect("a folder of pages can be read");
        let below = entries.map(|entry| entry.expect("its entries too").path());
        below.filter(|path| !path.ends_with("target")).for_each(|path| collect(&path, paths));
    } else if path.extension().is_some_and(|extension| extension == "md") {
        paths.push(path.to_owned());
    }
}

impl Page {
    /// Of a text, for tests.
    pub(super) fn of(path: &str, text: &str) -> Self {
        Self { path: path.into(), text: text.to_owned() }
    }

    fn events(&self) -> impl Iterator<Item = (Event<'_>, Range<usize>)> {
        let options = Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES;
        Parser::new_ext(&self.text, options).into_offset_iter()
    }

    fn place(&self, at: usize) -> String {
        let line = 1 + self.text.bytes().take(at).filter(|byte| *byte == b'\n').count();
        format!("{}:{line}", self.path.display())
    }

    /// Its blocks of code.
    pub(super) fn blocks(&self) -> Vec<Piece> {
        let mut blocks = Vec::<Piece>::new();
        let mut is_inside = false;
        for (event, range) in self.events() {
            match event {
                Event::Start(Tag::CodeBlock(kind)) => {
                    let info = match kind {
                        CodeBlockKind::Fenced(info) => Some(info.to_string()),
                        CodeBlockKind::Indented => None,
                    };
                    blocks.push(Piece { place: self.place(range.start), info, text: String::new() });
                    is_inside = true;
                }
                Event::End(TagEnd::CodeBlock) => is_inside = false,
                Event::Text(text) if is_inside => {
                    if let Some(block) = blocks.last_mut() {
                        block.text.push_str(&text);
                    }
                }
                _ => {}
            }
        }
        blocks
    }

    /// The pieces of code within its lines.
    pub(super) fn code(&self) -> Vec<Piece> {
        let code = self.events().filter_map(|(event, range)| match event {
            Event::Code(text) => Some((text.to_string(), range.start)),
            _ => None,
        });
        code.map(|(text, at)| Piece { place: self.place(at), info: None, text }).collect()
    }

    /// Where its links and pictures lead.
    pub(super) fn links(&self) -> Vec<Piece> {
        let mut links = Vec::new();
        for (event, range) in self.events() {
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    links.push((dest_url.to_string(), range.start));
                }
                Event::Html(html) | Event::InlineHtml(html) => {
                    let found = ["src=\"", "srcset=\"", "href=\""].map(|name| attributes(&html, name));
                    links.extend(found.into_iter().flatten().map(|link| (link, range.start)));
                }
                _ => {}
            }
        }
        let piece = |(text, at)| Piece { place: self.place(at), info: None, text };
        links.into_iter().map(piece).collect()
    }

    /// What a link may name behind its `#`: headings, as the usual viewers call them, and names in HTML.
    pub(super) fn anchors(&self) -> BTreeSet<String> {
        let mut anchors = BTreeSet::new();
        let mut heading: Option<String> = None;
        for (event, _) in self.events() {
            match event {
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    let slug = slug(&heading.take().unwrap_or_default());
                    let mut numbered =
                        (0..).map(|n| if n == 0 { slug.clone() } else { format!("{slug}-{n}") });
                    anchors.extend(numbered.find(|slug| !anchors.contains(slug)));
                }
                Event::Text(text) | Event::Code(text) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    }
                }
                Event::Html(html) | Event::InlineHtml(html) => {
                    anchors.extend(["name=\"", "id=\""].iter().flat_map(|name| attributes(&html, name)));
                }
                _ => {}
            }
        }
        anchors
    }
}

/// The values of an attribute in HTML; `name` ends in `="`.
fn attributes(html: &str, name: &str) -> Vec<String> {
    let values = html.match_indices(name).filter_map(|(at, _)| html[at + name.len()..].split('"').next());
    values.map(str::to_owned).collect()
}

fn slug(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_taken_apart() {
        let text = "# What it `does`, and why\n\n<a name=\"old\"></a>\n## Why?\n## Why?\n\n[a](b.md#c) ![d](e.png) `--flag`\n\n\
                    ```rust,no_run\nlet x = 1;\n```\n\n    indented\n\n<picture><img src=\"f.svg\"></picture>\n";
        let page = Page::of("docs/page.md", text);
        let anchors: Vec<String> = page.anchors().into_iter().collect();
        assert_eq!(anchors, ["old", "what-it-does-and-why", "why", "why-1"]);
        let shown = |pieces: Vec<Piece>| -> Vec<_> {
            pieces
                .into_iter()
                .map(|piece| (piece.place, piece.info.unwrap_or_default(), piece.text))
                .collect()
        };
        let line =
            |n: u32, info: &str, text: &str| (format!("docs/page.md:{n}"), info.to_owned(), text.to_owned());
        assert_eq!(shown(page.links()), [line(7, "", "b.md#c"), line(7, "", "e.png"), line(15, "", "f.svg")]);
        assert_eq!(shown(page.code()), [line(1, "", "does"), line(7, "", "--flag")]);
        let blocks = shown(page.blocks());
        assert_eq!(blocks, [line(9, "rust,no_run", "let x = 1;\n"), line(13, "", "indented\n")]);
    }

    #[test]
    fn all_pages_are_found() {
        let paths: Vec<PathBuf> = pages().into_iter().map(|page| page.path).collect();
        for path in
            ["README.md", "CHANGELOG.md", "docs/methods.md", "docs/guide/loads.md", "docs/schema/README.md"]
        {
            assert!(paths.iter().any(|found| found == Path::new(path)), "{path} is not among {paths:?}");
        }
    }
}
