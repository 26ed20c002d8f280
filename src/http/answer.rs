use bytes::Bytes;
use hyper::HeaderMap;
use serde::de::DeserializeOwned;

use crate::Outcome;

/// What a target answered: status, headers, body.
#[derive(Debug, Clone)]
pub struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) extent: Extent,
    /// Of the request and the answer.
    pub(super) moved: u64,
}

/// Whether a body is all here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    Whole,
    /// It was longer than what is kept.
    Cut,
}

impl Answer {
    /// The status code.
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The first header called `name`, in any case; `None` where it is not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// All headers whose values are text, with their names in lower case.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
    }

    /// The body, or its beginning where it is longer than [`Http::largest_body`](super::Http::largest_body).
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Whether [`Answer::body`] is the whole body.
    pub fn is_whole(&self) -> bool {
        match self.extent {
            Extent::Whole => true,
            Extent::Cut => false,
        }
    }

    /// The body as text.
    ///
    /// # Errors
    /// It is not UTF-8, or not whole, in words for a check to return.
    pub fn text(&self) -> Result<&str, String> {
        self.whole()?;
        std::str::from_utf8(&self.body).map_err(|error| format!("the body is not text: {error}"))
    }

    /// The body, read as JSON.
    ///
    /// # Errors
    /// It is not the JSON that `T` wants, or not whole, in words for a check to return.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, String> {
        self.whole()?;
        serde_json::from_slice(&self.body)
            .map_err(|error| format!("the body is not the JSON it should be: {error}"))
    }

    /// The outcome of an operation that this answer is the end of: ok, with its status and bytes.
    pub const fn outcome(&self) -> Outcome {
        Outcome::ok().with_status(self.status).with_bytes(self.moved)
    }

    fn whole(&self) -> Result<(), String> {
        match self.extent {
            Extent::Whole => Ok(()),
            Extent::Cut => Err(format!("the body has more than the {} bytes that are kept", self.body.len())),
        }
    }
}
