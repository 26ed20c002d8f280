use serde_json::{Value, json};

use super::seed::random;

/// What was done to a JSON document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum JsonDamage {
    /// Valid JSON; a value in it has another type.
    WrongType,
    /// Valid JSON; a value in it is `null`.
    Null,
    /// Valid JSON; a field or an element is missing. A document without one is `{}` or `[]` instead.
    Missing,
    /// Valid JSON, in as many arrays as a few thousand.
    DeeplyNested,
    /// No JSON: its end is missing.
    Truncated,
    /// No JSON: a comma stands behind its end.
    TrailingComma,
    /// No JSON: `NaN` stands where a value was.
    NotANumber,
    /// A number that no double holds stands where a value was.
    HugeNumber,
    /// No text: one half of a surrogate pair, escaped, stands where a value was.
    LoneSurrogate,
}

impl JsonDamage {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::WrongType,
        Self::Null,
        Self::Missing,
        Self::DeeplyNested,
        Self::Truncated,
        Self::TrailingComma,
        Self::NotANumber,
        Self::HugeNumber,
        Self::LoneSurrogate,
    ];
}

/// A JSON document that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MalformedJsonText {
    /// What was done to it.
    pub damage: JsonDamage,
    /// What came of it, never the valid document.
    pub text: String,
}

/// A text that is no JSON to begin with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("malformed variants can be made of valid JSON only: {0}")]
pub struct JsonError(String);

/// Malformed variants of a valid JSON document, each [`JsonDamage`] in turn, without end. The damage is at any place of the
/// document, chosen by the seed.
///
/// ```
/// use proofload::data::{JsonDamage, MalformedJson};
///
/// let requests = MalformedJson::of(r#"{"model": "small", "max_tokens": 50}"#, 42).unwrap();
/// let first = requests.at(0);
/// assert_eq!(first.damage, JsonDamage::WrongType);
/// assert!(serde_json::from_str::<serde_json::Value>(&first.text).is_ok());
/// assert!(MalformedJson::of("{", 42).is_err());
/// ```
#[derive(Debug, Clone)]
pub struct MalformedJson {
    document: Value,
    seed: u64,
}

/// Deeper than what parsers take (128 in serde_json, 512 in many), and no stack's end in one that does not look.
const DEEP: usize = 5_000;

/// Stands for a value until the document is text. No document has it: it holds the seed's own noise.
const PLACE: &str = "\u{fdd0}proofload-place\u{fdd0}";

impl MalformedJson {
    /// Variants of the document `text`.
    ///
    /// # Errors
    /// It is no JSON.
    pub fn of(text: &str, seed: u64) -> Result<Self, JsonError> {
        let document = serde_json::from_str(text).map_err(|error| JsonError(error.to_string()))?;
        Ok(Self { document, seed })
    }

    /// Variant number `index`.
    pub fn at(&self, index: u64) -> MalformedJsonText {
        // Below the number of kinds.
        let damage = JsonDamage::ALL[(index % JsonDamage::ALL.len() as u64) as usize];
        let mut random = random(self.seed, index);
        let text = match damage {
            JsonDamage::WrongType => self.with(&mut random, other_type).to_string(),
            JsonDamage::Null => self.with_null(&mut random).to_string(),
            JsonDamage::Missing => self.without(&mut random).to_string(),
            JsonDamage::DeeplyNested => {
                format!("{}{}{}", "[".repeat(DEEP), self.document, "]".repeat(DEEP))
            }
            JsonDamage::Truncated => truncated(self.document.to_string(), &mut random),
            JsonDamage::TrailingComma => format!("{},", self.document),
            JsonDamage::NotANumber => self.with_raw("NaN", &mut random),
            JsonDamage::HugeNumber => self.with_raw("1e400", &mut random),
            JsonDamage::LoneSurrogate => self.with_raw(r#""\ud800""#, &mut random),
        };
        MalformedJsonText { damage, text }
    }

    /// All of them, without end.
    pub fn iter(&self) -> impl Iterator<Item = MalformedJsonText> {
        (0..).map(|index| self.at(index))
    }

    /// The document with one of its values, any, replaced.
    fn with(
        &self,
        random: &mut fastrand::Rng,
        other: impl FnOnce(&Value, &mut fastrand::Rng) -> Value,
    ) -> Value {
        let mut document = self.document.clone();
        let mut number = random.usize(..count(&document));
        if let Some(value) = nth(&mut document, &mut number) {
            *value = other(value, random);
        }
        document
    }

    fn with_null(&self, random: &mut fastrand::Rng) -> Value {
        // Where it is null already, another type is as wrong.
        self.with(
            random,
            |value, random| if value.is_null() { other_type(value, random) } else { Value::Null },
        )
    }

    fn with_raw(&self, raw: &str, random: &mut fastrand::Rng) -> String {
        let place = json!(PLACE);
        let document = self.with(random, |_value, _random| place.clone());
        document.to_string().replace(&place.to_string(), raw)
    }

    /// The document without one of its fields or elements.
    fn without(&self, random: &mut fastrand::Rng) -> Value {
        let mut document = self.document.clone();
        let holders = holders(&document);
        let mut number = match holders {
            0 => return if self.document == json!({}) { json!([]) } else { json!({}) },
            holders => random.usize(..holders),
        };
        match nth_holder(&mut document, &mut number) {
            Some(Value::Array(elements)) => drop(elements.remove(random.usize(..elements.len()))),
            Some(Value::Object(fields)) => {
                let name = fields.keys().nth(random.usize(..fields.len())).cloned();
                name.and_then(|name| fields.remove(&name));
            }
            Some(_) | None => {}
        }
        document
    }
}

/// A value of another type.
fn other_type(value: &Value, random: &mut fastrand::Rng) -> Value {
    let others: Vec<Value> = [json!("text"), json!(12.5), json!(true), json!([1, "a"]), json!({ "a": 1 })]
        .into_iter()
        .filter(|other| std::mem::discriminant(other) != std::mem::discriminant(value))
        .collect();
    others[random.usize(..others.len())].clone()
}

/// Shorter by at least a character, and no JSON: of a number, a beginning would be one.
fn truncated(mut text: String, random: &mut fastrand::Rng) -> String {
    let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    text.truncate(ends[random.usize(..ends.len())]);
    match serde_json::from_str::<Value>(&text) {
        Ok(_) => String::new(),
        Err(_) => text,
    }
}

fn children(value: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match value {
        Value::Array(elements) => Box::new(elements.iter()),
        Value::Object(fields) => Box::new(fields.values()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Box::new(std::iter::empty()),
    }
}

fn children_mut(value: &mut Value) -> Box<dyn Iterator<Item = &mut Value> + '_> {
    match value {
        Value::Array(elements) => Box::new(elements.iter_mut()),
        Value::Object(fields) => Box::new(fields.values_mut()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Box::new(std::iter::empty()),
    }
}

/// All values, itself included.
fn count(value: &Value) -> usize {
    1 + children(value).map(count).sum::<usize>()
}

/// The value `number`, itself first.
fn nth<'a>(value: &'a mut Value, number: &mut usize) -> Option<&'a mut Value> {
    if *number == 0 {
        return Some(value);
    }
    *number -= 1;
    children_mut(value).find_map(|child| nth(child, number))
}

