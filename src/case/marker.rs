//! Marker expressions: `slow and not resource_intensive`, as text and as a question put to a case.

use std::{collections::BTreeSet, fmt};

use super::LEFT_OUT_BY_DEFAULT;

/// Nobody writes 64 parentheses; a text that does would otherwise be able to exhaust the stack.
const DEEPEST: usize = 64;

/// A condition on a case's markers: markers joined by `and`, `or`, `not` and parentheses.
///
/// `not` binds tighter than `and`, and `and` tighter than `or`. The words are read in any case; `&`, `|` and `!` mean
/// the same, also doubled. A marker is `[A-Za-z_][A-Za-z0-9_-]*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MarkerExpression {
    text: String,
    root: Node,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    Marker(String),
    Not(Box<Node>),
    All(Vec<Node>),
    Any(Vec<Node>),
}

/// A text that is not a marker expression, with the place where it stops being one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MarkerError {
    /// Something else was due at this place.
    #[error("marker expression: expected {expected}{}\n{spot}", found.describe())]
    Expected {
        /// What would have been right.
        expected: &'static str,
        /// What stands there instead.
        found: Found,
        /// The text with a pointer under the place.
        spot: Spot,
    },
    /// No case carries this marker: most likely a slip of the pen.
    #[error("unknown marker `{name}`; {}known markers: {}\n{spot}", suggestion(nearest), known.join(", "))]
    Unknown {
        /// The marker as written.
        name: String,
        /// The known marker that is closest.
        nearest: Option<String>,
        /// Every marker that exists.
        known: Vec<String>,
        /// The text with a pointer under the place.
        spot: Spot,
    },
    /// More levels than anybody needs.
    #[error("marker expression: nested deeper than {DEEPEST} levels; take some parentheses away\n{spot}")]
    TooDeep {
        /// The text with a pointer under the place.
        spot: Spot,
    },
}

fn suggestion(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or_else(String::new, |name| format!("did you mean `{name}`? "))
}

/// What stands where something else was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing more.
    End,
    /// This piece of the text.
    Piece(String),
}

impl Found {
    fn describe(&self) -> String {
        match self {
            Self::End => " at the end".to_owned(),
            Self::Piece(piece) => format!(", found `{piece}`"),
        }
    }
}

/// A place in an expression; prints as the expression with a pointer on the next line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spot {
    text: String,
    /// In characters from the start.
    column: usize,
}

impl Spot {
    fn new(text: &str, at: usize) -> Self {
        // An expression in a multi-line TOML string must still fit over its pointer.
        let text = text.replace(char::is_whitespace, " ");
        Self { column: text.get(..at).unwrap_or(&text).chars().count(), text }
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "    {}\n    {:column$}^", self.text, "", column = self.column)
    }
}

impl MarkerExpression {
    /// Reads an expression whose markers all have to be among `known` or [`LEFT_OUT_BY_DEFAULT`].
    ///
    /// # Errors
    /// The text is not an expression, or names an unknown marker; the message points at the place.
    pub(crate) fn parse(text: &str, known: &BTreeSet<&str>) -> Result<Self, MarkerError> {
        let text = text.trim();
        let mut parser = Parser { text, at: 0, depth: 0, known };
        let root = parser.any()?;
        match parser.peek() {
            Token::End => Ok(Self { text: text.to_owned(), root }),
            _ => Err(parser.expected("`and` or `or`")),
        }
    }

    /// Whether the expression holds for a case, `is_marked` answering for each marker.
    pub(crate) fn matches(&self, is_marked: impl Fn(&str) -> bool) -> bool {
        self.root.matches(&is_marked)
    }
}

