//! The settings file, `stress.toml`: its shape, and a line for everything in it.

use std::{collections::BTreeMap, ops::Range};

use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue},
};

use super::{
    Key, Mistake, Origin, Scope, Targets, Wrong,
    known::Known,
    rule::{Assignment, Pattern, Rule, Selector},
    toml_value::{describe, text_of},
};
use crate::case::MarkerExpression;

/// A settings file that was read; what was wrong in it is left out.
#[derive(Debug, Default)]
pub(super) struct File {
    /// The values at the top, then its overrides.
    pub(super) rules: Vec<Rule>,
    /// The profiles by name.
    pub(super) profiles: BTreeMap<String, Profile>,
}

/// One `[profile.NAME]`.
#[derive(Debug)]
pub(super) struct Profile {
    /// What it is for.
    pub(super) description: Option<String>,
    /// The profile whose values hold where this one has none, and the place that says so.
    pub(super) inherits: Option<(String, String)>,
    /// Its own values.
    pub(super) values: Rule,
    /// Its overrides, in their order.
    pub(super) overrides: Vec<Rule>,
}

/// The part of the file that a value stands in.
#[derive(Debug, Clone, Copy)]
enum Section<'a> {
    Top,
    Override,
    Profile(&'a str),
    ProfileOverride(&'a str),
}

impl Section<'_> {
    fn header(self) -> Option<String> {
        match self {
            Self::Top => None,
            Self::Override => Some("[[override]]".to_owned()),
            Self::Profile(name) => Some(format!("[profile.{name}]")),
            Self::ProfileOverride(name) => Some(format!("[[profile.{name}.override]]")),
        }
    }

    /// The words that are no settings here but have a meaning of their own.
    fn words(self) -> &'static [&'static str] {
        match self {
            Self::Top => &["override", "profile"],
            Self::Override | Self::ProfileOverride(_) => &["case", "marker", "target"],
            Self::Profile(_) => &["description", "inherits", "override"],
        }
    }

    fn takes(self, scope: Scope) -> bool {
        match self {
            Self::Top | Self::Profile(_) => true,
            Self::Override | Self::ProfileOverride(_) => scope == Scope::Case,
        }
    }
}

/// Reads the text of the file called `shown`: what is right in it, nothing if it is no TOML, and what is wrong.
pub(super) fn read(shown: &str, text: &str, known: &Known<'_>) -> (Option<File>, Vec<Mistake>) {
    let mut reader = Reader { shown, text, known, mistakes: Vec::new() };
    let file = match DeTable::parse(text) {
        Ok(table) => Some(reader.file(table.get_ref())),
        Err(error) => {
            let message = error.message().trim().replace('\n', ", ");
            reader.wrong(error.span().unwrap_or_default(), Wrong::Syntax(message));
            None
        }
    };
    // The parser hands tables out by name, and people read from the top.
    reader.mistakes.sort_by_key(|(offset, _)| *offset);
    (file, reader.mistakes.into_iter().map(|(_, mistake)| mistake).collect())
}

struct Reader<'a> {
    shown: &'a str,
    text: &'a str,
    known: &'a Known<'a>,
    /// Each with its offset in the file.
    mistakes: Vec<(usize, Mistake)>,
}

type Entry<'t, 'i> = (&'t Spanned<DeString<'i>>, &'t Spanned<DeValue<'i>>);

