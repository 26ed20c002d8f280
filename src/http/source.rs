use std::sync::OnceLock;

use super::{HttpError, client::Client, request::Request};
use crate::Op;

/// Where the requests of [`Calls`](super::Calls) come from: one that is always the same, or one made for each operation.
pub trait Source: sealed::Next + Send + Sync + 'static {}

/// The same request for each operation, written once.
pub struct Same {
    pub(super) request: Request,
    wire: OnceLock<Vec<u8>>,
}

/// A request made for each operation.
pub struct Each<F> {
    make: F,
}

/// A request that is about to be sent.
pub enum Outgoing<'a> {
    /// Checked and written before.
    Written(&'a Request, &'a [u8]),
    /// Just made.
    New(Box<Request>),
}

mod sealed {
    use super::{Client, HttpError, Op, Outgoing};

    /// Kept from users: what it hands out is no part of the interface.
    pub trait Next {
        /// The request of this operation.
        fn next(&self, client: &Client, op: Op) -> Outgoing<'_>;

        /// What is wrong with it, where that can be told before.
        fn checked(&self) -> Result<(), HttpError>;
    }
}

pub(super) use sealed::Next;

impl Same {
    pub(super) const fn new(request: Request) -> Self {
        Self { request, wire: OnceLock::new() }
    }
}

impl<F> Each<F> {
    pub(super) const fn new(make: F) -> Self {
        Self { make }
    }
}

impl Source for Same {}

impl Next for Same {
    fn next(&self, client: &Client, _op: Op) -> Outgoing<'_> {
        Outgoing::Written(&self.request, self.wire.get_or_init(|| client.wire(&self.request)))
    }

    fn checked(&self) -> Result<(), HttpError> {
        self.request.checked()
    }
}

impl<F: Fn(Op) -> Request + Send + Sync + 'static> Source for Each<F> {}

impl<F: Fn(Op) -> Request + Send + Sync + 'static> Next for Each<F> {
    fn next(&self, _client: &Client, op: Op) -> Outgoing<'_> {
        Outgoing::New(Box::new((self.make)(op)))
    }

    fn checked(&self) -> Result<(), HttpError> {
        Ok(())
    }
}