impl fmt::Display for MarkerExpression {
    /// The expression as it was written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Node {
    fn matches(&self, is_marked: &impl Fn(&str) -> bool) -> bool {
        match self {
            Self::Marker(name) => is_marked(name),
            Self::Not(inner) => !inner.matches(is_marked),
            Self::All(parts) => parts.iter().all(|part| part.matches(is_marked)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(is_marked)),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'t> {
    And,
    Or,
    Not,
    Open,
    Close,
    Marker(&'t str),
    Foreign,
    End,
}

/// Recursive descent, one method for each level of precedence.
struct Parser<'t> {
    text: &'t str,
    /// The byte where the next token, or the blank before it, starts.
    at: usize,
    depth: usize,
    known: &'t BTreeSet<&'t str>,
}

impl<'t> Parser<'t> {
    fn any(&mut self) -> Result<Node, MarkerError> {
        let mut parts = vec![self.all()?];
        while self.take(Token::Or) {
            parts.push(self.all()?);
        }
        Ok(single_or(parts, Node::Any))
    }

    fn all(&mut self) -> Result<Node, MarkerError> {
        let mut parts = vec![self.one()?];
        while self.take(Token::And) {
            parts.push(self.one()?);
        }
        Ok(single_or(parts, Node::All))
    }

    fn one(&mut self) -> Result<Node, MarkerError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(MarkerError::TooDeep { spot: self.spot() });
        }
        let node = match self.peek() {
            Token::Not => {
                self.advance();
                Node::Not(Box::new(self.one()?))
            }
            Token::Open => {
                self.advance();
                let inner = self.any()?;
                match self.take(Token::Close) {
                    true => inner,
                    false => return Err(self.expected("`)`")),
                }
            }
            Token::Marker(name) => self.marker(name)?,
            Token::And | Token::Or | Token::Close | Token::Foreign | Token::End => {
                return Err(self.expected("a marker, `not` or `(`"));
            }
        };
        self.depth -= 1;
        Ok(node)
    }

    fn marker(&mut self, name: &str) -> Result<Node, MarkerError> {
        if !self.known.contains(name) && !LEFT_OUT_BY_DEFAULT.contains(&name) {
            let known: BTreeSet<&str> = self.known.iter().copied().chain(LEFT_OUT_BY_DEFAULT).collect();
            return Err(MarkerError::Unknown {
                name: name.to_owned(),
                nearest: nearest(name, known.iter().copied()).map(str::to_owned),
                known: known.into_iter().map(str::to_owned).collect(),
                spot: self.spot(),
            });
        }
        self.advance();
        Ok(Node::Marker(name.to_owned()))
    }

    fn expected(&self, expected: &'static str) -> MarkerError {
        let found = match self.token() {
            (Token::End, _) => Found::End,
            (_, piece) => Found::Piece(piece.to_owned()),
        };
        MarkerError::Expected { expected, found, spot: self.spot() }
    }

    fn spot(&self) -> Spot {
        Spot::new(self.text, self.start())
    }

    fn take(&mut self, wanted: Token<'_>) -> bool {
        let is_there = self.peek() == wanted;
        if is_there {
            self.advance();
        }
        is_there
    }

    fn advance(&mut self) {
        self.at = self.start() + self.token().1.len();
    }

    fn peek(&self) -> Token<'t> {
        self.token().0
    }

    fn start(&self) -> usize {
        self.text.len() - self.text[self.at..].trim_start().len()
    }

    /// The next token and the piece of the text that it is.
    fn token(&self) -> (Token<'t>, &'t str) {
        let rest = &self.text[self.start()..];
        let Some(first) = rest.chars().next() else { return (Token::End, "") };
        let doubled = |sign: &str| 1 + usize::from(rest[1..].starts_with(sign));
        match first {
            '(' => (Token::Open, &rest[..1]),
            ')' => (Token::Close, &rest[..1]),
            '!' => (Token::Not, &rest[..1]),
            '&' => (Token::And, &rest[..doubled("&")]),
            '|' => (Token::Or, &rest[..doubled("|")]),
            'A'..='Z' | 'a'..='z' | '_' => {
                let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'));
                let word = &rest[..end.unwrap_or(rest.len())];
                match word.to_ascii_lowercase().as_str() {
                    "and" => (Token::And, word),
                    "or" => (Token::Or, word),
                    "not" => (Token::Not, word),
                    _ => (Token::Marker(word), word),
                }
            }
            other => (Token::Foreign, &rest[..other.len_utf8()]),
        }
    }
}

fn single_or(mut parts: Vec<Node>, many: impl Fn(Vec<Node>) -> Node) -> Node {
    match parts.len() {
        1 => parts.remove(0),
        _ => many(parts),
    }
}

