use std::mem::MaybeUninit;

use hyper::{
    HeaderMap,
    header::{HeaderName, HeaderValue},
};

use crate::http::status::RetryAfter;

/// Headers that an answer may have.
const MOST_HEADERS: usize = 100;

/// The beginning of an answer, up to its empty line.
#[derive(Debug)]
pub(in crate::http) struct Head {
    pub(in crate::http) status: u16,
    pub(in crate::http) framing: Framing,
    pub(in crate::http) after: AfterAnswer,
    pub(in crate::http) retry_after: RetryAfter,
    /// Empty unless they were asked for.
    pub(in crate::http) headers: HeaderMap,
    /// Where a redirect leads to.
    pub(in crate::http) location: Option<String>,
    /// Its own length in bytes.
    pub(in crate::http) length: usize,
}

/// How the end of a body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Framing {
    /// There is none.
    None,
    Length(u64),
    Chunked,
    /// By the end of the connection.
    UntilClose,
}

/// Whether the connection can carry another request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum AfterAnswer {
    GoesOn,
    Closes,
}

/// Whether the headers of an answer are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Headers {
    Wanted,
    NotWanted,
}

/// What the headers have said so far about the framing.
#[derive(Default)]
struct Said {
    length: Option<u64>,
    /// `transfer-encoding`: whether its last word is `chunked`.
    is_chunked: Option<bool>,
    closes: Option<bool>,
}

/// Reads a head; `None` while it is not whole. `is_head` says that the request was a HEAD, whose answer has no body
/// whatever its headers say.
pub(in crate::http) fn read_head(
    bytes: &[u8],
    is_head: bool,
    wanted: Headers,
) -> Result<Option<Head>, String> {
    let mut slots = [const { MaybeUninit::uninit() }; MOST_HEADERS];
    let mut answer = httparse::Response::new(&mut []);
    let parser = httparse::ParserConfig::default();
    let length = match parser.parse_response_with_uninit_headers(&mut answer, bytes, &mut slots) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let status = answer.code.ok_or("no status")?;
    let mut said = Said::default();
    let mut head = Head {
        status,
        framing: Framing::None,
        after: AfterAnswer::GoesOn,
        retry_after: RetryAfter::NotSaid,
        headers: HeaderMap::new(),
        location: None,
        length,
    };
    for header in answer.headers.iter() {
        note(header, &mut said, &mut head)?;
        if wanted == Headers::Wanted {
            keep(header, &mut head.headers)?;
        }
    }
    head.framing = match (is_head, status, said.is_chunked, said.length) {
        (true, ..) | (_, 100..=199 | 204 | 304, ..) => Framing::None,
        // With both, the length does not count (RFC 9112, 6.3).
        (_, _, Some(true), _) => Framing::Chunked,
        (_, _, Some(false), _) | (_, _, None, None) => Framing::UntilClose,
        (_, _, None, Some(length)) => Framing::Length(length),
    };
    let closes = said.closes.unwrap_or(answer.version == Some(0));
    let is_ambiguous = said.is_chunked.is_some() && said.length.is_some();
    if closes || is_ambiguous || head.framing == Framing::UntilClose {
        head.after = AfterAnswer::Closes;
    }
    Ok(Some(head))
}

/// Takes what a header says about framing, and the few others that matter to every answer.
fn note(header: &httparse::Header<'_>, said: &mut Said, head: &mut Head) -> Result<(), String> {
    let is = |name: &str| header.name.eq_ignore_ascii_case(name);
    // By length first: most headers are none of these.
    match header.name.len() {
        10 if is("connection") => {
            for word in words(header.value) {
                if word.eq_ignore_ascii_case(b"close") {
                    said.closes = Some(true);
                } else if word.eq_ignore_ascii_case(b"keep-alive") {
                    said.closes = said.closes.or(Some(false));
                }
            }
        }
        14 if is("content-length") => {
            // `5, 5` and the header twice are one length; any other is none.
            for word in words(header.value) {
                let length = number(word).ok_or("a content-length that is no number")?;
                if said.length.is_some_and(|other| other != length) {
                    return Err("two lengths of one body".to_owned());
                }
                said.length = Some(length);
            }
        }
        17 if is("transfer-encoding") => {
            for word in words(header.value) {
                said.is_chunked = Some(word.eq_ignore_ascii_case(b"chunked"));
            }
        }
        11 if is("retry-after") => head.retry_after = RetryAfter::Said,
        8 if is("location") && matches!(head.status, 300..=399) => {
            head.location = std::str::from_utf8(header.value).ok().map(str::to_owned);
        }
        _ => {}
    }
    Ok(())
}

