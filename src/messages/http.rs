use serde::{Serialize, Serializer, ser::Error};

use super::Page;
use crate::http::{Http, HttpError, Prepared, Request};

/// A value that JSON cannot hold.
struct Unwritable;

impl Serialize for Unwritable {
    fn serialize<S: Serializer>(&self, _to: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("key must be a string"))
    }
}

#[test]
fn http() {
    let mut page = Page::new("http", "Requests that cannot be made");
    page.family("Base URLs");
    for url in [
        "127.0.0.1:8080",
        "ftp://example.org",
        "http://",
        "http://user:word@example.org",
        "http://example.org/?a=b",
        "http://example.org:0",
        "http://example.org:",
        "http://example.org:http",
    ] {
        page.refuses(url, Http::to(url).map(drop));
    }
    let variable = Http::to("elsewhere").map(drop).map_err(|source| HttpError::Variable {
        variable: "TARGET_URL".to_owned(),
        source: Box::new(source),
    });
    page.refuses("in a variable", variable);
    page.family("Options");
    let http = || Http::to("http://127.0.0.1:1").unwrap();
    page.refuses("a certificate that is not there", http().trusting("/nowhere/ca.pem").map(drop));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, "nothing").unwrap();
    let error = http().trusting(&path).map(drop).unwrap_err().to_string();
    page.says("a file without a certificate", error.replace(&path.display().to_string(), "ca.pem"));
    page.refuses("no connections", http().connections(0).get("/").prepared().map(drop));
    page.refuses("no time", http().read_timeout(std::time::Duration::ZERO).get("/").prepared().map(drop));
    page.refuses("new ones with HTTP/2", http().http2().new_connections().get("/").prepared().map(drop));
    page.says("no root certificates", HttpError::NoRoots { reason: "no file".to_owned() });
    page.says("TLS", HttpError::Tls { host: "a b".to_owned(), reason: "invalid dns name".to_owned() });
    page.family("Requests");
    for (given, request) in [
        ("GE T", Request::new("GE T", "/")),
        ("a path without a slash", Request::get("docs")),
        ("a path with a fragment", Request::get("/docs#top")),
        ("a path with a space", Request::get("/a b")),
        ("a header with a space", Request::get("/").header("a b", "c")),
        ("a header with a line break", Request::get("/").header("a", "b\nc")),
        ("a length of one's own", Request::get("/").header("content-length", "5")),
        ("a body that is no JSON", Request::post("/").json(&Unwritable)),
    ] {
        page.refuses(given, http().request(request).prepared().map(drop));
    }
    page.check();
}