/// The known name that `text` was most likely meant to be: one that differs in a third of its letters at most (`-`
/// and `_` being one letter), else the shortest one that contains it.
pub(crate) fn nearest<'k>(text: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let plain = |name: &str| name.trim().to_lowercase().replace('-', "_");
    let text = plain(text);
    let length = text.chars().count();
    // One letter is near to every other.
    let far = (length / 3).max(1).min(length.saturating_sub(1));
    let rank = |name: &str| {
        let distance = strsim::damerau_levenshtein(&text, &plain(name));
        let is_part = text.len() >= 3 && plain(name).contains(&text);
        match (distance <= far, is_part) {
            (true, _) => Some((false, distance)),
            (false, true) => Some((true, distance)),
            (false, false) => None,
        }
    };
    known.into_iter().filter_map(|name| Some((rank(name)?, name))).min().map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<MarkerExpression, MarkerError> {
        MarkerExpression::parse(text, &BTreeSet::from(["nightly", "needs-gpu"]))
    }

    fn holds(text: &str, markers: &[&str]) -> bool {
        parse(text).unwrap().matches(|marker| markers.contains(&marker))
    }

    #[test]
    fn not_binds_before_and_and_and_before_or() {
        for (text, markers, expected) in [
            ("slow", &["slow"][..], true),
            ("slow", &[], false),
            ("not slow", &[], true),
            ("not slow and nightly", &["nightly"], true),
            ("not (slow and nightly)", &["nightly"], true),
            ("not slow and nightly", &[], false),
            ("slow or nightly and needs-gpu", &["slow"], true),
            ("(slow or nightly) and needs-gpu", &["slow"], false),
            ("(slow or nightly) and not resource_intensive", &["nightly"], true),
            ("(slow or nightly) and not resource_intensive", &["nightly", "resource_intensive"], false),
            ("not not slow", &["slow"], true),
        ] {
            assert_eq!(holds(text, markers), expected, "{text} with {markers:?}");
        }
    }

    #[test]
    fn words_in_any_case_and_signs_mean_the_same() {
        for text in [
            "slow AND NOT nightly",
            "slow And Not nightly",
            "slow & !nightly",
            "slow&&!nightly",
            "\n slow\tand\nnot nightly ",
        ] {
            assert!(holds(text, &["slow"]), "{text}");
            assert!(!holds(text, &["slow", "nightly"]), "{text}");
            assert!(!holds(text, &[]), "{text}");
        }
        assert!(holds("slow|nightly", &["nightly"]));
        assert!(holds("slow || nightly", &["slow"]));
    }

    #[test]
    fn it_prints_as_written() {
        let expression = parse("(nightly or not slow) and nightly").unwrap();
        assert_eq!(expression.to_string(), "(nightly or not slow) and nightly");
    }

    #[test]
    fn errors_point_at_the_place() {
        let due = "marker expression: expected";
        let known = "known markers: needs-gpu, nightly, resource_intensive, slow";
        for (text, expected) in [
            ("(slow or nightly", "{due} `)` at the end\n    (slow or nightly\n                    ^"),
            ("slow nightly", "{due} `and` or `or`, found `nightly`\n    slow nightly\n         ^"),
            ("slow %", "{due} `and` or `or`, found `%`\n    slow %\n         ^"),
            (
                "slow and or nightly",
                "{due} a marker, `not` or `(`, found `or`\n    slow and or nightly\n             ^",
            ),
            ("slow and\n(é)", "{due} a marker, `not` or `(`, found `é`\n    slow and (é)\n              ^"),
            ("  ", "{due} a marker, `not` or `(` at the end\n    \n    ^"),
            (
                "nightly and slwo",
                "unknown marker `slwo`; did you mean `slow`? {known}\n    nightly and slwo\n                ^",
            ),
            ("zzz", "unknown marker `zzz`; {known}\n    zzz\n    ^"),
        ] {
            let expected = expected.replace("{due}", due).replace("{known}", known);
            assert_eq!(parse(text).unwrap_err().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn a_thousand_parentheses_are_an_error_and_not_a_crash() {
        let error = parse(&"(".repeat(100_000)).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("marker expression: nested deeper than 64 levels; take some parentheses away\n"),
            "{error}"
        );
        assert!(parse(&"!".repeat(100_000)).is_err());
        assert!(parse(&vec!["slow"; 10_000].join(" and ")).is_ok());
    }

    #[test]
    fn the_nearest_name_is_near_or_contains_the_text() {
        let known = ["max_memory", "max_memory_growth", "max_cpu", "marker", "rate", "y"];
        for (text, expected) in [
            ("max_memmory", Some("max_memory")),
            ("max-memory", Some("max_memory")),
            ("MAX_CPU", Some("max_cpu")),
            ("memory", Some("max_memory")),
            ("growth", Some("max_memory_growth")),
            ("rtae", Some("rate")),
            ("colour", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(text, known), expected, "{text}");
        }
    }
}
