use std::fs;

use super::{
    CASES,
    page::{Page, Piece, pages, root},
};
use crate::{
    expect::Stated,
    settings::{Settings, Sources},
};

/// The languages that blocks are in; one without a language would be compiled as Rust.
const LANGUAGES: [&str; 12] =
    ["console", "csv", "groovy", "json", "markdown", "python", "rust", "sh", "text", "toml", "xml", "yaml"];

/// What begins the tables of files that are not ours: Cargo's and nextest's.
const OF_OTHERS: [&str; 7] = [
    "[dev-dependencies]",
    "[[test]]",
    "[dependencies]",
    "[test-groups]",
    "slow-timeout",
    "[alias]",
    "[package]",
];

fn language(block: &Piece) -> &str {
    block.info.as_deref().unwrap_or_default().split(',').next().unwrap_or_default()
}

fn blocks_in(name: &str) -> Vec<(Page, Vec<Piece>)> {
    let of_page = |page: Page| {
        let blocks: Vec<_> = page.blocks().into_iter().filter(|block| language(block) == name).collect();
        (page, blocks)
    };
    pages().into_iter().map(of_page).filter(|(_, blocks)| !blocks.is_empty()).collect()
}

fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_block_says_what_it_is_in() {
    let blocks = pages().into_iter().flat_map(|page| page.blocks());
    let unknown = blocks.filter(|block| !LANGUAGES.contains(&language(block)));
    let wrong: Vec<_> = unknown
        .map(|block| match &block.info {
            Some(info) => format!("{}: {info:?} is none of {LANGUAGES:?}", block.place),
            None => format!("{}: an indented block has no language; put it between backticks", block.place),
        })
        .collect();
    assert_none(&wrong);
}

#[test]
fn every_example_is_a_doc_test() {
    let lib = fs::read_to_string(root().join("src/lib.rs")).expect("the crate has a front page");
    let mut wrong = Vec::new();
    for (page, blocks) in blocks_in("rust") {
        let path = page.path.display();
        if !lib.contains(&format!("include_str!(\"../{path}\")")) {
            wrong.push(format!("{path} has examples and is not among the pages of src/lib.rs"));
        }
        // `main!` reads the folder beside it, which a doc test has not got.
        let ignored =
            blocks.iter().filter(|block| block.info.as_deref().unwrap_or_default().contains("ignore"));
        let without_reason = ignored.filter(|block| !block.text.contains("proofload::main!("));
        wrong.extend(without_reason.map(|block| format!("{}: this example is ignored", block.place)));
    }
    assert_none(&wrong);
}

/// Most examples are compiled and not run: what they expect is text, which the compiler does not read.
#[test]
fn every_expectation_in_an_example_can_be_read() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for block in blocks_in("rust").iter().flat_map(|(_, blocks)| blocks) {
        for text in ["expect(\"", "objective(\""].iter().flat_map(|call| texts_after(&block.text, call)) {
            seen += 1;
            wrong.extend(Stated::parse(&text).err().map(|error| format!("{}: {error}", block.place)));
        }
    }
    assert_none(&wrong);
    assert!(seen > 20, "only {seen} were found");
}

/// The texts in quotes that follow `call`, which ends in a quotation mark.
fn texts_after(code: &str, call: &str) -> Vec<String> {
    let mut texts = Vec::new();
    for (at, _) in code.match_indices(call) {
        let mut text = String::new();
        let mut chars = code[at + call.len()..].chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' => text.extend(chars.next()),
                '"' => break,
                c => text.push(c),
            }
        }
        texts.push(text);
    }
    texts
}

#[test]
fn texts_are_read_with_their_quotation_marks() {
    let code = r#"a.expect("x < 1")?.expect("in phase \"b\"").run()"#;
    assert_eq!(texts_after(code, "expect(\""), ["x < 1", "in phase \"b\""]);
}

#[test]
fn every_stress_toml_is_taken() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for block in blocks_in("toml").into_iter().flat_map(|(_, blocks)| blocks) {
        let table = match block.text.parse::<toml::Table>() {
            Ok(table) => table,
            Err(error) => {
                wrong.push(format!("{}: {error}", block.place));
                continue;
            }
        };
        if OF_OTHERS.iter().any(|table| block.text.contains(table)) {
            continue;
        }
        seen += 1;
        let file = Some((block.place.clone().into(), block.text.clone()));
        let sources = Sources { file, ..Sources::default() };
        wrong.extend(Settings::load(sources, &CASES).err().map(|error| error.to_string()));
        let expected = expected_in(&toml::Value::Table(table));
        let unread = expected.iter().filter_map(|text| Stated::parse(text).err());
        wrong.extend(unread.map(|error| format!("{}: {error}", block.place)));
    }
    assert_none(&wrong);
    assert!(seen >= 4, "only {seen} were found");
}

/// What stands under each `expect`, however deep.
fn expected_in(value: &toml::Value) -> Vec<String> {
    match value {
        toml::Value::Table(table) => table
            .iter()
            .flat_map(|(key, value)| match (key.as_str(), value) {
                ("expect", toml::Value::Array(texts)) => {
                    texts.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect()
                }
                (_, value) => expected_in(value),
            })
            .collect(),
        toml::Value::Array(values) => values.iter().flat_map(expected_in).collect(),
        _ => Vec::new(),
    }
}
