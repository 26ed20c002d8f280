use hyper::Uri;

use super::HttpError;

/// Where a service is: what every request to it has in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Base {
    pub(super) scheme: Scheme,
    /// A name or an address, without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// As the `host` header says it.
    pub(super) authority: String,
    /// What stands before the path of every request; does not end in a slash.
    pub(super) prefix: String,
}

/// How a service is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Http,
    Https,
}

impl Scheme {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    const fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl Base {
    /// Reads `http://127.0.0.1:8080` or `https://example.org/api/`.
    pub(super) fn parse(text: &str) -> Result<Self, HttpError> {
        let wrong = |reason: &str| HttpError::Url { url: text.to_owned(), reason: reason.to_owned() };
        let uri: Uri = text.trim().parse().map_err(|error| wrong(&format!("{error}")))?;
        let scheme = match uri.scheme_str() {
            Some("http") => Scheme::Http,
            Some("https") => Scheme::Https,
            Some(other) => return Err(wrong(&format!("the scheme {other:?} is neither http nor https"))),
            None => return Err(wrong("it has no scheme")),
        };
        let authority = uri.authority().ok_or_else(|| wrong("it has no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("a name or a password has no place in it: send them in a header"));
        }
        if text.contains(['?', '#']) {
            return Err(wrong("a query or a fragment belongs to a request"));
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err(wrong("it has no host"));
        }
        let port = match authority.port() {
            // `http://host:99999` has a port as text, and none as a number.
            Some(port) => {
                Some(port.as_u16()).filter(|port| *port != 0).ok_or_else(|| wrong("port 0 is none"))?
            }
            None if authority.as_str().ends_with(':') => return Err(wrong("its port is missing")),
            None if authority.as_str().len() > authority.host().len() => {
                return Err(wrong("its port is no number from 1 to 65535"));
            }
            None => scheme.port(),
        };
        let prefix = uri.path().trim_end_matches('/').to_owned();
        Ok(Self { scheme, host, port, authority: authority.as_str().to_owned(), prefix })
    }

    /// The path and query that `target` of a redirect names, where it is of this origin.
    pub(super) fn same_origin(&self, target: &str, from: &str) -> Option<String> {
        if target.starts_with("//") {
            return self.same_origin(&format!("{}:{target}", self.scheme.name()), from);
        }
        if target.starts_with('/') {
            return Some(target.to_owned());
        }
        if target.contains("://") {
            let rest = target.find(['?', '#']).unwrap_or(target.len());
            let other = Self::parse(&target[..rest]).ok()?;
            let is_same = (other.scheme, other.port) == (self.scheme, self.port)
                && other.host.eq_ignore_ascii_case(&self.host);
            let uri: Uri = target.parse().ok()?;
            return is_same
                .then(|| uri.path_and_query().map_or("/".to_owned(), |path| path.as_str().to_owned()));
        }
        // Relative to where it came from: beside the last part of the path.
        let path = from.split('?').next().unwrap_or("/");
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        Some(format!("{folder}/{target}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Result<(Scheme, String, u16, String, String), String> {
        let base = Base::parse(text).map_err(|error| error.to_string())?;
        Ok((base.scheme, base.host, base.port, base.authority, base.prefix))
    }

    #[test]
    fn a_base_url_has_a_scheme_a_host_and_perhaps_a_port_and_a_path() {
        for (text, scheme, host, port, authority, prefix) in [
            ("http://127.0.0.1:8080", Scheme::Http, "127.0.0.1", 8080, "127.0.0.1:8080", ""),
            ("http://localhost/", Scheme::Http, "localhost", 80, "localhost", ""),
            ("https://example.org/api/v1/", Scheme::Https, "example.org", 443, "example.org", "/api/v1"),
            ("http://[::1]:9000", Scheme::Http, "::1", 9000, "[::1]:9000", ""),
            (" http://a:1 ", Scheme::Http, "a", 1, "a:1", ""),
        ] {
            let expected = (scheme, host.to_owned(), port, authority.to_owned(), prefix.to_owned());
            assert_eq!(parts(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_base_url_is_refused_with_the_reason() {
        for (text, reason) in [
            ("", "empty string"),
            ("127.0.0.1:8080", "it has no scheme"),
            ("ftp://127.0.0.1", "the scheme \"ftp\" is neither http nor https"),
            ("http://", ""),
            ("http://a:99999", ""),
            ("http://a:0", "port 0 is none"),
            ("http://a:", "its port is missing"),
            ("http://me:secret@a", "a name or a password has no place in it"),
            ("http://a/?x=1", "a query or a fragment belongs to a request"),
            ("http://a b", "invalid"),
        ] {
            let said = parts(text).expect_err(text);
            assert!(said.contains(reason) && said.contains("it looks like http://127.0.0.1:8080"), "{said}");
        }
    }

    #[test]
    fn a_redirect_stays_within_its_origin_or_has_no_path() {
        let base = Base::parse("http://a:8080").unwrap();
        for (target, path) in [
            ("/there?x=1", Some("/there?x=1")),
            ("http://a:8080/there", Some("/there")),
            ("http://A:8080", Some("/")),
            ("//a:8080/there", Some("/there")),
            ("next", Some("/old/next")),
            ("http://a:8081/there", None),
            ("https://a:8080/there", None),
            ("http://b:8080/there", None),
            ("ftp://a:8080/there", None),
        ] {
            assert_eq!(base.same_origin(target, "/old/page?y=/2").as_deref(), path, "{target}");
        }
    }
}
