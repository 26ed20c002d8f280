use std::fs;

use clap::{CommandFactory, Parser};

use super::{
    super::arguments::CommandLine,
    CASES,
    page::{Piece, pages, root},
};
use crate::settings::{Key, Settings, Sources, assignment};

/// The shorter words for the suite, in `.cargo/config.toml`.
const ALIAS: &str = "cargo stress";

/// Options of other programs that pages speak of.
const OF_OTHERS: [&str; 6] =
    ["--gc-sections", "--no-fail-fast", "--no-run", "--partition", "--retries", "--run-ignored"];

/// Variables that are no settings.
const VARIABLES: [&str; 2] = ["PROOFLOAD_CHILD", "PROOFLOAD_INTERNAL_"];

/// A command that runs a suite: the variables before it, and what stands behind `--`.
#[derive(Debug, PartialEq)]
struct Command {
    variables: Vec<(String, String)>,
    arguments: Vec<String>,
}

/// Reads a line as a shell would; `None` where it runs no suite. What stands behind two spaces or a `#` says what the
/// command does.
fn read(line: &str) -> Option<Command> {
    let mut words = words(line.trim().trim_start_matches("$ "));
    let is_variable = |word: &String| word.starts_with("PROOFLOAD_") && word.contains('=');
    let first = words.iter().position(|word| !is_variable(word))?;
    let split = |word: String| word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    let variables = words.drain(..first).filter_map(split).collect();
    let is_alias = words.join(" ").starts_with(ALIAS);
    let is_test = words.get(..3).is_some_and(|words| words[..2] == ["cargo", "test"] && words[2] == "--test");
    let behind = words.iter().position(|word| word == "--").map_or(words.len(), |at| at + 1);
    match (is_alias, is_test) {
        (true, _) => Some(Command { variables, arguments: words.split_off(2) }),
        (_, true) => Some(Command { variables, arguments: words.split_off(behind) }),
        (false, false) => None,
    }
}

fn words(line: &str) -> Vec<String> {
    let (mut words, mut word) = (Vec::new(), String::new());
    let (mut spaces, mut quote) = (0, None);
    for c in line.chars() {
        if c == ' ' && quote.is_none() {
            spaces += 1;
            continue;
        }
        if spaces > 1 || (spaces == 1 && c == '#') {
            break;
        }
        if spaces == 1 {
            words.push(std::mem::take(&mut word));
        }
        spaces = 0;
        match quote {
            Some(mark) if mark == c => quote = None,
            None if matches!(c, '\'' | '"') => quote = Some(c),
            _ => word.push(c),
        }
    }
    words.push(word);
    words
}

/// What the suite would say about `command`, with the profiles of the bundled suite.
fn check(command: Command) -> Result<(), String> {
    let words = std::iter::once("stress".to_owned()).chain(command.arguments);
    let line = CommandLine::try_parse_from(words).map_err(|error| error.to_string())?;
    let mut command_line = line.as_settings();
    for text in &line.set {
        command_line.push(assignment(text).map_err(|error| error.to_string())?);
    }
    let path = root().join("stress/stress.toml");
    let file = fs::read_to_string(&path).map_err(|error| error.to_string())?;
    let sources = Sources { file: Some((path, file)), environment: command.variables, command_line };
    Settings::load(sources, &CASES).map(drop).map_err(|error| error.to_string())
}

/// The lines of all blocks, and the code within lines.
fn lines() -> Vec<Piece> {
    let mut lines = Vec::new();
    for page in pages() {
        lines.extend(page.code());
        for block in page.blocks() {
            let place = &block.place;
            let pieces = block.text.lines().map(|line| (place.clone(), line.to_owned()));
            lines.extend(pieces.map(|(place, text)| Piece { place, info: None, text }));
        }
    }
    lines
}