/// The words between commas.
fn words(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|word| !word.is_empty())
}

/// Digits only: `+5` and ` 5` are no lengths.
fn number(digits: &[u8]) -> Option<u64> {
    let is_right = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    is_right.then(|| std::str::from_utf8(digits).ok()?.parse().ok()).flatten()
}

fn keep(header: &httparse::Header<'_>, headers: &mut HeaderMap) -> Result<(), String> {
    let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|error| error.to_string())?;
    let value = HeaderValue::from_bytes(header.value).map_err(|error| error.to_string())?;
    headers.append(name, value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, is_head: bool) -> Result<Option<(u16, Framing, AfterAnswer)>, String> {
        let head = read_head(text.as_bytes(), is_head, Headers::Wanted)?;
        Ok(head.map(|head| (head.status, head.framing, head.after)))
    }

    #[test]
    fn the_framing_of_a_body_follows_from_the_head() {
        use AfterAnswer::{Closes, GoesOn};
        for (text, is_head, expected) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false, (200, Framing::Length(5), GoesOn)),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true, (200, Framing::None, GoesOn)),
            ("HTTP/1.1 200\r\ncontent-length: 5, 5\r\n\r\n", false, (200, Framing::Length(5), GoesOn)),
            ("HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n", false, (204, Framing::None, GoesOn)),
            ("HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\n", false, (304, Framing::None, GoesOn)),
            ("HTTP/1.1 100 Go\r\n\r\n", false, (100, Framing::None, GoesOn)),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n", false, (200, Framing::Chunked, GoesOn)),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\nContent-Length: 5\r\n\r\n",
                false,
                (200, Framing::Chunked, Closes),
            ),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", false, (200, Framing::UntilClose, Closes)),
            ("HTTP/1.1 200 OK\r\n\r\n", false, (200, Framing::UntilClose, Closes)),
            (
                "HTTP/1.1 200 OK\r\nConnection: x, Close\r\ncontent-length: 0\r\n\r\n",
                false,
                (200, Framing::Length(0), Closes),
            ),
            ("HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\n", false, (200, Framing::Length(1), Closes)),
            (
                "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\ncontent-length: 1\r\n\r\n",
                false,
                (200, Framing::Length(1), GoesOn),
            ),
        ] {
            assert_eq!(read(text, is_head), Ok(Some(expected)), "{text}");
            for end in 0..text.len() {
                assert_eq!(read(&text[..end], is_head), Ok(None), "the first {end} bytes of {text}");
            }
        }
    }

    #[test]
    fn what_is_no_head_is_refused() {
        for text in [
            "SSH-2.0-OpenSSH_9\r\n\r\n",
            "HTTP/2.0 200 OK\r\n\r\n",
            "HTTP/1.1 2x0 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\na b: c\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        ] {
            assert!(read(text, false).is_err(), "{text}");
        }
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(MOST_HEADERS + 1));
        assert!(read(&many, false).is_err());
    }

    #[test]
    fn headers_are_kept_where_they_are_wanted() {
        let text = b"HTTP/1.1 302 Found\r\nRetry-After: 1\r\nLocation: /there\r\nA: 1\r\na: 2\r\n\r\n";
        let head = read_head(text, false, Headers::Wanted).unwrap().unwrap();
        assert_eq!(head.headers.get_all("a").iter().collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!((head.location.as_deref(), head.retry_after), (Some("/there"), RetryAfter::Said));
        assert!(read_head(text, false, Headers::NotWanted).unwrap().unwrap().headers.is_empty());
    }
}
