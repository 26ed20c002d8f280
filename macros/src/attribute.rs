//! What stands between the parentheses of `#[proofload::case(...)]`: markers and settings.
//!
//! Every argument is read on its own, so that one compilation reports all that is wrong.

use std::fmt;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Lit, Token,
    ext::IdentExt,
    parse::{ParseStream, Parser},
    spanned::Spanned,
};

use crate::{
    errors::Errors,
    keys::{self, Key, Kind, Value},
};

/// Words of the marker expression (`slow and not nightly`), so no markers.
const RESERVED: [&str; 3] = ["and", "or", "not"];

/// What the attribute says of a case.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Arguments {
    /// The labels, in the order given.
    pub(crate) markers: Vec<String>,
    /// Name and text of each setting, in the order given.
    pub(crate) settings: Vec<(&'static str, String)>,
    /// How much a failure matters, if it is said: `low`, `medium`, `high` or `critical`.
    pub(crate) severity: Option<String>,
    /// What it puts under stress, if it is said.
    pub(crate) target: Option<String>,
    /// The function that tells whether what the case needs is there.
    pub(crate) needs: Option<Function>,
}

/// The name of a function.
pub(crate) struct Function(pub(crate) syn::Path);

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.to_token_stream().fmt(f)
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for Function {}

/// The one argument whose value is code, so no setting.
const NEEDS: &str = "needs";

/// How it is written.
const NEEDS_USAGE: &str = "needs = a_function, which returns a `Result<(), E>`";

impl Arguments {
    /// Reads the arguments; what is wrong with them is added to `errors`.
    pub(crate) fn read(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut arguments = Self::default();
        for piece in split(tokens, errors) {
            if let Err(error) = arguments.take(piece) {
                errors.push(error);
            }
        }
        arguments
    }

    fn take(&mut self, piece: TokenStream) -> syn::Result<()> {
        let (name, value) = name_and_value.parse2(piece)?;
        let (name, span) = (name.unraw().to_string(), name.span());
        match value {
            None => self.mark(name, span),
            Some(value) => self.set(&name, span, value),
        }
    }

    fn mark(&mut self, name: String, span: Span) -> syn::Result<()> {
        let refusal = if let Some(key) = Key::named(&name) {
            format!("`{name}` needs a value: {}", key.usage())
        } else if name == NEEDS {
            format!("`{name}` needs a value: {NEEDS_USAGE}")
        } else if RESERVED.contains(&name.as_str()) {
            format!("`{name}` cannot be a marker: `and`, `or` and `not` are words of the marker expression")
        } else if self.markers.contains(&name) {
            format!("the marker `{name}` is given twice")
        } else {
            self.markers.push(name);
            return Ok(());
        };
        Err(syn::Error::new(span, refusal))
    }

    fn need(&mut self, span: Span, value: TokenStream) -> syn::Result<()> {
        let path = syn::parse2::<syn::Path>(value.clone());
        let path = path.map_err(|_| match value.is_empty() {
            true => syn::Error::new(span, format!("`{NEEDS}` needs a value: {NEEDS_USAGE}")),
            false => syn::Error::new_spanned(&value, format!("`{NEEDS}` names a function: {NEEDS_USAGE}")),
        });
        match self.needs.is_some() {
            true => {
                Err(syn::Error::new(span, format!("`{NEEDS}` is given twice: let one function ask for both")))
            }
            false => {
                self.needs = Some(Function(path?));
                Ok(())
            }
        }
    }

