use serde_json::{Value, json};

use super::{Complexity, Edge};

/// The words of medium texts.
const WORDS: [&str; 16] = [
    "river", "stone", "garden", "winter", "letter", "bridge", "silver", "harbour", "candle", "forest",
    "market", "signal", "copper", "meadow", "thunder", "window",
];

/// What high texts are mixed of: scripts of several widths, combining marks, directions, joined signs.
const PIECES: [&str; 12] = [
    "naïve",
    "Zürich",
    "дорога",
    "שלום",
    "世界",
    "e\u{301}",
    "👩\u{200d}🚀",
    "İstanbul",
    "ﬁne",
    "x²+y²",
    "\u{202e}abc\u{202c}",
    "ａｂｃ",
];

/// What breaks most parsers of texts: control characters, open quotes, a lone mark, no character at all.
const MALFORMED: [&str; 8] = ["\0", "\"", "{[(", "\u{1b}[31m", "\u{301}", "\u{fffd}", "\\", "\u{feff}"];

/// Within the depth that every parser takes.
const DEEPEST: usize = 20;

/// Data of a size and a complexity, or at an edge, in the form that a target takes: text, bytes, numbers, JSON.
///
/// ```
/// use proofload::data::{Complexity, Edge, Payload};
///
/// let payload = Payload::usual(1_000, Complexity::High).with_seed(42);
/// assert!((997..=1_000).contains(&payload.text().len()));
/// assert_eq!(payload.bytes().len(), 1_000);
/// assert!(payload.numbers().iter().all(|number| number.is_finite()));
/// assert!(serde_json::from_str::<serde_json::Value>(&payload.json()).is_ok());
/// assert!(Payload::at(Edge::Nan, 10).numbers().iter().any(|number| number.is_nan()));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Payload {
    /// Elements: bytes of a text, numbers of a vector.
    pub size: usize,
    /// How much structure they have.
    pub complexity: Complexity,
    /// The edge it stands for; `None` for usual data.
    pub edge: Option<Edge>,
    /// What all that is random in it follows from.
    pub seed: u64,
}

impl Payload {
    /// Usual data.
    pub const fn usual(size: usize, complexity: Complexity) -> Self {
        Self { size, complexity, edge: None, seed: 0 }
    }

    /// Data at an edge.
    pub const fn at(edge: Edge, size: usize) -> Self {
        Self { size, complexity: Complexity::Medium, edge: Some(edge), seed: 0 }
    }

    /// Other data of the same kind for each seed; 0 unless stated.
    pub const fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// A text of at most `size` bytes, and under 4 less where no character fits; that is, of exactly `size` characters
    /// where all are ASCII.
    ///
    /// Low: one word again and again. Medium: words and punctuation. High: many scripts, combining marks, both
    /// directions. NaN: `NaN` again and again. Malformed: control characters, open quotes and brackets, lone marks.
    pub fn text(&self) -> String {
        let mut random = self.random();
        let mut text = String::with_capacity(self.size);
        while text.len() < self.size {
            let before = text.len();
            let piece = match (self.edge, self.complexity) {
                (Some(Edge::Nan), _) => "NaN ",
                (Some(Edge::Malformed), _) => MALFORMED[random.usize(..MALFORMED.len())],
                (_, Complexity::Low) => "data ",
                (_, Complexity::Medium) => WORDS[random.usize(..WORDS.len())],
                (_, Complexity::High) => PIECES[random.usize(..PIECES.len())],
            };
            let gap = match (self.edge, self.complexity) {
                (Some(Edge::Nan | Edge::Malformed), _) | (_, Complexity::Low) => "",
                (_, Complexity::Medium) => [" ", " ", " ", ", ", ". "][random.usize(..5)],
                (_, Complexity::High) => ["", " ", "\t", "\n"][random.usize(..4)],
            };
            for character in piece.chars().chain(gap.chars()) {
                if text.len() + character.len_utf8() <= self.size {
                    text.push(character);
                }
            }
            if text.len() == before {
                break;
            }
        }
        text
    }

    /// `size` bytes: those of [`Datum::text`](crate::procedure::Datum::text), filled up with spaces; malformed ones are no UTF-8.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.text().into_bytes();
        bytes.resize(self.size, b' ');
        if self.edge == Some(Edge::Malformed) {
            // 0xff is in no UTF-8 text, wherever it stands.
            bytes.iter_mut().step_by(3).for_each(|byte| *byte = 0xff);
        }
        bytes
    }

    /// `size` numbers.
    ///
    /// Low: one and the same. Medium: a wave with noise. High: any sign, 60 orders of magnitude, zeros, the smallest of
    /// all. NaN: every third is none. Malformed: infinities, the largest and the smallest numbers, negative zero.
    pub fn numbers(&self) -> Vec<f64> {
        let mut random = self.random();
        (0..self.size).map(|n| self.number(n, &mut random)).collect()
    }

    fn number(&self, n: usize, random: &mut fastrand::Rng) -> f64 {
        const ODD: [f64; 6] = [f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, -0.0, 5e-324];
        let wave = (n as f64 / 10.0).sin() + random.f64() * 0.1;
        match (self.edge, self.complexity) {
            (Some(Edge::Nan), _) if n.is_multiple_of(3) => f64::NAN,
            (Some(Edge::Malformed), _) => ODD[random.usize(..ODD.len())],
            (_, Complexity::Low) => 1.0,
            (_, Complexity::Medium) => wave,
            (_, Complexity::High) => match random.u8(..20) {
                0 => 0.0,
                1 => f64::MIN_POSITIVE,
                n => {
                    let sign = if n % 2 == 0 { 1.0 } else { -1.0 };
                    sign * 10f64.powf(random.f64() * 60.0 - 30.0)
                }
            },
        }
    }

    /// Valid JSON of at most `size` bytes (a single digit where that is less than 2). Edges make no difference, except
    /// that the empty one is `""`.
    ///
    /// Low: an array of one word again and again. Medium: an array of records. High: records of records, with empty ones,
    /// numbers of any magnitude, names and texts in many scripts.
    pub fn json(&self) -> String {
        match (self.edge, self.size) {
            (Some(Edge::Empty), _) => "\"\"".to_owned(),
            (_, 0 | 1) => "0".to_owned(),
            (_, size) => self.json_array(size),
        }
    }

    fn json_array(&self, size: usize) -> String {
        let mut random = self.random();
        let mut json = String::from("[");
        for n in 0u64.. {
            let item = match self.complexity {
                Complexity::Low => json!("data"),
                Complexity::Medium => record(n, &mut random),
                Complexity::High => nested(&mut random, 0),
            };
            let item = item.to_string();
            // The comma before it and the bracket behind.
            if json.len() + item.len() + 2 > size {
                break;
            }
            if n > 0 {
                json.push(',');
            }
            json.push_str(&item);
        }
        json.push(']');
        json
    }

    fn random(&self) -> fastrand::Rng {
        fastrand::Rng::with_seed(self.seed)
    }
}

