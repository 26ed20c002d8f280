//! The code that a case becomes: the function, its entry in the registry, and a stub for editors.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{ItemFn, Visibility, spanned::Spanned};

use crate::{
    attribute::{Arguments, Function},
    errors::Errors,
    function,
};

/// Expands `#[proofload::case(arguments)] item`. What is wrong becomes compile errors beside the function, so that
/// the compiler and the editor still look into its body.
pub(crate) fn case(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut function: ItemFn = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(error) => return not_a_function(&error, item),
    };
    let mut errors = Errors::default();
    let arguments = Arguments::read(arguments, &mut errors);
    function::check(&function, &mut errors);
    // In its block the function is as private as it gets; `pub` would only raise `unreachable_pub`.
    function.vis = Visibility::Inherited;

    match errors.finish() {
        Ok(()) => {
            let registration = registration(&arguments, &function);
            let stub = stub(&function.sig.ident);
            quote! {
                const _: () = { #function #registration };
                #stub
            }
        }
        Err(error) => {
            let error = error.into_compile_error();
            let kept = kept(&function);
            quote!(#error #kept)
        }
    }
}

/// The function of a case that is wrong, where the compiler still accepts it: a method only in its `impl`.
fn kept(function: &ItemFn) -> TokenStream {
    let quiet = quote!(#[allow(dead_code, reason = "the attribute is wrong, so nothing calls it yet")]);
    match function.sig.receiver() {
        Some(_) => quote!(#quiet #function),
        None => quote!(const _: () = { #quiet #function };),
    }
}

fn not_a_function(error: &syn::Error, item: TokenStream) -> TokenStream {
    let is_function = item.clone().into_iter().any(|token| token.to_string() == "fn");
    let error = match is_function {
        true => error.clone(),
        false => syn::Error::new_spanned(&item, "a case is a function: `async fn name(cx: Context)`"),
    };
    let error = error.into_compile_error();
    quote!(#error #item)
}

fn registration(arguments: &Arguments, function: &ItemFn) -> TokenStream {
    let info = info(arguments, function);
    let needs = needs(arguments);
    let body = body(function);
    quote! {
        ::proofload::__private::inventory::submit! {
            ::proofload::__private::Registered { info: #info, needs: #needs, body: #body }
        }
    }
}

/// The function that is asked before the case starts. One of another type is an error at its name.
fn needs(arguments: &Arguments) -> TokenStream {
    match &arguments.needs {
        Some(Function(path)) => {
            let at_path = Span::mixed_site().located_at(path.span());
            let asked = quote_spanned!(at_path=> ::proofload::__private::met(#path()));
            quote!(::core::option::Option::Some(|| #asked))
        }
        None => quote!(::core::option::Option::None),
    }
}

fn info(arguments: &Arguments, function: &ItemFn) -> TokenStream {
    let ident = &function.sig.ident;
    let name = function::name(ident);
    let about = function::about(&function.attrs);
    let markers = &arguments.markers;
    let settings = arguments.settings.iter().map(|(key, text)| quote!((#key, #text)));
    let severity = severity(arguments.severity.as_deref());
    let target = match &arguments.target {
        Some(name) => quote!(::core::option::Option::Some(#name)),
        None => quote!(::core::option::Option::None),
    };
    // The span makes it the line of the name, not that of the attribute.
    let line = quote_spanned!(ident.span()=> ::core::line!());
    quote! {
        ::proofload::case::CaseInfo {
            function: #name,
            module: ::core::module_path!(),
            file: ::core::file!(),
            line: #line,
            markers: &[#(#markers),*],
            settings: &[#(#settings),*],
            severity: ::proofload::case::Severity::#severity,
            target: #target,
            about: #about,
        }
    }
}

fn severity(word: Option<&str>) -> Ident {
    match word {
        Some("low") => format_ident!("Low"),
        Some("high") => format_ident!("High"),
        Some("critical") => format_ident!("Critical"),
        _ => format_ident!("Medium"),
    }
}

/// The function behind one signature. A context or a result of the wrong type, and a future that cannot be sent, are
/// errors where the user wrote them, which is what the spans are for; they stay marked as expanded code, so that lints
/// leave them alone.
fn body(function: &ItemFn) -> TokenStream {
    let here = |span: Span| Span::mixed_site().located_at(span);
    let ident = &function.sig.ident;
    let (parameter, argument) = match function::context_type(function) {
        Some(ty) => {
            let cx = Ident::new("cx", here(ty.span()));
            (cx.clone(), Some(cx))
        }
        None => (Ident::new("_cx", here(ident.span())), None),
    };
    let at_result = here(function::result_span(function));
    let into_result = quote_spanned!(at_result=> ::proofload::__private::IntoCaseResult::into_case_result);
    if function.sig.asyncness.is_some() {
        let judged = quote_spanned!(at_result=> #into_result(#ident(#argument).await));
        let boxed = quote_spanned!(here(ident.span())=> ::std::boxed::Box::pin(async move { #judged }));
        quote!(::proofload::__private::Body::Async(|#parameter| { #boxed }))
    } else {
        let judged = quote_spanned!(at_result=> #into_result(#ident(#argument)));
        quote!(::proofload::__private::Body::Blocking(|#parameter| #judged))
    }
}

/// Makes rust-analyzer show *Run* and *Debug* at the function, under the name that the harness knows. The compiler
/// drops it, except where the target still has libtest's harness: there it says what to do.
fn stub(ident: &Ident) -> TokenStream {
    quote_spanned! {ident.span()=>
        #[test]
        #[ignore = "a proofload case: runs through proofload::main!"]
        fn #ident() {
            ::core::panic!("this target runs cases without proofload's harness: set `harness = false` for it in Cargo.toml")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(tokens: TokenStream) -> String {
        tokens.to_string().split_whitespace().collect()
    }

    #[test]
    fn an_asynchronous_case_is_registered_with_all_that_is_known_of_it() {
        let arguments = quote!(slow, time_limit = "10m", workers = 4, severity = "high", target = "index");
        let expanded = flat(case(
            arguments,
            quote! {
                /// Searches.
                pub async fn search(context: Context) -> Result { Ok(()) }
            },
        ));
        let expected = flat(quote! {
            const _: () = {
                #[doc = r" Searches."]
                async fn search(context: Context) -> Result { Ok(()) }
                ::proofload::__private::inventory::submit! {
                    ::proofload::__private::Registered {
                        info: ::proofload::case::CaseInfo {
                            function: "search",
                            module: ::core::module_path!(),
                            file: ::core::file!(),
                            line: ::core::line!(),
                            markers: &["slow"],
                            settings: &[("time_limit", "10m"), ("workers", "4")],
                            severity: ::proofload::case::Severity::High,
                            target: ::core::option::Option::Some("index"),
                            about: "Searches.",
                        },
                        needs: ::core::option::Option::None,
                        body: ::proofload::__private::Body::Async(|cx| {
                            ::std::boxed::Box::pin(async move {
                                ::proofload::__private::IntoCaseResult::into_case_result(search(cx).await)
                            })
                        })
                    }
                }
            };
        });
        assert!(expanded.starts_with(&expected), "{expanded}\n!=\n{expected}");
        assert!(expanded.contains("#[test]#[ignore="), "{expanded}");
    }

    #[test]
    fn a_plain_case_without_a_context_is_called_without_one() {
        let expanded = flat(case(
            quote!(),
            quote!(
                fn quick() {}
            ),
        ));
        let expected = flat(quote! {
            body: ::proofload::__private::Body::Blocking(|_cx|
                ::proofload::__private::IntoCaseResult::into_case_result(quick()))
        });
        assert!(expanded.contains(&expected), "{expanded}");
        let unsaid = "severity:::proofload::case::Severity::Medium,target:::core::option::Option::None,";
        assert!(expanded.contains(unsaid), "{expanded}");
    }

    #[test]
    fn what_a_case_needs_is_asked_of_its_function() {
        let expanded = flat(case(
            quote!(needs = services::redis),
            quote!(
                fn quick() {}
            ),
        ));
        let expected = flat(quote! {
            needs: ::core::option::Option::Some(|| ::proofload::__private::met(services::redis())),
        });
        assert!(expanded.contains(&expected), "{expanded}");
    }

    #[test]
    fn what_is_wrong_is_said_and_the_function_stays() {
        let expanded = flat(case(
            quote!(not),
            quote!(
                async fn a<T>() {
                    body()
                }
            ),
        ));
        assert_eq!(expanded.matches("compile_error!").count(), 2, "{expanded}");
        assert!(expanded.contains("asyncfna<T>(){body()}"), "{expanded}");
        assert!(!expanded.contains("submit!"), "{expanded}");
        let expanded = flat(case(
            quote!(),
            quote!(
                struct A;
            ),
        ));
        assert!(expanded.contains("acaseisafunction"), "{expanded}");
        assert!(expanded.ends_with("structA;"), "{expanded}");
    }
}
