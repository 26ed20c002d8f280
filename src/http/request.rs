use std::fmt;

use bytes::Bytes;
use hyper::{
    Method, Uri,
    header::{CONTENT_TYPE, HeaderName, HeaderValue},
};
use serde::Serialize;

use super::HttpError;

/// Headers that say how a message is framed: they follow from the body and from the options.
const FRAMING: [&str; 4] = ["content-length", "transfer-encoding", "connection", "upgrade"];

/// One request: method, path, headers, body. What is wrong with it is kept, and said when it is sent.
///
/// ```
/// use proofload::http::Request;
///
/// let request = Request::post("/v1/messages")
///     .header("x-agent", "a")
///     .json(&serde_json::json!({ "messages": ["hello"] }));
/// assert_eq!(request.body_bytes(), br#"{"messages":["hello"]}"#);
/// ```
#[derive(Debug, Clone)]
pub struct Request {
    pub(super) method: Method,
    /// The path, and the query if there is one.
    pub(super) path: String,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Bytes,
    pub(super) wrong: Option<HttpError>,
}

impl Request {
    /// A request with any method: `Request::new("PROPFIND", "/files")`.
    pub fn new(method: &str, path: impl Into<String>) -> Self {
        let parsed = Method::from_bytes(method.as_bytes());
        let wrong = parsed.is_err().then(|| HttpError::Method { method: method.to_owned() });
        let mut request = Self::of(parsed.unwrap_or_default(), path.into());
        request.wrong = wrong.or(request.wrong);
        request
    }

    fn of(method: Method, path: String) -> Self {
        let wrong = wrong_path(&path);
        Self { method, path, headers: Vec::new(), body: Bytes::new(), wrong }
    }

    /// `GET path`.
    pub fn get(path: impl Into<String>) -> Self {
        Self::of(Method::GET, path.into())
    }

    /// `HEAD path`.
    pub fn head(path: impl Into<String>) -> Self {
        Self::of(Method::HEAD, path.into())
    }

    /// `POST path`.
    pub fn post(path: impl Into<String>) -> Self {
        Self::of(Method::POST, path.into())
    }

    /// `PUT path`.
    pub fn put(path: impl Into<String>) -> Self {
        Self::of(Method::PUT, path.into())
    }

    /// `PATCH path`.
    pub fn patch(path: impl Into<String>) -> Self {
        Self::of(Method::PATCH, path.into())
    }

    /// `DELETE path`.
    pub fn delete(path: impl Into<String>) -> Self {
        Self::of(Method::DELETE, path.into())
    }

    /// Adds a header. Those of the same name before it stay.
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        match header(name.as_ref(), value.as_ref()) {
            Ok(header) => self.headers.push(header),
            Err(error) => self.wrong = self.wrong.or(Some(error)),
        }
        self
    }

    /// The body, as it is.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Bytes::from(body.into());
        self
    }

    /// `value` in JSON as the body, with the `content-type` of it unless one is stated.
    pub fn json(mut self, value: &(impl Serialize + ?Sized)) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => self.body = Bytes::from(body),
            Err(error) => self.wrong = self.wrong.or(Some(HttpError::Body { reason: error.to_string() })),
        }
        if !self.headers.iter().any(|(name, _)| *name == CONTENT_TYPE) {
            self.headers.push((CONTENT_TYPE, HeaderValue::from_static("application/json")));
        }
        self
    }

    /// The bytes of the body.
    pub fn body_bytes(&self) -> &[u8] {
        &self.body
    }

    /// What is wrong with it, if anything is.
    pub(super) fn checked(&self) -> Result<(), HttpError> {
        self.wrong.clone().map_or(Ok(()), Err)
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// A header as it can be sent.
pub(super) fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), HttpError> {
    let wrong = |reason: &str| HttpError::Header { name: name.to_owned(), reason: reason.to_owned() };
    let parsed = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| wrong("has a name that no header can have: letters, digits and `-` make one"))?;
    if FRAMING.contains(&parsed.as_str()) {
        return Err(wrong("follows from the body and the options of the client, and cannot be stated"));
    }
    let value = HeaderValue::from_bytes(value.as_bytes())
        .map_err(|_| wrong("has a value with characters that no header can have: leave line breaks and other control characters away"))?;
    Ok((parsed, value))
}

fn wrong_path(path: &str) -> Option<HttpError> {
    let wrong = |reason: String| Some(HttpError::Path { path: path.to_owned(), reason });
    if !path.starts_with('/') {
        return wrong("it has to begin with a slash, the host is the client's".to_owned());
    }
    if path.contains('#') {
        return wrong("a fragment is never sent".to_owned());
    }
    match path.parse::<Uri>() {
        Ok(_) => None,
        Err(error) => wrong(format!("{error}; other characters are written as %20")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_request_is_said_once_and_in_words() {
        for (request, said) in [
            (Request::new("GE T", "/"), "\"GE T\" is no method of HTTP: write one like GET or POST"),
            (Request::get("health"), "\"health\" is no path of a request: it has to begin with a slash"),
            (
                Request::get("/a b"),
                "\"/a b\" is no path of a request: invalid uri character; other characters",
            ),
            (Request::get("/a#b"), "a fragment is never sent"),
            (Request::get("/a\r\nx: y"), "is no path of a request"),
            (
                Request::get("/").header("a b", "c"),
                "the header \"a b\" has a name that no header can have: letters, digits and `-` make one",
            ),
            (Request::get("/").header("a", "b\r\nc: d"), "the header \"a\" has a value with characters"),
            (Request::get("/").header("Content-Length", "7"), "the header \"Content-Length\" follows from"),
            (Request::get("x").header("a b", "c"), "\"x\" is no path"),
            (
                Request::post("/").json(&std::collections::BTreeMap::from([((1, 2), 3)])),
                "the body cannot be written as JSON: key must be a string",
            ),
        ] {
            let error = request.checked().expect_err(said).to_string();
            assert!(error.contains(said), "{error}");
        }
        assert_eq!(Request::new("PROPFIND", "/files?depth=1").checked(), Ok(()));
    }

    #[test]
    fn a_stated_content_type_is_kept() {
        let types = |request: Request| -> Vec<String> {
            request.headers.iter().map(|(_, value)| value.to_str().unwrap().to_owned()).collect()
        };
        assert_eq!(types(Request::post("/").json(&1)), ["application/json"]);
        let stated = Request::post("/").header("Content-Type", "application/vnd.x+json").json(&1);
        assert_eq!(types(stated), ["application/vnd.x+json"]);
    }
}
