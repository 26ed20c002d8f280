use std::{collections::BTreeMap, path::PathBuf};

use super::page::{Page, pages, root};

/// What is wrong with the links of `pages`, with the place; links to other hosts are not looked at.
fn dead_links(pages: &[Page]) -> Vec<String> {
    let anchors: BTreeMap<_, _> = pages.iter().map(|page| (page.path.clone(), page.anchors())).collect();
    let mut dead = Vec::new();
    for page in pages {
        let links = page.links().into_iter().filter(|link| !link.text.contains("://"));
        for link in links.filter(|link| !link.text.starts_with("mailto:")) {
            let (file, anchor) = link.text.split_once('#').unwrap_or((&link.text, ""));
            let path = match file {
                "" => page.path.clone(),
                file => plain(page.path.parent().map(|folder| folder.join(file)).unwrap_or_default()),
            };
            if !anchors.contains_key(&path) && !root().join(&path).exists() {
                dead.push(format!("{}: there is no {}", link.place, path.display()));
            } else if !anchor.is_empty() && !anchors.get(&path).is_some_and(|names| names.contains(anchor)) {
                dead.push(format!("{}: {} has no #{anchor}", link.place, path.display()));
            }
        }
    }
    dead
}

/// Without `..`.
fn plain(path: PathBuf) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                plain.pop();
            }
            std::path::Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

#[test]
fn a_dead_link_is_told_with_its_place() {
    let page = |path: &str, text: &str| Page::of(path, text);
    let other = page("docs/other.md", "# A heading\n");
    let text = "[a](../README.md) [b](other.md#a-heading) [c](https://example.com/x#y) [d](#here)\n\n# Here\n\n\
                [e](missing.md) [f](other.md#no-heading)\n[g](#nowhere)\n";
    let dead = dead_links(&[page("docs/one.md", text), other]);
    let wanted = [
        "docs/one.md:5: there is no docs/missing.md",
        "docs/one.md:5: docs/other.md has no #no-heading",
        "docs/one.md:6: docs/one.md has no #nowhere",
    ];
    assert_eq!(dead, wanted);
}

#[test]
fn every_link_leads_somewhere() {
    let dead = dead_links(&pages());
    assert!(dead.is_empty(), "links that lead nowhere:\n{}", dead.join("\n"));
}

/// What is not in the table of contents is not found.
#[test]
fn every_chapter_is_in_the_table_of_contents() {
    let pages = pages();
    let contents = pages.iter().find(|page| page.path.ends_with("docs/guide/README.md"));
    let contents = contents.expect("the guide has a table of contents");
    let listed: Vec<_> = contents.links().into_iter().map(|link| link.text).collect();
    let chapters = pages.iter().filter(|page| page.path.parent() == contents.path.parent());
    let names =
        chapters.filter_map(|page| page.path.file_name()?.to_str()).filter(|name| *name != "README.md");
    let missing: Vec<_> = names.filter(|name| !listed.iter().any(|link| link == name)).collect();
    assert!(missing.is_empty(), "docs/guide/README.md does not link to {missing:?}");
}
