//! The functions that can be a case, none of which may raise a warning in the user's file.
#![deny(warnings, missing_docs, unreachable_pub, unsafe_code)]

use proofload::Context;

#[proofload::case]
async fn nothing() {}

#[proofload::case()]
fn plain_nothing() {}

#[proofload::case]
fn plain(cx: Context) {
    drop(cx);
}

/// Documentation stays.
#[proofload::case(resource_intensive)]
#[must_use]
pub async fn with_a_result(mut cx: Context) -> proofload::Result {
    let again = cx;
    cx = again;
    helper(&cx)
}

fn helper(_cx: &Context) -> proofload::Result {
    Ok(())
}

/// In a module, with an error of its own.
mod service {
    pub(super) fn is_there() -> Result<(), std::env::VarError> {
        std::env::var("SERVICE").map(drop)
    }
}

#[proofload::case(needs = service::is_there)]
async fn with_a_need(_cx: Context) {}

fn ready() -> proofload::Result {
    Ok(())
}

#[proofload::case(slow, needs = crate::ready)]
fn plain_with_a_need() {}

#[proofload::case]
fn r#type(_: Context) {}

#[proofload::case]
#[cfg(any())]
fn left_out(_: MissingType) {}

macro_rules! case {
    ($name:ident) => {
        #[proofload::case(made)]
        async fn $name(cx: Context) {
            drop(cx);
        }
    };
}
case!(made_by_a_macro);

mod inner {
    #[proofload::case]
    pub(crate) async fn below(_cx: super::Context) {}
}

fn main() {}