fn record(n: u64, random: &mut fastrand::Rng) -> Value {
    let word = WORDS[random.usize(..WORDS.len())];
    json!({ "id": n, "name": word, "price": random.u32(..100_000) as f64 / 100.0, "sold": random.bool() })
}

/// Records within records, down to [`DEEPEST`].
fn nested(random: &mut fastrand::Rng, depth: usize) -> Value {
    let piece = |random: &mut fastrand::Rng| PIECES[random.usize(..PIECES.len())];
    match random.u8(..if depth < DEEPEST { 8 } else { 5 }) {
        0 => json!(piece(random)),
        1 => json!(10f64.powf(random.f64() * 60.0 - 30.0)),
        2 => json!(random.i64(..)),
        3 => [json!(null), json!(true), json!(""), json!([]), json!({})][random.usize(..5)].clone(),
        4 => json!(format!("{}\0\n{}", piece(random), piece(random))),
        5 => (0..random.usize(..4)).map(|_| nested(random, depth + 1)).collect(),
        _ => {
            let fields =
                (0..random.usize(..4)).map(|n| (format!("{}{n}", piece(random)), nested(random, depth + 1)));
            Value::Object(fields.collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_their_size_and_their_shape() {
        for complexity in Complexity::ALL {
            for size in [1, 2, 3, 100, 10_000] {
                let text = Payload::usual(size, complexity).text();
                assert!(text.len() <= size && text.len() + 4 > size, "{complexity:?} {size}: {}", text.len());
            }
        }
        assert_eq!(Payload::usual(12, Complexity::Low).text(), "data data da");
        assert!(Payload::usual(100, Complexity::Medium).text().is_ascii());
        assert!(!Payload::usual(100, Complexity::High).text().is_ascii());
    }

    #[test]
    fn edges_are_what_they_say() {
        assert_eq!(
            (Payload::at(Edge::Empty, 0).text(), Payload::at(Edge::Empty, 0).numbers()),
            (String::new(), vec![])
        );
        assert_eq!(Payload::at(Edge::Tiny, 1).text().len(), 1);
        assert_eq!(Payload::at(Edge::Huge, 1_000_000).text().len(), 1_000_000);
        assert_eq!(Payload::at(Edge::Nan, 8).text(), "NaN NaN ");
        let nan = Payload::at(Edge::Nan, 9).numbers();
        assert_eq!(nan.iter().filter(|number| number.is_nan()).count(), 3);
        let malformed = Payload::at(Edge::Malformed, 100);
        assert!(std::str::from_utf8(&malformed.bytes()).is_err());
        assert!(malformed.text().chars().any(char::is_control));
        assert!(malformed.numbers().iter().any(|number| number.is_infinite()));
    }

    #[test]
    fn bytes_and_numbers_have_their_size_and_the_seed_decides() {
        for complexity in Complexity::ALL {
            let datum = Payload::usual(1_000, complexity);
            assert_eq!((datum.bytes().len(), datum.numbers().len()), (1_000, 1_000));
            assert!(datum.numbers().iter().all(|number| number.is_finite()));
            assert_eq!((datum.text(), datum.numbers()), (datum.text(), datum.numbers()));
        }
        let (one, other) = (
            Payload::usual(500, Complexity::Medium),
            Payload { seed: 1, ..Payload::usual(500, Complexity::Medium) },
        );
        assert!(one.text() != other.text() && one.numbers() != other.numbers());
        let magnitudes = Payload::usual(1_000, Complexity::High).numbers();
        assert!(magnitudes.iter().any(|n| n.abs() > 1e20) && magnitudes.iter().any(|n| *n < 0.0));
    }

    #[test]
    fn json_is_valid_and_as_large_as_it_may_be() {
        for complexity in Complexity::ALL {
            for size in [0, 1, 2, 50, 1_000, 100_000] {
                for seed in 0..20 {
                    let json = Payload::usual(size, complexity).with_seed(seed).json();
                    serde_json::from_str::<Value>(&json).unwrap_or_else(|error| panic!("{error}: {json}"));
                    assert!(json.len() <= size.max(1), "{} of {size}", json.len());
                }
            }
        }
        assert!(Payload::usual(100_000, Complexity::Medium).json().len() > 99_900);
        assert_eq!(Payload::usual(16, Complexity::Low).json(), r#"["data","data"]"#);
        assert_eq!(Payload::at(Edge::Empty, 0).json(), "\"\"");
    }
}