    fn set(&mut self, name: &str, span: Span, value: TokenStream) -> syn::Result<()> {
        if name == NEEDS {
            return self.need(span, value);
        }
        let Some(key) = Key::named(name) else {
            let message = match literal(&value) {
                Some(value) if value.shown == "true" => {
                    format!("`{name}` is not a key of a case; a marker has no value: `{name}`")
                }
                _ => keys::unknown(name),
            };
            return Err(syn::Error::new(span, message));
        };
        if value.is_empty() {
            return Err(syn::Error::new(span, format!("`{name}` needs a value: {}", key.usage())));
        }
        let given_twice = self.is_set(key);
        let text = literal(&value)
            .ok_or_else(|| format!("`{name}` needs {}: {}", key.form(), key.usage()))
            .and_then(|literal| key.check(&literal))
            .map_err(|message| syn::Error::new_spanned(&value, message));
        if given_twice {
            let mut twice = syn::Error::new(span, format!("the key `{name}` is given twice"));
            twice.extend(text.err());
            return Err(twice);
        }
        // A wrong value still counts as given: its text is never used, because the error ends the expansion.
        let (text, error) = match text {
            Ok(text) => (text, None),
            Err(error) => (String::new(), Some(error)),
        };
        match key.kind {
            Kind::Severity => self.severity = Some(text),
            Kind::Name => self.target = Some(text),
            _ => self.settings.push((key.name, text)),
        }
        error.map_or(Ok(()), Err)
    }

    fn is_set(&self, key: Key) -> bool {
        match key.kind {
            Kind::Severity => self.severity.is_some(),
            Kind::Name => self.target.is_some(),
            _ => self.settings.iter().any(|(name, _)| *name == key.name),
        }
    }
}

/// The arguments between the commas. A comma at the end is fine, two in a row are not.
fn split(tokens: TokenStream, errors: &mut Errors) -> Vec<TokenStream> {
    let mut pieces = Vec::new();
    let mut piece = TokenStream::new();
    for token in tokens {
        match token {
            TokenTree::Punct(comma) if comma.as_char() == ',' => {
                if piece.is_empty() {
                    errors.push(syn::Error::new(comma.span(), "an argument is missing before this comma"));
                } else {
                    pieces.push(std::mem::take(&mut piece));
                }
            }
            token => piece.extend([token]),
        }
    }
    if !piece.is_empty() {
        pieces.push(piece);
    }
    pieces
}

/// Reads `slow` or `key = ...`; the tokens after the `=` are not looked at yet.
fn name_and_value(input: ParseStream<'_>) -> syn::Result<(syn::Ident, Option<TokenStream>)> {
    const WANTED: &str = "expected a marker like `slow` or a setting like `time_limit = \"10m\"`";
    if !input.peek(syn::Ident::peek_any) {
        let rest: TokenStream = input.parse()?;
        return Err(syn::Error::new_spanned(rest, WANTED));
    }
    let name = syn::Ident::parse_any(input)?;
    if input.is_empty() {
        return Ok((name, None));
    }
    if !input.peek(Token![=]) || input.peek(Token![==]) {
        let rest: TokenStream = input.parse()?;
        return Err(syn::Error::new(rest.span(), WANTED));
    }
    input.parse::<Token![=]>()?;
    Ok((name, Some(input.parse()?)))
}