impl Reader<'_> {
    fn file(&mut self, table: &DeTable<'_>) -> File {
        let mut file = File::default();
        let mut values = Rule::default();
        let mut overrides = Vec::new();
        for entry in table {
            match entry.0.get_ref().as_ref() {
                "profile" => file.profiles = self.profiles(entry),
                "override" => overrides = self.overrides(entry, Section::Override),
                _ => values.values.extend(self.assignment(entry, Section::Top)),
            }
        }
        file.rules = vec![values];
        file.rules.append(&mut overrides);
        file
    }

    fn profiles(&mut self, (key, value): Entry<'_, '_>) -> BTreeMap<String, Profile> {
        let DeValue::Table(table) = value.get_ref() else {
            self.wrong(key.span(), Wrong::ProfileInFile);
            return BTreeMap::new();
        };
        let mut profiles = BTreeMap::new();
        for (name, value) in table {
            match value.get_ref() {
                DeValue::Table(table) => {
                    profiles.insert(name.get_ref().to_string(), self.profile(name.get_ref(), table));
                }
                other => self.wrong_type(name, "a [profile.NAME] table", describe(other)),
            }
        }
        profiles
    }

    fn profile(&mut self, name: &str, table: &DeTable<'_>) -> Profile {
        let mut profile =
            Profile { description: None, inherits: None, values: Rule::default(), overrides: Vec::new() };
        for entry in table {
            match entry.0.get_ref().as_ref() {
                "description" => profile.description = self.text(entry).map(str::to_owned),
                "inherits" => {
                    profile.inherits =
                        self.text(entry).map(|parent| (parent.to_owned(), self.place(entry.0.span())));
                }
                "override" => profile.overrides = self.overrides(entry, Section::ProfileOverride(name)),
                "profile" => self.wrong(entry.0.span(), Wrong::ProfileInFile),
                _ => profile.values.values.extend(self.assignment(entry, Section::Profile(name))),
            }
        }
        profile
    }

    fn overrides(&mut self, (key, value): Entry<'_, '_>, section: Section<'_>) -> Vec<Rule> {
        let wanted = section.header().unwrap_or_default();
        let DeValue::Array(entries) = value.get_ref() else {
            self.wrong_type(key, &format!("{wanted} with two brackets"), describe(value.get_ref()));
            return Vec::new();
        };
        let mut rules = Vec::new();
        for entry in entries.iter() {
            match entry.get_ref() {
                DeValue::Table(table) => rules.extend(self.one_override(table, entry.span(), section)),
                other => self.wrong_type(
                    key,
                    &format!("{wanted} tables"),
                    format!("a list with {}", describe(other)),
                ),
            }
        }
        rules
    }

    /// No rule if its selector is wrong: it must not hold for every case instead.
    fn one_override(
        &mut self,
        table: &DeTable<'_>,
        span: Range<usize>,
        section: Section<'_>,
    ) -> Option<Rule> {
        let mistakes_before = self.mistakes.len();
        let mut selector = Selector::default();
        for entry in table {
            match entry.0.get_ref().as_ref() {
                "case" => selector.case = self.pattern(entry),
                "marker" => selector.marker = self.marker(entry),
                "target" => selector.target = self.target(entry),
                _ => {}
            }
        }
        if !table.iter().any(|(key, _)| section.words().contains(&key.get_ref().as_ref())) {
            self.wrong(span, Wrong::NoSelector);
        }
        let is_selected = self.mistakes.len() == mistakes_before;
        let settings = table.iter().filter(|(key, _)| !section.words().contains(&key.get_ref().as_ref()));
        let values = settings.filter_map(|entry| self.assignment(entry, section)).collect();
        is_selected.then_some(Rule { selector, values })
    }

    fn pattern(&mut self, entry: Entry<'_, '_>) -> Option<Pattern> {
        let text = self.text(entry)?;
        Pattern::of_known(text, self.known)
            .map_err(|nearest| {
                self.wrong(entry.0.span(), Wrong::NoCase { pattern: text.to_owned(), nearest });
            })
            .ok()
    }

    fn marker(&mut self, entry: Entry<'_, '_>) -> Option<MarkerExpression> {
        let text = self.text(entry)?;
        MarkerExpression::parse(text, self.known.markers())
            .map_err(|error| self.wrong(entry.0.span(), error.into()))
            .ok()
    }

    fn target(&mut self, entry: Entry<'_, '_>) -> Option<Targets> {
        let text = self.text(entry)?;
        Targets::of_known([text], self.known).map_err(|wrong| self.wrong(entry.0.span(), wrong)).ok()
    }

    fn assignment(&mut self, (name, value): Entry<'_, '_>, section: Section<'_>) -> Option<Assignment> {
        let origin = Origin::file(&self.place(name.span()), section.header().as_deref());
        let assignment = find(name.get_ref(), section)
            .and_then(|key| Assignment::new(key, &text_of(key, value.get_ref())?, origin));
        assignment.map_err(|wrong| self.wrong(name.span(), wrong)).ok()
    }

    fn text<'t>(&mut self, (key, value): Entry<'t, '_>) -> Option<&'t str> {
        let text = value.get_ref().as_str();
        if text.is_none() {
            self.wrong_type(key, "a text", describe(value.get_ref()));
        }
        text
    }

    fn wrong_type(&mut self, key: &Spanned<DeString<'_>>, wanted: &str, found: String) {
        let wrong = Wrong::Type { key: key.get_ref().to_string(), wanted: wanted.to_owned(), found };
        self.wrong(key.span(), wrong);
    }

    fn wrong(&mut self, span: Range<usize>, wrong: Wrong) {
        self.mistakes.push((span.start, Mistake::new(self.place(span), wrong)));
    }

    fn place(&self, span: Range<usize>) -> String {
        let line = 1 + self.text.bytes().take(span.start).filter(|byte| *byte == b'\n').count();
        format!("{}:{line}", self.shown)
    }
}

fn find(name: &str, section: Section<'_>) -> Result<&'static Key, Wrong> {
    match Key::find(name) {
        Some(key) if section.takes(key.scope) => Ok(key),
        Some(key) => Err(Wrong::RunScope { key: key.name }),
        None => Err(Wrong::UnknownKey {
            key: name.to_owned(),
            nearest: Key::nearest(name, section.words()).map(str::to_owned),
        }),
    }
}
