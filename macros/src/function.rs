//! The function under the attribute: what a case may look like, and what its documentation says first.

use syn::{
    Attribute, Expr, ExprLit, FnArg, Ident, ItemFn, Lit, Meta, ReturnType, Signature, ext::IdentExt,
    spanned::Spanned,
};

use crate::errors::Errors;

/// Attributes that mean something for `#[test]` and nothing for a case, with what to do instead.
const OF_TESTS: [(&str, &str); 3] = [
    ("test", "proofload runs the case: remove this attribute"),
    ("ignore", "a case is left out by a marker: #[proofload::case(slow)]"),
    ("should_panic", "a case that panics fails: catch the panic in the case"),
];

/// Says what is wrong with the function, if anything.
pub(crate) fn check(function: &ItemFn, errors: &mut Errors) {
    check_attributes(&function.attrs, errors);
    check_qualifiers(&function.sig, errors);
    check_inputs(&function.sig, errors);
}

fn check_attributes(attributes: &[Attribute], errors: &mut Errors) {
    for attribute in attributes {
        let path = attribute.path();
        let last = path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
        if let Some((name, help)) = OF_TESTS.iter().find(|(name, _)| *name == last) {
            errors.push(syn::Error::new_spanned(
                attribute,
                format!("`{name}` does not work on a case; {help}"),
            ));
        }
        if last == "case" && path.segments.first().is_some_and(|first| first.ident == "proofload") {
            let message = "the function is a case already: put all arguments into one attribute";
            errors.push(syn::Error::new_spanned(attribute, message));
        }
    }
}

fn check_qualifiers(signature: &Signature, errors: &mut Errors) {
    let generics = &signature.generics;
    if !generics.params.is_empty() {
        let message = "a case cannot be generic: the harness calls it without knowing a type; write one case for each type";
        errors.push(syn::Error::new_spanned(generics, message));
    }
    if let Some(clause) = &generics.where_clause {
        errors.push(syn::Error::new_spanned(clause, "a case cannot have a where clause"));
    }
    if let Some(word) = &signature.unsafety {
        errors.push(syn::Error::new_spanned(word, "a case cannot be unsafe: put an unsafe block into it"));
    }
    if let Some(abi) = &signature.abi {
        errors.push(syn::Error::new_spanned(abi, "a case cannot be extern: the harness calls it from Rust"));
    }
}

fn check_inputs(signature: &Signature, errors: &mut Errors) {
    const HELP: &str = "a case takes the context or nothing: `async fn name(cx: Context)`";
    if let Some(FnArg::Receiver(receiver)) = signature.inputs.first() {
        let message = format!("a case is a free function, not a method; {HELP}");
        errors.push(syn::Error::new_spanned(receiver, message));
    } else if let Some(second) = signature.inputs.iter().nth(1) {
        let message = format!("a case cannot take a second argument; {HELP}");
        errors.push(syn::Error::new_spanned(second, message));
    }
}

/// Where to point when the context does not fit: the type of the argument, if there is one.
pub(crate) fn context_type(function: &ItemFn) -> Option<&syn::Type> {
    match function.sig.inputs.first()? {
        FnArg::Typed(argument) => Some(&argument.ty),
        FnArg::Receiver(_) => None,
    }
}

/// Where to point when the result cannot be judged: the return type, else the name.
pub(crate) fn result_span(function: &ItemFn) -> proc_macro2::Span {
    match &function.sig.output {
        ReturnType::Type(_, ty) => ty.span(),
        ReturnType::Default => function.sig.ident.span(),
    }
}

/// The name without `r#`, as people select by it.
pub(crate) fn name(ident: &Ident) -> String {
    ident.unraw().to_string()
}

/// The first paragraph of the documentation, its lines joined by spaces.
pub(crate) fn about(attributes: &[Attribute]) -> String {
    let text: Vec<String> = attributes.iter().filter_map(doc_text).collect();
    let text = text.join("\n");
    // The lines of a `/** */` comment may begin with a star, which is not part of the text.
    let lines = text.lines().map(str::trim).map(|line| match line.strip_prefix('*') {
        Some(rest) if rest.is_empty() || rest.starts_with(' ') => rest.trim(),
        _ => line,
    });
    let paragraph: Vec<&str> =
        lines.skip_while(|line| line.is_empty()).take_while(|line| !line.is_empty()).collect();
    paragraph.join(" ")
}

/// The text of `#[doc = "..."]`, which is what `/// ...` is; nothing for `#[doc(hidden)]`.
fn doc_text(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    fn said(function: &ItemFn) -> Vec<String> {
        let mut errors = Errors::default();
        check(function, &mut errors);
        errors.finish().err().into_iter().flatten().map(|error| error.to_string()).collect()
    }

    #[test]
    fn a_case_takes_the_context_or_nothing() {
        let none: [String; 0] = [];
        assert_eq!(
            said(&parse_quote!(
                async fn a(cx: Context) -> Result {}
            )),
            none
        );
        assert_eq!(
            said(&parse_quote!(
                fn a(mut cx: Context) {}
            )),
            none
        );
        assert_eq!(
            said(&parse_quote!(
                pub(crate) async fn a() {}
            )),
            none
        );
        assert_eq!(
            said(&parse_quote!(
                fn a(cx: Context, n: u32) {}
            )),
            [
                "a case cannot take a second argument; a case takes the context or nothing: `async fn name(cx: Context)`"
            ]
        );
        assert_eq!(
            said(&parse_quote!(
                fn a(&self) {}
            )),
            [
                "a case is a free function, not a method; a case takes the context or nothing: `async fn name(cx: Context)`"
            ]
        );
    }

    #[test]
    fn what_cannot_be_called_plainly_is_refused() {
        assert_eq!(
            said(&parse_quote!(
                unsafe extern "C" fn a<T>()
                where
                    T: Copy,
                {
                }
            )),
            [
                "a case cannot be generic: the harness calls it without knowing a type; write one case for each type",
                "a case cannot have a where clause",
                "a case cannot be unsafe: put an unsafe block into it",
                "a case cannot be extern: the harness calls it from Rust",
            ]
        );
    }

    #[test]
    fn attributes_of_tests_are_refused_with_what_to_do_instead() {
        assert_eq!(
            said(&parse_quote!(
                #[tokio::test]
                #[ignore]
                #[proofload::case(slow)]
                #[inline]
                async fn a() {}
            )),
            [
                "`test` does not work on a case; proofload runs the case: remove this attribute",
                "`ignore` does not work on a case; a case is left out by a marker: #[proofload::case(slow)]",
                "the function is a case already: put all arguments into one attribute",
            ]
        );
    }

    #[test]
    fn the_first_paragraph_is_what_a_case_is_about() {
        let about = |function: ItemFn| super::about(&function.attrs);
        let lines: ItemFn = parse_quote! {
            ///
            /// Searches while the index
            ///   is written to.
            ///
            /// A second paragraph.
            fn a() {}
        };
        assert_eq!(about(lines), "Searches while the index is written to.");
        let block: ItemFn = parse_quote! {
            #[doc = "\n * Searches\n * a *lot*\n * of vectors.\n *\n * More.\n "]
            #[inline]
            fn a() {}
        };
        assert_eq!(about(block), "Searches a *lot* of vectors.");
        assert_eq!(
            about(parse_quote!(
                #[doc(hidden)]
                fn a() {}
            )),
            ""
        );
    }
}
