use hyper::{
    Method,
    header::{ACCEPT, HOST, HeaderName, USER_AGENT},
};

use crate::http::{
    options::{Connections, Options},
    request::Request,
    url::Base,
};

/// What requests say of their sender unless they say otherwise.
pub(in crate::http) const AGENT: &str = concat!("proofload/", env!("CARGO_PKG_VERSION"));

/// Writes `request` as it goes over the wire, in place of what `out` had.
pub(in crate::http) fn render(out: &mut Vec<u8>, request: &Request, base: &Base, options: &Options) {
    out.clear();
    put(out, &[request.method.as_str(), " ", &base.prefix, &request.path, " HTTP/1.1\r\n"]);
    let is_stated =
        |wanted: &HeaderName| request.headers.iter().chain(&options.headers).any(|(name, _)| name == wanted);
    for (name, value) in [(HOST, base.authority.as_str()), (USER_AGENT, AGENT), (ACCEPT, "*/*")] {
        if !is_stated(&name) {
            put(out, &[name.as_str(), ": ", value, "\r\n"]);
        }
    }
    // What a request states is instead of what all of them have.
    let defaults =
        options.headers.iter().filter(|(name, _)| !request.headers.iter().any(|(own, _)| own == name));
    for (name, value) in defaults.chain(&request.headers) {
        put(out, &[name.as_str(), ": "]);
        out.extend_from_slice(value.as_bytes());
        put(out, &["\r\n"]);
    }
    match options.connections {
        Connections::Kept => {}
        Connections::Anew => put(out, &["connection: close\r\n"]),
    }
    if !request.body.is_empty() || has_body(&request.method) {
        put(out, &["content-length: ", &request.body.len().to_string(), "\r\n"]);
    }
    put(out, &["\r\n"]);
    out.extend_from_slice(&request.body);
}

/// Whether a request with this method says that its body is empty (RFC 9110, 8.6).
fn has_body(method: &Method) -> bool {
    [Method::POST, Method::PUT, Method::PATCH].contains(method)
}

fn put(out: &mut Vec<u8>, pieces: &[&str]) {
    pieces.iter().for_each(|piece| out.extend_from_slice(piece.as_bytes()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::request::header;

    fn rendered(request: &Request, options: &Options) -> String {
        let base = Base::parse("http://127.0.0.1:8080/api").unwrap();
        let mut out = b"what was there before".to_vec();
        render(&mut out, request, &base, options);
        String::from_utf8(out).unwrap().replace(env!("CARGO_PKG_VERSION"), "V")
    }

    #[test]
    fn a_request_is_these_bytes() {
        assert_eq!(
            rendered(&Request::get("/health?deep=1"), &Options::default()),
            "GET /api/health?deep=1 HTTP/1.1\r\nhost: 127.0.0.1:8080\r\nuser-agent: proofload/V\r\naccept: */*\r\n\r\n"
        );
        let post = Request::post("/v1/messages").header("X-Agent", "a").json(&["hello"]);
        assert_eq!(
            rendered(&post, &Options::default()),
            "POST /api/v1/messages HTTP/1.1\r\nhost: 127.0.0.1:8080\r\nuser-agent: proofload/V\r\naccept: */*\r\n\
             x-agent: a\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n[\"hello\"]"
        );
        assert!(rendered(&Request::put("/"), &Options::default()).contains("content-length: 0\r\n"));
    }

    #[test]
    fn what_a_request_states_is_instead_of_what_all_have() {
        let options = Options {
            headers: vec![header("x-agent", "all").unwrap(), header("accept", "text/plain").unwrap()],
            connections: Connections::Anew,
            ..Options::default()
        };
        assert_eq!(
            rendered(&Request::get("/").header("x-agent", "one").header("host", "other"), &options),
            "GET /api/ HTTP/1.1\r\nuser-agent: proofload/V\r\naccept: text/plain\r\nx-agent: one\r\nhost: other\r\n\
             connection: close\r\n\r\n"
        );
    }
}