/// Arrays and objects that hold something.
fn holders(value: &Value) -> usize {
    usize::from(children(value).next().is_some()) + children(value).map(holders).sum::<usize>()
}

fn nth_holder<'a>(value: &'a mut Value, number: &mut usize) -> Option<&'a mut Value> {
    if children(value).next().is_some() {
        if *number == 0 {
            return Some(value);
        }
        *number -= 1;
    }
    children_mut(value).find_map(|child| nth_holder(child, number))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const DOCUMENT: &str = r#"{"model":"small","tokens":50,"of":[1,{"a":null,"b":[]},"é"],"is":true}"#;

    fn parsed(text: &str) -> Result<Value, serde_json::Error> {
        serde_json::from_str(text)
    }

    #[test]
    fn each_damage_is_what_it_says() {
        let all = MalformedJson::of(DOCUMENT, 1).unwrap();
        let valid = parsed(DOCUMENT).unwrap();
        for MalformedJsonText { damage, text } in all.iter().take(900) {
            let read = parsed(&text);
            match damage {
                JsonDamage::WrongType | JsonDamage::Null | JsonDamage::Missing => {
                    assert_ne!(read.unwrap(), valid, "{damage:?}");
                }
                JsonDamage::DeeplyNested => {
                    assert!(read.unwrap_err().to_string().contains("recursion"));
                    assert!(text.contains("small"));
                }
                JsonDamage::Truncated
                | JsonDamage::TrailingComma
                | JsonDamage::NotANumber
                | JsonDamage::HugeNumber
                | JsonDamage::LoneSurrogate => assert!(read.is_err(), "{damage:?}: {text}"),
            }
        }
    }

    #[test]
    fn every_place_is_hit() {
        let all = MalformedJson::of(DOCUMENT, 1).unwrap();
        let of = |damage| -> BTreeSet<String> {
            all.iter().take(9_000).filter(|text| text.damage == damage).map(|text| text.text).collect()
        };
        // Ten values, of which one is null already and becomes one of five; eight fields and elements.
        assert_eq!((of(JsonDamage::NotANumber).len(), of(JsonDamage::Null).len()), (10, 9 + 5));
        assert_eq!(of(JsonDamage::Missing).len(), 9);
    }

    #[test]
    fn the_smallest_documents_have_variants_too() {
        for document in ["0", "12", "null", "\"\"", "[]", "{}"] {
            let valid = parsed(document).unwrap();
            for variant in MalformedJson::of(document, 9).unwrap().iter().take(90) {
                assert!(parsed(&variant.text).ok() != Some(valid.clone()), "{document}: {variant:?}");
            }
        }
        let error = MalformedJson::of("{", 0).unwrap_err().to_string();
        assert!(error.starts_with("malformed variants can be made of valid JSON only: "), "{error}");
    }
}
