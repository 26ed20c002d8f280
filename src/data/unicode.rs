use super::seed::random;

/// What is hard about a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum TextKind {
    /// Letters with marks on them, composed, decomposed and in heaps.
    Combining,
    /// Scripts that run from right to left, alone and among others.
    RightToLeft,
    /// Characters that change the direction or the order in which others are shown.
    BidiControls,
    /// Characters of no width, joiners and marks of byte order among them.
    ZeroWidth,
    /// The control characters, without NUL.
    Control,
    /// NUL characters.
    Nul,
    /// Emoji of several characters: families, flags, skin tones.
    Emoji,
    /// The first and last characters of each length in UTF-8, and those beside the surrogates.
    SurrogateAdjacent,
    /// Code points that are no characters, and those for private use.
    Noncharacters,
    /// Letters that change their length when their case is changed or when they are normalised.
    CaseAndWidth,
    /// Line ends and spaces of every kind.
    Spaces,
    /// Signs that mean something to a shell, a database, a page or a format string.
    Syntax,
}

impl TextKind {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Combining,
        Self::RightToLeft,
        Self::BidiControls,
        Self::ZeroWidth,
        Self::Control,
        Self::Nul,
        Self::Emoji,
        Self::SurrogateAdjacent,
        Self::Noncharacters,
        Self::CaseAndWidth,
        Self::Spaces,
        Self::Syntax,
    ];

    /// What texts of this kind are made of.
    const fn pieces(self) -> &'static [&'static str] {
        match self {
            Self::Combining => &[
                "é",
                "e\u{301}",
                "a\u{30a}\u{323}",
                "Z\u{351}\u{36b}\u{343}\u{36a}\u{302}",
                "\u{301}",
                "각",
                "\u{1100}\u{1161}\u{11a8}",
                "क्षि",
            ],
            Self::RightToLeft => &["שלום", "مرحبا", "abc", "12", "ﷺ", "א\u{5b0}", "\u{10e60}"],
            Self::BidiControls => &[
                "\u{202e}", "\u{202d}", "\u{202c}", "\u{2066}", "\u{2067}", "\u{2069}", "\u{200f}", "txt.exe",
            ],
            Self::ZeroWidth => {
                &["\u{200b}", "\u{200c}", "\u{200d}", "\u{2060}", "\u{feff}", "\u{ad}", "\u{180e}", "a"]
            }
            Self::Control => {
                &["\u{1}", "\u{7}", "\u{8}", "\u{1b}[2J", "\u{7f}", "\u{85}", "\u{9b}31m", "\u{1a}"]
            }
            Self::Nul => &["\0", "a\0b", "\0\0", "end"],
            Self::Emoji => &[
                "👨\u{200d}👩\u{200d}👧\u{200d}👦",
                "🇩🇪",
                "🇩",
                "👍🏿",
                "❤\u{fe0f}",
                "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
                "1\u{fe0f}\u{20e3}",
                "🫠",
            ],
            Self::SurrogateAdjacent => &[
                "\u{7f}",
                "\u{80}",
                "\u{7ff}",
                "\u{800}",
                "\u{d7ff}",
                "\u{e000}",
                "\u{ffff}",
                "\u{10000}",
                "\u{10ffff}",
            ],
            Self::Noncharacters => &[
                "\u{fffe}",
                "\u{ffff}",
                "\u{fdd0}",
                "\u{1fffe}",
                "\u{10ffff}",
                "\u{e000}",
                "\u{f8ff}",
                "\u{fffd}",
            ],
            Self::CaseAndWidth => &["ß", "İ", "ı", "ﬃ", "ŉ", "ΐ", "Ω", "Å", "ａ", "①", "ς", "Ǆ"],
            Self::Spaces => &[
                " ", "\t", "\n", "\r\n", "\r", "\u{b}", "\u{a0}", "\u{2028}", "\u{2029}", "\u{3000}",
                "\u{1680}", "x",
            ],
            Self::Syntax => &[
                "'", "\"", "`", "\\", "%s%n", "$(id)", "'; --", "<b>", "&amp;", "../", "{{7*7}}", "\\u0000",
                "%00", "${x}",
            ],
        }
    }
}

/// A text that is hard to handle, and what is hard about it. It is valid: every Rust text is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnicodeText {
    /// What is hard about it.
    pub kind: TextKind,
    /// The text.
    pub text: String,
}

