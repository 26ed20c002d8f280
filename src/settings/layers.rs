//! The layers, one over the other.

use super::{
    Mistake, Resolved, Scope, SettingsError, Sources, Targets, code, command_line, environment,
    file::{self, File},
    known::Known,
    profiles::{self, DEFAULT},
    rule::Rule,
};
use crate::case::{CaseInfo, MarkerExpression};

/// The settings of a run and of its cases.
///
/// From the weakest to the strongest: built in, the case's attribute, the file's top, its overrides, the profile's
/// ancestors, the profile, their overrides in the same order, the environment, the command line.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    run: Resolved,
    description: Option<String>,
    selection: Option<MarkerExpression>,
    targets: Option<Targets>,
    /// Every layer over the code, the weakest first.
    rules: Vec<Rule>,
}

impl Settings {
    /// Reads all layers and checks everything in them, also what this run does not use.
    ///
    /// # Errors
    /// Lists every mistake there is, unless the file is not TOML: then those in it are unknown.
    pub(crate) fn load(sources: Sources, cases: &[CaseInfo]) -> Result<Self, SettingsError> {
        let known = Known::new(cases);
        let mut mistakes: Vec<_> = cases.iter().flat_map(|case| code::read(case).1).collect();
        let file = read_file(&sources, &known, &mut mistakes);
        let (environment, mut wrong) = environment::read(&sources.environment);
        mistakes.append(&mut wrong);
        let (command_line, mut wrong) = command_line::read(&sources.command_line, &known);
        mistakes.append(&mut wrong);

        let mut outer = vec![environment];
        outer.extend(command_line);
        let chosen = resolve_run(&outer);
        let profile = chosen.text("profile").unwrap_or(DEFAULT);
        // A file that is no TOML has no profiles to blame anybody for.
        if let Some(wrong) = file.as_ref().and_then(|file| profiles::unknown(&file.profiles, profile)) {
            mistakes.push(Mistake::new(chosen.origin("profile").to_string(), wrong));
        }

        let (rules, description) = stack(file.unwrap_or_default(), profile, outer);
        let run = resolve_run(&rules);
        let selection = run.text("marker").and_then(|text| {
            MarkerExpression::parse(text, known.markers())
                .map_err(|error| mistakes.push(Mistake::new(run.origin("marker").to_string(), error.into())))
                .ok()
        });
        let targets = targets(&run, &known, &mut mistakes);
        match mistakes.is_empty() {
            true => Ok(Self { run, description, selection, targets, rules }),
            false => Err(SettingsError { mistakes }),
        }
    }

    /// The settings of the run.
    pub(crate) fn run(&self) -> &Resolved {
        &self.run
    }

    /// The settings of one case.
    pub(crate) fn for_case(&self, case: &CaseInfo) -> Resolved {
        let mut resolved = Resolved::built_in(Scope::Case);
        let (stated, _reported_on_load) = code::read(case);
        let matching = self.rules.iter().filter(|rule| rule.selector.matches(case));
        stated.iter().chain(matching.flat_map(|rule| &rule.values)).for_each(|value| resolved.apply(value));
        resolved
    }

    /// The profile's name.
    pub(crate) fn profile(&self) -> &str {
        self.run.text("profile").unwrap_or(DEFAULT)
    }

    /// What the profile is for, if the file says so.
    pub(crate) fn profile_description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The condition that the markers of a case have to meet: the key `marker`, read.
    pub(crate) fn selection(&self) -> Option<&MarkerExpression> {
        self.selection.as_ref()
    }

    /// The targets of which the case has to have one: the key `target`, read.
    pub(crate) fn targets(&self) -> Option<&Targets> {
        self.targets.as_ref()
    }
}

fn targets(run: &Resolved, known: &Known<'_>, mistakes: &mut Vec<Mistake>) -> Option<Targets> {
    let names = run.list("target");
    if names.is_empty() {
        return None;
    }
    Targets::of_known(names.iter().map(String::as_str), known)
        .map_err(|wrong| mistakes.push(Mistake::new(run.origin("target").to_string(), wrong)))
        .ok()
}

/// The file, empty where there is none; nothing if it is no TOML.
fn read_file(sources: &Sources, known: &Known<'_>, mistakes: &mut Vec<Mistake>) -> Option<File> {
    let Some((path, text)) = &sources.file else { return Some(File::default()) };
    let (file, mut wrong) = file::read(&path.display().to_string(), text, known);
    mistakes.append(&mut wrong);
    mistakes.extend(file.iter().flat_map(|file| profiles::check(&file.profiles)));
    file
}

/// The layers over the code in their order, and what the profile is for.
fn stack(file: File, profile: &str, outer: Vec<Rule>) -> (Vec<Rule>, Option<String>) {
    let File { mut rules, profiles } = file;
    let chain = profiles::chain(&profiles, profile);
    rules.extend(chain.iter().map(|profile| profile.values.clone()));
    rules.extend(chain.iter().flat_map(|profile| profile.overrides.iter().cloned()));
    rules.extend(outer);
    (rules, profiles.get(profile).and_then(|profile| profile.description.clone()))
}

fn resolve_run(rules: &[Rule]) -> Resolved {
    let mut resolved = Resolved::built_in(Scope::Run);
    let for_all = rules.iter().filter(|rule| rule.selector.is_everything());
    for_all.flat_map(|rule| &rule.values).for_each(|value| resolved.apply(value));
    resolved
}
