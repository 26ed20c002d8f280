//! TOML values as the texts that all other layers write.

use toml::de::{DeArray, DeValue};

use super::{
    Wrong,
    keys::{Key, Kind},
};

/// The value as text, if its type is one that the key takes.
pub(super) fn text_of(key: &'static Key, value: &DeValue<'_>) -> Result<String, Wrong> {
    match (key.kind, value) {
        (Kind::Switch, DeValue::Boolean(is_on)) => Ok(is_on.to_string()),
        (Kind::Switch, _) => Err(wrong_type(key, describe(value))),
        (_, DeValue::String(text)) => Ok(text.to_string()),
        (Kind::Count | Kind::Factor | Kind::Rate | Kind::Percent, DeValue::Integer(number)) => {
            // A number too large for 128 bits stays as it is written and is refused as a value.
            Ok(i128::from_str_radix(number.as_str(), number.radix())
                .map_or_else(|_| number.to_string(), |number| number.to_string()))
        }
        (Kind::Factor | Kind::Rate | Kind::Percent, DeValue::Float(number)) => Ok(number.as_str().to_owned()),
        (Kind::List | Kind::Choices(_), DeValue::Array(entries)) => list_of(key, entries),
        _ => Err(wrong_type(key, describe(value))),
    }
}

fn list_of(key: &'static Key, entries: &DeArray<'_>) -> Result<String, Wrong> {
    let mut texts = Vec::new();
    for entry in entries.iter() {
        match entry.get_ref() {
            DeValue::String(text) if text.contains(',') => {
                return Err(Wrong::Comma { key: key.name, entry: text.to_string() });
            }
            DeValue::String(text) => texts.push(text.as_ref()),
            other => return Err(wrong_type(key, format!("a list with {}", describe(other)))),
        }
    }
    Ok(texts.join(", "))
}

fn wrong_type(key: &'static Key, found: String) -> Wrong {
    let wanted = match key.kind {
        Kind::Duration => "a text like \"30s\"",
        Kind::Window => "a text like \"10s\"",
        Kind::Bytes => "a text like \"512MiB\"",
        Kind::Portion => "a text like \"512MiB\" or \"60%\"",
        Kind::BytesPerSecond => "a text like \"10MB/s\"",
        Kind::Rate => "a number or a text like \"100/s\"",
        Kind::Count => "a whole number",
        Kind::Factor => "a number",
        Kind::Percent => "a number like 0.9 or a text like \"90%\"",
        Kind::Switch => "true or false",
        Kind::Text | Kind::Choice(_) => "a text",
        Kind::List | Kind::Choices(_) => "a list of texts",
    };
    let or_off = if key.may_be_off { " or \"off\"" } else { "" };
    Wrong::Type { key: key.name.to_owned(), wanted: format!("{wanted}{or_off}"), found }
}

/// The type of a value, with its article.
pub(super) fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
    .to_owned()
}