/// Texts of each [`TextKind`] in turn: first each piece of a kind by itself, then mixed ones at random, without end.
///
/// ```
/// use proofload::data::{TextKind, UnicodeTexts};
///
/// let texts = UnicodeTexts::new(42);
/// let kinds: Vec<TextKind> = texts.iter().take(12).map(|text| text.kind).collect();
/// assert_eq!(kinds, TextKind::ALL);
/// assert!(UnicodeTexts::new(42).kinds([TextKind::Nul]).iter().take(100).all(|text| !text.text.is_empty()));
/// ```
#[derive(Debug, Clone)]
pub struct UnicodeTexts {
    seed: u64,
    kinds: Vec<TextKind>,
    longest: usize,
}

impl UnicodeTexts {
    /// Of all kinds, of 32 pieces at most.
    pub fn new(seed: u64) -> Self {
        Self { seed, kinds: TextKind::ALL.to_vec(), longest: 32 }
    }

    /// Only these kinds. None at all leaves them as they are.
    pub fn kinds(mut self, kinds: impl IntoIterator<Item = TextKind>) -> Self {
        let kinds: Vec<TextKind> = kinds.into_iter().collect();
        if !kinds.is_empty() {
            self.kinds = kinds;
        }
        self
    }

    /// Texts of at most so many pieces, each a few characters; at least 1.
    pub const fn longest(mut self, pieces: usize) -> Self {
        self.longest = if pieces == 0 { 1 } else { pieces };
        self
    }

    /// Text number `index`.
    pub fn at(&self, index: u64) -> UnicodeText {
        let kinds = self.kinds.len() as u64;
        // Below the number of kinds.
        let kind = self.kinds[(index % kinds) as usize];
        let pieces = kind.pieces();
        let alone = usize::try_from(index / kinds).ok().and_then(|round| pieces.get(round));
        let text = alone.map_or_else(|| self.mixed(pieces, index), |piece| (*piece).to_owned());
        UnicodeText { kind, text }
    }

    /// All of them, without end.
    pub fn iter(&self) -> impl Iterator<Item = UnicodeText> {
        (0..).map(|index| self.at(index))
    }

    fn mixed(&self, pieces: &[&str], index: u64) -> String {
        let mut random = random(self.seed, index);
        (0..random.usize(1..=self.longest)).map(|_| pieces[random.usize(..pieces.len())]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_of(kind: TextKind) -> String {
        kind.pieces().concat()
    }

    #[test]
    fn each_kind_has_what_it_says() {
        assert!(all_of(TextKind::Combining).chars().any(|c| ('\u{300}'..='\u{36f}').contains(&c)));
        assert!(all_of(TextKind::RightToLeft).chars().any(is_right_to_left));
        assert!(all_of(TextKind::BidiControls).contains('\u{202e}'));
        assert!(all_of(TextKind::ZeroWidth).contains('\u{200b}'));
        assert!(all_of(TextKind::Control).chars().any(char::is_control));
        assert!(!all_of(TextKind::Control).contains('\0') && all_of(TextKind::Nul).contains('\0'));
        assert!(all_of(TextKind::Emoji).contains("👩\u{200d}👧"));
        let adjacent: Vec<u32> = all_of(TextKind::SurrogateAdjacent).chars().map(u32::from).collect();
        assert!(adjacent.contains(&0xd7ff) && adjacent.contains(&0xe000) && adjacent.contains(&0x10ffff));
        assert!(all_of(TextKind::Noncharacters).contains('\u{fdd0}'));
        assert!(
            TextKind::CaseAndWidth.pieces().iter().any(|piece| piece.to_uppercase().len() != piece.len())
        );
        assert!(all_of(TextKind::Spaces).contains("\r\n"));
        assert!(all_of(TextKind::Syntax).contains('\''));
    }

    /// Hebrew and Arabic.
    fn is_right_to_left(c: char) -> bool {
        ('\u{590}'..='\u{6ff}').contains(&c)
    }

    #[test]
    fn every_piece_comes_alone_before_they_are_mixed() {
        let texts = UnicodeTexts::new(7).kinds([TextKind::Nul]).longest(5);
        let first: Vec<String> = texts.iter().take(4).map(|text| text.text).collect();
        assert_eq!(first, TextKind::Nul.pieces());
        assert!((4..500).all(|index| (1..=15).contains(&texts.at(index).text.len())));
        assert!(
            (4..500)
                .any(|index| texts.at(index)
                    != UnicodeTexts::new(8).kinds([TextKind::Nul]).longest(5).at(index))
        );
        assert_eq!(texts.at(u64::MAX), texts.at(u64::MAX));
        assert_eq!(UnicodeTexts::new(7).kinds([]).at(0).kind, TextKind::Combining);
    }
}