#[test]
fn a_command_is_read_as_a_shell_does() {
    let command = |variables: &[(&str, &str)], arguments: &[&str]| {
        let variables = variables.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        Some(Command { variables, arguments: arguments.iter().map(|word| word.to_string()).collect() })
    };
    let test = "cargo test --test stress";
    assert_eq!(read(&format!("$ {test}")), command(&[], &[]));
    assert_eq!(read(&format!("{test} -- -m 'a and b' c   says what")), command(&[], &["-m", "a and b", "c"]));
    assert_eq!(read(&format!("{test} -- --list # all")), command(&[], &["--list"]));
    let with_variable = format!("PROOFLOAD_EXPECT='due > 1, ok > 1' {test} -- x");
    assert_eq!(read(&with_variable), command(&[("PROOFLOAD_EXPECT", "due > 1, ok > 1")], &["x"]));
    assert_eq!(read("cargo stress x"), command(&[], &["x"]));
    assert_eq!(read("cargo test --lib -- x"), None);
    assert_eq!(read("cargo nextest run --test stress"), None);
}

#[test]
fn a_wrong_command_is_told() {
    let wrong = |line: &str| check(read(line).expect("it is a command")).expect_err("it is wrong");
    assert!(wrong("cargo test --test stress -- --includ-slow").contains("--includ-slow"));
    assert!(wrong("cargo test --test stress -- --profile nigtly").contains("nigtly"));
    assert!(wrong("cargo test --test stress -- --set rapid_scale.time_scal=1").contains("time_scal"));
    assert!(wrong("PROOFLOAD_TIME_SCAL=1 cargo test --test stress").contains("PROOFLOAD_TIME_SCAL"));
}

#[test]
fn every_command_is_taken() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for line in lines() {
        let Some(command) = read(&line.text) else { continue };
        seen += 1;
        wrong.extend(check(command).err().map(|error| format!("{}: {}\n  {error}", line.place, line.text)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 20, "only {seen} were found");
}

#[test]
fn every_option_that_is_named_exists_and_every_one_there_is_is_named() {
    let known = CommandLine::command();
    let ours: Vec<String> =
        known.get_arguments().filter_map(|a| Some(format!("--{}", a.get_long()?))).collect();
    let named: Vec<(String, String)> = lines()
        .into_iter()
        .flat_map(|line| {
            let words: Vec<String> = line.text.split([' ', '=', '|']).map(str::to_owned).collect();
            words.into_iter().map(move |word| (line.place.clone(), word))
        })
        .collect();
    let is_known = |word: &str| {
        ours.iter().any(|option| option == word) || OF_OTHERS.contains(&word) || !word.starts_with("--")
    };
    // Other programs' commands stand in blocks; an option in the middle of a line is one of ours.
    let in_lines = pages().into_iter().flat_map(|page| page.code());
    let unknown: Vec<String> = in_lines
        .filter(|code| code.text.starts_with("--"))
        .filter(|code| !is_known(code.text.split([' ', '=']).next().unwrap_or_default()))
        .map(|code| format!("{}: {}", code.place, code.text))
        .collect();
    assert!(unknown.is_empty(), "options that there are not:\n{}", unknown.join("\n"));

    let stress = known.get_arguments().filter(|a| a.get_help_heading() == Some("Stress"));
    let silent: Vec<String> = stress
        .filter_map(|argument| Some(format!("--{}", argument.get_long()?)))
        .filter(|option| !named.iter().any(|(_, word)| word == option))
        .collect();
    assert!(silent.is_empty(), "no page speaks of {silent:?}");
}

#[test]
fn every_variable_that_is_named_exists() {
    let mut unknown = Vec::new();
    for page in pages() {
        for (at, _) in page.text.match_indices("PROOFLOAD_") {
            let end = page.text[at..].find(|c: char| !(c.is_ascii_uppercase() || c == '_')).unwrap_or(0);
            let name = &page.text[at..at + end];
            let key = name.trim_start_matches("PROOFLOAD_").to_lowercase();
            let is_known = Key::find(&key).is_some()
                || name.ends_with("_URL")
                || matches!(name, "PROOFLOAD_" | "PROOFLOAD_NAME")
                || VARIABLES.iter().any(|variable| name.starts_with(variable));
            if !is_known {
                unknown.push(format!("{}: {name}", page.path.display()));
            }
        }
    }
    assert!(unknown.is_empty(), "variables that there are not:\n{}", unknown.join("\n"));
}