/// The literal that these tokens are; nothing for `2GiB`, `90 %`, `high` and everything else that is not one.
fn literal(tokens: &TokenStream) -> Option<Value> {
    let literal: Lit = syn::parse2(tokens.clone()).ok()?;
    let text = match &literal {
        Lit::Str(text) => {
            let text = text.value();
            return Some(Value { shown: format!("{text:?}"), text });
        }
        Lit::Int(number) if number.suffix().is_empty() => number.base10_digits().to_owned(),
        Lit::Float(number) if number.suffix().is_empty() => number.base10_digits().to_owned(),
        Lit::Bool(word) => word.value.to_string(),
        _ => return None,
    };
    Some(Value { shown: text.clone(), text })
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    fn read(tokens: TokenStream) -> Result<Arguments, Vec<String>> {
        let mut errors = Errors::default();
        let arguments = Arguments::read(tokens, &mut errors);
        match errors.finish() {
            Ok(()) => Ok(arguments),
            Err(error) => Err(error.into_iter().map(|e| e.to_string()).collect()),
        }
    }

    fn settings(pairs: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
        pairs.iter().map(|(name, text)| (*name, (*text).to_owned())).collect()
    }

    #[test]
    fn no_arguments_say_nothing() {
        assert_eq!(read(quote!()), Ok(Arguments::default()));
    }

    #[test]
    fn markers_and_settings_are_told_apart_and_keep_their_order() {
        let arguments = read(quote!(
            slow,
            time_limit = "10m",
            nightly,
            max_concurrency = 10_000,
            max_cpu = 0.9,
            severity = "high",
            target = "index",
            r#type,
        ));
        assert_eq!(
            arguments,
            Ok(Arguments {
                markers: vec!["slow".into(), "nightly".into(), "type".into()],
                settings: settings(&[
                    ("time_limit", "10m"),
                    ("max_concurrency", "10000"),
                    ("max_cpu", "0.9")
                ]),
                severity: Some("high".into()),
                target: Some("index".into()),
                needs: None,
            })
        );
    }

    #[test]
    fn a_need_is_the_path_of_a_function() {
        let arguments = read(quote!(needs = crate::targets::redis::is_there, slow)).unwrap();
        assert_eq!(arguments.needs, Some(Function(syn::parse_quote!(crate::targets::redis::is_there))));
        assert_eq!(arguments.markers, ["slow"]);
        assert!(arguments.settings.is_empty());
        let usage = "needs = a_function, which returns a `Result<(), E>`";
        for (tokens, said) in [
            (quote!(needs), format!("`needs` needs a value: {usage}")),
            (quote!(needs =), format!("`needs` needs a value: {usage}")),
            (quote!(needs = "redis-server"), format!("`needs` names a function: {usage}")),
            (quote!(needs = there()), format!("`needs` names a function: {usage}")),
            (
                quote!(needs = there, needs = here),
                "`needs` is given twice: let one function ask for both".to_owned(),
            ),
        ] {
            assert_eq!(read(tokens.clone()), Err(vec![said]), "{tokens}");
        }
    }

    #[test]
    fn wrong_arguments_are_refused_with_the_reason() {
        for (tokens, said) in [
            (quote!(time_limit), "`time_limit` needs a value: time_limit = \"10m\""),
            (quote!(workers =), "`workers` needs a value: workers = 4"),
            (quote!(max_memory = 2GiB), "`max_memory` needs its value in quotes: max_memory = \"2GiB\""),
            (quote!(max_cpu = 90%), "`max_cpu` needs its value in quotes: max_cpu = \"90%\""),
            (quote!(severity = high), "`severity` needs its value in quotes: severity = \"high\""),
            (quote!(workers = many), "`workers` needs a number: workers = 4"),
            (quote!(slow = true), "`slow` is not a key of a case; a marker has no value: `slow`"),
            (quote!(workers = -1), "-1 is not a whole number from 1, like 8 or 10_000"),
            (quote!(workers = true), "true is not a whole number from 1, like 8 or 10_000"),
            (quote!(slow, slow), "the marker `slow` is given twice"),
            (quote!(workers = 1, workers = 2), "the key `workers` is given twice"),
            (quote!(severity = "low", severity = "low"), "the key `severity` is given twice"),
            (quote!(target = "a", target = "b"), "the key `target` is given twice"),
            (quote!(target), "`target` needs a value: target = \"vector_index\""),
            (quote!(or), "`or` cannot be a marker: `and`, `or` and `not` are words of the marker expression"),
            (quote!("slow"), "expected a marker like `slow` or a setting like `time_limit = \"10m\"`"),
            (quote!(slow(1)), "expected a marker like `slow` or a setting like `time_limit = \"10m\"`"),
            (quote!(a::b), "expected a marker like `slow` or a setting like `time_limit = \"10m\"`"),
            (quote!(slow,, nightly), "an argument is missing before this comma"),
        ] {
            assert_eq!(read(tokens.clone()), Err(vec![said.to_owned()]), "{tokens}");
        }
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let said = read(quote!(not, workers = 0, fine, timeout = "soon", workers = 3)).unwrap_err();
        assert_eq!(
            said,
            [
                "`not` cannot be a marker: `and`, `or` and `not` are words of the marker expression",
                "0 is not a whole number from 1, like 8 or 10_000",
                "\"soon\" is not a duration like 30s, 250ms, 1m 30s or 2h",
                "the key `workers` is given twice",
            ]
        );
    }
}
