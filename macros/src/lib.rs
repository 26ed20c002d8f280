//! The attribute of proofload.

use proc_macro::TokenStream;

/// Marks a case.
#[proc_macro_attribute]
pub fn case(_arguments: TokenStream, item: TokenStream) -> TokenStream {
    item
}
