//! The settings file that a new suite begins with: made of the table of keys, so that it has all of them.

use super::{
    Key, Kind, Scope,
    keys::KEYS,
    profiles::DEFAULT,
    value::{self, OFF},
};

/// A `stress.toml` for the suite of this name: every key, commented out, with what it does, what it takes and its
/// default; and the profiles that most suites come to need.
///
/// A comment has a space after its `#`, a line of TOML that is commented out has none: what remains when the `#` of all
/// of those is taken away is a settings file too.
pub(crate) fn commented_file(suite: &str) -> String {
    let section = |scope: Scope| {
        // No file can choose the profile that decides how it is read.
        let keys = KEYS.iter().filter(|key| key.scope == scope && key.name != "profile");
        keys.map(entry).collect::<String>()
    };
    format!("{}\n{}", head(suite), body(&section(Scope::Case), &section(Scope::Run), suite))
}

fn head(suite: &str) -> String {
    format!(
        "\
# Settings of this stress suite: every key with what it does and, commented out, its default. To change one, take the `#`
# in front of it away. `cargo test --test {suite} -- --show-settings` prints each value and where it came from.
#
# From the weakest to the strongest: built in, what the case says itself, the keys at the top of this file, its
# overrides, the profile with what it inherits, the profile's overrides, variables (PROOFLOAD_MAX_MEMORY for max_memory),
# the command line (--set max_memory=2GiB).
"
    )
}

fn body(case: &str, run: &str, suite: &str) -> String {
    format!(
        "\
# ---- what each case has a value of its own for; here for all of them

{case}# ---- what the run has one value for

{run}# ---- overrides: values for some cases only, by name, marker or target

#[[override]]
#marker = \"slow and not resource_intensive\"
#time_limit = \"10m\"

#[[override]]
#target = \"count_words\"
#expect = [\"latency.p99 < 500ms\"]

# ---- profiles: cargo test --test {suite} -- --profile nightly

# What runs when no profile is named.
[profile.{DEFAULT}]
description = \"the quick cases\"

[profile.ci]
description = \"the quick cases, on a machine that others work on too\"
# How much of the CPU is left for a case says nothing about it there.
max_cpu = \"off\"

[profile.nightly]
description = \"every case\"
inherits = \"ci\"
include_all = true

[profile.soak]
description = \"every load for an hour\"
inherits = \"nightly\"
duration = \"1h\"
# The load, and room for what a case does before and after it. A case with several loads, one after the other, needs more.
time_limit = \"70m\"

#[[profile.soak.override]]
#case = \"words_are_counted\"
#duration = \"8h\"
#time_limit = \"9h\"
"
    )
}

/// One key: what it does, and a line of TOML that is commented out.
fn entry(key: &Key) -> String {
    let unless_set = if key.default.is_none() { "; not set" } else { "" };
    let text = key.default.or(key.example).unwrap_or_else(|| any(key.kind));
    format!("# {} ({}{unless_set})\n#{} = {}\n\n", key.help, takes(key), key.name, toml(key.kind, text))
}

/// A value of this kind.
const fn any(kind: Kind) -> &'static str {
    match kind {
        Kind::Duration | Kind::Window => "30s",
        Kind::Bytes | Kind::Portion => "2GiB",
        Kind::BytesPerSecond => "10MB/s",
        Kind::Rate => "100/s",
        Kind::Count => "10",
        Kind::Factor => "1",
        Kind::Percent => "5%",
        Kind::Switch => "false",
        Kind::Text | Kind::List => "",
        Kind::Choice(words) | Kind::Choices(words) => words[0],
    }
}

/// The text as the file writes it.
fn toml(kind: Kind, text: &str) -> String {
    match kind {
        Kind::Count | Kind::Factor if text != OFF => text.to_owned(),
        Kind::Switch => text.to_owned(),
        Kind::List | Kind::Choices(_) => {
            let entries: Vec<String> = value::list(text).map(|entry| format!("{entry:?}")).collect();
            format!("[{}]", entries.join(", "))
        }
        _ => format!("{text:?}"),
    }
}

/// What a key takes, in words.
pub(super) fn takes(key: &Key) -> String {
    let words = |words: &[&str]| words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    let kind = match key.kind {
        Kind::Duration => "duration".to_owned(),
        Kind::Window => "duration from 500ms to 5m".to_owned(),
        Kind::Bytes => "size".to_owned(),
        Kind::Portion => "size or share of the machine".to_owned(),
        Kind::BytesPerSecond => "size per time".to_owned(),
        Kind::Rate => "rate".to_owned(),
        Kind::Count => "whole number".to_owned(),
        Kind::Factor => "factor".to_owned(),
        Kind::Percent => "share".to_owned(),
        Kind::Switch => "`true` or `false`".to_owned(),
        Kind::Text => "text".to_owned(),
        Kind::Choice(choices) => format!("one of {}", words(choices)),
        Kind::List => "list of texts".to_owned(),
        Kind::Choices(choices) => format!("some of {}", words(choices)),
    };
    if key.may_be_off { format!("{kind} or `off`") } else { kind }
}
